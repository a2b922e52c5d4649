// Prompts against the layouts of the golden cases, which the model was trained on.
#include "assist/fim_prompt.h"

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/mapped_file.h"
#include "tests/engine/model_folder.h"

namespace rondo::assist {
namespace {

const std::string kModel = RONDO_SOURCE_DIR "/models/loopcoder-mini";
const std::string kGolden = RONDO_SOURCE_DIR "/tests/golden/loopcoder-mini-int8/golden.json";

TEST(FimPrompt, EqualsTheGoldenLayouts) {
  const auto config = engine::ModelConfig::load(kModel).value();
  const auto tokenizer = engine::Tokenizer::load(kModel).value();
  const auto file = MappedFile::open(kGolden).value();
  const Json golden = parse_json(file.text(), kGolden).value();
  int n_released = 0;
  for (const Json& entry : golden.at("cases")) {
    engine::TokenIds ids;
    engine::TokenIds visible;
    for (const Json& block : entry.at("blocks")) {
      const auto segment = block_segment(config, tokenizer, block.at("path").get<std::string>(),
                                         block.at("text").get<std::string>());
      const auto n = static_cast<int32_t>(segment.tokens->size());
      const bool released = block.at("released").get<bool>();
      const int32_t head = released ? released_head(config, tokenizer, *segment.tokens) : 0;
      n_released += head > 0;
      for (int32_t i = 0; i < n; ++i) {
        visible.push_back(head == 0 || i < head || i >= n - config.segment->anchors_per_segment);
      }
      ids.insert(ids.end(), segment.tokens->begin(), segment.tokens->end());
    }
    const std::string order = entry.at("order");
    const std::string path = entry.at("path");
    const std::string prefix = entry.at("prefix");
    engine::TokenIds active;
    if (order == "plain") {
      active = plain_prompt(config, tokenizer, path, prefix);
    } else {
      active = fim_prompt(
          config, tokenizer,
          order == "spm" ? engine::FimOrder::kSuffixFirst : engine::FimOrder::kPrefixFirst,
          {.path = path, .prefix = prefix, .suffix = entry.at("suffix").get<std::string>()});
    }
    ids.insert(ids.end(), active.begin(), active.end());
    visible.insert(visible.end(), active.size(), 1);
    EXPECT_EQ(ids, entry.at("input_ids").get<engine::TokenIds>()) << entry.at("name");
    EXPECT_EQ(visible, entry.at("visible").get<engine::TokenIds>()) << entry.at("name");
  }
  EXPECT_GT(n_released, 0);
}

// What the tokens of `ids` stand for; special tokens as '|'.
std::string spelled(const engine::Tokenizer& tokenizer, const engine::TokenIds& ids) {
  std::string text;
  for (const int32_t id : ids) {
    text += tokenizer.is_special(id) ? "|" : tokenizer.token_bytes(id);
  }
  return text;
}

TEST(FimPrompt, OnlyTheBeginningOfTheFileGetsThePrefixSpaceOfTheModel) {
  const engine::ScratchFolder folder;
  std::filesystem::copy_file(RONDO_SOURCE_DIR "/tests/engine/data/tokenizers/prefix_space.model",
                             folder.path() + "/tokenizer.model");
  const auto tokenizer = engine::Tokenizer::load(folder.path()).value();
  ASSERT_TRUE(tokenizer.adds_prefix_space());
  engine::ModelConfig config;
  config.fim = {.prefix_token = *tokenizer.special("<|fim_prefix|>"),
                .middle_token = *tokenizer.special("<|fim_middle|>"),
                .suffix_token = *tokenizer.special("<|fim_suffix|>"),
                .file_sep_token = tokenizer.special("<|file_sep|>")};
  const auto prompt = [&](engine::FimOrder order, const std::string& prefix,
                          const std::string& suffix) {
    return spelled(tokenizer, fim_prompt(config, tokenizer, order,
                                         {.path = "a.h", .prefix = prefix, .suffix = suffix}));
  };
  const std::string parts[] = {"", "x", " x", "  x ", "\n", "\treturn", "\U0001F600"};
  for (const std::string& prefix : parts) {
    for (const std::string& suffix : parts) {
      EXPECT_EQ(prompt(engine::FimOrder::kSuffixFirst, prefix, suffix),
                "|" + suffix + "|| a.h\n" + prefix + "|");
      EXPECT_EQ(prompt(engine::FimOrder::kPrefixFirst, prefix, suffix),
                "|| a.h\n" + prefix + "|" + suffix + "|");
    }
  }
  config.fim->file_sep_token.reset();
  EXPECT_EQ(prompt(engine::FimOrder::kPrefixFirst, "x = ", "\ny"), "| x = |\ny|");
}

TEST(FimPrompt, CutsASegmentAtTheModelsLimit) {
  const auto config = engine::ModelConfig::load(kModel).value();
  const auto tokenizer = engine::Tokenizer::load(kModel).value();
  std::string text;
  for (int i = 0; i < 2000; ++i)
    text += "value_" + std::to_string(i) + " = " + std::to_string(i * 7919) + "\n";
  const auto segment = block_segment(config, tokenizer, "a.py", text);
  EXPECT_EQ(static_cast<int32_t>(segment.tokens->size()), config.segment->max_segment_tokens);
  EXPECT_EQ(segment.tokens->back(), config.segment->anchor_token);
}

}  // namespace
}  // namespace rondo::assist
