#include "engine/scheduler.h"

#include <algorithm>
#include <numeric>

#include "base/check.h"

namespace rondo::engine {
namespace {

constexpr size_t kMaxRunning = 32;
// Of so many turns one is that of who waited longest: at least 64 rows in half a second for a
// prompt beside people who type all the time, on a CPU.
constexpr int64_t kTurnsOfTheLeast = 64;

bool is_interactive(const std::unique_ptr<Generation>& generation) {
  return generation->priority() == Priority::kInteractive;
}

}  // namespace

int64_t Scheduler::drop_cancelled() {
  return std::erase_if(waiting_, [](const auto& generation) {
    if (!generation->cancelled()) return false;
    generation->fail(cancelled_error("the request was cancelled while it waited"));
    return true;
  });
}

// Of those that `may` work: who has had least, or, now and then, who waited longest. Null when
// there is none.
template <typename May>
Generation* Scheduler::take_turn(May may) {
  auto turn = std::find_if(running_.begin(), running_.end(), may);
  if (turn == running_.end()) return nullptr;
  if (++n_turns_ % kTurnsOfTheLeast != 0) {
    for (auto other = turn + 1; other != running_.end(); ++other) {
      if (may(*other) && (*other)->work() < (*turn)->work()) turn = other;
    }
  }
  std::rotate(turn, turn + 1, running_.end());
  return running_.back().get();
}

Generation& Scheduler::next() {
  while (admit(Priority::kInteractive)) {
  }
  if (Generation* const turn = take_turn(is_interactive)) return *turn;
  if (running_.empty()) admit(Priority::kBackground);
  Generation* const turn = take_turn([](const auto&) { return true; });
  CHECK(turn != nullptr, "the scheduler was asked with nothing to do");
  return *turn;
}

Generation* Scheduler::cancelled() {
  const auto it = std::find_if(running_.begin(), running_.end(),
                               [](const auto& generation) { return generation->cancelled(); });
  return it == running_.end() ? nullptr : it->get();
}

Generation* Scheduler::next_chunk() {
  while (admit(Priority::kInteractive)) {
  }
  const auto wants_step = [](Priority priority) {
    return [priority](const auto& generation) {
      return generation->priority() == priority && generation->wants_step();
    };
  };
  const bool somebody_waits = std::any_of(
      running_.begin(), running_.end(),
      [](const auto& generation) { return is_interactive(generation) && !generation->decoding(); });
  if (somebody_waits) return take_turn(wants_step(Priority::kInteractive));
  if (std::all_of(running_.begin(), running_.end(), is_interactive)) admit(Priority::kBackground);
  return take_turn(wants_step(Priority::kBackground));
}

std::optional<Priority> Scheduler::decoding() const {
  if (n_decoding(Priority::kInteractive) > 0) return Priority::kInteractive;
  const bool somebody_waits = std::any_of(running_.begin(), running_.end(), is_interactive);
  if (!somebody_waits && n_decoding(Priority::kBackground) > 0) return Priority::kBackground;
  return std::nullopt;
}

// Starts the first waiting generation of `priority` that can run; false when there is none or no
// room.
bool Scheduler::admit(Priority priority) {
  if (running_.size() >= kMaxRunning) return false;
  const auto it = std::find_if(waiting_.begin(), waiting_.end(), [&](const auto& generation) {
    return generation->priority() == priority && !cursor_busy(*generation);
  });
  // The first in line: a large request is not passed by small ones for ever.
  if (it == waiting_.end() || !fits(**it)) return false;
  running_.push_back(std::move(*it));
  waiting_.erase(it);
  return true;
}

// One that asks for more than it may have runs to be refused.
bool Scheduler::fits(const Generation& generation) const {
  const auto add = [](int64_t n, const auto& other) { return n + other->n_pages(); };
  const int64_t n_taken = std::accumulate(running_.begin(), running_.end(), int64_t{0}, add);
  return running_.empty() || n_taken + generation.n_pages() <= n_pages_;
}

std::vector<Generation*> Scheduler::decoding(Priority priority, int32_t n_most) {
  std::vector<Generation*> batch;
  const auto is_left_out = [&](const auto& generation) {
    const bool takes_part =
        generation->decoding() && generation->priority() == priority && std::ssize(batch) < n_most;
    if (takes_part) batch.push_back(generation.get());
    return !takes_part;
  };
  std::stable_partition(running_.begin(), running_.end(), is_left_out);
  return batch;
}

int64_t Scheduler::n_decoding(Priority priority) const {
  return std::count_if(running_.begin(), running_.end(), [&](const auto& generation) {
    return generation->decoding() && generation->priority() == priority;
  });
}

bool Scheduler::cursor_busy(const Generation& generation) const {
  return generation.takes_cursor() &&
         std::any_of(running_.begin(), running_.end(), [&](const auto& other) {
           return other->takes_cursor() && other->cursor() == generation.cursor();
         });
}

void Scheduler::remove(const Generation& generation) {
  std::erase_if(running_, [&](const auto& other) { return other.get() == &generation; });
}

int64_t Scheduler::fail_all(const Status& status) {
  const auto n = static_cast<int64_t>(running_.size() + waiting_.size());
  for (auto* list : {&running_, &waiting_}) {
    for (const auto& generation : *list) generation->fail(status);
    list->clear();
  }
  return n;
}

}  // namespace rondo::engine
