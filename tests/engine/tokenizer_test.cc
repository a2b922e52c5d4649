#include "engine/tokenizer.h"

#include <gmock/gmock.h>
#include <sentencepiece_processor.h>

#include <algorithm>
#include <random>
#include <thread>

#include "base/json.h"
#include "tests/engine/model_folder.h"

namespace rondo::engine {
namespace {

using ::testing::HasSubstr;
using Ids = std::vector<int32_t>;

const std::string kMini = RONDO_SOURCE_DIR "/models/loopcoder-mini";
const std::string kData = RONDO_SOURCE_DIR "/tests/engine/data/tokenizers/";

// A folder with tokenizer.model alone.
void copy_model(const std::string& name, const ScratchFolder& folder) {
  std::filesystem::copy_file(kData + name + ".model", folder.path() + "/tokenizer.model");
}

Tokenizer mini() {
  auto tokenizer = Tokenizer::load(kMini);
  CHECK(tokenizer.ok(), tokenizer.status().message().c_str());
  return *std::move(tokenizer);
}

// Like prefix_space.model's family would configure it: one marker special, one tag plain text, one
// added behind the vocabulary.
Tokenizer prefix_space() {
  ScratchFolder folder;
  copy_model("prefix_space", folder);
  folder.write("tokenizer_config.json", R"({"added_tokens_decoder": {
    "0": {"content": "<unk>", "special": true},
    "3": {"content": "<|im_start|>", "special": true},
    "402": {"content": "<think>", "special": false},
    "403": {"content": "<|endoftext|>", "special": true}}})");
  auto tokenizer = Tokenizer::load(folder.path());
  CHECK(tokenizer.ok(), tokenizer.status().message().c_str());
  return *std::move(tokenizer);
}

// Bytes with a taste for what is hard: spaces, newlines, tabs, marks, cut and whole UTF-8.
std::string random_text(std::mt19937& random, size_t max_parts) {
  static const std::string kParts[] = {" ",
                                       "  ",
                                       "        ",
                                       "\n",
                                       "\n\n",
                                       "\r\n",
                                       "\r",
                                       "\t",
                                       "\t\t",
                                       "for (int i = ",
                                       "return x",
                                       "    self._a",
                                       "}",
                                       "==",
                                       "h\u00e9",
                                       "\u65e5\u672c",
                                       "\U0001F600",
                                       "\u2581",
                                       "\xE2\x96",
                                       "e\u0301",
                                       "\u200D",
                                       "\xff",
                                       "\xc0\x80",
                                       "\xed\xa0\x80",
                                       "\xf4\x90\x80\x80",
                                       std::string(1, '\0'),
                                       "<|fim_prefix|>",
                                       "<|im_start|>",
                                       "<tool>",
                                       "<0x0A>",
                                       "<unk>",
                                       "\uFFFD",
                                       "12345",
                                       "\uE000"};
  std::string text;
  const size_t n_parts = random() % (max_parts + 1);
  for (size_t i = 0; i < n_parts; ++i) {
    const uint32_t draw = random();
    if (draw % 8 == 0) {
      text += static_cast<char>(draw >> 8);
    } else if (draw % 8 < 3) {
      text += static_cast<char>(' ' + (draw >> 8) % 95);
    } else {
      text += kParts[(draw >> 8) % std::size(kParts)];
    }
  }
  return text;
}

// What the library itself says of text that it can take whole.
Ids library_encoding(const std::string& folder, const std::string& text) {
  static std::map<std::string, sentencepiece::SentencePieceProcessor> processors;
  auto& processor = processors[folder];
  if (!processor.status().ok()) {
    CHECK(processor.Load(folder).ok(), "the model loads");
  }
  return processor.EncodeAsIds(text);
}

TEST(Tokenizer, IdsEqualTheGoldenOnes) {
  const std::string path = RONDO_SOURCE_DIR "/tests/golden/tokenizer.json";
  const Json golden = *parse_json(read_file(path), path);
  ASSERT_GE(golden.size(), 7u);
  const Tokenizer tokenizer = mini();
  for (const Json& row : golden) {
    const auto text = row["text"].get<std::string>();
    EXPECT_EQ(tokenizer.encode(text), row["ids"].get<Ids>()) << text;
    EXPECT_EQ(tokenizer.decode(row["ids"].get<Ids>()), text);
  }
}

TEST(Tokenizer, CutAndRememberedUnitsEqualOneEncodingByTheLibrary) {
  const Tokenizer tokenizer = mini();
  for (const char* file : {"/engine/tokenizer.cc", "/scripts/oracle/model.py", "/README.md"}) {
    const std::string text = read_file(RONDO_SOURCE_DIR + std::string(file));
    ASSERT_FALSE(text.empty());
    const Ids expected = library_encoding(kMini + "/tokenizer.model", text);
    EXPECT_EQ(tokenizer.encode(text), expected) << file;
    EXPECT_EQ(tokenizer.encode(text), expected) << file << ", again";
  }
  const Tokenizer other = prefix_space();
  std::mt19937 random(1);
  const auto ascii = [&] {
    std::string text = random_text(random, 8);
    std::erase_if(text, [](char c) { return static_cast<uint8_t>(c) >= 0x80; });
    return text;
  };
  const std::string others[] = {"", "\u65e5\u672c\u8a9e", "h\u00e9", "\U0001F600\U0001F600",
                                "\uE000"};
  for (int i = 0; i < 5000; ++i) {
    const std::string text = ascii() + others[random() % std::size(others)] + ascii();
    if (text.find("<|im_start|>") != text.npos) continue;  // the library would match the marker
    EXPECT_EQ(other.encode(text), library_encoding(kData + "prefix_space.model", text)) << text;
    EXPECT_EQ(tokenizer.encode(text), library_encoding(kMini + "/tokenizer.model", text)) << text;
  }
}

void expect_round_trip(const Tokenizer& tokenizer, const std::string& text) {
  const Ids ids = tokenizer.encode(text);
  ASSERT_EQ(tokenizer.decode(ids), text) << testing::PrintToString(text);
  for (const int32_t id : ids) ASSERT_FALSE(tokenizer.is_special(id)) << id;
}

TEST(Tokenizer, EveryPairOfBytesRoundTrips) {
  for (const Tokenizer& tokenizer : {mini(), prefix_space()}) {
    for (int pair = 0; pair < 1 << 16; ++pair) {
      expect_round_trip(tokenizer, {static_cast<char>(pair >> 8), static_cast<char>(pair)});
    }
  }
}

TEST(Tokenizer, EveryTextRoundTripsWithoutSpecialTokens) {
  std::mt19937 random(2);
  for (const Tokenizer& tokenizer : {mini(), prefix_space()}) {
    expect_round_trip(tokenizer, "");
    for (int i = 0; i < 20'000; ++i) expect_round_trip(tokenizer, random_text(random, 20));
    expect_round_trip(tokenizer, std::string(100'000, 'a'));
    expect_round_trip(tokenizer, std::string(100'000, ' '));
    expect_round_trip(tokenizer, std::string(10'000, '\xff'));
  }
}

TEST(Tokenizer, BrokenBytesAndTheSpaceMarkAreByteTokens) {
  const Tokenizer tokenizer = mini();
  const auto bytes_of = [&](std::string_view text) {
    Ids ids;
    for (const char c : text) {
      const Ids one = tokenizer.encode(std::string(1, c));
      ids.insert(ids.end(), one.begin(), one.end());
    }
    return ids;
  };
  for (const char* text : {"\xff", "\xE2\x96", "\xE2\x96\x81", "\xc0\x80", "\xed\xa0\x80"}) {
    EXPECT_EQ(tokenizer.encode(text), bytes_of(text));
  }
  Ids expected = tokenizer.encode("a b");
  expected.push_back(bytes_of("\xE2")[0]);
  EXPECT_EQ(tokenizer.encode("a b\xE2"), expected);
}

TEST(Tokenizer, FindsSpecialTokensByName) {
  const Tokenizer tokenizer = mini();
  EXPECT_EQ(tokenizer.special("<|fim_prefix|>"), 2);
  EXPECT_EQ(tokenizer.special("<|anchor|>"), 9);
  EXPECT_EQ(tokenizer.special("return"), std::nullopt);
  EXPECT_EQ(tokenizer.special("<|none|>"), std::nullopt);
  for (int32_t id = 0; id < 20; ++id) {
    EXPECT_TRUE(tokenizer.is_special(id));
    EXPECT_EQ(tokenizer.token_bytes(id), "");
  }
  EXPECT_FALSE(tokenizer.is_special(20));
  EXPECT_EQ(tokenizer.token_bytes(20), "\n");
  EXPECT_EQ(tokenizer.vocab_size(), 16384);
  EXPECT_FALSE(tokenizer.adds_prefix_space());
  for (const int32_t id : {-1, 16384, 1 << 30}) {
    EXPECT_EQ(tokenizer.token_bytes(id), "");
    EXPECT_FALSE(tokenizer.is_special(id));
  }
}

TEST(Tokenizer, AddedTokensExtendTheVocabulary) {
  const Tokenizer tokenizer = prefix_space();
  EXPECT_EQ(tokenizer.vocab_size(), 404);
  EXPECT_EQ(tokenizer.special("<think>"), 402);
  EXPECT_FALSE(tokenizer.is_special(402));
  EXPECT_EQ(tokenizer.token_bytes(402), "<think>");
  EXPECT_TRUE(tokenizer.is_special(403));
  EXPECT_TRUE(tokenizer.is_special(400)) << "an id that nobody names";
  EXPECT_EQ(tokenizer.special("<|im_start|>"), 3);
}

TEST(Tokenizer, ModelsWithAPrefixSpaceKeepTheirHabit) {
  const Tokenizer tokenizer = prefix_space();
  EXPECT_TRUE(tokenizer.adds_prefix_space());
  const Ids ids = tokenizer.encode("return");
  EXPECT_EQ(ids, library_encoding(kData + "prefix_space.model", "return"));
  EXPECT_EQ(tokenizer.token_bytes(ids[0])[0], ' ');
  EXPECT_EQ(tokenizer.decode(ids), "return");
}

TEST(Tokenizer, APartHasExactlyItsBytes) {
  std::mt19937 random(3);
  for (const Tokenizer& tokenizer : {mini(), prefix_space()}) {
    for (int i = 0; i < 5000; ++i) {
      const std::string part = random_text(random, 8);
      std::string bytes;
      for (const int32_t id : tokenizer.encode_part(part)) bytes += tokenizer.token_bytes(id);
      ASSERT_EQ(bytes, part) << testing::PrintToString(part);
    }
  }
}

TEST(Tokenizer, DigestFollowsTheFiles) {
  ScratchFolder folder;
  copy_model("prefix_space", folder);
  const Hash128 alone = Tokenizer::load(folder.path())->digest();
  folder.write("tokenizer_config.json", "{}");
  EXPECT_NE(Tokenizer::load(folder.path())->digest(), alone);
  EXPECT_NE(mini().digest(), alone);
}

TEST(Tokenizer, ThreadsShareTheMemoryOfUnits) {
  const Tokenizer tokenizer = mini();
  const std::string text = read_file(RONDO_SOURCE_DIR "/engine/tokenizer.cc");
  const Ids expected = mini().encode(text);
  std::vector<Ids> results(4);
  {
    std::vector<std::jthread> threads;
    for (Ids& result : results) threads.emplace_back([&] { result = tokenizer.encode(text); });
  }
  for (const Ids& result : results) EXPECT_EQ(result, expected);
}

TEST(Tokenizer, RefusesWhatItCannotGiveBack) {
  const std::pair<const char*, const char*> cases[] = {
      {"no_bytes", "has no byte tokens"}, {"unigram", "unigram"}, {"lossy", "normalises text"}};
  for (const auto& [name, reason] : cases) {
    ScratchFolder folder;
    copy_model(name, folder);
    const auto tokenizer = Tokenizer::load(folder.path());
    ASSERT_FALSE(tokenizer.ok()) << name;
    EXPECT_THAT(tokenizer.status().message(), HasSubstr(reason));
    EXPECT_THAT(tokenizer.status().message(), HasSubstr(folder.path() + "/tokenizer.model"));
  }
}

TEST(Tokenizer, BadFilesNameTheFileAndTheReason) {
  ScratchFolder folder;
  EXPECT_EQ(Tokenizer::load(folder.path()).status().code(), Code::kNotFound);
  const std::string good = read_file(kData + "prefix_space.model");
  for (const std::string& content : {std::string(), std::string("not a model"),
                                     good.substr(0, good.size() / 2), std::string(1000, '\0')}) {
    folder.write("tokenizer.model", content);
    const auto tokenizer = Tokenizer::load(folder.path());
    ASSERT_FALSE(tokenizer.ok());
    EXPECT_THAT(tokenizer.status().message(), HasSubstr(folder.path() + "/tokenizer.model"));
  }
  folder.write("tokenizer.model", good);
  for (const char* config :
       {"", "[]", "{\"a\": 1e999}", R"({"added_tokens_decoder": {"x": {"content": "a"}}})",
        R"({"added_tokens_decoder": {"-1": {"content": "a"}}})",
        R"({"added_tokens_decoder": {"99999999999": {"content": "a"}}})",
        R"({"added_tokens_decoder": {"4194304": {"content": "a"}}})",
        R"({"added_tokens_decoder": {"7": {"content": 3}}})",
        R"({"added_tokens_decoder": {"7": 3}})"}) {
    folder.write("tokenizer_config.json", config);
    const auto tokenizer = Tokenizer::load(folder.path());
    ASSERT_FALSE(tokenizer.ok()) << config;
    EXPECT_THAT(tokenizer.status().message(), HasSubstr("tokenizer_config.json"));
  }
}

}  // namespace
}  // namespace rondo::engine
