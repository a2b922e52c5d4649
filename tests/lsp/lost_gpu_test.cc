// A GPU that fails under the server: the same engine goes on on the CPU, and the log and the report
// say why. The fake GPU lies beside this program, where the CUDA plugin would.
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <future>
#include <sstream>

#include "lsp/daemon_report.h"
#include "lsp/engine_keeper.h"
#include "lsp/loop.h"
#include "tests/engine/fake_gpu.h"

namespace rondo::lsp {
namespace {

Result<engine::Completion> complete(engine::Engine& engine) {
  std::promise<Result<engine::Completion>> promise;
  engine::Request request = {.prompt = {20, 21, 22}};
  request.stop.max_tokens = 4;
  request.on_done = [&](Result<engine::Completion> done) { promise.set_value(std::move(done)); };
  engine.submit(std::move(request));
  return promise.get_future().get();
}

TEST(LostGpu, IsToldInTheLogAndInTheReport) {
  std::ostringstream log;
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(log)));
  spdlog::set_pattern("%v");
  {
    Loop loop;
    EngineKeeper keeper(loop, {.model_found = {},
                               .engine = {.model = RONDO_SOURCE_DIR "/models/loopcoder-mini",
                                          .kv_bytes = 16 << 20}});
    keeper.want([&](const Result<engine::Engine*>& loaded) {
      engine::Engine& engine = *loaded.value();
      EXPECT_TRUE(complete(engine).ok());
      EXPECT_EQ(engine.stats().device, "fake GPU");
      rondo_break_at(50);
      const Status status = complete(engine).status();
      EXPECT_EQ(status.code(), Code::kUnavailable);
      EXPECT_TRUE(complete(engine).ok());
      DaemonReport report;
      report.engine = keeper.engine()->stats();
      const Json json = to_json(report);
      EXPECT_EQ(json["engine"]["device"], "CPU");
      EXPECT_EQ(json["engine"]["no_gpu"], status.message());
      loop.close();
    });
    loop.run();
  }
  spdlog::set_default_logger(before);
  const std::string text = log.str();
  EXPECT_TRUE(text.starts_with("the model runs on the fake GPU, kernels ")) << text;
  EXPECT_NE(text.find("\nthe model runs on the CPU, kernels "), std::string::npos) << text;
  EXPECT_NE(text.find("; no GPU: fake GPU failed in "), std::string::npos) << text;
}

}  // namespace
}  // namespace rondo::lsp
