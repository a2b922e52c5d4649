// Script: answers from a file, for a ScriptedEngine to give: written by hand for tests and
// demonstrations, or made of a recorded run.
//
//     {"answers": [{"when": ["def area", "# in metres"], "text": "w * h", "logprob": -0.2},
//                  {"when": "explain", "text": "It adds.", "times": 1, "ends": "limit"},
//                  {"error": "unavailable: out of memory"}]}
//
// A request gets the first answer that fits it and is not used up.
//
// Thread: values; Script::take by one thread at a time.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "engine/request.h"
#include "engine/tokenizer.h"

namespace rondo::engine {

// One answer. In a file all members may be left out.
struct ScriptedAnswer {
  // "when", a text or a list: all of them stand in the prompt.
  std::vector<std::string> when;
  // "scored": an answer to requests that score exactly this text, with `logprobs`.
  std::optional<std::string> scored;
  // "text": behind what healing asks for. "tokens", a list of ids: all of the answer instead.
  std::string text;
  TokenIds tokens;
  // "logprob", a number or a list: one a token, the last one for all that follow.
  std::vector<float> logprobs = {-0.1f};
  // "ends": "stop" (the model has said all), or "limit": cut off as if max_tokens had come.
  bool ends_by_limit = false;
  // "error": "unavailable: why", by a name of code_name(); nothing is generated.
  Status error;
  // "times": for so many requests; without it for any number.
  int64_t n_times = std::numeric_limits<int64_t>::max();
  // Not before ScriptedEngine::advance() has come so far. "waits": true: never, until cancelled.
  int64_t moment = 0;
  // What the completion says of how it was made; not in files.
  Timings timings;
  int32_t n_cached_tokens = 0;
  int32_t n_encoded_tokens = 0;

  static constexpr int64_t kNever = std::numeric_limits<int64_t>::max();
};

// Where a ScriptedEngine has its answers from.
class AnswerSource {
 public:
  virtual ~AnswerSource() = default;
  // The answer to `request`, asked at this `moment`. Called by one thread at a time.
  // Errors: NotFound when there is none.
  virtual Result<ScriptedAnswer> take(const Request& request, const Tokenizer& tokenizer,
                                      int64_t moment) = 0;
};

class Script final : public AnswerSource {
 public:
  explicit Script(std::vector<ScriptedAnswer> answers) : answers_(std::move(answers)) {}
  // Errors: NotFound when there is no such file; InvalidArgument naming it and what is wrong.
  static Result<Script> load(const std::string& path);
  // `what` names the text in errors.
  static Result<Script> parse(std::string_view text, std::string_view what);

  // The answer to `request`, used once more; one that begins with a barred token does not fit.
  // Errors: NotFound with the end of the prompt, when none fits.
  Result<ScriptedAnswer> take(const Request& request, const Tokenizer& tokenizer,
                              int64_t moment) override;

 private:
  std::vector<ScriptedAnswer> answers_;
};

// "unavailable: why", as Status::to_string() writes it; nothing when `text` is none.
std::optional<Status> read_error(std::string_view text);

// All ids of `answer` to `request`, those that spell the healed bytes first.
TokenIds answer_tokens(const ScriptedAnswer& answer, const Request& request,
                       const Tokenizer& tokenizer);

}  // namespace rondo::engine
