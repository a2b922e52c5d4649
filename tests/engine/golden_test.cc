// The engine against vectors of the numpy model (scripts/oracle).
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <map>

#include "tests/engine/drawn_model.h"
#include "tests/engine/golden.h"
#include "tests/engine/model_harness.h"
#include "tests/engine/test_devices.h"

namespace rondo::engine {
namespace {

const std::string kTests = RONDO_SOURCE_DIR "/tests/golden/";

struct GoldenSet {
  std::string name;
  std::string model;
  std::string vectors;
};

std::vector<GoldenSet> golden_sets() {
  std::vector<GoldenSet> sets = {
      {"tiny_loop_bf16", kTests + "tiny-loop/bf16", kTests + "tiny-loop/bf16/golden"},
      {"tiny_loop_int8", kTests + "tiny-loop/int8", kTests + "tiny-loop/int8/golden"},
      {"tiny_odd_bf16", kTests + "tiny-odd/bf16", kTests + "tiny-odd/bf16/golden"},
      {"tiny_odd_int8", kTests + "tiny-odd/int8", kTests + "tiny-odd/int8/golden"},
      {"tiny_llama_int8", kTests + "tiny-llama/int8", kTests + "tiny-llama/int8/golden"},
      {"tiny_llama_bf16", kTests + "tiny-llama/bf16", kTests + "tiny-llama/bf16/golden"},
      {"mini_int8", RONDO_SOURCE_DIR "/models/loopcoder-mini", kTests + "loopcoder-mini-int8"},
  };
  for (const auto& [name, form] : {std::pair{"ct", "ct"},
                                   {"ct_zeros", "ct-zeros"},
                                   {"awq", "awq"},
                                   {"gptq", "gptq"},
                                   {"gptq_zeros", "gptq-zeros"}}) {
    const std::string folder = kTests + "tiny-int4/" + form;
    sets.push_back({std::string("tiny_int4_") + name, folder, folder + "/golden"});
  }
  for (const char* form : {"bf16", "awq"}) {
    const std::string folder = kTests + "tiny-qwen/" + form;
    sets.push_back({std::string("tiny_qwen_") + form, drawn_model(folder), folder + "/golden"});
  }
  // The checkpoint before quantisation is not in the repository; where somebody has it, and made
  // its vectors (scripts/oracle), it is tested too.
  if (const char* folder = std::getenv("RONDO_BF16_MODEL")) {
    sets.push_back({"mini_bf16", folder, folder + std::string("/golden")});
  }
  return sets;
}

// The cases of a set; of the embedded model only the shortest under ThreadSanitizer, where the
// reference kernels would need hours for all.
std::vector<GoldenCase> cases_of(const GoldenSet& set) {
  std::vector<GoldenCase> cases = read_golden(set.vectors);
#ifdef __SANITIZE_THREAD__
  if (!set.name.starts_with("mini")) return cases;
  const auto shorter = [](const GoldenCase& a, const GoldenCase& b) {
    return a.active.size() < b.active.size();
  };
  std::swap(cases.front(), *std::min_element(cases.begin(), cases.end(), shorter));
  cases.resize(1);
#endif
  return cases;
}

int32_t argmax(std::span<const float> logits) {
  return static_cast<int32_t>(std::max_element(logits.begin(), logits.end()) - logits.begin());
}

double log_sum(std::span<const float> logits) {
  const float highest = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  for (const float x : logits) sum += std::exp(static_cast<double>(x) - highest);
  return highest + std::log(sum);
}

// Of token `id`, in nats.
double loss(std::span<const float> logits, int32_t id) { return log_sum(logits) - logits[id]; }

double kl_divergence(std::span<const float> p_logits, std::span<const float> q_logits) {
  const double p_norm = log_sum(p_logits);
  const double q_norm = log_sum(q_logits);
  double kl = 0;
  for (size_t i = 0; i < p_logits.size(); ++i) {
    const double p = p_logits[i] - p_norm;
    kl += std::exp(p) * (p - (q_logits[i] - q_norm));
  }
  return kl;
}

std::span<const float> row(const std::vector<float>& logits, int32_t n_columns, int32_t index) {
  return std::span(logits).subspan(static_cast<size_t>(index) * n_columns, n_columns);
}

class Golden : public testing::TestWithParam<GoldenSet> {
 protected:
  // All logits of the active tokens by the reference kernels, case by case. They are slow: computed
  // once.
  static const std::vector<float>& reference_logits(const GoldenSet& set,
                                                    const GoldenCase& golden) {
    auto& logits = logits_[set.name + "/" + golden.name];
    if (logits.empty()) {
      ModelHarness harness(set.model, kernels::reference_kernels());
      auto sequence = harness.sequence(golden.segments);
      logits = harness.prefill(*sequence, golden.active, 0);
    }
    return logits;
  }

  static std::map<std::string, std::vector<float>> logits_;
};

std::map<std::string, std::vector<float>> Golden::logits_;

TEST_P(Golden, ReferenceKernelsEqualTheOracle) {
  ModelHarness harness(GetParam().model, kernels::reference_kernels());
  const int32_t v = harness.config().vocab_size;
  for (const GoldenCase& golden : cases_of(GetParam())) {
    auto sequence = harness.sequence(golden.segments);
    const auto logits = harness.prefill(*sequence, golden.active, 0);
    logits_[GetParam().name + "/" + golden.name] = logits;
    double worst = 0;
    for (const GoldenTop& top : golden.tops) {
      const auto got = row(logits, v, top.slot);
      EXPECT_EQ(argmax(got), top.ids[0]) << golden.name << " slot " << top.slot;
      for (size_t i = 0; i < top.ids.size(); ++i)
        worst = std::max(worst, std::fabs(double(got[top.ids[i]]) - top.logits[i]));
    }
    for (size_t i = 0; i < golden.rows.size(); ++i) {
      const auto got = row(logits, v, golden.row_slots[i]);
      for (int32_t id = 0; id < v; ++id)
        worst = std::max(worst, std::fabs(double(got[id]) - golden.rows[i][id]));
    }
    EXPECT_LE(worst, 1e-3) << golden.name;

    std::vector<float> next(logits.end() - v, logits.end());
    for (size_t i = 0; i < golden.greedy.size(); ++i) {
      ASSERT_EQ(argmax(next), golden.greedy[i]) << golden.name << " token " << i;
      next = harness.decode(*sequence, golden.greedy[i]);
    }
  }
}

// What machines run, against the reference at every golden position. The reference equals the
// oracle, which computes Segments and active tokens in one pass with the block mask: so the loss
// behind composed Segments is held to that of one pass.
TEST_P(Golden, DevicesAgreeWithTheReference) {
  for (const EngineOptions& options : compared_devices()) {
    Result<ChosenDevice> chosen = choose_device(options);
    if (!chosen.ok()) {
      std::printf("%s\n", chosen.status().message().c_str());
      continue;
    }
    const ModelConfig config = ModelConfig::load(GetParam().model).value();
    if (const Status fits = Model::check(config, *chosen->device); !fits.ok()) {
      std::printf("%s\n", fits.message().c_str());
      continue;
    }
    const std::string name = chosen->device->kernels().name;
    ModelHarness harness(GetParam().model, std::move(chosen->device));
    const int32_t v = harness.config().vocab_size;
    double sum = 0;
    int64_t n = 0;
    int64_t n_top1 = 0;
    double loss_difference = 0;  // of the active tokens behind Segments
    int64_t n_composed = 0;
    for (const GoldenCase& golden : cases_of(GetParam())) {
      auto sequence = harness.sequence(golden.segments);
      const std::vector<float>& expected = reference_logits(GetParam(), golden);
      const auto got = harness.prefill(*sequence, golden.active, 0);
      for (int32_t slot = 0; slot < static_cast<int32_t>(golden.active.size()); ++slot, ++n) {
        const auto p = row(expected, v, slot);
        const auto q = row(got, v, slot);
        sum += kl_divergence(p, q);
        const int32_t best = argmax(p);
        n_top1 += argmax(q) == best;
        if (argmax(q) != best) {
          EXPECT_LE(p[best] - p[argmax(q)], 0.3) << name << " " << golden.name << " slot " << slot;
        }
      }
      if (golden.segments.empty()) continue;
      for (size_t slot = 0; slot + 1 < golden.active.size(); ++slot, ++n_composed) {
        const auto at = static_cast<int32_t>(slot);
        const int32_t next = golden.active[slot + 1];
        loss_difference += loss(row(got, v, at), next) - loss(row(expected, v, at), next);
      }
    }
    std::printf("%s: mean KL %.2e nats, top-1 equal at %.2f%% of %lld positions\n", name.c_str(),
                sum / n, 100.0 * n_top1 / n, static_cast<long long>(n));
    EXPECT_LE(sum / n, 1e-3) << name;
    if (!GetParam().name.starts_with("mini")) continue;  // a loss of random weights says nothing
    ASSERT_GT(n_composed, 100) << name;
    std::printf("%s: behind Segments %+.1e nats a token beside one pass (%lld tokens)\n",
                name.c_str(), loss_difference / n_composed, static_cast<long long>(n_composed));
    EXPECT_LE(std::fabs(loss_difference / n_composed), 0.003) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Golden, testing::ValuesIn(golden_sets()),
                         [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace rondo::engine
