#include "bench/index.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <vector>

#include "bench/random.h"
#include "workspace/document_store.h"
#include "workspace/indexer.h"
#include "workspace/secrets.h"

namespace rondo::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::minutes kPatience{60};
constexpr int32_t kWordLetters = 5;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

int64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  int64_t n_pages = 0;
  int64_t n_resident_pages = 0;
  file >> n_pages >> n_resident_pages;
  return n_resident_pages * sysconf(_SC_PAGESIZE);
}

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<size_t>(share * static_cast<double>(values.size() - 1))];
}

struct Edit {
  int64_t n_bytes = 0;  // of the file
  double edit_ms = 0;
  double parse_ms = 0;
  double apply_ms = 0;
};

EditTimes times_of(const std::vector<Edit>& edits, int64_t min_bytes, int64_t max_bytes) {
  std::vector<double> edit_ms, parse_ms, apply_ms;
  for (const Edit& edit : edits) {
    if (edit.n_bytes < min_bytes || (max_bytes > 0 && edit.n_bytes >= max_bytes)) continue;
    edit_ms.push_back(edit.edit_ms);
    parse_ms.push_back(edit.parse_ms);
    apply_ms.push_back(edit.apply_ms);
  }
  return {.max_bytes = max_bytes,
          .n = static_cast<int64_t>(edit_ms.size()),
          .edit_p50_ms = percentile(edit_ms, 0.5),
          .edit_p95_ms = percentile(edit_ms, 0.95),
          .parse_p50_ms = percentile(parse_ms, 0.5),
          .parse_p95_ms = percentile(parse_ms, 0.95),
          .apply_p50_ms = percentile(apply_ms, 0.5),
          .apply_p95_ms = percentile(apply_ms, 0.95)};
}

// Types words into files of the index.
class Typist {
 public:
  Typist(workspace::BlockIndex& index, uint64_t seed) : index_(index), random_(seed) {
    for (const std::string& path : index.paths()) {
      const workspace::FileBlocksSnapshot file = index.file(path);
      if (file->text != nullptr && file->language->grammar != nullptr) files_.push_back(file);
    }
  }

  bool has_files() const { return !files_.empty(); }

  // One word: opening the file is not measured, each letter is.
  Status type_word() {
    const workspace::FileBlocksSnapshot file = files_[random_.below(files_.size())];
    const workspace::Language& language = *file->language;
    workspace::DocumentTree document{.language = &language, .tree = {}};
    RETURN_IF_ERROR(chunker_.update(document, file->text).status());
    workspace::DocumentStore store(workspace::PositionEncoding::kUtf16);
    store.open({.uri = file->path,
                .path = file->path,
                .language = &language,
                .version = 0,
                .text = file->text});
    workspace::TextSnapshot text = file->text;
    int64_t at = random_.below(text->size() + 1);
    for (int32_t i = 0; i < kWordLetters; ++i) {
      const std::string letter(1, static_cast<char>('a' + random_.below(26)));
      const workspace::Position place = text->position_at(at, workspace::PositionEncoding::kUtf16);
      const Clock::time_point begin = Clock::now();
      RETURN_IF_ERROR(store.change(file->path, i + 1,
                                   {{.range = {{.begin = place, .end = place}}, .text = letter}}));
      const double apply_seconds = seconds_since(begin);
      text = store.find(file->path)->text;
      ++at;
      const Clock::time_point parse_begin = Clock::now();
      RETURN_IF_ERROR(parser_.parse(language, text, &*document.tree, {}).status());
      const double parse_seconds = seconds_since(parse_begin);
      const Clock::time_point update_begin = Clock::now();
      RETURN_IF_ERROR(update(document, file->path, text));
      edits.push_back({.n_bytes = text->size(),
                       .edit_ms = 1e3 * (apply_seconds + seconds_since(update_begin)),
                       .parse_ms = 1e3 * parse_seconds,
                       .apply_ms = 1e3 * apply_seconds});
    }
    return {};
  }

  std::vector<Edit> edits;

 private:
  // What the indexer does for an open document.
  Status update(workspace::DocumentTree& document, const std::string& path,
                const workspace::TextSnapshot& text) {
    if (workspace::find_secret(text->bytes())) return {};
    ASSIGN_OR_RETURN(workspace::Chunked chunked, chunker_.update(document, text));
    index_.replace({.path = path,
                    .language = document.language,
                    .text = text,
                    .blocks = std::move(chunked.blocks)});
    return {};
  }

  workspace::BlockIndex& index_;
  Random random_;
  std::vector<workspace::FileBlocksSnapshot> files_;
  workspace::BlockQueries queries_;
  workspace::Chunker chunker_{queries_};
  workspace::Parser parser_;
};

}  // namespace

Result<IndexBenchResult> bench_index(const IndexBenchOptions& options) {
  workspace::BlockIndex index;
  IndexBenchResult result;
  const int64_t memory_before = resident_bytes();
  const double cpu_before = cpu_seconds();
  const Clock::time_point begin = Clock::now();
  {
    ASSIGN_OR_RETURN(
        const std::unique_ptr<workspace::Indexer> indexer,
        workspace::Indexer::start(options.folder, index, {.n_threads = options.n_threads}));
    indexer->wait_until_idle(kPatience);
    result.seconds = seconds_since(begin);
    result.cpu_seconds = cpu_seconds() - cpu_before;
    result.n_skipped = indexer->progress().n_skipped;
  }
  result.memory_bytes = resident_bytes() - memory_before;
  for (const std::string& path : index.paths()) {
    const workspace::FileBlocksSnapshot file = index.file(path);
    if (file->text != nullptr) result.n_lines += file->text->line_count();
  }
  const workspace::IndexStats stats = index.stats();
  result.n_files = stats.n_files;
  result.n_bytes = stats.text_bytes;
  result.n_blocks = stats.n_blocks;
  result.n_names = stats.n_names;
  const double n_millions = 1e-6 * static_cast<double>(result.n_lines);
  result.mloc_per_minute = 60 * n_millions / result.seconds;
  result.mloc_per_cpu_minute = 60 * n_millions / result.cpu_seconds;

  Typist typist(index, options.seed);
  if (!typist.has_files()) return not_found_error("no source code to index in " + options.folder);
  for (int32_t n = 0; n < options.n_edits; n += kWordLetters) RETURN_IF_ERROR(typist.type_word());
  result.edits = times_of(typist.edits, 0, 0);
  int64_t min_bytes = 0;
  for (const int64_t max_bytes : {8 << 10, 32 << 10, 128 << 10, 0}) {
    const EditTimes times = times_of(typist.edits, min_bytes, max_bytes);
    if (times.n > 0) result.edits_by_size.push_back(times);
    min_bytes = max_bytes;
  }
  return result;
}

}  // namespace rondo::bench
