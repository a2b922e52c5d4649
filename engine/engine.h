// The engine: one model, its KV pages, and the thread that runs them. Requests go in from any
// thread; everything else happens on the engine thread (scheduler, page pool, Segment store,
// kernels).
//
// Life of a request: queued -> its Segments are found or encoded -> the prompt is matched against
// the cursor sequence and the rest prefilled in chunks -> tokens are decoded, one a step ->
// on_done. It may be cancelled at any point. On a GPU the chunks of one run beside the steps of
// others (chunk_lane.h); on the CPU, which does one thing at a time, they take turns.
//
// Engine is what others see of it: load() makes one that runs a model, scripted_engine.h one that
// answers from a file.
//
// When nobody asks anything for a while, memory is given up a rung at a time (RestTimes), and taken
// again, by loading if need be, for the next request.
//
// When a GPU fails, what runs and waits is answered with Unavailable, to be asked again, and the
// model is loaded on the CPU, unless options.device named the GPU.
//
// Thread: load and the destructor by the owner; everything else by any thread.
// Ownership: owns model, memory and thread. The destructor cancels what is queued (on_done gets
// Cancelled) and joins.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/model_config.h"
#include "engine/request.h"
#include "engine/tokenizer.h"

namespace rondo::engine {

// A place where Segments are kept beside the page pool.
struct TierStats {
  int64_t n_segments = 0;
  int64_t n_bytes = 0;
  int64_t n_hits = 0;      // wanted, and there
  int64_t n_restored = 0;  // of them, brought back into the pool
  int64_t n_written = 0;   // copied to it
  int64_t n_evicted = 0;
};

// How much an engine that nobody asks has given up; the next request brings it back, to the same
// answers.
enum class Rest {
  kNone,
  kKv,    // a GPU's KV memory: Segments are in host memory, as many as it holds, or on disk
  kModel  // all of the device's memory: Segments are on disk
};

struct EngineStats {
  Rest rest = Rest::kNone;  // then what it has given up is counted as 0
  std::string device;       // "CPU", or the GPU's name
  // Why the CPU serves, where nobody asked for it, or why a GPU that failed was not replaced; else
  // empty.
  std::string no_gpu;
  std::string kernels;
  int32_t n_threads = 0;
  int64_t device_bytes = 0;  // all of its memory: weights, pages, room for steps
  int64_t weight_bytes = 0;
  int64_t kv_bytes = 0;
  int32_t n_pages = 0;
  int32_t n_free_pages = 0;
  int64_t n_segments = 0;  // in the store
  int64_t n_segment_tokens = 0;
  int64_t n_prefix_pages = 0;  // of prompts, kept for those that begin alike
  int64_t n_requests = 0;      // done, all outcomes
  int64_t n_cancelled = 0;
  int64_t n_segment_hits = 0;
  int64_t n_segment_misses = 0;
  int64_t n_encoded_segments = 0;
  int64_t n_evicted_segments = 0;
  int64_t n_queued = 0;
  TierStats host;  // pinned memory beside a GPU
  TierStats disk;  // n_bytes: of all models
};

// Where Segments go that the page pool has no room for, and outlast the process (kv_tiers.h).
struct TierOptions {
  std::string disk_folder;         // empty: none on disk
  int64_t disk_bytes = 4ll << 30;  // that it may take
  int64_t host_bytes = 0;          // of pinned memory, where the device is a GPU
  bool always_restore = false;     // from disk, also where encoding is faster
  // Told in a sentence what was discarded, or cannot be kept; from any thread. May be empty.
  std::function<void(const std::string& line)> note;
};

// How long nobody asks anything until an engine rests; 0: never.
struct RestTimes {
  std::chrono::milliseconds kv{0};
  std::chrono::milliseconds model{0};
};

struct EngineOptions {
  std::string model;      // a HF folder
  std::string device;     // "cpu", "cuda", "cuda:1"; empty: the first GPU that serves, else the CPU
  std::string kernels;    // the CPU's: "reference", "avx2", ...; empty: the fastest it runs. Named,
                          // they also choose the CPU
  int32_t n_threads = 0;  // 0: one a physical core
  int64_t kv_bytes = 512ll << 20;  // the page pool, allocated at start
  // Rows between two looks at the queue, when somebody waits for them and when nobody does; 0: what
  // suits the device.
  int32_t prefill_chunk_tokens = 0;
  int32_t background_chunk_tokens = 0;
  TierOptions tiers;
  RestTimes rest_after;
  // A file that answers instead of the model (script.h): of the folder only configuration and
  // tokenizer are read. Empty: none.
  std::string script;
  // Called by the engine thread when a GPU has failed, once; the stats say what serves now, and
  // no_gpu why. May be empty.
  std::function<void(const EngineStats& stats)> on_lost_device;
  // Called by the engine thread when it went to rest, and with kNone when it is back. May be empty.
  std::function<void(const EngineStats& stats)> on_rest;
};

class Engine {
 public:
  // The model in the folder options.model, or the script, on its own thread.
  // Errors: those of a ScriptedEngine and its Script; InvalidArgument, NotFound and Corruption
  // naming what is wrong in the model folder; Unavailable for a device or kernels that this machine
  // does not have; ResourceExhausted when weights or pool do not fit, on the CPU or on a device
  // that was asked for.
  static Result<std::unique_ptr<Engine>> load(const EngineOptions& options);
  virtual ~Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  virtual const ModelConfig& config() const = 0;
  virtual const Tokenizer& tokenizer() const = 0;

  // Queues `request`. One that can never run (too long for the model or the pool, ids outside the
  // vocabulary) is answered through on_done with InvalidArgument or ResourceExhausted saying the
  // limit.
  virtual void submit(Request request) = 0;
  // Drops the live sequences of the cursors whose names begin with `prefix`, soon: their client has
  // gone and asks nothing more.
  virtual void forget_cursors(std::string prefix) = 0;
  // Forgets all Segments of these origins, wherever they are kept, soon; on disk their bytes are
  // gone.
  virtual void forget_segments(std::vector<std::string> origins) = 0;
  // Forgets all Segments and sequences. `done` comes from any thread.
  virtual void clear_segments(std::function<void()> done) = 0;
  // The origins that begin with `prefix`, of what is on disk, through `done`, from any thread.
  virtual void list_origins(std::string prefix,
                            std::function<void(std::vector<std::string>)> done) = 0;
  virtual EngineStats stats() const = 0;

 protected:
  Engine() = default;
};

}  // namespace rondo::engine
