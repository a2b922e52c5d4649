#include "tests/lsp/transcript.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <fstream>
#include <map>
#include <vector>

#include "lsp/session.h"

namespace rondo::lsp {
namespace {

// Whether `actual` has at least what `wanted` has.
bool matches(const Json& wanted, const Json& actual) {
  if (wanted.is_object()) {
    if (!actual.is_object()) return false;
    for (const auto& [key, value] : wanted.items()) {
      if (key.starts_with('!')) {
        if (actual.contains(key.substr(1))) return false;
        continue;
      }
      if (!actual.contains(key) || !matches(value, actual[key])) return false;
    }
    return true;
  }
  if (wanted.is_array()) {
    if (!actual.is_array() || actual.size() != wanted.size()) return false;
    for (size_t i = 0; i < wanted.size(); ++i) {
      if (!matches(wanted[i], actual[i])) return false;
    }
    return true;
  }
  if (wanted.is_string() && actual.is_string()) {
    const auto text = wanted.get<std::string>();
    if (text.size() >= 2 && text.starts_with('*') && text.ends_with('*')) {
      return actual.get<std::string>().find(text.substr(1, text.size() - 2)) != std::string::npos;
    }
  }
  return wanted == actual;
}

struct Step {
  int line = 0;
  std::string kind;  // "-->", "->>", "<--" or "==="
  std::string text;
};

std::vector<Step> read_steps(const std::string& path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << "cannot open " << path;
  std::vector<Step> steps;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line.starts_with('#')) continue;
    if (line.starts_with(' ') && !steps.empty()) {
      steps.back().text += line;
    } else {
      steps.push_back({.line = number,
                       .kind = line.substr(0, 3),
                       .text = line.size() > 4 ? line.substr(4) : ""});
    }
  }
  return steps;
}

std::string unescape(std::string text) {
  for (const auto& [from, to] : {std::pair("\\r", "\r"), std::pair("\\n", "\n")}) {
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; ++at) {
      text.replace(at, 2, to);
    }
  }
  return text;
}

// The session, and what stands around it in a process: queue, engine, workspace.
class Player {
 public:
  Player() : session_("1.2.3", hooks()) {}

  void play(const Step& step) {
    if (step.kind != "<--" && !step.text.starts_with("asked")) expect_silence();
    if (step.kind == "-->") return send(frame_message(step.text));
    if (step.kind == "->>") return send(unescape(step.text));
    if (step.kind == "<--") return expect_message(parse(step.text));
    ASSERT_EQ(step.kind, "===") << "no such kind of step";
    const size_t space = std::min(step.text.find(' '), step.text.size());
    const std::string word = step.text.substr(0, space);
    const std::string rest = space < step.text.size() ? step.text.substr(space + 1) : "";
    ASSERT_TRUE(words_.contains(word)) << "no such step: " << word;
    words_[word](rest);
    drain();
  }

  void expect_silence() {
    for (const Json& message : sent_) ADD_FAILURE() << "unexpected: " << dump_json(message);
    sent_.clear();
  }

 private:
  struct Asked {
    assist::CompletionParams params;
    std::stop_token stop;
    std::function<void(Result<assist::CompletionOutcome>)> done;
    bool answered = false;
  };

  template <typename Order, typename Outcome>
  struct Job {
    Order order;
    std::stop_token stop;
    std::function<void(Result<Outcome>)> done;
  };

  ActionService actions() {
    return {.list =
                [this](assist::ActionQuery query, std::stop_token stop, auto done) {
                  listing_ = {std::move(query), std::move(stop), std::move(done)};
                },
            .make =
                [this](assist::ActionOrder order, std::stop_token stop, auto done) {
                  making_ = {std::move(order), std::move(stop), std::move(done)};
                },
            .uri_of = [](const workspace::Document&,
                         const std::string& path) { return "file:///w/" + path; }};
  }

  void listing(const std::string& rest) {
    const assist::ActionQuery& query = listing_.order;
    ASSERT_NE(query.document, nullptr) << "no list was wanted";
    Json diagnostics = Json::array();
    for (const assist::Diagnostic& one : query.diagnostics) {
      diagnostics.push_back({{"begin", one.bytes.begin},
                             {"end", one.bytes.end},
                             {"message", one.message},
                             {"source", one.source},
                             {"code", one.code}});
    }
    const Json actual = {{"path", query.document->path},
                         {"begin", query.selection.begin},
                         {"end", query.selection.end},
                         {"automatic", query.automatic},
                         {"diagnostics", diagnostics}};
    EXPECT_TRUE(matches(parse(rest), actual)) << "wanted " << dump_json(actual);
  }

  void offer(const std::string& rest) {
    std::vector<assist::Action> actions;
    for (const Json& one : parse(rest)) {
      actions.push_back({.name = one["name"],
                         .title = one["title"],
                         .disabled = one.value("disabled", ""),
                         .bytes = {one.value("begin", 0), one.value("end", 0)},
                         .choice = one.value("choice", "")});
      if (one.contains("diagnostic")) actions.back().diagnostic = one["diagnostic"];
    }
    listing_.done(std::move(actions));
  }

  void making(const std::string& rest) {
    const assist::Action& action = making_.order.action;
    const Json actual = {{"name", action.name},
                         {"begin", action.bytes.begin},
                         {"end", action.bytes.end},
                         {"choice", action.choice}};
    EXPECT_TRUE(matches(parse(rest), actual)) << "made " << dump_json(actual);
  }

  static std::vector<assist::TextEdit> edits_of(const Json& json) {
    std::vector<assist::TextEdit> edits;
    for (const Json& one : json) edits.push_back({{one["begin"], one["end"]}, one["with"]});
    return edits;
  }

  void made(const std::string& rest) {
    const Json json = parse(rest);
    if (const auto code = json_get<std::string>(json, "error")) {
      return making_.done(failure(*code));
    }
    assist::ActionOutcome outcome = {.edits = edits_of(json["edits"])};
    outcome.markdown = json_get<std::string>(json, "markdown").value_or("");
    outcome.steps = {{.step = 1, .focus = "draft: x", .n_tokens = 7}};
    if (json.contains("other")) {
      const Json& other = json["other"];
      outcome.others.push_back({.path = other["path"],
                                .before = json_get<std::string>(other, "before"),
                                .edits = edits_of(other["edits"])});
    }
    making_.done(std::move(outcome));
  }

  SessionHooks hooks() {
    return {.send = [this](const Json& message) { sent_.push_back(message); },
            .post = [this](std::function<void()> work) { posted_.push_back(std::move(work)); },
            .log = [this](const std::string& line) { log_ += line + "\n"; },
            .exit = [this](int code) { exit_code_ = code; },
            .watch_process = [this](int64_t id) { log_ += "watching " + std::to_string(id); },
            .set_folders = [this](const std::vector<std::string>& f) { folders_ = f; },
            .files_changed = [this](const std::vector<std::string>& f) { changed_files_ = f; },
            .document_changed =
                [this](const workspace::DocumentSnapshot& document) { changed_ = document; },
            .document_closed =
                [this](const workspace::DocumentSnapshot& document) { closed_ = document->path; },
            .read_configuration = [](const std::vector<std::string>&,
                                     auto done) { done(config::FileLayers()); },
            .prepare =
                [this](assist::CompletionParams p) {
                  prepared_ = p.document->path + ":" + std::to_string(p.offset);
                },
            .after_pause = [this](std::chrono::milliseconds,
                                  std::function<void()> work) { pause_ = std::move(work); },
            .watch_files = [this] { log_ += "watching files"; }};
  }

  static Json parse(const std::string& text) {
    Result<Json> json = parse_json(text, "the step");
    EXPECT_TRUE(json.ok()) << json.status().message();
    return json.ok() ? *json : Json();
  }

  void send(const std::string& bytes) {
    for (Frame& frame : reader_.feed(bytes)) session_.receive(std::move(frame));
    drain();
  }

  void drain() {
    while (!posted_.empty()) {
      const std::function<void()> work = std::move(posted_.front());
      posted_.pop_front();
      work();
    }
  }

  void expect_message(const Json& wanted) {
    ASSERT_FALSE(sent_.empty()) << "nothing was sent; wanted " << dump_json(wanted);
    EXPECT_TRUE(matches(wanted, sent_.front()))
        << "wanted " << dump_json(wanted) << "\n   got " << dump_json(sent_.front());
    sent_.pop_front();
  }

  void model(const std::string& rest) {
    if (rest != "ready") {
      return session_.model_failed(not_found_error(rest.substr(rest.find(' ') + 1)));
    }
    session_.actions_ready(actions());
    session_.model_ready([this](assist::CompletionParams params, std::stop_token stop, auto done) {
      asked_.push_back({std::move(params), std::move(stop), std::move(done)});
    });
  }

  void index(const std::string& rest) {
    const std::string message = rest.substr(rest.find(' ') + 1);
    if (rest.starts_with("ready")) return session_.index_ready(message);
    session_.indexing(message, std::stoi(rest));
  }

  void asked(const std::string& rest) {
    ASSERT_FALSE(asked_.empty()) << "the model was not asked";
    const assist::CompletionParams& params = asked_.back().params;
    const Json actual = {{"path", params.document->path},
                         {"language", params.document->language->id},
                         {"version", params.document->version},
                         {"text", params.document->text->bytes()},
                         {"offset", params.offset},
                         {"automatic", params.automatic},
                         {"candidates", params.n_candidates},
                         {"max_tokens", params.max_tokens},
                         {"context", params.use_context},
                         {"multiline", params.multiline},
                         {"confidence", assist::percent_of(params.gate.min_mean)},
                         {"must_start_with", params.must_start_with},
                         {"replace_begin", params.replace_begin}};
    EXPECT_TRUE(matches(parse(rest), actual)) << "asked " << dump_json(actual);
  }

  void answer(const std::string& rest) {
    const auto open = std::find_if(asked_.begin(), asked_.end(),
                                   [](const Asked& asked) { return !asked.answered; });
    ASSERT_NE(open, asked_.end()) << "the model has no open request";
    open->answered = true;
    const Json json = parse(rest);
    if (const auto code = json_get<std::string>(json, "error")) return open->done(failure(*code));
    assist::CompletionOutcome outcome;
    outcome.report.n_prompt_tokens = 20;
    outcome.report.silence = json_get<std::string>(json, "silence").value_or("");
    if (const auto mean = json_get<double>(json, "gate")) {
      const assist::Confidence confidence = {.mean = static_cast<float>(*mean)};
      outcome.report.gate = {.confidence = confidence, .gate = open->params.gate};
    }
    if (const auto refused = json_get<std::string>(json, "refused")) {
      outcome.report.silence = *refused;
      outcome.report.refused = true;
    }
    for (const Json& one : json.is_array() ? json : Json::array({json})) {
      if (!one.contains("text")) continue;
      outcome.candidates.push_back({.text = one["text"],
                                    .replace_begin = one.value("begin", open->params.offset),
                                    .replace_end = one.value("end", open->params.offset),
                                    .mean_logprob = -0.5f});
    }
    open->done(std::move(outcome));
  }

  static Status failure(const std::string& code) {
    if (code == "stale") return stale_error("a newer request came");
    if (code == "nothing") return not_found_error("Nothing was changed: nothing to add");
    if (code == "cancelled") return cancelled_error("stopped");
    return resource_exhausted_error("no page is free");
  }

  void stopped(const std::string&) {
    ASSERT_FALSE(asked_.empty()) << "the model was not asked";
    EXPECT_TRUE(asked_.back().stop.stop_requested()) << "the work goes on";
  }

  // Takes back what was prepared before.
  void pause() {
    prepared_ = "none";
    if (const auto work = std::exchange(pause_, nullptr)) work();
  }

  void changed(const std::string& rest) {
    ASSERT_NE(changed_, nullptr) << "no document changed";
    EXPECT_TRUE(matches(parse(rest), {{"path", changed_->path},
                                      {"version", changed_->version},
                                      {"in_sync", changed_->in_sync},
                                      {"text", changed_->text->bytes()}}))
        << changed_->path << " version " << changed_->version << ": " << changed_->text->bytes();
  }

  std::deque<Json> sent_;
  std::deque<std::function<void()>> posted_;
  std::vector<Asked> asked_;
  Job<assist::ActionQuery, std::vector<assist::Action>> listing_;
  Job<assist::ActionOrder, assist::ActionOutcome> making_;
  std::vector<std::string> folders_;
  std::vector<std::string> changed_files_;
  workspace::DocumentSnapshot changed_;
  std::string closed_;
  std::string prepared_ = "none";
  std::function<void()> pause_;
  std::string log_;
  int exit_code_ = -1;
  std::map<std::string, std::function<void(const std::string&)>> words_ = {
      {"model", [this](const std::string& rest) { model(rest); }},
      {"index", [this](const std::string& rest) { index(rest); }},
      {"asked", [this](const std::string& rest) { asked(rest); }},
      {"answer", [this](const std::string& rest) { answer(rest); }},
      {"stopped", [this](const std::string& rest) { stopped(rest); }},
      {"listing", [this](const std::string& rest) { listing(rest); }},
      {"offer", [this](const std::string& rest) { offer(rest); }},
      {"making", [this](const std::string& rest) { making(rest); }},
      {"working", [this](const std::string& rest) { making_.order.report(rest); }},
      {"made", [this](const std::string& rest) { made(rest); }},
      {"unwanted",
       [this](const std::string&) { EXPECT_TRUE(making_.stop.stop_requested()) << "it goes on"; }},
      {"changed", [this](const std::string& rest) { changed(rest); }},
      {"closed", [this](const std::string& rest) { EXPECT_EQ(closed_, rest); }},
      {"pause", [this](const std::string&) { pause(); }},
      {"prepared", [this](const std::string& rest) { EXPECT_EQ(prepared_, rest); }},
      {"folders", [this](const std::string& rest) { EXPECT_EQ(Json(folders_), parse(rest)); }},
      {"files", [this](const std::string& rest) { EXPECT_EQ(Json(changed_files_), parse(rest)); }},
      {"exit", [this](const std::string& rest) { EXPECT_EQ(exit_code_, std::stoi(rest)); }},
      {"logged",
       [this](const std::string& rest) { EXPECT_NE(log_.find(rest), std::string::npos) << log_; }},
  };
  FrameReader reader_;
  Session session_;
};

}  // namespace

void play_transcript(const std::string& path) {
  Player player;
  for (const Step& step : read_steps(path)) {
    SCOPED_TRACE(path + ":" + std::to_string(step.line));
    player.play(step);
    if (testing::Test::HasFatalFailure()) return;
  }
  SCOPED_TRACE(path + ": at the end");
  player.expect_silence();
}

}  // namespace rondo::lsp
