#include "tests/engine/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

#include "base/json.h"
#include "base/mapped_file.h"

namespace rondo::engine {
namespace {

// One Segment of the layout: its tokens, and how many stay visible at its beginning when it is
// released.
SegmentInput segment_of(const TokenIds& ids, const std::vector<int32_t>& visible) {
  const auto hidden = std::find(visible.begin(), visible.end(), 0);
  return {.tokens = std::make_shared<const TokenIds>(ids),
          .n_released_head =
              hidden == visible.end() ? 0 : static_cast<int32_t>(hidden - visible.begin())};
}

void split_layout(const Json& json, GoldenCase& golden) {
  const auto ids = json["input_ids"].get<TokenIds>();
  const auto segment_ids = json["segment_ids"].get<TokenIds>();
  const auto active = json["active"].get<TokenIds>();
  const auto visible = json["visible"].get<TokenIds>();
  for (size_t begin = 0, end = 0; begin < ids.size(); begin = end) {
    while (end < ids.size() && segment_ids[end] == segment_ids[begin] &&
           active[end] == active[begin])
      ++end;
    const TokenIds tokens(ids.begin() + begin, ids.begin() + end);
    if (active[begin] != 0) {
      golden.active = tokens;
    } else {
      golden.segments.push_back(
          segment_of(tokens, {visible.begin() + begin, visible.begin() + end}));
    }
  }
}

// The f32 rows of every case by name, from the safetensors file: header length, JSON header, data.
std::vector<std::vector<float>> rows_of(const MappedFile& file, const std::string& name) {
  const auto bytes = file.bytes();
  uint64_t header_length = 0;
  std::memcpy(&header_length, bytes.data(), 8);
  const Json header = parse_json(file.text().substr(8, header_length), "golden_rows").value();
  const Json& entry = header.at(name);
  const auto shape = entry.at("shape").get<std::vector<int64_t>>();
  const auto begin = entry.at("data_offsets").at(0).get<int64_t>();
  std::vector<std::vector<float>> rows(shape[0], std::vector<float>(shape[1]));
  for (int64_t i = 0; i < shape[0]; ++i) {
    std::memcpy(rows[i].data(), bytes.data() + 8 + header_length + begin + i * shape[1] * 4,
                shape[1] * 4);
  }
  return rows;
}

}  // namespace

std::vector<GoldenCase> read_golden(const std::string& folder) {
  const auto text = MappedFile::open(folder + "/golden.json").value();
  const auto rows = MappedFile::open(folder + "/golden_rows.safetensors").value();
  const Json json = parse_json(text.text(), "golden.json").value();
  std::vector<GoldenCase> cases;
  for (const Json& entry : json.at("cases")) {
    GoldenCase golden = {.name = entry.at("name")};
    split_layout(entry, golden);
    const auto n_context = static_cast<int32_t>(entry["input_ids"].size() - golden.active.size());
    for (const Json& top : entry.at("top20")) {
      const int32_t slot = top.at("index").get<int32_t>() - n_context;
      if (slot < 0) continue;  // inside a Segment: no output is ever computed there
      golden.tops.push_back({.slot = slot, .ids = top.at("ids"), .logits = top.at("logits")});
    }
    const auto all_rows = rows_of(rows, golden.name);
    for (size_t i = 0; i < all_rows.size(); ++i) {
      const int32_t slot = entry.at("full_rows").at(i).get<int32_t>() - n_context;
      if (slot < 0) continue;
      golden.row_slots.push_back(slot);
      golden.rows.push_back(all_rows[i]);
    }
    golden.greedy = entry.at("greedy_ids").get<TokenIds>();
    cases.push_back(std::move(golden));
  }
  return cases;
}

}  // namespace rondo::engine
