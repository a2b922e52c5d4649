#include "assist/candidate_ranking.h"

#include <algorithm>
#include <utility>

#include "assist/drafter.h"

namespace rondo::assist {

Result<std::vector<float>> log_probabilities(const ActionWork& work, const std::string& text,
                                             workspace::ByteRange bytes,
                                             const std::vector<std::string>& texts) {
  const std::string before = workspace::with_lf(std::string_view(text).substr(0, bytes.begin));
  const auto end = static_cast<size_t>(bytes.end);
  const size_t line_end = std::min(text.find_first_of("\r\n", end), text.size());
  const std::string rest = text.substr(end, line_end - end);
  const std::string cut = before + workspace::with_lf(std::string_view(text).substr(line_end));
  const DraftPlace place = {.text = cut, .offset = static_cast<int64_t>(before.size())};
  DrafterOptions options;
  options.folder = work.folder;
  Drafter drafter(work.engine, work.scene.index, options, work.scene.document(), place,
                  work.client + ":" + work.scene.document().path + ":rank");
  std::vector<float> sums;
  for (const std::string& candidate : texts) {
    const std::string whole = candidate + rest;
    ASSIGN_OR_RETURN(const float mean, drafter.mean_logprob(place, whole, work.stop));
    sums.push_back(mean * static_cast<float>(drafter.tokenizer().encode_part(whole).size()));
  }
  return sums;
}

Result<size_t> likeliest(const ActionWork& work, workspace::ByteRange bytes,
                         const std::vector<std::string>& texts) {
  if (texts.size() == 1) return size_t{0};
  ASSIGN_OR_RETURN(const std::vector<float> sums,
                   log_probabilities(work, work.scene.text().bytes(), bytes, texts));
  return static_cast<size_t>(std::max_element(sums.begin(), sums.end()) - sums.begin());
}

}  // namespace rondo::assist
