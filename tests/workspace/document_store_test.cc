#include "workspace/document_store.h"

#include <gtest/gtest.h>

#include <random>

namespace rondo::workspace {
namespace {

constexpr char kUri[] = "file:///w/a.cc";

DocumentStore store_with(std::string text) {
  DocumentStore store(PositionEncoding::kUtf16);
  store.open({.uri = kUri,
              .path = "a.cc",
              .language = language_by_id("cpp"),
              .version = 1,
              .text = std::make_shared<const Text>(std::move(text))});
  return store;
}

Change edit(Position begin, Position end, std::string text) {
  return {.range = PositionRange{begin, end}, .text = std::move(text)};
}

TEST(DocumentStore, AppliesTheChangesOfOneNoticeInOrder) {
  DocumentStore store = store_with("one\ntwo\n");
  const DocumentSnapshot before = store.find(kUri);
  ASSERT_TRUE(store.change(kUri, 2, {edit({0, 0}, {0, 3}, "😀x"), edit({0, 2}, {0, 3}, "é")}).ok());
  EXPECT_EQ(store.find(kUri)->text->bytes(), "😀é\ntwo\n");
  EXPECT_EQ(store.find(kUri)->version, 2);
  EXPECT_EQ(before->text->bytes(), "one\ntwo\n") << "a snapshot does not change";
}

TEST(DocumentStore, TakesPositionsBeyondTheLineAndOneLineBehindTheText) {
  DocumentStore store = store_with("one\ntwo");
  ASSERT_TRUE(store.change(kUri, 2, {edit({0, 99}, {0, 99}, "!")}).ok());
  ASSERT_TRUE(store.change(kUri, 3, {edit({1, 0}, {2, 0}, "")}).ok())
      << "the last line is deleted so";
  EXPECT_EQ(store.find(kUri)->text->bytes(), "one!\n");
}

TEST(DocumentStore, RefusesWholeNoticesAndKeepsTheText) {
  const std::vector<std::vector<Change>> refused = {
      {edit({0, 0}, {0, 0}, "x"), edit({1, 0}, {0, 0}, "")},  // reversed
      {edit({5, 0}, {9, 0}, "")},                             // far behind the text
      {edit({-1, 0}, {0, 0}, "")},
  };
  for (const std::vector<Change>& changes : refused) {
    DocumentStore store = store_with("one\n");
    EXPECT_EQ(store.change(kUri, 2, changes).code(), Code::kInvalidArgument);
    EXPECT_EQ(store.find(kUri)->text->bytes(), "one\n");
    EXPECT_EQ(store.find(kUri)->version, 1);
    EXPECT_FALSE(store.find(kUri)->in_sync);
  }
}

TEST(DocumentStore, OutOfOrderVersionsNeedTheWholeTextAgain) {
  DocumentStore store = store_with("one\n");
  ASSERT_TRUE(store.change(kUri, 5, {edit({0, 0}, {0, 0}, "5")}).ok());
  EXPECT_EQ(store.change(kUri, 4, {edit({0, 0}, {0, 0}, "4")}).code(), Code::kStale);
  EXPECT_EQ(store.change(kUri, 6, {edit({0, 0}, {0, 0}, "6")}).code(), Code::kStale);
  EXPECT_EQ(store.find(kUri)->text->bytes(), "5one\n");
  EXPECT_EQ(store.find(kUri)->version, 5);
  ASSERT_TRUE(store.change(kUri, 7, {{.range = std::nullopt, .text = "all\n"}}).ok());
  EXPECT_TRUE(store.find(kUri)->in_sync);
  EXPECT_EQ(store.find(kUri)->text->bytes(), "all\n");
}

TEST(DocumentStore, UnknownDocumentsAreNotFound) {
  DocumentStore store(PositionEncoding::kUtf16);
  EXPECT_EQ(store.change(kUri, 1, {}).code(), Code::kNotFound);
  EXPECT_EQ(store.close(kUri).code(), Code::kNotFound);
  EXPECT_EQ(store.find(kUri), nullptr);
}

TEST(DocumentStore, OpeningAgainReplacesAndClosingForgets) {
  DocumentStore store = store_with("one\n");
  EXPECT_FALSE(store.change(kUri, 0, {}).ok());
  store.open({.uri = kUri,
              .language = language_by_id("text"),
              .version = 1,
              .text = std::make_shared<const Text>("two\n")});
  EXPECT_EQ(store.all().size(), 1u);
  EXPECT_EQ(store.find(kUri)->text->bytes(), "two\n");
  EXPECT_TRUE(store.find(kUri)->in_sync);
  EXPECT_TRUE(store.close(kUri).ok());
  EXPECT_TRUE(store.all().empty());
}

// The client's editor and the store apply the same seeded edits.
TEST(DocumentStore, StaysEqualToTheEditor) {
  std::mt19937 random(3);
  for (const PositionEncoding encoding :
       {PositionEncoding::kUtf8, PositionEncoding::kUtf16, PositionEncoding::kUtf32}) {
    DocumentStore store(encoding);
    Text editor("fn main() {\r\n  // 中文😀\r\n}\r\n");
    store.open({.uri = kUri,
                .language = language_by_id("rust"),
                .version = 0,
                .text = std::make_shared<const Text>(editor)});
    for (int version = 1; version <= 200; ++version) {
      const auto random_position = [&] {
        return editor.position_at(static_cast<int64_t>(random() % (editor.size() + 1)), encoding);
      };
      Position begin = random_position();
      Position end = random() % 4 == 0 ? random_position() : begin;
      if (end < begin) std::swap(begin, end);
      const std::string text =
          std::vector<std::string>{"", "x", "\n", "\r\n", "😀", "}"}[random() % 6];
      const ByteRange range = {editor.offset_at(begin, encoding), editor.offset_at(end, encoding)};
      editor = editor.replace(range, text);
      ASSERT_TRUE(store.change(kUri, version, {edit(begin, end, text)}).ok());
      ASSERT_EQ(store.find(kUri)->text->bytes(), editor.bytes());
    }
  }
}

}  // namespace
}  // namespace rondo::workspace
