#include "engine/engine.h"

#include <malloc.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "engine/choose_device.h"
#include "engine/chunk_lane.h"
#include "engine/decoder.h"
#include "engine/generation.h"
#include "engine/loaded_model.h"
#include "engine/scheduler.h"
#include "engine/scripted_engine.h"
#include "kernels/launch.h"

namespace rondo::engine {
namespace {

using Clock = std::chrono::steady_clock;

// Of all pages, for Segments that prompts have composed before those that are only read ahead.
constexpr double kUsedShare = 0.75;

// What lives on one device. When a GPU fails, all of it is made anew on the CPU.
struct Core {
  Core(const EngineOptions& asked, const Tokenizer& tokenizer, const ByteVocabulary& vocabulary,
       EngineStats& counters, std::function<void()> wake, std::unique_ptr<LoadedModel> from)
      : owner(std::move(from)),
        loaded(*owner),
        options(with_chunk_tokens(asked, loaded.model)),
        store(loaded.model.digest(), loaded.pages.n_pages() * kUsedShare),
        tiers(options.tiers, loaded.chunk_model().device(), loaded.pages, store, counters,
              std::move(wake)),
        parts{options, tokenizer, vocabulary, loaded.chunk_model(), loaded.pages, store, tiers,
              cursors, encoding,  counters},
        scheduler(loaded.pages.n_pages()),
        decoder(loaded.model, loaded.pages, parts.model.device()),
        chunks(parts.model) {
    counters.device = loaded.device->name();
    counters.no_gpu = loaded.no_gpu;
    counters.kernels = loaded.device->kernels().name;
    counters.n_threads = loaded.device->n_threads();
    counters.weight_bytes = loaded.model.weights().packed_bytes();
    counters.n_pages = loaded.pages.n_pages();
  }

  const std::unique_ptr<LoadedModel> owner;  // goes after all that has its memory
  LoadedModel& loaded;
  const EngineOptions options;
  SegmentStore store;
  KvTiers tiers;
  CursorTable cursors;
  WorkRate encoding;
  EngineParts parts;
  Scheduler scheduler;
  Decoder decoder;
  ChunkLane chunks;
};

// An Engine that runs a model.
class ModelEngine final : public Engine {
 public:
  ModelEngine(const EngineOptions& options, ModelConfig config, Tokenizer tokenizer,
              std::unique_ptr<LoadedModel> loaded)
      : options_(options),
        config_(std::move(config)),
        tokenizer_(std::move(tokenizer)),
        vocabulary_(tokenizer_) {
    start_on(std::move(loaded));
    publish_stats();
    thread_ = std::jthread([this](std::stop_token stop) { run(stop); });
  }

  const ModelConfig& config() const override { return config_; }
  const Tokenizer& tokenizer() const override { return tokenizer_; }
  void submit(Request request) override;
  void forget_cursors(std::string prefix) override;
  void forget_segments(std::vector<std::string> origins) override;
  void clear_segments(std::function<void()> done) override;
  void list_origins(std::string prefix,
                    std::function<void(std::vector<std::string>)> done) override;
  EngineStats stats() const override;

 private:
  void start_on(std::unique_ptr<LoadedModel> loaded) {
    const auto wake_up = [this] {
      {
        const std::lock_guard lock(mutex_);
        tiers_call_ = true;
      }
      wake_.notify_one();
    };
    core_ = std::make_unique<Core>(options_, tokenizer_, vocabulary_, counters_, wake_up,
                                   std::move(loaded));
  }
  void post(std::function<void(Core&)> order);
  // REQUIRES: mutex_ is held.
  bool has_post() const {
    return !inbox_.empty() || !forgotten_.empty() || !orders_.empty() || tiers_call_;
  }
  void run(std::stop_token stop);
  void take_inbox(std::stop_token stop);
  void wait_for_post(std::unique_lock<std::mutex>& lock, std::stop_token stop);
  bool idle() const {
    return core_ == nullptr || (core_->scheduler.idle() && !core_->tiers.is_busy());
  }
  void work();
  void take_turns();
  void work_side_by_side();
  void queue_chunk(Generation& generation);
  void decode(Priority priority);
  void land_chunks();
  void finish(Generation& generation, bool was_cancelled);
  void recover();

  // Resting.
  struct Rung {
    Rest rest;
    Clock::time_point time;
  };
  std::optional<Rung> next_rung() const;
  void go_down_to(Rest rest);
  void release_kv();
  void release_model();
  Status come_back();
  Status take_again();

  void publish_stats();

  const EngineOptions options_;  // as they were asked for
  const ModelConfig config_;
  const Tokenizer tokenizer_;
  const ByteVocabulary vocabulary_;

  // The engine thread's own.
  EngineStats counters_;
  std::unique_ptr<Core> core_;                      // null: the model rests
  bool device_failed_ = false;                      // a GPU did, and that was seen to
  std::vector<std::function<void(Core&)>> missed_;  // orders while the model did not come back
  Clock::time_point asked_ = Clock::now();          // when somebody last wanted something

  // Where other threads meet it.
  mutable std::mutex mutex_;
  std::condition_variable_any wake_;
  std::vector<Request> inbox_;                      // guarded by mutex_
  std::vector<std::string> forgotten_;              // prefixes of cursors; guarded by mutex_
  std::vector<std::function<void(Core&)>> orders_;  // guarded by mutex_
  bool tiers_call_ = false;                         // guarded by mutex_
  EngineStats published_;                           // guarded by mutex_

  std::jthread thread_;  // last: stops before anything it uses goes
};

void ModelEngine::submit(Request request) {
  {
    const std::lock_guard lock(mutex_);
    inbox_.push_back(std::move(request));
  }
  wake_.notify_one();
}

void ModelEngine::forget_cursors(std::string prefix) {
  {
    const std::lock_guard lock(mutex_);
    forgotten_.push_back(std::move(prefix));
  }
  wake_.notify_one();
}

void ModelEngine::forget_segments(std::vector<std::string> origins) {
  const auto gone =
      std::make_shared<const std::set<std::string, std::less<>>>(origins.begin(), origins.end());
  const auto is_gone = [gone](std::string_view origin) { return gone->contains(origin); };
  post([is_gone](Core& core) {
    core.tiers.forget(is_gone);
    core.store.forget(is_gone);
    core.cursors.forget_if([&](const Sequence& sequence) {
      if (sequence.segments().empty()) return true;  // context may stand in the prompt itself
      return std::any_of(sequence.segments().begin(), sequence.segments().end(),
                         [&](const auto& segment) {
                           return segment->origin != nullptr && is_gone(*segment->origin);
                         });
    });
  });
}

void ModelEngine::clear_segments(std::function<void()> done) {
  post([done = std::move(done)](Core& core) {
    core.cursors.forget("");
    core.store.clear();
    core.tiers.clear(done);
  });
}

void ModelEngine::list_origins(std::string prefix,
                               std::function<void(std::vector<std::string>)> done) {
  post([prefix = std::move(prefix), done = std::move(done)](Core& core) {
    core.tiers.list_origins(prefix, done);
  });
}

EngineStats ModelEngine::stats() const {
  const std::lock_guard lock(mutex_);
  return published_;
}

void ModelEngine::post(std::function<void(Core&)> order) {
  {
    const std::lock_guard lock(mutex_);
    orders_.push_back(std::move(order));
  }
  wake_.notify_one();
}

void ModelEngine::run(std::stop_token stop) {
  core_->loaded.device->attach();
  while (!stop.stop_requested()) {
    take_inbox(stop);
    if (counters_.rest == Rest::kNone) {
      if (core_->scheduler.idle()) core_->tiers.settle();
      core_->tiers.step();
      if (!core_->scheduler.idle()) work();
      if (!device_failed_ && !core_->loaded.device->ok()) recover();
    }
    if (const auto rung = next_rung(); rung && idle() && Clock::now() >= rung->time)
      go_down_to(rung->rest);
    publish_stats();
  }
  take_inbox(stop);
  if (core_ == nullptr) return;
  core_->scheduler.fail_all(cancelled_error("the engine is shutting down"));
  core_->tiers.close();
}

// Sleeps when there is nothing to do at all, until it is time to rest.
void ModelEngine::wait_for_post(std::unique_lock<std::mutex>& lock, std::stop_token stop) {
  if (!idle()) return;
  const auto posted = [this] { return has_post(); };
  if (const auto rung = next_rung()) {
    wake_.wait_until(lock, stop, rung->time, posted);
  } else {
    wake_.wait(lock, stop, posted);
  }
}

// Moves new requests to the scheduler.
void ModelEngine::take_inbox(std::stop_token stop) {
  std::vector<Request> arrived;
  std::vector<std::string> prefixes;
  std::vector<std::function<void(Core&)>> todo;
  {
    std::unique_lock lock(mutex_);
    wait_for_post(lock, stop);
    tiers_call_ = false;
    todo = std::exchange(orders_, {});
    arrived = std::exchange(inbox_, {});
    prefixes = std::exchange(forgotten_, {});
  }
  if (!todo.empty() || !arrived.empty()) {
    if (const Status status = come_back(); !status.ok()) {
      for (Request& request : arrived) request.on_done(status);
      missed_.insert(missed_.end(), todo.begin(), todo.end());
      return;
    }
  }
  if (core_ == nullptr) return;  // so there are no cursors either
  for (const std::string& prefix : prefixes) core_->cursors.forget(prefix);
  for (const auto& order : std::exchange(missed_, {})) order(*core_);
  for (const auto& order : todo) order(*core_);
  for (Request& request : arrived)
    core_->scheduler.add(std::make_unique<Generation>(std::move(request), core_->parts));
}

void ModelEngine::work() {
  asked_ = Clock::now();
  Scheduler& scheduler = core_->scheduler;
  const int64_t n_dropped = scheduler.drop_cancelled();
  counters_.n_cancelled += n_dropped;
  counters_.n_requests += n_dropped;
  while (Generation* generation = scheduler.cancelled()) {
    generation->step();
    finish(*generation, true);
  }
  if (scheduler.idle()) return;
  if (core_->loaded.lane == nullptr) {
    take_turns();
  } else {
    work_side_by_side();
  }
}

// A chunk, or a step of decoding, of whoever's turn it is.
void ModelEngine::take_turns() {
  Generation& generation = core_->scheduler.next();
  if (generation.decoding()) return decode(generation.priority());
  queue_chunk(generation);
  land_chunks();
}

// A chunk where its lane has room for one, and beside it a step of decoding, which share the GPU
// where there are both; waits for either where there is nothing to queue.
void ModelEngine::work_side_by_side() {
  land_chunks();
  core_->loaded.lane->share(core_->scheduler.decoding().has_value());
  Generation* const next = core_->chunks.has_room() ? core_->scheduler.next_chunk() : nullptr;
  if (next != nullptr) queue_chunk(*next);
  if (const std::optional<Priority> priority = core_->scheduler.decoding()) {
    core_->loaded.device->share(!core_->chunks.idle());
    decode(*priority);
  } else if (next == nullptr) {
    core_->chunks.wait();
  }
}

void ModelEngine::queue_chunk(Generation& generation) {
  const bool was_cancelled = generation.cancelled();
  if (generation.step()) return finish(generation, was_cancelled);
  core_->chunks.sent(generation);
}

void ModelEngine::land_chunks() {
  for (Generation* generation : core_->chunks.land()) finish(*generation, false);
}

// One token for all that decode; as many rows as the kernels of few rows take (kernels.h), so that
// the answer to a request does not depend on the others.
void ModelEngine::decode(Priority priority) {
  Decoder& decoder = core_->decoder;
  const int32_t most_rows = core_->loaded.device->kernels().few_rows;
  std::vector<Generation*> batch = core_->scheduler.decoding(priority, most_rows);
  if (!decoder.continues(batch)) {  // somebody has come or gone
    for (Generation* generation : decoder.land()) finish(*generation, false);
    batch = core_->scheduler.decoding(priority, most_rows);
  }
  if (batch.empty()) return;
  // Where more decode than one step takes, the next step is of others.
  const bool all_take_part = core_->scheduler.n_decoding(priority) <= std::ssize(batch);
  for (Generation* generation : decoder.step(batch, all_take_part)) finish(*generation, false);
}

// Counts one that was answered, and lets it go.
void ModelEngine::finish(Generation& generation, bool was_cancelled) {
  ++counters_.n_requests;
  if (was_cancelled) ++counters_.n_cancelled;
  if (auto deferred = generation.take_deferred();
      !deferred.empty() && !was_cancelled && generation.priority() == Priority::kInteractive) {
    Request later = {.priority = Priority::kBackground, .segments = std::move(deferred)};
    core_->scheduler.add(std::make_unique<Generation>(std::move(later), core_->parts));
  }
  core_->decoder.drop(generation);
  core_->chunks.drop(generation);
  core_->scheduler.remove(generation);
}

// Answers all that a failed GPU was to do, and goes on on the CPU. Where the GPU was asked for by
// name, or the CPU cannot have the model, what comes from now on is answered with what happened.
void ModelEngine::recover() {
  const std::string why = core_->loaded.device->status().message();
  core_->decoder.drop_all();
  core_->chunks.drop_all();
  counters_.n_requests += core_->scheduler.fail_all(unavailable_error(why));
  device_failed_ = true;
  core_->tiers.close();  // the next may have the folder
  Result<std::unique_ptr<LoadedModel>> loaded =
      unavailable_error("it is the device that was chosen, so nothing runs");
  if (options_.device.empty()) loaded = LoadedModel::load_on_cpu(options_, config_, why);
  if (loaded.ok()) {
    start_on(std::move(*loaded));
  } else {
    counters_.no_gpu = why + "; " + loaded.status().message();
  }
  publish_stats();
  if (options_.on_lost_device) options_.on_lost_device(counters_);
}

// ---- resting ---------------------------------------------------------------------------------

std::optional<ModelEngine::Rung> ModelEngine::next_rung() const {
  const RestTimes& after = options_.rest_after;
  const auto has = [](std::chrono::milliseconds time) { return time.count() > 0; };
  if (core_ == nullptr) return std::nullopt;
  // The CPU's KV lies in the host's memory as it is.
  if (counters_.rest == Rest::kNone && has(after.kv) && !core_->loaded.device->is_cpu() &&
      core_->loaded.device->ok() && !(has(after.model) && after.model <= after.kv))
    return Rung{.rest = Rest::kKv, .time = asked_ + after.kv};
  if (has(after.model)) return Rung{.rest = Rest::kModel, .time = asked_ + after.model};
  return std::nullopt;
}

void ModelEngine::go_down_to(Rest rest) {
  if (rest == Rest::kKv) release_kv();
  if (rest == Rest::kModel) release_model();
  counters_.rest = rest;
  publish_stats();
  if (options_.on_rest) options_.on_rest(counters_);
}

void ModelEngine::release_kv() {
  core_->cursors.forget("");
  core_->tiers.empty_pool();
  core_->loaded.synchronize();  // a step that was queued ahead may still write
  core_->loaded.pages.release_memory();
  core_->loaded.model.forget_recordings();
  core_->loaded.chunk_model().forget_recordings();
}

void ModelEngine::release_model() {
  core_->tiers.close();
  core_.reset();
  ::malloc_trim(0);  // what it had goes back to the system
  counters_.host.n_segments = counters_.host.n_bytes = 0;
  counters_.weight_bytes = 0;
}

// To where everything runs. Errors: of loading; it stays where it is.
Status ModelEngine::come_back() {
  if (counters_.rest == Rest::kNone) return {};
  RETURN_IF_ERROR(take_again());
  asked_ = Clock::now();
  counters_.rest = Rest::kNone;
  publish_stats();
  if (options_.on_rest) options_.on_rest(counters_);
  return {};
}

Status ModelEngine::take_again() {
  if (core_ != nullptr) {
    if (core_->loaded.pages.take_memory().ok()) return {};
    go_down_to(Rest::kModel);  // somebody else has the memory: all of it is looked for anew
  }
  ASSIGN_OR_RETURN(ChosenDevice chosen, choose_device(options_));
  ASSIGN_OR_RETURN(std::unique_ptr<LoadedModel> loaded,
                   LoadedModel::load_or_fall_back(std::move(chosen), options_, config_));
  loaded->device->attach();
  device_failed_ = false;
  start_on(std::move(loaded));
  return {};
}

void ModelEngine::publish_stats() {
  const bool has_kv = counters_.rest == Rest::kNone;
  counters_.device_bytes = core_ ? core_->loaded.device->n_allocated() : 0;
  counters_.kv_bytes =
      has_kv ? core_->loaded.pages.n_pages() * core_->loaded.pages.page_bytes() : 0;
  counters_.n_free_pages = has_kv ? core_->loaded.pages.n_free() : 0;
  counters_.n_segments = has_kv ? core_->store.n_segments() : 0;
  counters_.n_segment_tokens = has_kv ? core_->store.n_tokens() : 0;
  counters_.n_prefix_pages = has_kv ? core_->store.prefixes().n_pages() : 0;
  counters_.n_queued = core_ ? core_->scheduler.n_queued() : 0;
  if (core_) counters_.n_evicted_segments = core_->store.n_evicted();
  const std::lock_guard lock(mutex_);
  published_ = counters_;
}

}  // namespace

Result<std::unique_ptr<Engine>> Engine::load(const EngineOptions& options) {
  if (!options.script.empty()) {
    ASSIGN_OR_RETURN(Script script, Script::load(options.script));
    ASSIGN_OR_RETURN(auto engine, ScriptedEngine::create(options.model, std::move(script)));
    return std::unique_ptr<Engine>(std::move(engine));
  }
  // A GPU's driver takes its time: what is read of the folder is read meanwhile.
  std::future<Result<ChosenDevice>> opened =
      std::async(std::launch::async, [&options] { return choose_device(options); });
  ASSIGN_OR_RETURN(ModelConfig config, ModelConfig::load(options.model));
  ASSIGN_OR_RETURN(Tokenizer tokenizer, Tokenizer::load(options.model));
  ASSIGN_OR_RETURN(ChosenDevice chosen, opened.get());
  if (const Status status = resolve_special_tokens(config, tokenizer); !status.ok()) {
    return Status(status.code(), options.model + ": " + status.message());
  }
  ASSIGN_OR_RETURN(std::unique_ptr<LoadedModel> loaded,
                   LoadedModel::load_or_fall_back(std::move(chosen), options, config));
  return std::unique_ptr<Engine>(std::make_unique<ModelEngine>(
      options, std::move(config), std::move(tokenizer), std::move(loaded)));
}

}  // namespace rondo::engine
