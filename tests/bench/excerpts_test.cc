#include "bench/excerpts.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace rondo::bench {
namespace {

std::string lines(int n) {
  std::string text;
  for (int i = 0; i < n; ++i) text += "value_" + std::to_string(i) + " = compute(alpha, beta)\n";
  return text;
}

Corpus small_corpus() {
  Corpus corpus;
  corpus.repositories.push_back(
      {"one", {{"a.py", lines(400), Group::kPython}, {"b.go", lines(600), Group::kGo}}});
  corpus.repositories.push_back({"two", {{"c.py", lines(400), Group::kPython}}});
  return corpus;
}

TEST(Excerpts, AreTheSameForASeed) {
  EXPECT_EQ(cut_excerpts(small_corpus(), 12, 1), cut_excerpts(small_corpus(), 12, 1));
  EXPECT_NE(cut_excerpts(small_corpus(), 12, 1), cut_excerpts(small_corpus(), 12, 2));
}

TEST(Excerpts, AreWholeLinesThatShareNoByte) {
  const Corpus corpus = small_corpus();
  const Excerpt* last = nullptr;
  const auto excerpts = cut_excerpts(corpus, 20, 3);
  ASSERT_EQ(excerpts.size(), 20u);
  for (const Excerpt& excerpt : excerpts) {
    const std::string& text = corpus.repositories[excerpt.repository].files[excerpt.file].text;
    EXPECT_TRUE(excerpt.begin == 0 || text[excerpt.begin - 1] == '\n');
    EXPECT_EQ(text[excerpt.end - 1], '\n');
    EXPECT_GE(excerpt.end - excerpt.begin, 800);
    EXPECT_LE(excerpt.end - excerpt.begin, 2000);
    if (last != nullptr && last->repository == excerpt.repository && last->file == excerpt.file) {
      EXPECT_LE(last->end, excerpt.begin);
    }
    last = &excerpt;
  }
}

TEST(Excerpts, AreBalanced) {
  const Corpus corpus = small_corpus();
  std::map<Group, int> n_of;
  std::map<int64_t, int> n_python_of;
  for (const Excerpt& excerpt : cut_excerpts(corpus, 12, 4)) {
    const Group group = corpus.repositories[excerpt.repository].files[excerpt.file].group;
    ++n_of[group];
    if (group == Group::kPython) ++n_python_of[excerpt.repository];
  }
  EXPECT_EQ(n_of[Group::kPython], 6);
  EXPECT_EQ(n_of[Group::kGo], 6);
  EXPECT_EQ(n_python_of[0], 3);
  EXPECT_EQ(n_python_of[1], 3);
}

TEST(Excerpts, AreFewerWhenTheCorpusHasNoMore) {
  const Corpus corpus = small_corpus();
  const size_t n_bytes = 2 * lines(400).size() + lines(600).size();
  const auto excerpts = cut_excerpts(corpus, 1000, 5);
  EXPECT_GE(excerpts.size(), n_bytes / 2000 - 3);
  EXPECT_LE(excerpts.size(), n_bytes / 800);
  EXPECT_TRUE(cut_excerpts(Corpus{}, 10, 1).empty());
}

// read_corpus leaves such files out, but nothing here may loop or run over on one.
TEST(Excerpts, SkipLinesThatAreTooLong) {
  Corpus corpus;
  corpus.repositories.push_back(
      {"one", {{"a.py", std::string(9000, 'x') + "\n" + lines(50), Group::kPython}}});
  for (const Excerpt& excerpt : cut_excerpts(corpus, 10, 1)) {
    EXPECT_LE(excerpt.end - excerpt.begin, 2000);
  }
}

}  // namespace
}  // namespace rondo::bench
