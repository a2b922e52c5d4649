#include "assist/actions.h"

#include <chrono>
#include <thread>
#include <utility>

#include "assist/action_kinds.h"
#include "base/bounded_queue.h"

namespace rondo::assist {
namespace {

// A text that takes longer to parse has actions that need no tree; the whole list has 20 ms.
constexpr std::chrono::milliseconds kParsing{12};
constexpr size_t kMostWaiting = 64;

// A thread that does one thing after the other. What waits when it ends is done too: it finds its
// stop requested.
class Worker {
 public:
  using Work = std::function<void(std::stop_token ending)>;

  ~Worker() {
    thread_.request_stop();
    thread_.join();
  }
  // False when too much waits.
  bool post(Work work) { return queue_.try_push(work); }

 private:
  BoundedQueue<Work> queue_{kMostWaiting};
  std::jthread thread_{[this](std::stop_token stop) {
    while (std::optional<Work> work = queue_.pop(stop)) (*work)(stop);
  }};
};

// Stops when either does.
class EitherStop {
 public:
  EitherStop(std::stop_token a, std::stop_token b)
      : on_a_(std::move(a), [this] { source_.request_stop(); }),
        on_b_(std::move(b), [this] { source_.request_stop(); }) {}
  std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::stop_callback<std::function<void()>> on_a_;
  std::stop_callback<std::function<void()>> on_b_;
};

}  // namespace

struct Actions::Impl {
  engine::Engine& engine;
  const workspace::BlockIndex& index;
  const ActionsOptions options;
  // Each of one thread.
  std::optional<ActionScene> last_listed;
  SceneQueries listing_queries;
  SceneQueries making_queries;
  workspace::Parser listing_parser;
  workspace::Parser making_parser;
  // Last: end before what they use goes.
  Worker lister;
  Worker maker;

  ActionAbilities abilities() const {
    ActionAbilities now = options.abilities;
    now.runs_code = options.runs_code && options.runs_code();
    return now;
  }
  std::optional<std::string> refusal(const workspace::Document& document) const {
    return options.refuse ? options.refuse(document) : std::nullopt;
  }
  Result<std::vector<Action>> list(ActionQuery query, std::stop_token stop);
  Result<ActionOutcome> make(const ActionOrder& order, std::stop_token stop);
};

Result<std::vector<Action>> Actions::Impl::list(ActionQuery query, std::stop_token stop) {
  if (stop.stop_requested()) return cancelled_error("the list is not wanted any more");
  const workspace::WorkLimits limits = {.deadline = std::chrono::steady_clock::now() + kParsing,
                                        .stop = std::move(stop)};
  const bool nothing_to_fix = query.automatic && query.diagnostics.empty();
  if (nothing_to_fix || refusal(*query.document)) return std::vector<Action>();
  ActionScene scene = make_scene(std::move(query), abilities(), index, listing_queries,
                                 listing_parser, limits, last_listed ? &*last_listed : nullptr);
  std::vector<Action> actions = offered_actions(scene);
  last_listed.emplace(std::move(scene));
  return actions;
}

Result<ActionOutcome> Actions::Impl::make(const ActionOrder& order, std::stop_token stop) {
  if (stop.stop_requested()) return cancelled_error("the action is not wanted any more");
  const ActionKind* kind = action_kind(order.action.name);
  if (kind == nullptr || kind->make == nullptr) {
    return invalid_argument_error("there is no action " + order.action.name);
  }
  if (const auto reason = refusal(*order.document)) return not_found_error(*reason);
  const ActionScene scene =
      make_scene({.document = order.document, .selection = order.action.bytes}, abilities(), index,
                 making_queries, making_parser, {.stop = stop});
  return kind->make({.scene = scene,
                     .engine = engine,
                     .folder = options.folder,
                     .client = order.client,
                     .stop = std::move(stop),
                     .report = order.report},
                    order.action);
}

Actions::Actions(engine::Engine& engine, const workspace::BlockIndex& index, ActionsOptions options)
    : impl_(new Impl{.engine = engine, .index = index, .options = std::move(options)}) {}

Actions::~Actions() = default;

void Actions::list(ActionQuery query, std::stop_token stop,
                   std::function<void(Result<std::vector<Action>>)> done) {
  auto shared = std::make_shared<decltype(done)>(std::move(done));
  const bool taken = impl_->lister.post(
      [this, shared, query = std::move(query), stop = std::move(stop)](std::stop_token ending) {
        const EitherStop either(stop, ending);
        (*shared)(impl_->list(query, either.token()));
      });
  if (!taken) (*shared)(cancelled_error("too many lists are wanted"));
}

void Actions::make(ActionOrder order, std::stop_token stop,
                   std::function<void(Result<ActionOutcome>)> done) {
  auto shared = std::make_shared<decltype(done)>(std::move(done));
  const bool taken = impl_->maker.post(
      [this, shared, order = std::move(order), stop = std::move(stop)](std::stop_token ending) {
        const EitherStop either(stop, ending);
        (*shared)(impl_->make(order, either.token()));
      });
  if (!taken) (*shared)(unavailable_error("too many actions are being made; try again later"));
}

}  // namespace rondo::assist
