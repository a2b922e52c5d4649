#include "engine/engine.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>

#include "engine/generation.h"
#include "engine/scheduler.h"
#include "kernels/thread_pool.h"

namespace rondo::engine {
namespace {

Result<const kernels::Kernels*> choose_kernels(const std::string& name) {
  if (name.empty()) return &kernels::best_cpu_kernels();
  if (const kernels::Kernels* table = kernels::cpu_kernels(name)) return table;
  return unavailable_error("this machine cannot run the kernels '" + name +
                           "'; leave the choice out to get the fastest that it can");
}

int32_t choose_threads(int32_t n_threads) {
  return n_threads > 0 ? n_threads
                       : std::max(1, static_cast<int32_t>(std::thread::hardware_concurrency()));
}

}  // namespace

struct Engine::Impl {
  Impl(const EngineOptions& options, Tokenizer tokenizer,
       std::unique_ptr<kernels::ThreadPool> threads, Model model, PagePool pages,
       const char* kernels_name)
      : options(options),
        tokenizer(std::move(tokenizer)),
        vocabulary(this->tokenizer),
        threads(std::move(threads)),
        model(std::move(model)),
        pages(std::move(pages)),
        store(this->model.digest()) {
    counters.kernels = kernels_name;
    counters.n_threads = choose_threads(options.n_threads);
    counters.weight_bytes = this->model.weights().packed_bytes();
    counters.n_pages = this->pages.n_pages();
    counters.kv_bytes = this->pages.n_pages() * this->pages.page_bytes();
    publish_stats();
    thread = std::jthread([this](std::stop_token stop) { run(stop); });
  }

  void run(std::stop_token stop);
  void take_inbox(std::stop_token stop);
  void work();
  void publish_stats();

  const EngineOptions options;
  const Tokenizer tokenizer;
  const ByteVocabulary vocabulary;
  const std::unique_ptr<kernels::ThreadPool> threads;

  // The engine thread's own.
  Model model;
  PagePool pages;
  SegmentStore store;
  CursorTable cursors;
  EngineStats counters;
  EngineParts parts{options, tokenizer, vocabulary, model, pages, store, cursors, counters};
  Scheduler scheduler;

  // Where other threads meet it.
  std::mutex mutex;
  std::condition_variable_any wake;
  std::vector<Request> inbox;          // guarded by mutex
  std::vector<std::string> forgotten;  // prefixes of cursors; guarded by mutex
  EngineStats published;               // guarded by mutex

  std::jthread thread;  // last: stops before anything it uses goes
};

Result<std::unique_ptr<Engine>> Engine::load(const EngineOptions& options) {
  ASSIGN_OR_RETURN(const kernels::Kernels* kernels, choose_kernels(options.kernels));
  ASSIGN_OR_RETURN(ModelConfig config, ModelConfig::load(options.model));
  ASSIGN_OR_RETURN(Tokenizer tokenizer, Tokenizer::load(options.model));
  if (const Status status = resolve_special_tokens(config, tokenizer); !status.ok()) {
    return Status(status.code(), options.model + ": " + status.message());
  }
  auto threads = std::make_unique<kernels::ThreadPool>(choose_threads(options.n_threads));
  ASSIGN_OR_RETURN(Model model,
                   Model::load(options.model, config, *kernels, {.threads = threads.get()}));
  ASSIGN_OR_RETURN(PagePool pages, PagePool::create(config, *kernels, options.kv_bytes));
  return std::unique_ptr<Engine>(
      new Engine(std::make_unique<Impl>(options, std::move(tokenizer), std::move(threads),
                                        std::move(model), std::move(pages), kernels->name)));
}

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::~Engine() = default;

const ModelConfig& Engine::config() const { return impl_->model.config(); }
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

EngineStats Engine::stats() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->published;
}

void Engine::Impl::run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    take_inbox(stop);
    if (!scheduler.idle()) work();
    publish_stats();
  }
  take_inbox(stop);
  scheduler.fail_all(cancelled_error("the engine is shutting down"));
}

// Moves new requests to the scheduler; sleeps when there is nothing to do at all.
void Engine::Impl::take_inbox(std::stop_token stop) {
  std::vector<Request> arrived;
  std::vector<std::string> prefixes;
  {
    std::unique_lock lock(mutex);
    if (scheduler.idle()) {
      wake.wait(lock, stop, [this] { return !inbox.empty() || !forgotten.empty(); });
    }
    arrived = std::exchange(inbox, {});
    prefixes = std::exchange(forgotten, {});
  }
  for (const std::string& prefix : prefixes) cursors.forget(prefix);
  for (Request& request : arrived)
    scheduler.add(std::make_unique<Generation>(std::move(request), parts));
}

// One step of whoever's turn it is.
void Engine::Impl::work() {
  const int64_t n_dropped = scheduler.drop_cancelled();
  counters.n_cancelled += n_dropped;
  counters.n_requests += n_dropped;
  if (scheduler.idle()) return;
  Generation& generation = scheduler.next();
  const bool was_cancelled = generation.cancelled();
  if (!generation.step()) return;
  ++counters.n_requests;
  if (was_cancelled) ++counters.n_cancelled;
  if (auto deferred = generation.take_deferred();
      !deferred.empty() && !was_cancelled && generation.priority() == Priority::kInteractive) {
    Request later = {.priority = Priority::kBackground, .segments = std::move(deferred)};
    scheduler.add(std::make_unique<Generation>(std::move(later), parts));
  }
  scheduler.remove(generation);
}

void Engine::Impl::publish_stats() {
  counters.n_free_pages = pages.n_free();
  counters.n_segments = store.n_segments();
  counters.n_segment_tokens = store.n_tokens();
  counters.n_evicted_segments = store.n_evicted();
  counters.n_queued = scheduler.n_queued();
  const std::lock_guard lock(mutex);
  published = counters;
}

}  // namespace rondo::engine
