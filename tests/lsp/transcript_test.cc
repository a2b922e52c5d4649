// Every file of transcripts/ is a test.

#include "tests/lsp/transcript.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace rondo::lsp {
namespace {

const std::string kFolder = RONDO_SOURCE_DIR "/tests/lsp/transcripts/";

std::vector<std::string> transcripts() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".txt") names.push_back(entry.path().stem());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Transcript : public testing::TestWithParam<std::string> {};

TEST_P(Transcript, GoesAsWritten) { play_transcript(kFolder + GetParam() + ".txt"); }

INSTANTIATE_TEST_SUITE_P(Files, Transcript, testing::ValuesIn(transcripts()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace rondo::lsp
