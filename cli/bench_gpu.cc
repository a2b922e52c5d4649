#include "cli/bench_gpu.h"

#include <cstdio>
#include <memory>
#include <string>

#include "bench/gpu_kernels.h"
#include "engine/choose_device.h"

namespace rondo::cli {
namespace {

struct GpuBench {
  const char* name;
  const char* description;
  const char* footer;
  bench::GpuKernelKind kind;
};

constexpr const char* kColumns =
    "Every row is a kernel and a shape of IQuest-Coder 7B or of loopcoder-mini: microseconds a\n"
    "call in a recorded graph, GB/s or TFLOP/s, and the share of the limit. The limits are\n"
    "measured in the same run: GB/s beside a plain copy (read and written), TFLOP/s beside\n"
    "cuBLAS's bf16 product of 8192 x 8192 x 8192.\n\n";

constexpr GpuBench kBenches[] = {
    {"gemm", "A GPU's matrix products, beside its copy bandwidth and cuBLAS's rate",
     "Up to 16 rows (decoding) reading the weights is the limit, above (prefill) the products\n"
     "are. Try --only 'int4 7B', --only ', 1 rows' or --only gate_up.",
     bench::GpuKernelKind::kGemm},
    {"attention", "A GPU's attention, beside its copy bandwidth and cuBLAS's rate",
     "'4 x 16 rows, 4000 before' are 4 sequences of 16 new tokens each after 4,000. With two\n"
     "branches a call is loop 1's: all keys, a window of 64, and the gate. Try --only mini or\n"
     "--only ' 1 x 1 rows'.",
     bench::GpuKernelKind::kAttention},
    {"rows", "A GPU's small kernels: embedding, norm, rotary embedding, SwiGLU",
     "One row is what a decode step has: then a call is as short as a launch can be.",
     bench::GpuKernelKind::kRows},
};

struct GpuBenchArguments {
  std::string device = "cuda";
  std::string only;
  bool json = false;
};

Result<std::unique_ptr<engine::Device>> open_gpu(const std::string& name) {
  ASSIGN_OR_RETURN(engine::ChosenDevice chosen, engine::choose_device({.device = name}));
  if (!chosen.device->is_cpu()) return std::move(chosen.device);
  return invalid_argument_error(
      "this times a GPU's kernels; say --device cuda, or for the CPU's rondo bench decode "
      "--device cpu --profile");
}

Json json_of(const bench::GpuKernelsResult& result) {
  const kernels::Yardsticks& y = result.yardsticks;
  Json speeds = Json::array();
  for (const bench::GpuKernelSpeed& s : result.speeds) {
    speeds.push_back({{"kernel", s.kernel},
                      {"shape", s.shape},
                      {"seconds", s.seconds},
                      {"bytes", s.bytes},
                      {"flops", s.flops},
                      {"limit", s.flops > 0 ? "matmul" : "copy"},
                      {"share", s.share(y)}});
  }
  return {{"device", result.device},
          {"copy_bytes_per_s", y.copy_bytes_per_s},
          {"read_bytes_per_s", y.read_bytes_per_s},
          {"matmul_flops_per_s", y.matmul_flops_per_s},
          {"empty_launch_seconds", y.empty_launch_seconds},
          {"kernels", speeds}};
}

Status run(const GpuBenchArguments& arguments, bench::GpuKernelKind kind) {
  ASSIGN_OR_RETURN(const std::unique_ptr<engine::Device> device, open_gpu(arguments.device));
  device->attach();
  ASSIGN_OR_RETURN(const bench::GpuKernelsResult result,
                   bench::measure_gpu_kernels(device->backend(), kind, arguments.only));
  if (result.speeds.empty()) {
    return invalid_argument_error("no row has '" + arguments.only +
                                  "' in it; without --only you see them all");
  }
  if (arguments.json) {
    print_json(json_of(result));
  } else {
    std::fputs(bench::gpu_kernels_table(result).c_str(), stdout);
  }
  return {};
}

}  // namespace

void add_gpu_benches(CLI::App& bench, CommandContext context) {
  for (const GpuBench& each : kBenches) {
    CLI::App* command = bench.add_subcommand(each.name, each.description);
    command->footer(std::string(kColumns) + each.footer);
    auto arguments = std::make_shared<GpuBenchArguments>();
    command->add_option("--device", arguments->device, "cuda or cuda:N")->capture_default_str();
    command->add_option("--only", arguments->only, "Only rows whose kernel and shape contain this");
    command->add_flag("--json", arguments->json, "One JSON object instead of text");
    on_run(*command, context,
           [arguments, kind = each.kind]() -> Status { return run(*arguments, kind); });
  }
}

}  // namespace rondo::cli
