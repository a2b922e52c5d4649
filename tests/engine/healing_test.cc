#include "engine/healing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/engine/model_folder.h"

namespace rondo::engine {
namespace {

using ::testing::Contains;

class HealingTest : public testing::Test {
 protected:
  std::set<std::string> compatible(const std::string& rest) {
    std::set<std::string> texts;
    for (const int32_t id : vocabulary_.compatible(rest)) {
      EXPECT_FALSE(tokenizer_.is_special(id));
      texts.insert(std::string(tokenizer_.token_bytes(id)));
    }
    return texts;
  }

  const Tokenizer tokenizer_ = Tokenizer::load(RONDO_SOURCE_DIR "/models/loopcoder-mini").value();
  const ByteVocabulary vocabulary_{tokenizer_};
};

TEST_F(HealingTest, AllowsLongerTokensAndTheUsualFirstOne) {
  const auto texts = compatible(" pri");
  EXPECT_TRUE(texts.contains(" print"));
  EXPECT_FALSE(texts.contains(" "));
  for (const std::string& text : texts) {
    EXPECT_TRUE(text.starts_with(" pri") || std::string(" pri").starts_with(text)) << text;
  }
}

TEST_F(HealingTest, AlwaysLeavesAWayToSpellTheRest) {
  for (std::string rest :
       {" apply_discount_", "_x", "9", " \xC3\xA9t\xC3\xA9", "\xE2\x82", " zzqj", "\xFF"}) {
    for (int n = 0; !rest.empty(); ++n) {
      ASSERT_LT(n, 40);
      const auto ids = vocabulary_.compatible(rest);
      ASSERT_FALSE(ids.empty()) << rest;
      const std::string_view bytes = tokenizer_.token_bytes(ids.front());
      rest.erase(0, bytes.size());
    }
  }
}

// Also where the tokenizer begins every text with a space: the word does not.
TEST_F(HealingTest, TheUsualFirstTokenIsAlwaysAllowed) {
  ScratchFolder folder;
  std::filesystem::copy_file(RONDO_SOURCE_DIR "/tests/engine/data/tokenizers/prefix_space.model",
                             folder.path() + "/tokenizer.model");
  const Tokenizer prefix_space = Tokenizer::load(folder.path()).value();
  ASSERT_TRUE(prefix_space.adds_prefix_space());
  for (const Tokenizer* tokenizer : {&tokenizer_, &prefix_space}) {
    const ByteVocabulary vocabulary(*tokenizer);
    for (const char* rest : {"const_x", " const_x", "std", "x", " x", "\xC3\xA9t\xC3\xA9", "9"}) {
      EXPECT_THAT(vocabulary.compatible(rest), Contains(tokenizer->encode_part(rest).front()))
          << rest;
    }
  }
}

TEST(Healing, TakesBytesOffTheRest) {
  Healing healing(" foo");
  healing.accept(" f");
  EXPECT_EQ(healing.rest(), "oo");
  healing.accept("oo");
  EXPECT_TRUE(healing.done());
}

}  // namespace
}  // namespace rondo::engine
