// The schema, and the documents and editors that repeat it.

#include "config/schema.h"

#include <gtest/gtest.h>

#include "base/mapped_file.h"

namespace rondo::config {
namespace {

std::string read(const std::string& path) {
  return std::string(MappedFile::open(std::string(RONDO_SOURCE_DIR) + "/" + path).value().text());
}

TEST(Schema, DefaultsFit) {
  for (const Option& option : schema()) {
    EXPECT_TRUE(fits(option, option.value)) << option.name;
    EXPECT_EQ(find_option(option.name), &option);
    EXPECT_EQ(nearest_option(option.name), option.name);
  }
}

TEST(Schema, IsTheReferencePage) {
  EXPECT_NE(read("docs/configuration.md").find(reference_table()), std::string::npos)
      << "docs/configuration.md must hold what `rondo config --reference` prints:\n"
      << reference_table();
}

TEST(Schema, IsWhatTheVsCodeExtensionOffers) {
  const Json package = parse_json(read("editors/vscode/package.json"), "package.json").value();
  const Json& offered = package["contributes"]["configuration"]["properties"];
  for (const Option& option : schema()) {
    const std::string name = "rondo." + std::string(option.name);
    ASSERT_EQ(offered.contains(name), option.set_by == SetBy::kAnybody) << name;
    if (!offered.contains(name)) continue;
    EXPECT_EQ(offered[name]["default"], option.value) << name;
    if (option.kind != Kind::kInteger) continue;
    EXPECT_EQ(offered[name]["minimum"], option.low) << name;
    EXPECT_EQ(offered[name]["maximum"], option.high) << name;
  }
}

}  // namespace
}  // namespace rondo::config
