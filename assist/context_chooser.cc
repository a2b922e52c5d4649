#include "assist/context_chooser.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace rondo::assist {
namespace {

using std::chrono::milliseconds;

// Beside context, window and answer: paths, marks, and what a window holds more than it should.
constexpr int32_t kOtherTokens = 128;
// How long files are read ahead at once: about as long as people stop typing.
constexpr milliseconds kReadAheadStep{1000};
constexpr int64_t kLeastReadAheadTokens = 800;  // at least a Block

}  // namespace

ContextChooser::ContextChooser(const engine::Engine& engine, const workspace::BlockIndex& index,
                               const CompleterOptions& options, const ReadingSpeed& speed)
    : config_(engine.config()),
      index_(index),
      options_(options),
      speed_(speed),
      segments_(config_, engine.tokenizer(), options.folder),
      files_(
          config_, engine.tokenizer(), index, options.context_tokens,
          options.prefix_tokens + options.suffix_tokens + config_.max_new_tokens + kOtherTokens) {}

FileContext::Blocks ContextChooser::choose(const ContextPlace& place, Cursor& cursor,
                                           CompletionReport& report) {
  return reads_files(place.params) ? choose_files(place, cursor, report)
                                   : choose_blocks(place, cursor, report);
}

FileContext::Blocks ContextChooser::choose_blocks(const ContextPlace& place, Cursor& cursor,
                                                  CompletionReport& report) {
  const CompletionParams& params = place.params;
  const workspace::Document& document = *params.document;
  const bool as_files = reads_files(params);
  workspace::ContextQuery query = {
      .path = document.path,
      .language = document.language,
      .text = document.text,
      .cursor = params.offset,
      .window = {place.window.begin(), place.window.end()},
      .max_tokens = as_files ? files_.n_wanted_tokens() : options_.context_tokens};
  // Who asks would wait for the best, and may have opened a file for it; typing goes on with it.
  if (params.automatic) query.previous = cursor.blocks;
  for (const workspace::DocumentSnapshot& open : params.open) {
    query.open_paths.push_back(open->path);
  }
  for (const workspace::DocumentEdit& edit : params.edits) {
    query.edits.push_back({.path = edit.document->path, .diff = workspace::with_lf(edit.diff)});
  }
  query.count_tokens = [&](const workspace::ContextBlock& block) {
    return static_cast<int64_t>(as_files ? files_.part(block)->size()
                                         : segment(block).tokens->size());
  };
  query.on_near_copy = [&](const std::string& path) { report.near_copies.insert(path); };
  FileContext::Blocks blocks = workspace::choose_context(query, index_);
  std::vector<Hash128> chosen;
  for (const workspace::ContextBlock& block : blocks) chosen.push_back(block.hash);
  if (chosen != cursor.blocks) cursor.whole = std::make_shared<bool>(false);
  cursor.blocks = std::move(chosen);
  return blocks;
}

// While one types, prompts begin as the last one did; a better beginning is read ahead. Where the
// window is read anew, what was read before still comes first, and then as much as there is time
// for.
FileContext::Blocks ContextChooser::choose_files(const ContextPlace& place, Cursor& cursor,
                                                 CompletionReport& report) {
  const bool automatic = place.params.automatic;
  const bool nothing_forgotten = cursor.n_forgotten == place.n_forgotten;
  if (place.continues && automatic && nothing_forgotten && cursor.files) return *cursor.files;
  FileContext::Blocks blocks = choose_blocks(place, cursor, report);
  const FileContext::Blocks before =
      cursor.files ? *cursor.files : shared_beginning(last_files_, blocks);
  blocks = files_.next(before, blocks);
  if (place.ahead) {
    // In steps that are soon done, since a key ends them.
    const int64_t n_readable = std::max(speed_.n_readable(kReadAheadStep), kLeastReadAheadTokens);
    return files_.affordable(blocks, before, n_readable);
  }
  if (automatic) {
    const auto taken =
        std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - place.began);
    const milliseconds left = options_.first_token_budget - taken -
                              speed_.expected(options_.prefix_tokens + options_.suffix_tokens);
    blocks = files_.affordable(blocks, before, speed_.n_readable(left));
  }
  cursor.files = last_files_ = blocks;
  return blocks;
}

}  // namespace rondo::assist
