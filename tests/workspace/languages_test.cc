#include "workspace/languages.h"

#include <gtest/gtest.h>

namespace rondo::workspace {
namespace {

std::string_view id(std::string_view path, std::string_view text = "") {
  return language_of_file(path, text).id;
}

TEST(Languages, AreToldByName) {
  EXPECT_EQ(id("src/a.py"), "python");
  EXPECT_EQ(id("a.h"), "cpp");
  EXPECT_EQ(id("a.c"), "c");
  EXPECT_EQ(id("a.b.tsx"), "tsx");
  EXPECT_EQ(id("types.d.ts"), "typescript");
  EXPECT_EQ(id("home/.bashrc"), "bash");
  EXPECT_EQ(id("README.md"), "markdown");
  EXPECT_EQ(id("Makefile"), "text");
  EXPECT_EQ(id("py"), "text") << "an extension is not a name";
  EXPECT_EQ(id("a."), "text");
  EXPECT_EQ(id(""), "text");
}

TEST(Languages, AreToldByInterpreter) {
  EXPECT_EQ(id("bin/run", "#!/bin/sh\n"), "bash");
  EXPECT_EQ(id("bin/run", "#!/usr/bin/env python3.11\n"), "python");
  EXPECT_EQ(id("bin/run", "#! /usr/bin/env -S X=1 node --flag\r\n"), "javascript");
  EXPECT_EQ(id("bin/run", "#!"), "text");
  EXPECT_EQ(id("bin/run", "#!/usr/bin/perl"), "text");
}

TEST(Languages, AreToldByTheEditorsName) {
  EXPECT_EQ(language_by_client_id("typescriptreact")->id, "tsx");
  EXPECT_EQ(language_by_client_id("javascriptreact")->id, "javascript");
  EXPECT_EQ(language_by_client_id("sh")->id, "bash");
  EXPECT_EQ(language_by_client_id("script"), nullptr) << "a part of a word";
  EXPECT_EQ(language_by_client_id(""), nullptr);
}

}  // namespace
}  // namespace rondo::workspace
