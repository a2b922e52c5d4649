#include "cli/bench_command.h"

#include <cstdio>
#include <memory>
#include <thread>

#include "bench/beside_prefill.h"
#include "bench/engine_bench.h"
#include "bench/kernels.h"
#include "bench/membw.h"
#include "cli/bench_arguments.h"
#include "cli/bench_gpu.h"
#include "cli/bench_reuse.h"
#include "cli/bench_trapezoid.h"
#include "cli/bench_wake.h"
#include "cli/product.h"

namespace rondo::cli {
namespace {

// The same with how much is measured.
std::shared_ptr<EngineBenchArguments> add_engine_options(CLI::App& command) {
  auto arguments = add_model_options(command);
  command.add_option("--context", arguments->options.n_context_tokens,
                     "Tokens of composed Segments");
  command.add_option("--active", arguments->options.n_active_tokens, "Tokens of the active window");
  command.add_option("--tokens", arguments->options.n_tokens, "Tokens a repetition")
      ->check(CLI::PositiveNumber);
  command.add_flag("--profile", arguments->options.profile, "Also say where the time went");
  return arguments;
}

// Of what PrefillResult::peak_flops_per_s is the rate.
const char* peak_name(const bench::PrefillResult& result) {
  if (result.device != "CPU") return "cuBLAS";
  return result.kernels == "amx" ? "AMX" : "FMA";
}

Status run_beside_prefill(const EngineBenchArguments& arguments) {
  ASSIGN_OR_RETURN(const bench::BesidePrefillResult result,
                   bench::bench_beside_prefill(arguments.options));
  const std::pair<const char*, const bench::DecodePace&> rows[] = {
      {"alone", result.alone},
      {"in_turns", result.in_turns},
      {"side_by_side", result.side_by_side}};
  Json json = {{"device", result.device},
               {"kernels", result.kernels},
               {"prompt_tokens", arguments.options.n_beside_tokens},
               {"chunk_tokens", result.n_chunk_tokens}};
  for (const auto& [name, pace] : rows) {
    json[name] = {{"tokens_per_s", pace.tokens_per_s},
                  {"median_gap_ms", pace.median_gap_ms},
                  {"longest_gap_ms", pace.longest_gap_ms},
                  {"prefill_ms", pace.prefill_ms}};
  }
  if (arguments.json) return print_json(json), Status();
  std::printf("decode beside a prompt of %d tokens in chunks of %d, %s\n",
              arguments.options.n_beside_tokens, result.n_chunk_tokens, result.device.c_str());
  for (const auto& [name, pace] : rows) {
    std::printf("%-12s %7.1f tokens/s, a token every %.2f ms, at most %.2f; the prompt %.1f ms\n",
                name, pace.tokens_per_s, pace.median_gap_ms, pace.longest_gap_ms, pace.prefill_ms);
  }
  return {};
}

void add_decode(CLI::App& bench, CommandContext context) {
  CLI::App* command =
      bench.add_subcommand("decode", "Tokens a second, beside the bytes they must read");
  const auto arguments = add_engine_options(*command);
  command->add_option("--temperature", arguments->options.temperature,
                      "Draw tokens, with top-k 20 and top-p 0.85; 0: the likeliest");
  command
      ->add_option("--sequences", arguments->options.n_sequences,
                   "Sequences that decode side by side, a token each a step")
      ->check(CLI::Range(1, 64));
  command
      ->add_option("--beside-prefill", arguments->options.n_beside_tokens,
                   "Decode while a prompt of so many tokens is prefilled; GPU only")
      ->check(CLI::PositiveNumber);
  command
      ->add_option("--chunk", arguments->options.n_chunk_tokens,
                   "Rows of that prompt's chunks (default: the engine's)")
      ->check(CLI::PositiveNumber);
  on_run(*command, context, [arguments, &environment = context.environment]() -> Status {
    RETURN_IF_ERROR(arguments->resolve_model(environment));
    if (arguments->options.n_beside_tokens > 0) return run_beside_prefill(*arguments);
    ASSIGN_OR_RETURN(const bench::DecodeResult result, bench::bench_decode(arguments->options));
    if (arguments->json) {
      print_json({{"device", result.device},
                  {"kernels", result.kernels},
                  {"threads", result.n_threads},
                  {"tokens_per_s", result.tokens_per_s},
                  {"best_tokens_per_s", result.best_tokens_per_s},
                  {"bytes_per_step", result.bytes_per_step},
                  {"bytes_per_s", result.bytes_per_s},
                  {"bandwidth_bytes_per_s", result.bandwidth},
                  {"bandwidth_share", result.bytes_per_s / result.bandwidth}});
    } else {
      std::printf(
          "decode  %s, %d threads: %.1f tokens/s (best %.1f), %.1f MB a step, %.1f GB/s, "
          "%.0f%% of %.1f\n",
          result.kernels.c_str(), result.n_threads, result.tokens_per_s, result.best_tokens_per_s,
          1e-6 * static_cast<double>(result.bytes_per_step), 1e-9 * result.bytes_per_s,
          100 * result.bytes_per_s / result.bandwidth, 1e-9 * result.bandwidth);
      std::fputs(result.profile.c_str(), stdout);
    }
    return {};
  });
}

void add_prefill(CLI::App& bench, CommandContext context) {
  CLI::App* command = bench.add_subcommand(
      "prefill", "Encoding Segments, and a cold active window, beside their operations");
  const auto arguments = add_engine_options(*command);
  arguments->options.n_tokens = 3000;
  arguments->options.n_repetitions = 3;
  on_run(*command, context, [arguments, &environment = context.environment]() -> Status {
    RETURN_IF_ERROR(arguments->resolve_model(environment));
    ASSIGN_OR_RETURN(const bench::PrefillResult result, bench::bench_prefill(arguments->options));
    if (arguments->json) {
      print_json({{"device", result.device},
                  {"kernels", result.kernels},
                  {"threads", result.n_threads},
                  {"segment_tokens_per_s", result.segment_tokens_per_s},
                  {"segment_flops_per_s", result.segment_flops_per_s},
                  {"active_tokens", arguments->options.n_active_tokens},
                  {"active_ms", result.active_ms},
                  {"active_flops", result.active_flops},
                  {"active_flops_per_s", result.active_flops_per_s},
                  {"peak_flops_per_s", result.peak_flops_per_s}});
    } else {
      if (result.segment_tokens_per_s > 0)
        std::printf("Segments  %s, %d threads: %.0f tokens/s, %.1f GFLOP/s, %.0f%% of %s's %.0f\n",
                    result.kernels.c_str(), result.n_threads, result.segment_tokens_per_s,
                    1e-9 * result.segment_flops_per_s,
                    100 * result.segment_flops_per_s / result.peak_flops_per_s, peak_name(result),
                    1e-9 * result.peak_flops_per_s);
      std::fputs(result.segment_profile.c_str(), stdout);
      std::printf(
          "active    %d tokens cold: %.1f ms, %.1f GFLOP at %.1f GFLOP/s, %.0f%% of %s's %.0f\n",
          arguments->options.n_active_tokens, result.active_ms,
          1e-9 * static_cast<double>(result.active_flops), 1e-9 * result.active_flops_per_s,
          100 * result.active_flops_per_s / result.peak_flops_per_s, peak_name(result),
          1e-9 * result.peak_flops_per_s);
      std::fputs(result.active_profile.c_str(), stdout);
    }
    return {};
  });
}

void add_start(CLI::App& bench, CommandContext context) {
  CLI::App* command =
      bench.add_subcommand("start", "From opening the device to the first token, by parts");
  const auto arguments = add_engine_options(*command);
  arguments->options.n_active_tokens = 64;
  on_run(*command, context, [arguments, &environment = context.environment]() -> Status {
    RETURN_IF_ERROR(arguments->resolve_model(environment));
    ASSIGN_OR_RETURN(const bench::StartResult result, bench::bench_start(arguments->options));
    if (arguments->json) {
      print_json({{"device", result.device},
                  {"kernels", result.kernels},
                  {"weight_bytes", result.weight_bytes},
                  {"device_ms", result.device_ms},
                  {"weights_ms", result.weights_ms},
                  {"pool_ms", result.pool_ms},
                  {"first_token_ms", result.first_token_ms},
                  {"next_token_ms", result.next_token_ms},
                  {"total_ms", result.total_ms}});
    } else {
      std::printf(
          "start  %s: %.0f ms to the first token: device %.0f, weights %.0f (%.1f GB/s), pool "
          "%.0f, "
          "prompt and token %.0f (the next one %.1f)\n",
          result.device.c_str(), result.total_ms, result.device_ms, result.weights_ms,
          1e-6 * static_cast<double>(result.weight_bytes) / result.weights_ms, result.pool_ms,
          result.first_token_ms, result.next_token_ms);
    }
    return {};
  });
}

struct MembwArguments {
  int64_t n_mebibytes = 64;
  int32_t n_threads = 0;
  bool json = false;
};

void add_membw(CLI::App& bench, CommandContext context) {
  CLI::App* command =
      bench.add_subcommand("membw", "Read bandwidth over a buffer, the limit of decoding");
  auto arguments = std::make_shared<MembwArguments>();
  command->add_option("--mib", arguments->n_mebibytes, "Size of the buffer")
      ->check(CLI::Range(1, 65536));
  add_threads_option(*command, arguments->n_threads);
  command->add_flag("--json", arguments->json, "One JSON object instead of text");
  on_run(*command, context, [arguments]() -> Status {
    const int32_t n_cores = static_cast<int32_t>(std::thread::hardware_concurrency());
    kernels::ThreadPool threads(arguments->n_threads > 0 ? arguments->n_threads : n_cores);
    ASSIGN_OR_RETURN(const bench::ReadBandwidth result,
                     bench::measure_read_bandwidth(arguments->n_mebibytes << 20, threads));
    const bench::PeakRates peak = bench::measure_peak_rates(threads);
    if (arguments->json) {
      print_json({{"threads", result.n_threads},
                  {"buffer_bytes", result.buffer_bytes},
                  {"bandwidth_bytes_per_s", result.bytes_per_s},
                  {"fma_flops_per_s", peak.fma},
                  {"amx_bf16_flops_per_s", peak.amx_bf16},
                  {"amx_int8_ops_per_s", peak.amx_int8}});
    } else {
      std::printf(
          "membw  %lld MiB, %d threads: %.1f GB/s;  peak: FMA %.0f, AMX bf16 %.0f, AMX int8 %.0f "
          "G/s\n",
          static_cast<long long>(arguments->n_mebibytes), result.n_threads,
          1e-9 * result.bytes_per_s, 1e-9 * peak.fma, 1e-9 * peak.amx_bf16, 1e-9 * peak.amx_int8);
    }
    return {};
  });
}

}  // namespace

void add_bench_command(CLI::App& app, CommandContext context) {
  CLI::App* bench = app.add_subcommand("bench", "Measure this machine with this model");
  bench->require_subcommand(1);
  add_decode(*bench, context);
  add_prefill(*bench, context);
  add_trapezoid_bench(*bench, context);
  add_reuse_bench(*bench, context);
  add_wake_bench(*bench, context);
  add_start(*bench, context);
  add_membw(*bench, context);
  add_gpu_benches(*bench, context);
  add_product_benches(*bench, context);
}

}  // namespace rondo::cli
