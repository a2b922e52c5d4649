// What one source says: what counts, and the sentences about the rest.

#include "config/layer.h"

#include <gtest/gtest.h>

#include "config/configuration.h"

namespace rondo::config {
namespace {

struct Case {
  const char* json;
  Json values;
  std::vector<std::string> problems;
};

const Source kUserFile = {.name = "config.json", .folder = "/home/me/.config/rondo"};

TEST(Layer, KeepsWhatFitsAndSaysWhatDoesNot) {
  const Case cases[] = {
      {"null", Json::object(), {}},
      {"[]", Json::object(), {}},
      {R"({"maxTokens": 12, "multiline": true, "kernels": "avx2", "automatic": null})",
       {{"maxTokens", 12}, {"multiline", true}, {"kernels", "avx2"}},
       {}},
      {R"({"maxTokens": 12.0, "exitAfterSeconds": 0.25})",
       {{"maxTokens", 12}, {"exitAfterSeconds", 0.25}},
       {}},
      {R"({"model": "mini", "socketFolder": "/run/me/x/.."})",
       {{"model", "/home/me/.config/rondo/mini"}, {"socketFolder", "/run/me/"}},
       {}},
      {"3", Json::object(), {"config.json: options must be an object, {\"name\": value, ...}"}},
      {R"({"maxTokns": 3})",
       Json::object(),
       {"config.json: there is no option 'maxTokns'; is maxTokens meant?"}},
      {R"({"colour": 3})",
       Json::object(),
       {"config.json: there is no option 'colour'; `rondo config` lists them all"}},
      {R"({"candidates": 9, "threads": "two", "context": 1, "kernels": "sse", "maxTokens": 1.5,
           "model": "a\u0000b", "releaseAfterSeconds": -1})",
       Json::object(),
       {"config.json: candidates is 9 and must be an integer from 1 to 8",
        "config.json: context is 1 and must be true or false",
        "config.json: kernels is \"sse\" and must be \"\", \"reference\", \"avx2\", \"avxvnni\", "
        "\"avx512\" or \"amx\"",
        "config.json: maxTokens is 1.5 and must be an integer from 0 to 4096",
        "config.json: model is \"a\\u0000b\" and must be a path",
        "config.json: releaseAfterSeconds is -1 and must be a number from 0 to 604800",
        "config.json: threads is \"two\" and must be an integer from 0 to 256"}},
  };
  for (const Case& c : cases) {
    const Layer layer = read_layer(parse_json(c.json, "the case").value(), kUserFile);
    EXPECT_EQ(Json(layer.values), c.values) << c.json;
    EXPECT_EQ(layer.problems, c.problems) << c.json;
  }
}

TEST(Layer, OfAnEditorHasOptionsOfOthers) {
  const Json section = {{"path", "/bin/rondo"}, {"trace", {{"server", "off"}}},
                        {"standalone", true},   {"maxToken", 3},
                        {"threads", 2},         {"context", false}};
  const Layer layer = read_layer(section, {.name = "the editor",
                                           .may_set = SetBy::kAnybody,
                                           .user_file = "config.json",
                                           .has_others = true});
  EXPECT_EQ(Json(layer.values), Json({{"context", false}}));
  EXPECT_EQ(layer.problems, std::vector<std::string>(
                                {"the editor: there is no option 'maxToken'; is maxTokens meant?",
                                 "the editor: threads counts only in config.json"}));
}

TEST(Configuration, TheLastLayerCountsAndIsNamed) {
  Configuration all;
  EXPECT_EQ(all["candidates"].origin, "default");
  all.add(read_layer({{"candidates", 2}, {"maxTokens", 5}, {"contex", true}}, kUserFile));
  all.add(read_layer({{"candidates", 4}}, {.name = "the command line"}));
  EXPECT_EQ(all.integer("candidates"), 4);
  EXPECT_EQ(all["candidates"].origin, "the command line");
  EXPECT_EQ(all["maxTokens"].origin, "config.json");
  EXPECT_TRUE(all.boolean("context"));
  EXPECT_EQ(all.problems().size(), 1u);
}

}  // namespace
}  // namespace rondo::config
