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

TEST(Json, DumpReplacesInvalidUtf8) { EXPECT_EQ(dump_json(Json("a\xff")), "\"a\xEF\xBF\xBD\""); }

}  // namespace
}  // namespace rondo
