// Tokenizers of byte-level BPE, on byte_level.json of scripts/oracle/byte_level.mjs.

#include <gmock/gmock.h>

#include <algorithm>
#include <random>

#include "base/json.h"
#include "engine/healing.h"
#include "engine/tokenizer.h"
#include "tests/engine/model_folder.h"

namespace rondo::engine {
namespace {

using ::testing::HasSubstr;
using Ids = std::vector<int32_t>;

const std::string kData = RONDO_SOURCE_DIR "/tests/engine/data/tokenizers/";

Json read_json(const std::string& name) {
  return parse_json(read_file(kData + name), name).value();
}

Result<Tokenizer> load(const Json& file) {
  const ScratchFolder folder;
  folder.write("tokenizer.json", dump_json(file));
  return Tokenizer::load(folder.path());
}

Tokenizer byte_level() { return load(read_json("byte_level.json")).value(); }

TEST(ByteLevel, IdsAreThoseOfAnotherImplementation) {
  const Json golden = read_json("byte_level_golden.json");
  ASSERT_EQ(golden.size(), 3u);
  for (const Json& family : golden) {
    Json file = read_json("byte_level.json");
    file["pre_tokenizer"] = family["pre_tokenizer"];
    const Tokenizer tokenizer = load(file).value();
    ASSERT_GT(family["cases"].size(), 10u);
    for (const Json& one : family["cases"]) {
      const auto text = one[0].get<std::string>();
      EXPECT_EQ(tokenizer.encode(text), one[1].get<Ids>()) << family["name"] << ": " << text;
      EXPECT_EQ(tokenizer.encode(text), one[1].get<Ids>()) << "again, from memory: " << text;
      EXPECT_EQ(tokenizer.decode(one[1].get<Ids>()), text);
    }
  }
}

TEST(ByteLevel, MergesMayBePairs) {
  Json file = read_json("byte_level.json");
  for (Json& merge : file["model"]["merges"]) {
    const auto text = merge.get<std::string>();
    merge = Json::array({text.substr(0, text.find(' ')), text.substr(text.find(' ') + 1)});
  }
  const std::string text = read_file(RONDO_SOURCE_DIR "/README.md");
  EXPECT_EQ(load(file)->encode(text), byte_level().encode(text));
}

// Each merge looks at the whole word, as in the definition: no queue, no memory.
Ids merged_slowly(const Json& file, std::string_view word) {
  std::vector<std::string> parts;
  const Tokenizer tokenizer = byte_level();
  for (const char c : word) parts.emplace_back(1, c);
  std::map<std::pair<std::string, std::string>, size_t> ranks;
  for (const Json& merge : file["model"]["merges"]) {
    const auto text = merge.get<std::string>();
    ranks.emplace(std::pair(text.substr(0, text.find(' ')), text.substr(text.find(' ') + 1)),
                  ranks.size());
  }
  while (true) {
    size_t best = ranks.size();
    size_t place = 0;
    for (size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto it = ranks.find({parts[i], parts[i + 1]});
      if (it == ranks.end() || it->second >= best) continue;
      best = it->second;
      place = i;
    }
    if (best == ranks.size()) break;
    parts[place] += parts[place + 1];
    parts.erase(parts.begin() + static_cast<int64_t>(place) + 1);
  }
  Ids ids;
  for (const std::string& part : parts) ids.push_back(file["model"]["vocab"][part].get<int32_t>());
  return ids;
}

TEST(ByteLevel, EarlierMergesComeFirstAndTheLeftmostOfThem) {
  const Json file = read_json("byte_level.json");
  const Tokenizer tokenizer = byte_level();
  std::mt19937 random(1);
  for (int i = 0; i < 300; ++i) {  // letters alone are one word
    std::string word;
    const size_t n = 1 + random() % 100;
    while (word.size() < n) word += "returnvaluself"[random() % 14];
    ASSERT_EQ(tokenizer.encode(word), merged_slowly(file, word)) << word;
  }
}

TEST(ByteLevel, EveryTextComesBack) {
  const Tokenizer tokenizer = byte_level();
  const auto expect_back = [&](const std::string& text) {
    const Ids ids = tokenizer.encode(text);
    ASSERT_EQ(tokenizer.decode(ids), text) << testing::PrintToString(text);
    for (const int32_t id : ids) ASSERT_FALSE(tokenizer.is_special(id)) << id;
  };
  for (int pair = 0; pair < 1 << 16; ++pair)
    expect_back({static_cast<char>(pair >> 8), static_cast<char>(pair)});
  static const std::string kParts[] = {
      "return",         "  ",         "\n\n",     "\r\n",   "\u00e9", "e\u0301",
      "\u6570",         "\U0001F600", "\xE6\x95", "\xff",   "'s",     "12",
      "<|fim_prefix|>", "<|im_end|>", "\u00f5",   "\u180e", "\u2028"};
  std::mt19937 random(2);
  for (int i = 0; i < 20'000; ++i) {
    std::string text;
    for (size_t n = random() % 20; n > 0; --n) {
      const uint32_t draw = random();
      text += draw % 2 == 0 ? kParts[(draw >> 8) % std::size(kParts)]
                            : std::string(1, static_cast<char>(draw >> 8));
    }
    expect_back(text);
  }
  expect_back(std::string(100'000, 'a'));
  expect_back(std::string(100'000, ' '));
  expect_back(std::string(10'000, '\xff'));
}

TEST(ByteLevel, MarksAreSpecialWhateverTheFileCallsThemAndOtherAddedTokensAreText) {
  const Tokenizer tokenizer = byte_level();
  for (const char* mark : {"<|endoftext|>", "<|fim_prefix|>", "<|file_sep|>"}) {
    ASSERT_TRUE(tokenizer.special(mark)) << mark;
    EXPECT_TRUE(tokenizer.is_special(*tokenizer.special(mark))) << mark;
    EXPECT_EQ(tokenizer.token_bytes(*tokenizer.special(mark)), "");
    EXPECT_GT(tokenizer.encode(mark).size(), 1u);
  }
  EXPECT_EQ(tokenizer.encode("\u00f5"), Ids{*tokenizer.special("\u00f5")});
  EXPECT_EQ(tokenizer.vocab_size(), 386);
}

// Half a character is the bytes that a stream may hold back; the rest of it must be allowed.
TEST(ByteLevel, HealingSpellsBytes) {
  const Tokenizer tokenizer = byte_level();
  const ByteVocabulary vocabulary(tokenizer);
  const std::vector<int32_t> allowed = vocabulary.compatible("retu");
  const auto allows = [&](const std::string& text) {
    const Ids ids = tokenizer.encode(text);
    return ids.size() == 1 && std::ranges::count(allowed, ids[0]) == 1;
  };
  EXPECT_TRUE(allows("return"));
  EXPECT_TRUE(allows("r"));
  EXPECT_FALSE(allows("x"));
  EXPECT_FALSE(allows(" return"));
  EXPECT_FALSE(vocabulary.compatible("\xE6").empty());
}

TEST(ByteLevel, BytesThatNoTextHasMayLackATokenOthersNot) {
  Json file = read_json("byte_level.json");
  const std::string foreign = "\u00ff";  // the character of byte 255
  file["model"]["vocab"].erase(foreign);
  const Tokenizer tokenizer = load(file).value();
  EXPECT_EQ(tokenizer.decode(tokenizer.encode("a\xff")), "a\uFFFD");
  file["model"]["vocab"].erase("!");
  EXPECT_THAT(load(file).status().message(), HasSubstr("no token for the byte 33"));
}

TEST(ByteLevel, AWordOfTheVocabularyMayComeBeforeMerges) {
  Json file = read_json("byte_level.json");
  file["model"]["vocab"]["zyx"] = 386;
  EXPECT_EQ(load(file)->encode("zyx").size(), 3u);
  file["model"]["ignore_merges"] = true;
  EXPECT_EQ(load(file)->encode("zyx"), Ids{386});
}

TEST(ByteLevel, RefusesWhatItDoesNotKnowByName) {
  const auto sequence = [](Json step) {
    return Json{
        {"type", "Sequence"},
        {"pretokenizers", {std::move(step), {{"type", "ByteLevel"}, {"add_prefix_space", false}}}}};
  };
  const std::tuple<const char*, Json, const char*> cases[] = {
      {"/normalizer", {{"type", "NFKC"}}, "NFKC"},
      {"/decoder", {{"type", "Metaspace"}}, "Metaspace"},
      {"/post_processor", {{"type", "Odd"}}, "Odd"},
      {"/surprise", 1, "surprise"},
      {"/model/type", "WordPiece", "WordPiece"},
      {"/model/byte_fallback", true, "byte_fallback"},
      {"/model/dropout", 0.1, "dropout"},
      {"/model/end_of_word_suffix", "</w>", "end_of_word_suffix"},
      {"/model/surprise", 1, "surprise"},
      {"/model/vocab", nullptr, "vocab"},
      {"/model/merges", nullptr, "merges"},
      {"/model/merges/0", "r\u00e9 zz", "r\u00e9 zz"},
      {"/model/merges/0", {"a"}, "[\"a\"]"},
      {"/model/vocab/a", 98, "98"},
      {"/model/vocab/a", -1, "\"a\""},
      {"/model/vocab/\u4e2d", 386, "\u4e2d"},
      {"/added_tokens/9/lstrip", true, "lstrip"},
      {"/added_tokens/9/id", -1, "malformed"},
      {"/pre_tokenizer", nullptr, "no pre_tokenizer"},
      {"/pre_tokenizer", {{"type", "Digits"}}, "\"ByteLevel\""},
      {"/pre_tokenizer", {{"type", "ByteLevel"}}, "add_prefix_space"},
      {"/pre_tokenizer", sequence({{"type", "Metaspace"}}), "Metaspace"},
      {"/pre_tokenizer", sequence({{"type", "Split"}, {"behavior", "Removed"}}), "Removed"},
      {"/pre_tokenizer",
       sequence({{"type", "Split"}, {"behavior", "Isolated"}, {"pattern", {{"Regex", "(a"}}}}),
       "(a"},
  };
  for (const auto& [place, value, name] : cases) {
    Json file = read_json("byte_level.json");
    file[Json::json_pointer(place)] = value;
    const Status status = load(file).status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << place;
    EXPECT_THAT(status.message(), HasSubstr("tokenizer.json: ")) << place;
    EXPECT_THAT(status.message(), HasSubstr(name)) << place;
  }
  const ScratchFolder folder;
  folder.write("tokenizer.json", "{");
  EXPECT_THAT(Tokenizer::load(folder.path()).status().message(), HasSubstr("tokenizer.json"));
}

}  // namespace
}  // namespace rondo::engine
