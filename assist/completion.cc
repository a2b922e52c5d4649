#include "assist/completion.h"

#include <algorithm>
#include <filesystem>
#include <future>
#include <optional>
#include <thread>
#include <utility>

#include "assist/candidates.h"
#include "assist/context_chooser.h"
#include "assist/cursor_table.h"
#include "assist/fim_prompt.h"
#include "assist/healed_word.h"
#include "assist/postprocess.h"
#include "assist/reading_speed.h"
#include "assist/step_loop.h"
#include "base/bounded_queue.h"
#include "workspace/context.h"

namespace rondo::assist {
namespace {

using Clock = std::chrono::steady_clock;
using Done = std::function<void(Result<CompletionOutcome>)>;

// Where clients share an engine and so many requests wait in it, nothing is read for those that may
// come.
constexpr int64_t kMostQueued = 4;
constexpr double kBytesPerToken = 3.4;  // of the embedded model on code; only sizes windows

WindowLimits window_limits(const CompleterOptions& options) {
  const auto bytes = [](int32_t tokens) { return static_cast<int64_t>(tokens * kBytesPerToken); };
  return {.prefix_bytes = bytes(options.prefix_tokens),
          .prefix_step_bytes = bytes(options.prefix_tokens / 3),
          .suffix_bytes = bytes(options.suffix_tokens)};
}

std::chrono::microseconds since(Clock::time_point begin) {
  return std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - begin);
}

}  // namespace

struct Completer::Impl {
  // One complete() on its way.
  struct Pending {
    CompletionParams params;
    Done done;
    std::stop_source stop;
    std::optional<std::stop_callback<std::function<void()>>> on_cancel;
    std::stop_token cancelled;  // the caller's
    std::string cursor;
    Clock::time_point began = Clock::now();
    engine::Request request;  // what is asked; later candidates ask again with other seeds
    std::vector<workspace::ContextBlock> blocks;  // [i]: request.segments[i]
    int64_t n_forgotten = 0;                      // by the index, before they were chosen
    std::string healed;                           // typed, taken off the prompt
    bool continues = false;                       // the window that the engine has read
    bool ahead = false;                           // nobody waits for it
    bool rests = false;                           // nor was anything answered: the cursor rests
    CompletionOutcome outcome;
    int32_t n_asked = 0;
  };
  using PendingPtr = std::shared_ptr<Pending>;

  Impl(engine::Engine& engine, const workspace::BlockIndex& index, CompleterOptions options)
      : engine(engine),
        index(index),
        options(options),
        config(engine.config()),
        context(engine, index, this->options, speed),
        cursors(window_limits(options)),
        repairer([this](std::stop_token stop) {
          while (auto job = repairs.pop(stop)) (*job)();
        }),
        worker([this](std::stop_token stop) { work(stop); }) {}
  ~Impl();

  void work(std::stop_token stop);
  void close();
  void submit(engine::Request request, std::function<void(Result<engine::Completion>)> done);

  void post(std::function<void()> job) { queue.push(std::move(job), {}); }
  static std::string cursor_name(const std::string& client, const std::string& uri) {
    return client + ":" + uri;
  }
  std::optional<std::string> refusal(const workspace::Document& document) const {
    return options.refuse ? options.refuse(document) : std::nullopt;
  }
  void begin(const PendingPtr& pending);
  void prepare(CompletionParams params);
  double window_share(const CompletionParams& params) const;
  std::chrono::milliseconds time_for_segments(const Pending& pending) const;
  void look_ahead(const Pending& pending, Cursor& cursor);
  void build_request(Pending& pending, Cursor& cursor, const CursorWindow& window);
  void ask(const PendingPtr& pending);
  void take(const PendingPtr& pending, Result<engine::Completion> completion);
  void add_to_report(Pending& pending, const engine::Completion& completion);
  void note_draft(Pending& pending);
  void repair(const PendingPtr& pending);
  void take_repaired(Pending& pending, Result<StepOutcome> outcome);
  void answer(Pending& pending);
  void fail(Pending& pending, Status status);
  void prepare_better_context(const Pending& pending, const engine::Completion& completion);
  void prefill(const Pending& pending, Cursor& cursor, const std::string& sequence,
               std::shared_ptr<bool> done);

  engine::Engine& engine;
  const workspace::BlockIndex& index;
  const CompleterOptions options;
  const engine::ModelConfig& config;

  // The worker's own.
  ReadingSpeed speed;
  ContextChooser context;
  CursorTable cursors;
  int32_t n_in_flight = 0;  // requests that the engine has not answered
  bool closing = false;

  std::promise<void> closed;  // the engine holds no callback of ours any more
  CodeQueries code_queries;
  BoundedQueue<std::function<void()>> repairs{4096};
  BoundedQueue<std::function<void()>> queue{4096};
  std::jthread repairer;  // runs the loops of steps, one at a time
  std::jthread worker;    // last: stops before what it uses goes
};

Completer::Completer(engine::Engine& engine, const workspace::BlockIndex& index,
                     CompleterOptions options)
    : impl_(std::make_unique<Impl>(engine, index, options)) {
  CHECK(engine.config().fim.has_value(),
        "a Completer needs a model that was trained to fill in the middle");
}

Completer::~Completer() = default;

void Completer::complete(CompletionParams params, std::stop_token stop, Done done) {
  auto pending = std::make_shared<Impl::Pending>();
  pending->cursor = Impl::cursor_name(params.client, params.document->uri);
  pending->params = std::move(params);
  pending->done = std::move(done);
  pending->cancelled = stop;
  pending->on_cancel.emplace(stop, [source = pending->stop]() mutable { source.request_stop(); });
  impl_->post([impl = impl_.get(), pending] { impl->begin(pending); });
}

void Completer::prepare(CompletionParams params) {
  impl_->post([impl = impl_.get(), params = std::move(params)] { impl->prepare(params); });
}

void Completer::stop_preparing(const std::string& client, const std::string& uri) {
  impl_->post([impl = impl_.get(), name = Impl::cursor_name(client, uri)] {
    Cursor* const cursor = impl->cursors.known(name);
    if (cursor != nullptr && cursor->rests) cursor->prepare.request_stop();
  });
}

void Completer::Impl::begin(const PendingPtr& pending) {
  const CompletionParams& params = pending->params;
  Cursor& cursor = cursors.find(pending->cursor);
  cursor.request.request_stop();  // superseded
  cursor.request = pending->stop;
  if (pending->stop.stop_requested())
    return fail(*pending, cancelled_error("the completion was cancelled"));
  if (auto reason = refusal(*params.document)) {
    pending->done(CompletionOutcome{.report = {.silence = std::move(*reason), .refused = true}});
    return;
  }
  if (params.offset < 0 || params.offset > params.document->text->size()) {
    return fail(*pending,
                invalid_argument_error("the cursor lies outside " + params.document->path));
  }
  const bool nothing_forgotten = cursor.n_forgotten == index.n_forgotten();
  if (params.automatic && params.must_start_with.empty() && nothing_forgotten) {
    if (auto rest = cursor.offer.rest(params.document->text->bytes(), params.offset)) {
      pending->done(std::move(*rest));
      return;  // the model is not asked: what is read ahead may be read on
    }
  }
  cursor.prepare.request_stop();
  pending->continues =
      cursor.place(params.document->text->bytes(), replaced_from(params), window_share(params));
  build_request(*pending, cursor, cursor.window());
  pending->request.cursor = cursor.sequence();
  pending->request.keep_cursor_segments =
      pending->continues && params.automatic && cursor.n_forgotten == pending->n_forgotten;
  ask(pending);
}

// Of the limits of a window that begins anew: all where somebody asked and waits.
double Completer::Impl::window_share(const CompletionParams& params) const {
  if (!params.automatic) return 1;
  return speed.affordable_share(options.prefix_tokens + options.suffix_tokens,
                                options.first_token_budget);
}

// What the window leaves of the budget. Who asked waits for both.
std::chrono::milliseconds Completer::Impl::time_for_segments(const Pending& pending) const {
  if (!pending.params.automatic) return options.first_token_budget;
  const auto n_prompt = static_cast<int32_t>(pending.request.prompt.size());
  const std::chrono::milliseconds taken =
      std::chrono::duration_cast<std::chrono::milliseconds>(since(pending.began)) +
      speed.expected(n_prompt);
  return std::max(options.first_token_budget - taken, std::chrono::milliseconds(0));
}

void Completer::Impl::build_request(Pending& pending, Cursor& cursor, const CursorWindow& window) {
  const CompletionParams& params = pending.params;
  const workspace::Document& document = *params.document;
  const std::string prefix = workspace::with_lf(window.prefix());
  const std::string_view healed = healed_word(prefix);
  pending.healed = std::string(healed) + params.must_start_with;

  auto mark = Clock::now();
  pending.n_forgotten = index.n_forgotten();
  if (params.use_context) {
    if (options.await_index) options.await_index(pending.stop.get_token());
    pending.blocks = context.choose({.params = params,
                                     .window = window,
                                     .continues = pending.continues,
                                     .ahead = pending.ahead,
                                     .n_forgotten = pending.n_forgotten,
                                     .began = pending.began},
                                    cursor, pending.outcome.report);
  }
  pending.outcome.report.context = since(mark);
  mark = Clock::now();
  engine::Request& request = pending.request;
  ActiveWindow active = {.path = document.path,
                         .prefix = prefix.substr(0, prefix.size() - healed.size()),
                         .suffix = workspace::with_lf(window.suffix())};
  if (context.reads_files(params)) {
    active.repository = std::filesystem::path(options.folder).filename();
    active.files = context.files().parts(pending.blocks);
  } else {
    for (const workspace::ContextBlock& block : pending.blocks)
      request.segments.push_back(context.segment(block));
  }
  request.prompt = fim_prompt(config, engine.tokenizer(), config.fim->order, active);
  pending.outcome.report.tokenize = since(mark);

  request.segment_deadline = time_for_segments(pending);
  request.healing = pending.healed;
  request.stop.max_tokens = params.max_tokens > 0 ? params.max_tokens : config.max_new_tokens;
  request.stop.strings = {params.multiline ? "\n\n" : "\n"};
  request.cancel = pending.stop.get_token();
}

// Asks the engine for the next candidate: the first one greedy, the others drawn.
void Completer::Impl::ask(const PendingPtr& pending) {
  engine::Request request = pending->request;
  if (pending->n_asked > 0) {
    request.sampling = {
        .temperature = 0.6f, .top_p = 0.9f, .seed = static_cast<uint64_t>(pending->n_asked)};
    request.keep_cursor_segments = true;
  }
  ++pending->n_asked;
  submit(std::move(request), [this, pending](Result<engine::Completion> completion) {
    take(pending, std::move(completion));
  });
}

// `done` runs on the worker.
void Completer::Impl::submit(engine::Request request,
                             std::function<void(Result<engine::Completion>)> done) {
  ++n_in_flight;
  request.on_done = [this, done = std::move(done)](Result<engine::Completion> completion) {
    post([this, done, completion = std::move(completion)]() mutable {
      --n_in_flight;
      done(std::move(completion));
    });
  };
  engine.submit(std::move(request));
}

void Completer::Impl::take(const PendingPtr& pending, Result<engine::Completion> completion) {
  if (!completion.ok()) return fail(*pending, completion.status());
  const auto mark = Clock::now();
  speed.note(*completion);
  add_to_report(*pending, *completion);
  add_candidate(pending->params, *completion, pending->outcome);
  pending->outcome.report.postprocess += since(mark);
  const int32_t n_wanted =
      pending->params.automatic ? 1 : std::max(pending->params.n_candidates, 1);
  if (pending->n_asked < n_wanted && !closing) return ask(pending);
  note_draft(*pending);
  if (pending->params.depth > 1 && pending->params.must_start_with.empty() && !closing)
    return repair(pending);
  answer(*pending);
  if (pending->params.automatic && !closing) prepare_better_context(*pending, *completion);
}

// The step that is all of a completion of depth 1.
void Completer::Impl::note_draft(Pending& pending) {
  CompletionReport& report = pending.outcome.report;
  const workspace::Text& text = *pending.params.document->text;
  const std::string_view line = surroundings_of(text, pending.params.offset).line_before;
  const bool none = pending.outcome.candidates.empty();
  report.steps = {{.step = 1,
                   .focus = draft_focus(line),
                   .n_tokens = report.n_generated_tokens,
                   .verdict = none ? StepVerdict::kFailed : StepVerdict::kPassed}};
}

// The loop of steps blocks a thread of its own: while it runs, keystrokes are answered.
void Completer::Impl::repair(const PendingPtr& pending) {
  const CompletionParams& params = pending->params;
  StepParams steps = {
      .document = params.document,
      .hole = {params.offset, params.offset},
      .depth = params.depth,
      .max_tokens = params.max_tokens,
      .length = params.multiline ? AnswerLength::kLines : AnswerLength::kLine,
      .client = pending->cursor,
      .drafting = {.context_tokens = params.use_context ? options.context_tokens : 0,
                   .prefix_tokens = options.prefix_tokens,
                   .suffix_tokens = options.suffix_tokens,
                   .folder = options.folder},
      .queries = &code_queries};
  ++n_in_flight;
  repairs.push(
      [this, pending, steps = std::move(steps)] {
        auto outcome = run_steps(engine, index, steps, pending->stop.get_token());
        post([this, pending, outcome = std::move(outcome)]() mutable {
          --n_in_flight;
          take_repaired(*pending, std::move(outcome));
        });
      },
      {});
}

void Completer::Impl::take_repaired(Pending& pending, Result<StepOutcome> outcome) {
  if (!outcome.ok()) return fail(pending, outcome.status());
  CompletionReport& report = pending.outcome.report;
  report.steps = std::move(outcome->steps);
  for (const LoopStep& step : report.steps)
    report.n_generated_tokens += static_cast<int32_t>(step.n_tokens);
  add_repaired(pending.params, std::move(outcome->text), outcome->mean_logprob, pending.outcome);
  answer(pending);
}

// The first answer is the one that the report tells of.
void Completer::Impl::add_to_report(Pending& pending, const engine::Completion& completion) {
  CompletionReport& report = pending.outcome.report;
  report.n_generated_tokens += static_cast<int32_t>(completion.tokens.size());
  if (pending.n_asked > 1) return;
  report.engine = completion.timings;
  report.n_prompt_tokens = completion.n_prompt_tokens;
  report.n_cached_tokens = completion.n_cached_tokens;
  report.n_adopted_tokens = completion.n_adopted_tokens;
  report.n_segment_tokens = completion.n_segment_tokens;
  report.n_encoded_tokens = completion.n_encoded_tokens;
  report.tokens = completion.tokens;
  const auto add = [&](const workspace::ContextBlock& block, size_t n_tokens) {
    report.blocks.push_back({.path = block.path,
                             .n_tokens = static_cast<int32_t>(n_tokens),
                             .score = block.score,
                             .reason = block.reason,
                             .parts = block.parts});
  };
  for (const int32_t i : completion.segments_used)
    add(pending.blocks[i], pending.request.segments[i].tokens->size());
  if (!context.reads_files(pending.params)) return;
  for (const workspace::ContextBlock& block : pending.blocks) {
    add(block, context.files().part(block)->size());
  }
}

void Completer::Impl::answer(Pending& pending) {
  CompletionReport& report = pending.outcome.report;
  report.total = since(pending.began);
  if (!pending.outcome.candidates.empty()) report.silence.clear();
  order_candidates(pending.outcome);
  Cursor& cursor = cursors.find(pending.cursor);
  cursor.offer = {.text = pending.params.document->text,
                  .offset = pending.params.offset,
                  .outcome = pending.outcome};
  cursor.n_forgotten = pending.n_forgotten;
  pending.done(std::move(pending.outcome));
}

void Completer::Impl::fail(Pending& pending, Status status) {
  const bool superseded = status.code() == Code::kCancelled && !pending.cancelled.stop_requested();
  pending.done(superseded ? stale_error("a newer completion of this document was asked for")
                          : std::move(status));
}

void Completer::Impl::prepare(CompletionParams params) {
  if (closing || params.offset < 0 || params.offset > params.document->text->size()) return;
  if (refusal(*params.document)) return;
  if (engine.stats().n_queued >= kMostQueued) return;
  Pending pending;
  pending.cursor = cursor_name(params.client, params.document->uri);
  pending.params = std::move(params);
  pending.rests = true;
  Cursor& cursor = cursors.find(pending.cursor);
  cursor.prepare.request_stop();
  look_ahead(pending, cursor);
}

// The answer came from what was there. When a better context was chosen, or the window is narrow, a
// better sequence is made while nobody waits, for the next keystroke to continue; a keystroke that
// comes first stops it.
void Completer::Impl::prepare_better_context(const Pending& pending,
                                             const engine::Completion& completion) {
  Cursor& cursor = cursors.find(pending.cursor);
  const bool as_files = context.reads_files(pending.params) && pending.params.use_context;
  if (cursor.window().is_narrow() || as_files) return look_ahead(pending, cursor);
  cursor.whole =
      std::make_shared<bool>(completion.segments_used.size() == pending.request.segments.size());
  if (!*cursor.whole) prefill(pending, cursor, cursor.sequence(), cursor.whole);
}

// Reads what is new around the place of `pending` in the window in use, where its context stays;
// else a whole window, and what should stand before it, beside what is in use.
void Completer::Impl::look_ahead(const Pending& place, Cursor& cursor) {
  Pending pending;
  pending.cursor = place.cursor;
  pending.params = place.params;
  pending.ahead = true;
  pending.rests = place.rests;
  WindowAhead& ahead =
      cursor.look_ahead(pending.params.document->text->bytes(), replaced_from(pending.params));
  build_request(pending, cursor, ahead.window);
  const bool as_files = context.reads_files(pending.params);
  const bool same_context =
      as_files ? cursor.files && same_order(pending.blocks, *cursor.files) : *cursor.whole;
  if (ahead.same_window && same_context && cursor.n_forgotten == pending.n_forgotten) {
    cursor.stay();
    pending.request.keep_cursor_segments = true;
    if (pending.rests) prefill(pending, cursor, cursor.sequence(), std::make_shared<bool>());
    return;
  }
  if (as_files) ahead.files = pending.blocks;
  prefill(pending, cursor, ahead.sequence, ahead.ready);
}

// Reads what `pending` asks about into `sequence`, in the background; *done when it is there.
void Completer::Impl::prefill(const Pending& pending, Cursor& cursor, const std::string& sequence,
                              std::shared_ptr<bool> done) {
  engine::Request request = {.priority = engine::Priority::kBackground,
                             .segments = pending.request.segments,
                             .segment_deadline = std::chrono::seconds(60),
                             .prompt = pending.request.prompt,
                             .cursor = sequence,
                             .keep_cursor_segments = pending.request.keep_cursor_segments};
  request.stop.max_tokens = 0;
  cursor.prepare = std::stop_source();
  cursor.rests = pending.rests;
  request.cancel = cursor.prepare.get_token();
  submit(std::move(request), [done = std::move(done)](Result<engine::Completion> completion) {
    *done = completion.ok();
  });
}

void Completer::Impl::work(std::stop_token stop) {
  bool told = false;
  while (auto job = queue.pop(stop)) {
    (*job)();
    if (closing && n_in_flight == 0 && !std::exchange(told, true)) closed.set_value();
  }
}

// Everything under way is cancelled; nothing more is asked.
void Completer::Impl::close() {
  closing = true;
  cursors.stop_all();
}

Completer::Impl::~Impl() {
  post([this] { close(); });
  closed.get_future().wait();
}

}  // namespace rondo::assist
