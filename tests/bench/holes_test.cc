#include "bench/holes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace rondo::bench {
namespace {

// Functions with lines of several indentations, lengths and kinds of signs.
std::string code(int n_functions) {
  std::string text =
      "# A header of more than one hundred characters, so that every hole further down "
      "has enough of a prefix.\n";
  for (int i = 0; i < n_functions; ++i) {
    const std::string n = std::to_string(i);
    text += "def function_" + n + "(alpha, beta):\n    if alpha.value[" + n +
            "] >= beta:\n        return größe(alpha, \"µ" + n + "\")  # " + n +
            "\n    x\n    return None\n\n";
  }
  return text;
}

Corpus small_corpus() {
  Corpus corpus;
  corpus.repositories.push_back({"one",
                                 {{"a.py", code(40), Group::kPython},
                                  {"b.rs", code(30), Group::kRust},
                                  {"c.py", code(5), Group::kPython}}});
  corpus.repositories.push_back({"two", {{"d.py", code(25), Group::kPython}}});
  return corpus;
}

const CorpusFile& file_of(const Corpus& corpus, const Hole& hole) {
  return corpus.repositories[hole.repository].files[hole.file];
}

std::string middle_of(const Corpus& corpus, const Hole& hole) {
  return file_of(corpus, hole).text.substr(hole.begin, hole.end - hole.begin);
}

TEST(Holes, AreTheSameForASeed) {
  const Corpus corpus = small_corpus();
  EXPECT_EQ(cut_holes(corpus, 40, 7), cut_holes(corpus, 40, 7));
  EXPECT_NE(cut_holes(corpus, 40, 7), cut_holes(corpus, 40, 8));
}

// Pins the generator: a change of it makes every published number another measurement.
TEST(Holes, AreThoseOfTheTables) {
  const Corpus corpus = small_corpus();
  std::vector<std::string> middles;
  for (const Hole& hole : cut_holes(corpus, 4, 1)) middles.push_back(middle_of(corpus, hole));
  EXPECT_THAT(middles, testing::ElementsAre("(alpha, \"µ10\")  # 10", "return None", " None",
                                            "if alpha.value[2] >= beta:"));
}

TEST(Holes, EndWhereTheirLineEnds) {
  const Corpus corpus = small_corpus();
  for (const Hole& hole : cut_holes(corpus, 80, 3)) {
    const std::string& text = file_of(corpus, hole).text;
    EXPECT_EQ(text[hole.end], '\n');
    EXPECT_EQ(middle_of(corpus, hole).find('\n'), std::string::npos);
    const std::string line = text.substr(text.rfind('\n', hole.begin - 1) + 1,
                                         hole.end - text.rfind('\n', hole.begin - 1) - 1);
    if (hole.kind == HoleKind::kLine) {
      const std::string before = line.substr(0, line.size() - middle_of(corpus, hole).size());
      EXPECT_EQ(before.find_first_not_of(' '), std::string::npos) << line;
    } else {
      EXPECT_GT(line.size() - line.find_first_not_of(' '), middle_of(corpus, hole).size()) << line;
    }
  }
}

TEST(Holes, HaveTheSizesOfTheModelCard) {
  const Corpus corpus = small_corpus();
  for (const Hole& hole : cut_holes(corpus, 80, 4)) {
    const std::string middle = middle_of(corpus, hole);
    const size_t begin = middle.find_first_not_of(' ');
    ASSERT_NE(begin, std::string::npos);
    EXPECT_GE(middle.size() - begin, 4u);
    EXPECT_LE(middle.size() - begin, 120u);
    EXPECT_GE(hole.begin, 100);
    // Never inside a character.
    EXPECT_NE(static_cast<uint8_t>(middle[0]) & 0xc0, 0x80);
  }
}

TEST(Holes, AreBalanced) {
  const Corpus corpus = small_corpus();
  const std::vector<Hole> holes = cut_holes(corpus, 40, 5);
  std::map<std::pair<Group, HoleKind>, int> n_of;
  std::map<int64_t, int> n_python_of;
  for (const Hole& hole : holes) {
    const Group group = file_of(corpus, hole).group;
    ++n_of[{group, hole.kind}];
    if (group == Group::kPython) ++n_python_of[hole.repository];
  }
  EXPECT_EQ(n_of.size(), 4u);
  for (const auto& [key, n] : n_of) EXPECT_EQ(n, 10);
  EXPECT_EQ(n_python_of[0], 10);
  EXPECT_EQ(n_python_of[1], 10);
}

TEST(Holes, NeverShareALineAndComeInTheOrderOfTheCorpus) {
  const Corpus corpus = small_corpus();
  const std::vector<Hole> holes = cut_holes(corpus, 200, 6);
  std::set<std::vector<int64_t>> lines;
  for (const Hole& hole : holes) {
    EXPECT_TRUE(lines.insert({hole.repository, hole.file, hole.end}).second);
  }
  EXPECT_TRUE(std::is_sorted(holes.begin(), holes.end(), [](const Hole& a, const Hole& b) {
    return std::tuple(a.repository, a.file, a.begin) < std::tuple(b.repository, b.file, b.begin);
  }));
}

// Of the lines of code(), only those with a cut inside a word can come from "any character".
TEST(Holes, OfTheRestAreCutAtBordersAndInsideWords) {
  const Corpus corpus = small_corpus();
  int n_inside = 0, n_rest = 0;
  for (const Hole& hole : cut_holes(corpus, 300, 9)) {
    if (hole.kind != HoleKind::kRest) continue;
    const std::string& text = file_of(corpus, hole).text;
    const auto word = [](char c) { return std::isalnum(static_cast<uint8_t>(c)) || c == '_'; };
    ++n_rest;
    n_inside += word(text[hole.begin - 1]) && word(text[hole.begin]);
  }
  EXPECT_GT(n_inside, n_rest / 8);
  EXPECT_LT(n_inside, n_rest * 2 / 5);
}

TEST(Holes, AreNotCutFromALoneFileOfAnotherLanguage) {
  Corpus corpus = small_corpus();
  corpus.repositories[1].files.push_back({"tool.rs", code(1), Group::kRust});
  corpus.repositories[1].files[0].text = code(500);
  for (const Hole& hole : cut_holes(corpus, 60, 2)) {
    EXPECT_NE(file_of(corpus, hole).path, "tool.rs");
  }
}

TEST(Holes, AreFewerWhenTheCorpusHasNoMore) {
  Corpus corpus;
  corpus.repositories.push_back({"one", {{"a.py", code(1), Group::kPython}}});
  const std::vector<Hole> holes = cut_holes(corpus, 50, 1);
  EXPECT_GT(holes.size(), 0u);
  EXPECT_LE(holes.size(), 4u);
  EXPECT_TRUE(cut_holes(Corpus{}, 50, 1).empty());
}

TEST(Holes, KnowTheirLineAndWhetherTheyCutAWord) {
  const std::string_view text = "abc\nde f\n";
  EXPECT_EQ(line_of(text, Hole{.begin = 5, .end = 8}), "de f");
  EXPECT_EQ(line_of(text, Hole{.begin = 1, .end = 3}), "abc");
  EXPECT_TRUE(cuts_word(text, Hole{.begin = 5, .end = 8}));
  EXPECT_FALSE(cuts_word(text, Hole{.begin = 4, .end = 8}));
  EXPECT_FALSE(cuts_word(text, Hole{.begin = 6, .end = 8}));
}

TEST(Holes, AreCutOut) {
  EXPECT_EQ(cut_text("abc\ndef\n", Hole{.begin = 5, .end = 7}), "abc\nd\n");
}

}  // namespace
}  // namespace rondo::bench
