#include "bench/typing_trace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

namespace rondo::bench {
namespace {

const std::string kText =
    "def total(cart, discount=None):\n"
    "    amount = sum(item.price for item in cart.items)\n"
    "    if discount is not None:\n"
    "        amount -= discount[\"rate\"] * amount\n"
    "    log(f\"it's {amount:.2f} (before tax)\")\n"
    "    return round_to_cents(amount)\n";

struct Seen {
  Action action;
  std::string text;
  int64_t offset;
};

std::vector<Seen> trace(const TypingTraceOptions& options) {
  std::vector<Seen> all;
  type_trace(kText, options, [&](const TypingState& state) {
    all.push_back({state.action, state.text, state.offset});
    return true;
  });
  return all;
}

TEST(TypingTrace, EveryPlaceEndsAsItWas) {
  for (uint32_t seed = 1; seed < 30; ++seed) {
    const std::vector<Seen> all = trace({.n_actions = 400, .seed = seed});
    ASSERT_GT(all.size(), 100u);
    for (size_t i = 0; i < all.size(); ++i) {
      const bool place_ends = i + 1 == all.size() || all[i + 1].action == Action::kJump;
      if (place_ends) {
        EXPECT_EQ(all[i].text, kText) << seed << " action " << i;
      }
      if (all[i].action == Action::kJump) {
        EXPECT_LT(all[i].text.size(), kText.size()) << seed << " action " << i;
      }
    }
  }
}

TEST(TypingTrace, HasEveryKindOfAction) {
  std::map<Action, int> n;
  for (const Seen& seen : trace({.n_actions = 2000, .seed = 3})) ++n[seen.action];
  for (const Action action :
       {Action::kJump, Action::kKey, Action::kEnter, Action::kDelete, Action::kUndo})
    EXPECT_GT(n[action], 0) << static_cast<int>(action);
}

// A bracket closes by itself and is typed over.
TEST(TypingTrace, BracketsCloseByThemselves) {
  const std::string text = "value = first(second(third), fourth[5])\n";
  std::vector<std::string> behind;  // the cursor
  type_trace(text, {.undo_every = 0}, [&](const TypingState& state) {
    behind.push_back(state.text.substr(state.offset));
    return true;
  });
  ASSERT_EQ(behind.size(), 1 + text.size() - 1);
  EXPECT_EQ(behind[std::string("value = first(").size()], ")\n");
  EXPECT_EQ(behind[std::string("value = first(second(thi").size()], "))\n");
  EXPECT_EQ(behind[std::string("value = first(second(third)").size()], ")\n");
  EXPECT_EQ(behind[std::string("value = first(second(third), fourth[").size()], "])\n");
  EXPECT_EQ(behind.back(), "\n");
}

TEST(TypingTrace, UndoGoesBackToAStateThatWas) {
  const std::vector<Seen> all = trace({.n_actions = 500, .undo_every = 20, .seed = 7});
  int n_undone = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i].action != Action::kUndo) continue;
    ++n_undone;
    const auto same = [&](const Seen& other) {
      return other.text == all[i].text && other.offset == all[i].offset;
    };
    EXPECT_TRUE(std::any_of(all.begin(), all.begin() + static_cast<int64_t>(i), same));
    EXPECT_LT(all[i].offset, all[i - 1].offset);
  }
  EXPECT_GT(n_undone, 5);
}

TEST(TypingTrace, GoesOnAfterAsManyKeysAsItMay) {
  int32_t n_jumps = 0, n_keys = 0, most_keys = 0;
  type_trace(kText, {.n_actions = 40, .most_keys = 3}, [&](const TypingState& state) {
    n_jumps += state.action == Action::kJump ? 1 : 0;
    n_keys = state.action == Action::kJump ? 0 : n_keys + 1;
    most_keys = std::max(most_keys, n_keys);
    return true;
  });
  EXPECT_GT(n_jumps, 1);
  EXPECT_EQ(most_keys, 3);
}

TEST(TypingTrace, EndsWhenToldTo) {
  int n = 0;
  type_trace(kText, {}, [&](const TypingState&) { return ++n < 10; });
  EXPECT_EQ(n, 10);
}

}  // namespace
}  // namespace rondo::bench
