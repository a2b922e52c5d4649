// Generation by a model whose tokenizer begins every text with a space: what is generated continues
// a text, so no space is taken off it and none is put before the word that has to be spelled.
#include <gtest/gtest.h>

#include <future>

#include "engine/engine.h"
#include "tests/engine/tiny_model.h"

namespace rondo::engine {
namespace {

TEST(PrefixSpace, GeneratedTextGainsAndLosesNoSpace) {
  const ScratchFolder folder;
  write_tiny_model(folder, 1);
  const auto engine = Engine::load({.model = folder.path(), .kv_bytes = 1 << 20}).value();
  const Tokenizer& tokenizer = engine->tokenizer();
  ASSERT_TRUE(tokenizer.adds_prefix_space());
  int n_with_space = 0;
  for (const std::string healing : {"", "re", " re"}) {
    for (uint64_t seed = 0; seed < 20; ++seed) {
      std::promise<Completion> promise;
      Request request = {.prompt = tokenizer.encode("x ="), .healing = healing};
      request.sampling = {.temperature = 1.0f, .seed = seed};
      request.stop.max_tokens = 6;
      request.on_done = [&](Result<Completion> done) {
        promise.set_value(std::move(done).value());
      };
      engine->submit(std::move(request));
      const Completion completion = promise.get_future().get();
      std::string bytes;
      for (const int32_t id : completion.tokens) bytes += tokenizer.token_bytes(id);
      EXPECT_EQ(healing + completion.text, bytes);
      n_with_space += completion.text.starts_with(' ');
    }
  }
  EXPECT_GT(n_with_space, 0);
}

}  // namespace
}  // namespace rondo::engine
