// What a plan says against what the engine takes.
#include <gtest/gtest.h>

#include <future>

#include "engine/choose_device.h"
#include "engine/engine.h"
#include "engine/memory_plan.h"
#include "kernels/launch.h"
#include "tests/engine/test_devices.h"

namespace rondo::engine {
namespace {

const std::string kMini = RONDO_SOURCE_DIR "/models/loopcoder-mini";
constexpr int64_t kWorkspace = 32 << 20;  // of a GPU that is opened once more to ask it

// A chunk of the largest size, and steps of decoding.
void answer_a_long_prompt(Engine& engine) {
  Request request = {.prompt = TokenIds(900, 100)};
  request.stop.max_tokens = 8;
  for (int32_t i = 0; i < 12; ++i) {
    TokenIds tokens(700, 200 + i);
    request.segments.push_back({.tokens = std::make_shared<const TokenIds>(std::move(tokens))});
  }
  request.segment_deadline = std::chrono::seconds(60);
  std::promise<void> done;
  request.on_done = [&](Result<Completion> completion) {
    EXPECT_TRUE(completion.ok()) << completion.status().to_string();
    done.set_value();
  };
  engine.submit(std::move(request));
  done.get_future().wait();
}

Result<MemoryPlan> plan_for(const ModelConfig& config, const Workload& workload) {
  ASSIGN_OR_RETURN(const ChosenDevice chosen, choose_device(usual_device()));
  if (!chosen.device->is_cpu()) return plan_memory(config, workload);
  return plan_memory(config, workload, chosen.device->kernels());
}

TEST(MemoryPlan, IsWhatTheEngineAllocates) {
  const ModelConfig config = *ModelConfig::load(kMini);
  const int32_t few_rows = choose_device(usual_device()).value().device->kernels().few_rows;
  const Workload workload = {
      .n_sequences = few_rows, .n_segment_tokens = 65536, .n_active_tokens = 1024};
  const Result<MemoryPlan> plan = plan_for(config, workload);
  ASSERT_TRUE(plan.ok()) << plan.status().to_string();
  EngineOptions options = usual_device();
  options.model = kMini;
  options.kv_bytes = plan->kv();
  const auto engine = Engine::load(options);
  ASSERT_TRUE(engine.ok()) << engine.status().to_string();
  const EngineStats stats = (*engine)->stats();
  EXPECT_EQ(stats.kv_bytes, plan->kv());
  EXPECT_NEAR(
      static_cast<double>(plan->total() - plan->library) / static_cast<double>(stats.device_bytes),
      1, 0.03)
      << plan->weights() << " bytes of weights planned, " << stats.weight_bytes << " taken";
  if (plan->library == 0) return;  // the CPU
  // The driver's count has what kernels and libraries keep too, once they have run.
  answer_a_long_prompt(**engine);
  const auto asked = choose_device(usual_device());
  const kernels::DeviceInfo& info = asked->device->backend().info;
  const auto used = static_cast<double>(info.total_bytes - info.free_bytes - kWorkspace);
  EXPECT_NEAR(static_cast<double>(plan->total()) / used, 1, 0.03)
      << plan->total() << " bytes planned, " << used << " used";
}

}  // namespace
}  // namespace rondo::engine
