#include "engine/prefix_pages.h"

#include <algorithm>

namespace rondo::engine {
namespace {

using kernels::kPageTokens;

std::span<const int32_t> page_of(std::span<const int32_t> tokens, int32_t index) {
  return tokens.subspan(static_cast<size_t>(index) * kPageTokens, kPageTokens);
}

}  // namespace

// [i]: of page i
std::vector<Hash128> PrefixPages::keys(std::span<const int32_t> tokens, int32_t n_pages) const {
  std::vector<Hash128> keys;
  Hash128 key = model_digest_;
  for (int32_t i = 0; i < n_pages; ++i) {
    key = hash_combine(key, hash_values(page_of(tokens, i)));
    keys.push_back(key);
  }
  return keys;
}

std::vector<int32_t> PrefixPages::find(std::span<const int32_t> tokens) const {
  std::vector<int32_t> found;
  Hash128 before = model_digest_;
  const auto n_full = static_cast<int32_t>(tokens.size()) / kPageTokens;
  for (int32_t i = 0; i < n_full; ++i) {
    const auto page = page_of(tokens, i);
    const Hash128 key = hash_combine(before, hash_values(page));
    const auto it = entries_.find(key);
    if (it == entries_.end() || it->second.before != before) break;
    if (!std::equal(page.begin(), page.end(), it->second.tokens.begin())) break;
    found.push_back(it->second.page[0]);
    before = key;
  }
  return found;
}

// From the last to the first: a page never goes before those that it is the beginning of.
void PrefixPages::note_use(std::span<const int32_t> tokens, int32_t n_pages) {
  const std::vector<Hash128> chain = keys(tokens, n_pages);
  for (auto key = chain.rbegin(); key != chain.rend(); ++key)
    order_.note_use(entries_.at(*key).place);
}

void PrefixPages::insert(std::span<const int32_t> tokens, const PageList& pages, int32_t n_pages) {
  const std::vector<Hash128> chain = keys(tokens, n_pages);
  for (int32_t i = n_pages - 1; i >= 0; --i) {
    if (const auto present = entries_.find(chain[i]); present != entries_.end()) {
      order_.touch(present->second.place);
      continue;
    }
    const auto page = page_of(tokens, i);
    entries_.emplace(chain[i], Entry{.before = i == 0 ? model_digest_ : chain[i - 1],
                                     .tokens = TokenIds(page.begin(), page.end()),
                                     .page = pages.shared(i),
                                     .place = order_.add(KvKind::kPrefixPage, chain[i], 1)});
  }
}

void PrefixPages::erase(Hash128 key) {
  const auto it = entries_.find(key);
  order_.remove(it->second.place);
  entries_.erase(it);
}

void PrefixPages::clear() {
  while (!entries_.empty()) erase(entries_.begin()->first);
}

int32_t first_slot(int32_t n_found, int32_t n_tokens, int32_t chunk_tokens, int32_t few_rows) {
  const int32_t slot = n_found / kPageTokens * kPageTokens;
  const int32_t chunk_begin = slot / chunk_tokens * chunk_tokens;
  const int32_t chunk_end = std::min(chunk_begin + chunk_tokens, n_tokens);
  if (chunk_end - slot > few_rows || slot == chunk_begin) return slot;
  // The rest of the chunk would be few rows: leave more to compute.
  const int32_t latest = (chunk_end - few_rows - 1) / kPageTokens * kPageTokens;
  return std::max(latest, chunk_begin);
}

}  // namespace rondo::engine
