#include "bench/kv_memory.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include "assist/fim_prompt.h"
#include "base/temporary_folder.h"
#include "bench/engine_call.h"
#include "engine/memory_plan.h"
#include "engine/named_configs.h"
#include "engine/page_pool.h"
#include "engine/prefill.h"
#include "workspace/block_index.h"
#include "workspace/indexer.h"

namespace rondo::bench {
namespace {

using engine::SegmentInput;

constexpr std::chrono::minutes kPatience{10};
constexpr int32_t kMostFlushes = 50;

int64_t page_bytes(const engine::ModelConfig& config) {
  return kernels::kPageTokens * engine::token_kv_bytes(config);
}

int64_t bytes_of(const engine::ModelConfig& config, int64_t n_tokens) {
  return engine::pages_for(static_cast<int32_t>(n_tokens)) * page_bytes(config);
}

// The Blocks of a folder in the order of its files, until there are `n_tokens` tokens.
Result<std::vector<SegmentInput>> segments_of(const KvMemoryOptions& options,
                                              const engine::Engine& engine) {
  workspace::BlockIndex index;
  ASSIGN_OR_RETURN(const auto indexer, workspace::Indexer::start(options.workspace, index, {}));
  indexer->wait_until_idle(kPatience);
  std::vector<SegmentInput> segments;
  int64_t n_tokens = 0;
  for (const std::string& path : index.paths()) {
    const workspace::FileBlocksSnapshot file = index.file(path);
    if (file->text == nullptr) continue;
    for (const workspace::Block& block : file->blocks) {
      if (n_tokens >= options.n_workspace_tokens) return segments;
      const std::string text(
          file->text->bytes().substr(static_cast<size_t>(block.bytes.begin),
                                     static_cast<size_t>(block.bytes.end - block.bytes.begin)));
      segments.push_back(assist::block_segment(engine.config(), engine.tokenizer(), path, text));
      segments.back().origin = std::make_shared<const std::string>("/bench/" + path);
      n_tokens += std::ssize(*segments.back().tokens);
    }
  }
  if (segments.empty()) return not_found_error("no source code to index in " + options.workspace);
  return segments;
}

std::vector<BlockTokens> tokens_of(const std::vector<SegmentInput>& segments,
                                   const engine::Engine& engine) {
  std::vector<BlockTokens> blocks;
  for (SegmentInput segment : segments) {
    segment.n_released_head =
        assist::released_head(engine.config(), engine.tokenizer(), *segment.tokens);
    blocks.push_back({.n_tokens = static_cast<int32_t>(segment.tokens->size()),
                      .n_kept = engine::kept_tokens(segment, engine::n_anchors(engine.config()))});
  }
  return blocks;
}

// Segments encoded, written, read and copied back by engines of their own.
class Restoring {
 public:
  Restoring(const KvMemoryOptions& options, std::vector<SegmentInput> segments,
            TemporaryFolder folder)
      : options_(options), segments_(std::move(segments)), folder_(std::move(folder)) {}

  Result<RestoreRates> measure() {
    RestoreRates rates;
    for (const SegmentInput& segment : segments_) rates.n_tokens += std::ssize(*segment.tokens);
    {
      ASSIGN_OR_RETURN(const auto writer, load({.disk_folder = folder_.path()}));
      rates.bytes_per_token =
          writer->stats().kv_bytes / writer->stats().n_pages / kernels::kPageTokens;
      ASSIGN_OR_RETURN(rates.encode_s, seconds(*writer, segments_, /*is_there=*/false));
      RETURN_IF_ERROR(wait_for_disk(*writer));
    }
    ASSIGN_OR_RETURN(const auto reader,
                     load({.disk_folder = folder_.path(), .always_restore = true}));
    ASSIGN_OR_RETURN(rates.disk_s, seconds(*reader, segments_, /*is_there=*/true));
    if (reader->stats().device == "CPU") return rates;
    ASSIGN_OR_RETURN(rates.host_s, from_host());
    return rates;
  }

 private:
  Result<std::unique_ptr<engine::Engine>> load(engine::TierOptions tiers) const {
    // A request may have a quarter of the pool; pages of short Segments are not full, and the
    // CPU's values are twice as wide.
    int64_t n_pages = 0;
    for (const SegmentInput& segment : segments_)
      n_pages += engine::pages_for(static_cast<int32_t>(segment.tokens->size())) + 1;
    ASSIGN_OR_RETURN(const auto config, engine::ModelConfig::load(options_.model));
    return engine::Engine::load({.model = options_.model,
                                 .device = options_.device,
                                 .n_threads = options_.n_threads,
                                 .kv_bytes = 2 * 4 * (n_pages + 16) * page_bytes(config),
                                 .tiers = std::move(tiers)});
  }

  // Until all Segments are composed.
  static Result<double> seconds(engine::Engine& engine, const std::vector<SegmentInput>& segments,
                                bool is_there) {
    engine::Request request = {.segments = segments,
                               .segment_deadline = kPatience,
                               .prompt = {engine.config().segment->block_token}};
    request.stop.max_tokens = 0;
    ASSIGN_OR_RETURN(const engine::Completion done, complete_now(engine, std::move(request)));
    if (is_there && done.n_encoded_tokens > 0)
      return unavailable_error(std::to_string(done.n_encoded_tokens) +
                               " tokens did not come back from their tier");
    return std::chrono::duration<double>(done.timings.segments).count();
  }

  static Status wait_for_disk(const engine::Engine& engine) {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (engine.stats().disk.n_segments < engine.stats().n_encoded_segments) {
      if (std::chrono::steady_clock::now() > until)
        return unavailable_error("the disk does not keep up with its tier");
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return {};
  }

  // After others have pushed them out of the pool.
  Result<double> from_host() const {
    ASSIGN_OR_RETURN(const auto engine, load({.host_bytes = int64_t{8} << 30}));
    RETURN_IF_ERROR(seconds(*engine, segments_, /*is_there=*/false).status());
    const engine::EngineStats before = engine->stats();
    for (int32_t i = 1; i <= kMostFlushes; ++i) {
      RETURN_IF_ERROR(seconds(*engine, others(i), /*is_there=*/false).status());
      if (engine->stats().n_evicted_segments >= before.n_segments)
        return seconds(*engine, segments_, /*is_there=*/true);
    }
    return unavailable_error("the pool did not evict what it should");
  }

  // As long, with other tokens.
  std::vector<SegmentInput> others(int32_t round) const {
    std::vector<SegmentInput> others;
    for (const SegmentInput& segment : segments_) {
      engine::TokenIds ids = *segment.tokens;
      ids[ids.size() / 2] = 20 + round;
      std::rotate(ids.begin(), ids.begin() + round % std::ssize(ids), ids.end());
      others.push_back({.tokens = std::make_shared<const engine::TokenIds>(std::move(ids))});
    }
    return others;
  }

  const KvMemoryOptions& options_;
  const std::vector<SegmentInput> segments_;
  const TemporaryFolder folder_;
};

// The first ones of about so many tokens.
std::vector<SegmentInput> first_of(const std::vector<SegmentInput>& segments, int64_t n_tokens) {
  std::vector<SegmentInput> first;
  for (size_t i = 0; i < segments.size() && n_tokens > 0; ++i) {
    first.push_back(segments[i]);
    n_tokens -= std::ssize(*segments[i].tokens);
  }
  return first;
}

}  // namespace

std::vector<DecileRow> deciles(const engine::ModelConfig& config, std::vector<BlockTokens> blocks) {
  std::sort(blocks.begin(), blocks.end(),
            [](const BlockTokens& a, const BlockTokens& b) { return a.n_tokens < b.n_tokens; });
  std::vector<DecileRow> rows;
  for (size_t i = 0; i < 10; ++i) {
    DecileRow row;
    for (size_t j = blocks.size() * i / 10; j < blocks.size() * (i + 1) / 10; ++j) {
      ++row.n_blocks;
      row.most_tokens = blocks[j].n_tokens;
      row.bytes += bytes_of(config, blocks[j].n_tokens);
      row.released_bytes += bytes_of(config, blocks[j].n_kept);
    }
    if (row.n_blocks > 0) rows.push_back(row);
  }
  return rows;
}

TierRow tier_row(const engine::ModelConfig& config, std::span<const BlockTokens> blocks,
                 int64_t n_composed, int32_t n_active) {
  TierRow row;
  for (const BlockTokens& block : blocks) {
    if (row.n_composed_tokens < n_composed) {
      row.n_composed_tokens += block.n_tokens;
      row.segment_bytes += bytes_of(config, block.n_tokens);
    } else {
      row.rest_bytes += bytes_of(config, block.n_tokens);
      row.released_rest_bytes += bytes_of(config, block.n_kept);
    }
  }
  // A window may begin and end within a page.
  const auto window_bytes = [&](int64_t n_tokens) {
    return bytes_of(config, std::min<int64_t>(n_tokens, n_active)) + page_bytes(config);
  };
  const int64_t n_all = row.n_composed_tokens + n_active;
  row.active_bytes =
      bytes_of(config, n_active) + window_bytes(config.loop_window + engine::kWindowKeptBehind);
  row.full_and_window_bytes = bytes_of(config, n_all) + window_bytes(config.loop_window);
  row.two_full_bytes = 2 * bytes_of(config, n_all);
  return row;
}

Result<KvMemoryResult> bench_kv_memory(const KvMemoryOptions& options) {
  ASSIGN_OR_RETURN(const engine::ModelConfig large, engine::named_config(options.config, 0));
  ASSIGN_OR_RETURN(const engine::ModelConfig own, engine::ModelConfig::load(options.model));
  if (!own.segment) return invalid_argument_error("this model was not trained to read Segments");
  if (large.n_loops == 1) return invalid_argument_error(options.config + " runs its layers once");
  KvMemoryResult result;
  std::vector<SegmentInput> segments;
  std::vector<BlockTokens> blocks;
  {
    ASSIGN_OR_RETURN(const auto engine, engine::Engine::load({.model = options.model,
                                                              .device = options.device,
                                                              .n_threads = options.n_threads}));
    result.device = engine->stats().device;
    ASSIGN_OR_RETURN(segments, segments_of(options, *engine));
    blocks = tokens_of(segments, *engine);
  }
  result.n_blocks = std::ssize(blocks);
  for (const BlockTokens& block : blocks) result.n_tokens += block.n_tokens;
  for (const auto& [name, config] :
       {std::pair<std::string, const engine::ModelConfig&>("model", own),
        {options.config, large}}) {
    KvMemoryShape shape = {.name = name,
                           .token_bytes = engine::token_kv_bytes(config),
                           .deciles = deciles(config, blocks)};
    for (const int64_t n_composed : options.composed)
      shape.rows.push_back(tier_row(config, blocks, n_composed, options.n_active_tokens));
    result.shapes.push_back(std::move(shape));
  }
  ASSIGN_OR_RETURN(TemporaryFolder folder, TemporaryFolder::make("rondo-kv"));
  Restoring restoring(options, first_of(segments, options.n_restored_tokens), std::move(folder));
  ASSIGN_OR_RETURN(result.rates, restoring.measure());
  return result;
}

}  // namespace rondo::bench
