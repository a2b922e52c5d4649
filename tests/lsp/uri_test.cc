#include "lsp/uri.h"

#include <gtest/gtest.h>

namespace rondo::lsp {
namespace {

TEST(Uri, PathsComeBackFromTheirUris) {
  for (const char* path : {"/", "/a/b.c", "/with space/ü/日本/100%/a#b?c", "/c:/x+y", "/a\xff"}) {
    EXPECT_EQ(path_of_uri(uri_of_path(path)), path);
  }
}

TEST(Uri, ReadsWhatEditorsWrite) {
  EXPECT_EQ(path_of_uri("file:///a%20b/c%3A%2f"), "/a b/c:/");
  EXPECT_EQ(path_of_uri("file:///a b/ü"), "/a b/ü");
  EXPECT_EQ(path_of_uri("file://localhost/a"), "/a");
  EXPECT_EQ(path_of_uri("file:/a"), "/a");
  EXPECT_EQ(path_of_uri("file:///50%/%4"), "/50%/%4");  // no escape: taken as it stands
}

TEST(Uri, RefusesWhatIsNoPathHere) {
  for (const char* uri : {"", "file:", "file://", "file://host/a", "file:a", "untitled:Untitled-1",
                          "http://x/a", "/a", "file:///a%00b"}) {
    EXPECT_EQ(path_of_uri(uri), std::nullopt) << uri;
  }
}

TEST(Uri, NamesDocumentsOfAnyScheme) {
  EXPECT_EQ(name_of_uri("untitled:Untitled-1"), "Untitled-1");
  EXPECT_EQ(name_of_uri("file:///a/b%20c.py"), "b c.py");
  EXPECT_EQ(name_of_uri("x"), "x");
}

TEST(Uri, PlacesPathsInTheInnermostFolder) {
  const std::vector<std::string> folders = {"/w", "/w/inner/", "/", "/w/inner-two"};
  const auto placed = [&](std::string_view path) {
    const auto place = place_path(path, folders);
    return place ? std::string(place->folder) + ":" + std::string(place->path) : "nowhere";
  };
  EXPECT_EQ(placed("/w/a/b.c"), "/w:a/b.c");
  EXPECT_EQ(placed("/w/inner/b.c"), "/w/inner/:b.c");
  EXPECT_EQ(placed("/w/inner-two/b.c"), "/w/inner-two:b.c");
  EXPECT_EQ(placed("/wide/b.c"), "/:wide/b.c");
  EXPECT_EQ(placed("/w"), "/:w");
  EXPECT_EQ(place_path("/x", {"/w"}).has_value(), false);
  EXPECT_EQ(place_path("/w/", {"/w"}).has_value(), false);
}

TEST(Uri, NamesAPlaceInOneWay) {
  EXPECT_EQ(path_of_uri("file:///w/x/../private/./a.py"), "/w/private/a.py");
  EXPECT_EQ(path_of_uri("file:////w//a.py"), "/w/a.py");
  EXPECT_EQ(path_of_uri("file:///w/%2e%2e/a.py"), "/a.py");
}

TEST(Uri, FindsThePathInOtherSchemes) {
  EXPECT_EQ(path_in_uri("git:/w/a%20b.py?ref=HEAD"), "/w/a b.py");
  EXPECT_EQ(path_in_uri("vscode-notebook-cell:///w/a.ipynb#X1"), "/w/a.ipynb");
  EXPECT_EQ(path_in_uri("x://host/w/a.py"), "/w/a.py");
  for (const char* uri : {"untitled:Untitled-1", "x://host", "", "x:", "a/b", "x:%00", "x:/%00"}) {
    EXPECT_EQ(path_in_uri(uri), std::nullopt) << uri;
  }
}

}  // namespace
}  // namespace rondo::lsp
