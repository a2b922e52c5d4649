#include "base/json.h"

#include <gtest/gtest.h>

namespace rondo {
namespace {

TEST(Json, BadTextIsAStatusNotAnException) {
  for (const char* text : {"", "{", "[1,]", "1e999", "\"\xff\"", "{\"a\":nul}"}) {
    const auto parsed = parse_json(text, "x.json");
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_NE(parsed.status().message().find("x.json"), std::string::npos);
  }
}

TEST(Json, GetTellsAbsentFromWrongType) {
  const Json json = *parse_json(R"({"n": 3, "s": "x", "b": true, "z": null})", "x.json");
  EXPECT_EQ(json_get<int>(json, "n"), 3);
  EXPECT_EQ(json_get<std::string>(json, "s"), "x");
  EXPECT_EQ(json_get<bool>(json, "b"), true);
  EXPECT_EQ(json_get<int>(json, "s"), std::nullopt);
  EXPECT_EQ(json_get<int>(json, "z"), std::nullopt);
  EXPECT_EQ(json_get<int>(json, "missing"), std::nullopt);
}

TEST(Json, UniqueRefusesARepeatedKeyAtAnyDepth) {
  EXPECT_TRUE(parse_json_unique(R"([{"a": {"a": 1}}, {"a": 2}])", "x.json").ok());
  for (const char* text : {R"({"a": 1, "a": 1})", R"({"b": [{"a": 1, "c": {}, "a": 2}]})"}) {
    const auto parsed = parse_json_unique(text, "x.json");
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.status().message(), "x.json names \"a\" twice");
  }
  EXPECT_FALSE(parse_json_unique("{\"a\": 1e999}", "x.json").ok());
}

TEST(Json, DumpReplacesInvalidUtf8) { EXPECT_EQ(dump_json(Json("a\xff")), "\"a\xEF\xBF\xBD\""); }

}  // namespace
}  // namespace rondo
