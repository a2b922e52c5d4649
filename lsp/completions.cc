#include "lsp/completions.h"

#include <algorithm>
#include <utility>

namespace rondo::lsp {
namespace {

using assist::CompletionCandidate;
using assist::CompletionOutcome;
using workspace::Text;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<uint8_t>(c) >= 0x80;
}

// `candidate` as the client sees it. A menu filters by the word at the cursor, so for it the
// suggestion takes over that word.
Suggestion to_suggestion(const Question& question, const CompletionCandidate& candidate) {
  const Text& text = *question.document->text;
  int64_t begin = candidate.replace_begin;
  if (question.whole_words) {
    while (begin > 0 && is_word(text.bytes()[begin - 1])) --begin;
  }
  std::string whole(text.slice({.begin = begin, .end = candidate.replace_begin}));
  return {.text = whole.append(candidate.text),
          .range = {.begin = text.position_at(begin, question.encoding),
                    .end = text.position_at(candidate.replace_end, question.encoding)}};
}

}  // namespace

void Completions::model_ready(Complete complete) {
  complete_ = std::move(complete);
  failure_.clear();
  for (auto& [key, pending] : pending_) {
    if (std::exchange(pending.waiting, false)) start(pending);
  }
}

void Completions::model_failed(std::string reason) {
  complete_ = nullptr;
  failure_ = std::move(reason);
  for (auto& [key, pending] : pending_) {
    if (std::exchange(pending.waiting, false)) decline(*pending.question, pending.reply, failure_);
  }
}

void Completions::ask(Question question, const Reply& reply) {
  if (!failure_.empty()) return decline(question, reply, failure_);
  const Key key = {question.document->uri, question.method};
  if (const auto before = pending_.find(key); before != pending_.end()) end(before->second);
  record(question, "the model is still being loaded");
  Pending pending = {.question = std::make_shared<const Question>(std::move(question)),
                     .reply = reply,
                     .waiting = !complete_};
  Pending& stored = pending_.insert_or_assign(key, std::move(pending)).first->second;
  if (!stored.waiting) start(stored);
}

void Completions::decline(const Question& question, const Reply& reply, std::string reason) {
  record(question, std::move(reason));
  reply.result(question.to_result({}));
}

void Completions::supersede(const std::string& uri) {
  auto it = pending_.lower_bound({uri, {}});
  while (it != pending_.end() && it->first.first == uri) {
    end(it->second);
    it = pending_.erase(it);
  }
}

void Completions::supersede_all() {
  for (auto& [key, pending] : pending_) end(pending);
  pending_.clear();
}

void Completions::forget(const std::string& uri) {
  supersede(uri);
  why_.erase(uri);
}

void Completions::made(const workspace::Document& document, std::string_view method,
                       workspace::Position position, const std::vector<assist::LoopStep>& steps) {
  why_[document.uri] = {.method = std::string(method),
                        .asked = std::chrono::steady_clock::now(),
                        .version = document.version,
                        .position = position,
                        .invoked = true,
                        .n_suggestions = 1,
                        .steps = steps};
}

const WhyReport* Completions::why(const std::string& uri) const {
  const auto it = why_.find(uri);
  return it == why_.end() ? nullptr : &it->second;
}

const std::pair<const std::string, WhyReport>* Completions::last_why() const {
  const auto it = std::max_element(why_.begin(), why_.end(), [](const auto& a, const auto& b) {
    return a.second.asked < b.second.asked;
  });
  return it == why_.end() ? nullptr : &*it;
}

int64_t Completions::n_open() const {
  int64_t n = 0;
  for (const auto& [key, pending] : pending_) n += pending.reply.open() ? 1 : 0;
  return n;
}

// The model works on another thread; what comes back is handled on ours, if we are still there.
void Completions::start(Pending& pending) {
  if (!pending.reply.open()) return;
  record(*pending.question, "the model is working on it");
  complete_(pending.question->params, pending.reply.stop_token(),
            [post = post_, self = std::weak_ptr(self_), question = pending.question,
             reply = pending.reply](Result<CompletionOutcome> outcome) {
              post([self, question, reply, outcome = std::move(outcome)] {
                if (const auto completions = self.lock()) {
                  completions->finish(*question, reply, outcome);
                }
              });
            });
}

void Completions::finish(const Question& question, const Reply& reply,
                         const Result<CompletionOutcome>& outcome) {
  const auto pending = pending_.find({question.document->uri, question.method});
  const bool newest = pending != pending_.end() && pending->second.question.get() == &question;
  if (newest) pending_.erase(pending);
  if (!reply.open()) {
    if (newest) record(question, "the client cancelled the request");
    return;
  }
  if (!outcome.ok()) {
    const Status& status = outcome.status();
    const bool gave_up = status.code() == Code::kCancelled || status.code() == Code::kStale;
    if (gave_up) return reply.result(nullptr);
    log_(question.document->path + ": " + status.to_string());
    return decline(question, reply, status.message());
  }
  std::vector<Suggestion> suggestions;
  for (const CompletionCandidate& candidate : outcome->candidates) {
    suggestions.push_back(to_suggestion(question, candidate));
  }
  WhyReport& why = record(question, "");
  why.n_suggestions = static_cast<int64_t>(suggestions.size());
  why.report = outcome->report;
  if (!suggestions.empty()) {
    why.mean_logprob = outcome->candidates[0].mean_logprob;
    why.steps = outcome->report.steps;
    if (why.steps.empty())
      why.steps = {{.focus = "draft: line " + std::to_string(question.position.line + 1),
                    .n_tokens = outcome->report.n_generated_tokens}};
  }
  reply.result(question.to_result(suggestions));
  answered_(question.document->uri, why);
}

void Completions::end(Pending& pending) {
  if (!pending.reply.open()) return;
  record(*pending.question, "a newer request or an edit came before it was done");
  pending.reply.result(nullptr);
}

WhyReport& Completions::record(const Question& question, std::string reason) {
  WhyReport& why = why_[question.document->uri];
  why = {.method = std::string(question.method),
         .asked = std::chrono::steady_clock::now(),
         .version = question.document->version,
         .position = question.position,
         .invoked = !question.params.automatic};
  why.report.silence = std::move(reason);
  return why;
}

}  // namespace rondo::lsp
