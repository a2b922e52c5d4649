// Prompts against the layouts of the golden cases, which the model was trained on.
#include "assist/fim_prompt.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

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

// A family by the names of its tokens, and how it is asked about a file behind another one.
struct FamilyCase {
  std::vector<std::string> tokens;
  std::string alone;   // no other file, no name of the repository
  std::string behind;  // "util.py" in the repository "shop"
};

const FamilyCase kFamilies[] = {
    {{"<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|file_sep|>", "<|repo_name|>"},
     "<|file_sep|> a.py\n<|fim_prefix|>x = <|fim_suffix|>\ny<|fim_middle|>",
     "<|repo_name|> shop\n<|file_sep|> util.py\nz = 1\n\n<|file_sep|> a.py\n"
     "<|fim_prefix|>x = <|fim_suffix|>\ny<|fim_middle|>"},
    {{"<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<filename>", "<reponame>"},
     "<filename> a.py\n<fim_suffix>\ny<fim_prefix>x = <fim_middle>",
     "<filename> util.py\nz = 1\n\n<filename> a.py\n<fim_suffix>\ny<fim_prefix>x = <fim_middle>"},
    {{"[PREFIX]", "[MIDDLE]", "[SUFFIX]"},
     "<s>[SUFFIX]\ny[PREFIX] x = ",
     "<s> #util.py\nz = 1\n\n[SUFFIX]\ny[PREFIX] #a.py\nx = "},
    {{"<[fim-prefix]>", "<[fim-middle]>", "<[fim-suffix]>"},
     "<[fim-suffix]>\ny<[fim-prefix]> x = <[fim-middle]>",
     " #util.py\nz = 1\n\n<[fim-suffix]>\ny<[fim-prefix]> #a.py\nx = <[fim-middle]>"},
    {{"<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<file_sep>", "<repo_name>"},
     "<file_sep><fim_prefix> a.py\nx = <fim_suffix>\ny<fim_middle>",
     "<repo_name> shop<file_sep> util.py\nz = 1\n<file_sep><fim_prefix> a.py\n"
     "x = <fim_suffix>\ny<fim_middle>"},
    {{"<\uFF5Cfim\u2581begin\uFF5C>", "<\uFF5Cfim\u2581hole\uFF5C>", "<\uFF5Cfim\u2581end\uFF5C>",
      "<\uFF5Cbegin\u2581of\u2581sentence\uFF5C>"},
     "<\uFF5Cbegin\u2581of\u2581sentence\uFF5C><\uFF5Cfim\u2581begin\uFF5C> x = "
     "<\uFF5Cfim\u2581hole\uFF5C>\ny<\uFF5Cfim\u2581end\uFF5C>",
     "<\uFF5Cbegin\u2581of\u2581sentence\uFF5C><\uFF5Cfim\u2581begin\uFF5C> #util.py\nz = 1\n\n"
     " #a.py\nx = <\uFF5Cfim\u2581hole\uFF5C>\ny<\uFF5Cfim\u2581end\uFF5C>"},
    {{"\u2581<PRE>", "\u2581<MID>", "\u2581<SUF>", "\u2581<EOT>"},
     "<s>\u2581<PRE>\u2581<SUF>\ny\u2581<MID> x = ",
     "<s> #util.py\nz = 1\n\n\u2581<PRE>\u2581<SUF>\ny\u2581<MID> #a.py\nx = "},
};

// A tokenizer with these tokens added, and without the FIM tokens of its own.
engine::Tokenizer tokenizer_with(const std::vector<std::string>& tokens) {
  const engine::ScratchFolder folder;
  std::string model =
      engine::read_file(RONDO_SOURCE_DIR "/tests/engine/data/tokenizers/prefix_space.model");
  for (const std::string name : {"<|fim_", "<|file_"}) {
    for (size_t at; (at = model.find(name)) != std::string::npos;) model[at + 2] = 'X';
  }
  folder.write("tokenizer.model", model);
  Json added = Json::object();
  for (size_t i = 0; i < tokens.size(); ++i)
    added[std::to_string(400 + i)] = {{"content", tokens[i]}, {"special", true}};
  folder.write("tokenizer_config.json", dump_json(Json{{"added_tokens_decoder", added}}));
  return engine::Tokenizer::load(folder.path()).value();
}

TEST(FimPrompt, PutsFilesBeforeTheActiveOneAsEachFamilyWasTrained) {
  for (const FamilyCase& family : kFamilies) {
    const engine::Tokenizer tokenizer = tokenizer_with(family.tokens);
    engine::ModelConfig config = {.vocab_size = 500};
    ASSERT_TRUE(resolve_special_tokens(config, tokenizer).ok());
    ASSERT_TRUE(config.fim) << family.tokens[0];
    std::map<int32_t, std::string> names;
    for (std::string name : family.tokens) names[*tokenizer.special(name)] = name;
    names[tokenizer.special("<s>").value_or(-1)] = "<s>";
    const auto asked = [&](const ActiveWindow& window) {
      std::string text;
      for (const int32_t id : fim_prompt(config, tokenizer, config.fim->order, window))
        text += names.contains(id) ? names[id] : std::string(tokenizer.token_bytes(id));
      return text;
    };
    EXPECT_EQ(asked({.path = "a.py", .prefix = "x = ", .suffix = "\ny"}), family.alone);
    EXPECT_EQ(asked({.path = "a.py",
                     .prefix = "x = ",
                     .suffix = "\ny",
                     .repository = "shop",
                     .files = {std::make_shared<const engine::TokenIds>(
                         file_part(config, tokenizer, "util.py", "z = 1\n"))}}),
              family.behind);
    EXPECT_TRUE(std::binary_search(config.stop_tokens.begin(), config.stop_tokens.end(),
                                   tokenizer.special(family.tokens.back()).value()) ||
                tokenizer.special(family.tokens.back()) == config.fim->bos_token);
  }
}

// All tokens of the prompt of one keystroke but those at its end begin that of the next.
TEST(FimPrompt, AKeystrokeChangesTheEndOfASuffixFirstPrompt) {
  const auto config = engine::ModelConfig::load(kModel).value();
  const auto tokenizer = engine::Tokenizer::load(kModel).value();
  const auto file = std::make_shared<const engine::TokenIds>(
      file_part(config, tokenizer, "util.py", "def total(items):\n    return sum(items)\n"));
  ActiveWindow window = {
      .path = "a.py", .prefix = "import util\n\nx = ", .suffix = "\nprint(x)\n", .files = {file}};
  const auto before = fim_prompt(config, tokenizer, config.fim->order, window);
  window.prefix += "util";
  const auto after = fim_prompt(config, tokenizer, config.fim->order, window);
  const auto at = std::mismatch(before.begin(), before.end(), after.begin(), after.end());
  EXPECT_LE(before.end() - at.first, 3);
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
