// Indexer: keeps a BlockIndex equal to a workspace folder and to the documents open in it.
//
//   scan thread      walks the folder and fills the queue
//   worker threads   read, cut and index one file after the other, at low priority
//   document thread  cuts open documents as they change, reusing their syntax trees, and puts what
//                    an opened document imports and the files of its folder before the rest; it
//                    reads the ignore rules again when they changed
//
// A text that the index has already, at this path or another, is not cut again: a scan after a
// branch was switched or files were moved costs their reading.
//
// An open document counts as the client has it, not as it is on disk.
//
// What becomes excluded while work is under way stays out: new rules are in force before the scan
// that follows them begins, a worker that began under older ones keeps nothing, and that scan
// removes what is in the index already.
//
// Thread: any may call; no call reads files or waits for one that does, exclusion() and
// wait_until_idle() aside.
// Callbacks come from threads of the Indexer. The destructor stops and joins them.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/status.h"
#include "workspace/block_index.h"
#include "workspace/block_query.h"
#include "workspace/chunker.h"
#include "workspace/document_store.h"
#include "workspace/index_queue.h"
#include "workspace/scanner.h"

namespace rondo::workspace {

struct IndexProgress {
  int64_t n_done = 0;     // files looked at
  int64_t n_total = 0;    // files found so far
  int64_t n_skipped = 0;  // of those done: binary, too large, with a secret, ...
  bool finished = false;  // the folder is scanned and all its files are done
  std::string note;       // what the user should know, a sentence; else empty
};

struct IndexerOptions {
  int n_threads = 2;
  ScanOptions scan;
  ChunkOptions chunk;
  // Called now and then while there is progress, and with finished after each scan.
  std::function<void(const IndexProgress&)> on_progress;
  // Called with the path of an indexed file that must not be read any more: excluded, or with a
  // secret in it. Scans tell of none; find_excluded() does.
  std::function<void(const std::string& path)> on_excluded;
};

class Indexer {
 public:
  // Begins to scan the folder `root` into `index`, which must outlive the result.
  // Errors: those of Scanner::open.
  static Result<std::unique_ptr<Indexer>> start(const std::string& root, BlockIndex& index,
                                                IndexerOptions options = {});
  ~Indexer();

  // A document was opened or changed; its path is relative to the folder.
  void document_changed(DocumentSnapshot document);
  // It was closed: the file on disk counts again.
  void document_closed(const std::string& path);
  // A file may have been made, changed or removed on disk. A changed ignore file begins a new scan.
  void file_changed(const std::string& path);

  // Reads the ignore files and scans the folder again: new files are added, those gone or excluded
  // now are removed.
  void rescan();

  // Why the model must not read a document of this folder, or only to complete in it; nothing when
  // it may be read. May read ignore files.
  std::optional<Exclusion> exclusion(const Document& document) const;

  // Which of `paths` are there, but not in the index: excluded, or not to be read for what they
  // hold. `done` comes from the document thread.
  void find_excluded(std::vector<std::string> paths,
                     std::function<void(std::vector<std::string> excluded)> done);

  // While paused, workers begin no further file; open documents are indexed all the same.
  void pause(bool paused) { queue_.pause(paused); }

  IndexProgress progress() const;

  // Whether within `timeout`, and before `stop` was requested, everything known so far was indexed.
  bool wait_until_idle(std::chrono::milliseconds timeout, std::stop_token stop = {});

 private:
  // What the document thread is told about a path.
  struct Event {
    DocumentSnapshot document;  // null: look at the file on disk
    bool closed = false;
  };

  struct OpenDocument {
    DocumentSnapshot document;
    DocumentTree tree;
  };
  using OpenDocuments = std::map<std::string, OpenDocument>;  // by path

  Indexer(Scanner scanner, BlockIndex& index, IndexerOptions options);

  void run_scans(std::stop_token stop);
  void run_worker(std::stop_token stop);
  void run_documents(std::stop_token stop);

  void scan(std::stop_token stop);
  void index_file(Chunker& chunker, const std::string& path, std::stop_token stop);
  void handle(const std::string& path, const Event& event, Chunker& chunker,
              OpenDocuments& documents, std::stop_token stop);
  void renew_rules(Chunker& chunker, OpenDocuments& documents, std::stop_token stop);
  void index_document(Chunker& chunker, OpenDocument& open, std::stop_token stop);
  void prefer_neighbours(const Document& document);
  bool reuse(const std::string& path, const Language& language, const std::string& bytes,
             int64_t n_rules);
  void answer(const std::vector<std::string>& paths,
              const std::function<void(std::vector<std::string>)>& done) const;
  void tell_excluded(const std::string& path) const;
  void forget_unless_open(const std::string& path);
  bool is_excluded(const std::string& path) const;
  void post(const std::string& path, Event event);
  void report(bool finished);
  void report_if_finished();
  bool is_idle_locked() const;

  const std::string root_;
  const IndexerOptions options_;
  BlockIndex& index_;
  BlockQueries queries_;
  IndexQueue queue_;

  mutable std::mutex rules_mutex_;  // never locked together with mutex_
  mutable Scanner rules_;  // guarded by rules_mutex_; it remembers folders it was asked about

  std::atomic<int64_t> n_done_ = 0;
  std::atomic<int64_t> n_total_ = 0;
  std::atomic<int64_t> n_skipped_ = 0;
  std::atomic<int64_t> n_rules_ = 0;  // how often the rules were renewed; grows under mutex_

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  // All below are guarded by mutex_.
  std::map<std::string, Event> events_;          // that wait, by path
  std::deque<std::string> event_order_;          // the paths of events_
  std::deque<std::function<void()>> questions_;  // for the document thread
  std::set<std::string> open_;  // paths of open documents: files on disk do not count for these
  bool handling_event_ = false;
  bool rules_changed_ = false;  // the ignore files have to be read again
  bool scan_wanted_ = true;
  bool scanning_ = false;
  bool scan_reported_ = false;  // as finished; false while one runs
  std::string note_;

  std::vector<std::jthread> threads_;  // last: stopped and joined before what they use goes
};

}  // namespace rondo::workspace
