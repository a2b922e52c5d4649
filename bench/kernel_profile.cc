#include "bench/kernel_profile.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>

#include "kernels/compose.h"

namespace rondo::bench {
namespace {

using Clock = std::chrono::steady_clock;

// Launchers are plain functions, so what they write to has static storage.
const kernels::Kernels* profiled_table = nullptr;
std::map<std::string, KernelTime> times;

template <class Launch>
int timed(const std::string& name, const Launch& launch) {
  const Clock::time_point begin = Clock::now();
  const int code = launch();
  KernelTime& time = times[name];
  time.kernel = name;
  ++time.n_calls;
  time.seconds += std::chrono::duration<double>(Clock::now() - begin).count();
  return code;
}

int embed(const kernels::EmbedParams& p, kernels::Stream stream) {
  return timed("embed", [&] { return profiled_table->embed(p, stream); });
}
int rms_norm(const kernels::RmsNormParams& p, kernels::Stream stream) {
  return timed("rms_norm", [&] { return profiled_table->rms_norm(p, stream); });
}
int linear(const kernels::LinearParams& p, kernels::Stream stream) {
  const std::string name =
      "linear " + std::to_string(p.weight.n) + " x " + std::to_string(p.weight.k);
  return timed(name, [&] { return profiled_table->linear(p, stream); });
}
int rope_store(const kernels::RopeStoreParams& p, kernels::Stream stream) {
  return timed("rope_store", [&] { return profiled_table->rope_store(p, stream); });
}
int attention(const kernels::AttentionParams& p, kernels::Stream stream) {
  const char* name = p.second.spans != nullptr ? "attention, two branches" : "attention";
  return timed(name, [&] { return profiled_table->attention(p, stream); });
}
int swiglu(const kernels::SwigluParams& p, kernels::Stream stream) {
  return timed("swiglu", [&] { return profiled_table->swiglu(p, stream); });
}

}  // namespace

kernels::Kernels profiled(const kernels::Kernels& table) {
  profiled_table = &table;
  times.clear();
  kernels::Kernels result = table;
  result.embed = embed;
  result.rms_norm = rms_norm;
  result.linear = linear;
  result.rope_store = rope_store;
  result.attention = attention;
  result.swiglu = swiglu;
  result.qkv = kernels::composed_qkv<rms_norm, linear, rope_store>;
  result.attend = kernels::composed_attend<attention, linear>;
  result.feed_forward = kernels::composed_feed_forward<rms_norm, linear, swiglu>;
  return result;
}

void reset_kernel_profile() { times.clear(); }

std::vector<KernelTime> kernel_profile() {
  std::vector<KernelTime> result;
  for (const auto& [name, time] : times) result.push_back(time);
  std::sort(result.begin(), result.end(),
            [](const KernelTime& a, const KernelTime& b) { return a.seconds > b.seconds; });
  return result;
}

std::string kernel_profile_table(double seconds) {
  std::string table;
  const auto add = [&](const char* kernel, int64_t n_calls, double part) {
    char line[120];
    std::snprintf(line, sizeof line, "  %5.1f%%  %8.1f ms  %7lld calls  %s\n", 100 * part / seconds,
                  1e3 * part, static_cast<long long>(n_calls), kernel);
    table += line;
  };
  double rest = seconds;
  for (const KernelTime& time : kernel_profile()) {
    add(time.kernel.c_str(), time.n_calls, time.seconds);
    rest -= time.seconds;
  }
  add("between kernels", 0, rest);
  return table;
}

}  // namespace rondo::bench
