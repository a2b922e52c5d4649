#include "engine/engine.h"

#include <algorithm>
#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <utility>

#include "engine/choose_device.h"
#include "engine/chunk_lane.h"
#include "engine/chunk_tokens.h"
#include "engine/decoder.h"
#include "engine/generation.h"
#include "engine/scheduler.h"
#include "kernels/launch.h"

namespace rondo::engine {
namespace {

// Of all pages, for Segments that prompts have composed before those that are only read ahead.
constexpr double kUsedShare = 0.75;

EngineOptions with_defaults(EngineOptions options, const Model& model) {
  const ChunkTokens chunk = chunk_tokens(model.config(), model.device());
  if (options.prefill_chunk_tokens <= 0) options.prefill_chunk_tokens = chunk.prefill;
  if (options.background_chunk_tokens <= 0) options.background_chunk_tokens = chunk.background;
  return options;
}

}  // namespace

// A model in the memory of the device that was found for it, with all that its steps will need: who
// was admitted does not fail for memory.
struct Engine::Loaded {
  std::unique_ptr<Device> device;  // first: goes after all that has its memory
  std::unique_ptr<Device> lane;    // its second; null on the CPU
  std::string no_gpu;              // of ChosenDevice
  Model model;
  std::optional<Model> on_lane;
  PagePool pages;

  // Memory goes when neither lane needs it any more.
  ~Loaded() {
    if (lane != nullptr) lane->synchronize();
    device->synchronize();
  }
  // Of prefill and Segment encoding.
  Model& chunk_model() { return on_lane ? *on_lane : model; }

  static Result<std::unique_ptr<Loaded>> load(ChosenDevice chosen, const EngineOptions& options,
                                              const ModelConfig& config) {
    ASSIGN_OR_RETURN(Model model, Model::load(options.model, config, *chosen.device));
    ASSIGN_OR_RETURN(PagePool pages, PagePool::create(config, *chosen.device, options.kv_bytes));
    ASSIGN_OR_RETURN(std::unique_ptr<Device> lane, chosen.device->open_lane());
    std::optional<Model> on_lane;
    if (lane != nullptr) {
      on_lane.emplace(model.on(*lane));
      lane->follow(*chosen.device);  // the weights may still be on their way
    }
    const EngineOptions complete = with_defaults(options, model);
    const int32_t n_chunk =
        std::max(complete.prefill_chunk_tokens, complete.background_chunk_tokens);
    if (on_lane) on_lane->reserve(n_chunk, 1);
    const int32_t most_rows = chosen.device->kernels().few_rows;  // of a step of decoding
    model.reserve(on_lane ? most_rows : std::max(n_chunk, most_rows), most_rows);
    RETURN_IF_ERROR(chosen.device->status());
    return std::unique_ptr<Loaded>(new Loaded{.device = std::move(chosen.device),
                                              .lane = std::move(lane),
                                              .no_gpu = std::move(chosen.no_gpu),
                                              .model = std::move(model),
                                              .on_lane = std::move(on_lane),
                                              .pages = std::move(pages)});
  }

  // On the CPU, which nobody asked for, because of what a GPU said.
  static Result<std::unique_ptr<Loaded>> load_on_cpu(EngineOptions options,
                                                     const ModelConfig& config,
                                                     std::string no_gpu) {
    options.device = "cpu";
    ASSIGN_OR_RETURN(ChosenDevice chosen, choose_device(options));
    chosen.no_gpu = std::move(no_gpu);
    return load(std::move(chosen), options, config);
  }
};

// What lives on one device. When a GPU fails, all of it is made anew on the CPU.
struct Engine::Core {
  Core(const EngineOptions& asked, const Tokenizer& tokenizer, const ByteVocabulary& vocabulary,
       EngineStats& counters, std::function<void()> wake, std::unique_ptr<Loaded> from)
      : owner(std::move(from)),
        loaded(*owner),
        options(with_defaults(asked, loaded.model)),
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
    counters.device_bytes = loaded.device->n_allocated();
    counters.weight_bytes = loaded.model.weights().packed_bytes();
    counters.n_pages = loaded.pages.n_pages();
    counters.kv_bytes = loaded.pages.n_pages() * loaded.pages.page_bytes();
  }

  const std::unique_ptr<Loaded> owner;  // goes after all that has its memory
  Loaded& loaded;
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

struct Engine::Impl {
  Impl(const EngineOptions& options, ModelConfig config, Tokenizer tokenizer,
       std::unique_ptr<Loaded> loaded)
      : options(options),
        config(std::move(config)),
        tokenizer(std::move(tokenizer)),
        vocabulary(this->tokenizer) {
    start_on(std::move(loaded));
    publish_stats();
    thread = std::jthread([this](std::stop_token stop) { run(stop); });
  }

  void start_on(std::unique_ptr<Loaded> loaded) {
    const auto wake_up = [this] {
      {
        const std::lock_guard lock(mutex);
        tiers_call = true;
      }
      wake.notify_one();
    };
    core = std::make_unique<Core>(options, tokenizer, vocabulary, counters, wake_up,
                                  std::move(loaded));
  }
  void post(std::function<void(Core&)> order);
  // REQUIRES: the mutex is held.
  bool has_post() const {
    return !inbox.empty() || !forgotten.empty() || !orders.empty() || tiers_call;
  }
  void run(std::stop_token stop);
  void take_inbox(std::stop_token stop);
  void work();
  void take_turns();
  void work_side_by_side();
  void queue_chunk(Generation& generation);
  void decode(Priority priority);
  void land_chunks();
  void finish(Generation& generation, bool was_cancelled);
  void recover();
  void publish_stats();

  const EngineOptions options;  // as they were asked for
  const ModelConfig config;
  const Tokenizer tokenizer;
  const ByteVocabulary vocabulary;

  // The engine thread's own.
  EngineStats counters;
  std::unique_ptr<Core> core;
  bool device_failed = false;  // a GPU did, and that was seen to

  // Where other threads meet it.
  std::mutex mutex;
  std::condition_variable_any wake;
  std::vector<Request> inbox;                      // guarded by mutex
  std::vector<std::string> forgotten;              // prefixes of cursors; guarded by mutex
  std::vector<std::function<void(Core&)>> orders;  // guarded by mutex
  bool tiers_call = false;                         // guarded by mutex
  EngineStats published;                           // guarded by mutex

  std::jthread thread;  // last: stops before anything it uses goes
};

Result<std::unique_ptr<Engine>> Engine::load(const EngineOptions& options) {
  // A GPU's driver takes its time: what is read of the folder is read meanwhile.
  std::future<Result<ChosenDevice>> opened =
      std::async(std::launch::async, [&options] { return choose_device(options); });
  ASSIGN_OR_RETURN(ModelConfig config, ModelConfig::load(options.model));
  ASSIGN_OR_RETURN(Tokenizer tokenizer, Tokenizer::load(options.model));
  ASSIGN_OR_RETURN(ChosenDevice chosen, opened.get());
  chosen.device->attach();
  if (const Status status = resolve_special_tokens(config, tokenizer); !status.ok()) {
    return Status(status.code(), options.model + ": " + status.message());
  }
  const bool may_fall_back = options.device.empty() && !chosen.device->is_cpu();
  Result<std::unique_ptr<Loaded>> loaded = Loaded::load(std::move(chosen), options, config);
  const Code code = loaded.status().code();
  if (may_fall_back && (code == Code::kResourceExhausted || code == Code::kUnavailable))
    loaded = Loaded::load_on_cpu(options, config, loaded.status().message());
  RETURN_IF_ERROR(loaded.status());
  return std::unique_ptr<Engine>(new Engine(std::make_unique<Impl>(
      options, std::move(config), std::move(tokenizer), std::move(*loaded))));
}

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

const ModelConfig& Engine::config() const { return impl_->config; }
const Tokenizer& Engine::tokenizer() const { return impl_->tokenizer; }

void Engine::submit(Request request) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->inbox.push_back(std::move(request));
  }
  impl_->wake.notify_one();
}

void Engine::forget_cursors(std::string prefix) {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->forgotten.push_back(std::move(prefix));
  }
  impl_->wake.notify_one();
}

void Engine::forget_segments(std::vector<std::string> origins) {
  const auto gone =
      std::make_shared<const std::set<std::string, std::less<>>>(origins.begin(), origins.end());
  const auto is_gone = [gone](std::string_view origin) { return gone->contains(origin); };
  impl_->post([is_gone](Core& core) {
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

void Engine::clear_segments(std::function<void()> done) {
  impl_->post([done = std::move(done)](Core& core) {
    core.cursors.forget("");
    core.store.clear();
    core.tiers.clear(done);
  });
}

void Engine::list_origins(std::string prefix, std::function<void(std::vector<std::string>)> done) {
  impl_->post([prefix = std::move(prefix), done = std::move(done)](Core& core) {
    core.tiers.list_origins(prefix, done);
  });
}

EngineStats Engine::stats() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->published;
}

void Engine::Impl::post(std::function<void(Core&)> order) {
  {
    const std::lock_guard lock(mutex);
    orders.push_back(std::move(order));
  }
  wake.notify_one();
}

void Engine::Impl::run(std::stop_token stop) {
  core->loaded.device->attach();
  while (!stop.stop_requested()) {
    take_inbox(stop);
    if (core->scheduler.idle()) core->tiers.settle();
    core->tiers.step();
    if (!core->scheduler.idle()) work();
    if (!device_failed && !core->loaded.device->ok()) recover();
    publish_stats();
  }
  take_inbox(stop);
  core->scheduler.fail_all(cancelled_error("the engine is shutting down"));
  core->tiers.close();
}

// Moves new requests to the scheduler; sleeps when there is nothing to do at all.
void Engine::Impl::take_inbox(std::stop_token stop) {
  std::vector<Request> arrived;
  std::vector<std::string> prefixes;
  std::vector<std::function<void(Core&)>> todo;
  {
    std::unique_lock lock(mutex);
    if (core->scheduler.idle() && !core->tiers.is_busy()) {
      wake.wait(lock, stop, [this] { return has_post(); });
    }
    tiers_call = false;
    todo = std::exchange(orders, {});
    arrived = std::exchange(inbox, {});
    prefixes = std::exchange(forgotten, {});
  }
  for (const std::string& prefix : prefixes) core->cursors.forget(prefix);
  for (const auto& order : todo) order(*core);
  for (Request& request : arrived)
    core->scheduler.add(std::make_unique<Generation>(std::move(request), core->parts));
}

void Engine::Impl::work() {
  Scheduler& scheduler = core->scheduler;
  const int64_t n_dropped = scheduler.drop_cancelled();
  counters.n_cancelled += n_dropped;
  counters.n_requests += n_dropped;
  while (Generation* generation = scheduler.cancelled()) {
    generation->step();
    finish(*generation, true);
  }
  if (scheduler.idle()) return;
  if (core->loaded.lane == nullptr) {
    take_turns();
  } else {
    work_side_by_side();
  }
}

// A chunk, or a step of decoding, of whoever's turn it is.
void Engine::Impl::take_turns() {
  Generation& generation = core->scheduler.next();
  if (generation.decoding()) return decode(generation.priority());
  queue_chunk(generation);
  land_chunks();
}

// A chunk where its lane has room for one, and beside it a step of decoding, which share the GPU
// where there are both; waits for either where there is nothing to queue.
void Engine::Impl::work_side_by_side() {
  land_chunks();
  core->loaded.lane->share(core->scheduler.decoding().has_value());
  Generation* const next = core->chunks.has_room() ? core->scheduler.next_chunk() : nullptr;
  if (next != nullptr) queue_chunk(*next);
  if (const std::optional<Priority> priority = core->scheduler.decoding()) {
    core->loaded.device->share(!core->chunks.idle());
    decode(*priority);
  } else if (next == nullptr) {
    core->chunks.wait();
  }
}

void Engine::Impl::queue_chunk(Generation& generation) {
  const bool was_cancelled = generation.cancelled();
  if (generation.step()) return finish(generation, was_cancelled);
  core->chunks.sent(generation);
}

void Engine::Impl::land_chunks() {
  for (Generation* generation : core->chunks.land()) finish(*generation, false);
}

// One token for all that decode; as many rows as the kernels of few rows take (kernels.h), so that
// the answer to a request does not depend on the others.
void Engine::Impl::decode(Priority priority) {
  Decoder& decoder = core->decoder;
  const int32_t most_rows = core->loaded.device->kernels().few_rows;
  std::vector<Generation*> batch = core->scheduler.decoding(priority, most_rows);
  if (!decoder.continues(batch)) {  // somebody has come or gone
    for (Generation* generation : decoder.land()) finish(*generation, false);
    batch = core->scheduler.decoding(priority, most_rows);
  }
  if (batch.empty()) return;
  // Where more decode than one step takes, the next step is of others.
  const bool all_take_part = core->scheduler.n_decoding(priority) <= std::ssize(batch);
  for (Generation* generation : decoder.step(batch, all_take_part)) finish(*generation, false);
}

// Counts one that was answered, and lets it go.
void Engine::Impl::finish(Generation& generation, bool was_cancelled) {
  ++counters.n_requests;
  if (was_cancelled) ++counters.n_cancelled;
  if (auto deferred = generation.take_deferred();
      !deferred.empty() && !was_cancelled && generation.priority() == Priority::kInteractive) {
    Request later = {.priority = Priority::kBackground, .segments = std::move(deferred)};
    core->scheduler.add(std::make_unique<Generation>(std::move(later), core->parts));
  }
  core->decoder.drop(generation);
  core->chunks.drop(generation);
  core->scheduler.remove(generation);
}

// Answers all that a failed GPU was to do, and goes on on the CPU. Where the GPU was asked for by
// name, or the CPU cannot have the model, what comes from now on is answered with what happened.
void Engine::Impl::recover() {
  const std::string why = core->loaded.device->status().message();
  core->decoder.drop_all();
  core->chunks.drop_all();
  counters.n_requests += core->scheduler.fail_all(unavailable_error(why));
  device_failed = true;
  core->tiers.close();  // the next may have the folder
  Result<std::unique_ptr<Loaded>> loaded =
      unavailable_error("it is the device that was chosen, so nothing runs");
  if (options.device.empty()) loaded = Loaded::load_on_cpu(options, config, why);
  if (loaded.ok()) {
    start_on(std::move(*loaded));
  } else {
    counters.no_gpu = why + "; " + loaded.status().message();
  }
  publish_stats();
  if (options.on_lost_device) options.on_lost_device(counters);
}

void Engine::Impl::publish_stats() {
  counters.n_free_pages = core->loaded.pages.n_free();
  counters.n_segments = core->store.n_segments();
  counters.n_segment_tokens = core->store.n_tokens();
  counters.n_prefix_pages = core->store.prefixes().n_pages();
  counters.n_evicted_segments = core->store.n_evicted();
  counters.n_queued = core->scheduler.n_queued();
  const std::lock_guard lock(mutex);
  published = counters;
}

}  // namespace rondo::engine
