#include "assist/edit_transaction.h"

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <set>

#include "assist/tree_file.h"
#include "base/hash.h"

namespace rondo::assist {
namespace {

namespace fs = std::filesystem;

std::string ledger_of(const std::string& run) { return run + "/ledger"; }

// Whether an error ends the run, and not only this file's part in it.
bool is_fatal(const Status& status) { return status.code() == Code::kUnavailable; }

FileEdit edit_of(const Json& json, std::string_view payload) {
  const auto n_before = static_cast<size_t>(json_get<int64_t>(json, "before").value_or(0));
  const size_t cut = std::min(n_before, payload.size());
  return {.path = json_get<std::string>(json, "path").value_or(""),
          .before = std::string(payload.substr(0, cut)),
          .after = std::string(payload.substr(cut))};
}

std::string type_of(const Json& json) { return json_get<std::string>(json, "type").value_or(""); }

std::string temporary_name(const std::string& id, std::string_view path) {
  return ".rondo-" + hash_text(id + "\n" + std::string(path)).to_string().substr(0, 16);
}

std::vector<LeftFile> left_of(const Json& applied) {
  std::vector<LeftFile> left;
  for (const Json& file : applied.value("left", Json::array())) {
    left.push_back({json_get<std::string>(file, "path").value_or(""),
                    json_get<std::string>(file, "reason").value_or("")});
  }
  return left;
}

HoleAnswer answer_of(const Json& json, std::string_view payload) {
  return {.text = std::string(payload),
          .refusal = json_get<std::string>(json, "refusal").value_or(""),
          .mean_logprob = json_get<double>(json, "logprob").value_or(0),
          .n_steps = json_get<int32_t>(json, "steps").value_or(0)};
}

// Calls `visit` for every edit that may have been made, one after the other, in their order.
Status each_staged(const std::string& run, const std::function<Status(FileEdit)>& visit) {
  int64_t n_staged = 0;
  RETURN_IF_ERROR(Ledger::read(ledger_of(run), [&](const Json& json, std::string_view) -> Status {
    n_staged += type_of(json) == "staged" ? 1 : 0;
    return {};
  }));
  return Ledger::read(ledger_of(run), [&](const Json& json, std::string_view payload) -> Status {
    if (type_of(json) == "staged") --n_staged;
    if (type_of(json) != "edit" || n_staged == 0) return {};
    return visit(edit_of(json, payload));
  });
}

}  // namespace

std::string EditTransaction::temporary(std::string_view path) const {
  return temporary_name(id_, path);
}

Result<EditTransaction> EditTransaction::begin(const std::string& run, const std::string& root,
                                               const Json& about) {
  std::error_code error;
  fs::create_directories(run, error);
  if (error) return unavailable_error("cannot make the folder " + run + ": " + error.message());
  ASSIGN_OR_RETURN(Ledger ledger, Ledger::open(ledger_of(run)));
  RETURN_IF_ERROR(ledger.add({{"type", "begin"}, {"root", root}, {"about", about}}));
  RETURN_IF_ERROR(ledger.sync());
  return EditTransaction(std::move(ledger), root, fs::path(run).filename().string());
}

Result<std::vector<LeftFile>> EditTransaction::apply(const std::vector<FileEdit>& shard) {
  for (const FileEdit& edit : shard) {
    const auto n_before = static_cast<int64_t>(edit.before.size());
    RETURN_IF_ERROR(ledger_.add({{"type", "edit"}, {"path", edit.path}, {"before", n_before}},
                                edit.before + edit.after));
  }
  RETURN_IF_ERROR(ledger_.add({{"type", "staged"}, {"shard", n_shards_}}));
  RETURN_IF_ERROR(ledger_.sync());
  return make(shard);
}

// Replaces the files of a staged shard; those that are new already stay.
Result<std::vector<LeftFile>> EditTransaction::make(const std::vector<FileEdit>& shard) {
  std::vector<LeftFile> left;
  Json left_json = Json::array();
  for (const FileEdit& edit : shard) {
    const Status status =
        replace_tree_file(root_, edit.path, edit.before, edit.after, temporary(edit.path));
    if (status.ok()) continue;
    if (is_fatal(status)) return unavailable_error(edit.path + " " + status.message());
    const Result<std::string> now = read_tree_file(root_, edit.path);
    if (now.ok() && *now == edit.after) continue;
    left.push_back({edit.path, status.message()});
    left_json.push_back({{"path", edit.path}, {"reason", status.message()}});
  }
  RETURN_IF_ERROR(
      ledger_.add({{"type", "applied"}, {"shard", n_shards_++}, {"left", std::move(left_json)}}));
  return left;
}

Status EditTransaction::note_answer(const std::string& key, const HoleAnswer& answer) {
  return ledger_.add({{"type", "answer"},
                      {"key", key},
                      {"refusal", answer.refusal},
                      {"logprob", answer.mean_logprob},
                      {"steps", answer.n_steps}},
                     answer.text);
}

Status EditTransaction::note_joined(const std::vector<std::string>& paths) {
  return ledger_.add({{"type", "joined"}, {"paths", paths}});
}

Status EditTransaction::end() {
  RETURN_IF_ERROR(ledger_.add({{"type", "end"}}));
  return ledger_.sync();
}

Result<EditTransaction::State> EditTransaction::state(const std::string& run) {
  State state;
  std::vector<std::string> open;  // edits since the last shard
  const auto visit = [&](const Json& json, std::string_view payload) -> Status {
    const std::string type = type_of(json);
    if (type == "answer") {
      state.answers[json_get<std::string>(json, "key").value_or("")] = answer_of(json, payload);
    } else if (type == "joined") {
      for (const Json& path : json.value("paths", Json::array())) {
        if (path.is_string()) state.joined.push_back(path);
      }
    } else if (type == "begin") {
      state.root = json_get<std::string>(json, "root").value_or("");
      state.about = json.value("about", Json());
    } else if (type == "edit") {
      open.push_back(json_get<std::string>(json, "path").value_or(""));
    } else if (type == "abandoned") {
      open.clear();
    } else if (type == "applied") {
      std::set<std::string> out;
      for (LeftFile& file : left_of(json)) {
        out.insert(file.path);
        state.left.push_back(std::move(file));
      }
      std::erase_if(open, [&](const std::string& path) { return out.contains(path); });
      state.applied.insert(state.applied.end(), open.begin(), open.end());
      state.last_shard = std::move(open);
      open.clear();
    }
    state.ended = state.ended || type == "end";
    state.undone = state.undone || type == "undone";
    return {};
  };
  RETURN_IF_ERROR(Ledger::read(ledger_of(run), visit));
  if (state.root.empty()) return not_found_error("the run " + run + " had not begun");
  return state;
}

Result<EditTransaction> EditTransaction::resume(const std::string& run, State& out) {
  ASSIGN_OR_RETURN(Ledger ledger, Ledger::open(ledger_of(run)));
  ASSIGN_OR_RETURN(out, state(run));
  if (out.undone) return invalid_argument_error("this run was taken back; start another");
  EditTransaction transaction(std::move(ledger), out.root, fs::path(run).filename().string());
  std::vector<FileEdit> open;
  bool staged = false;
  RETURN_IF_ERROR(
      Ledger::read(ledger_of(run), [&](const Json& json, std::string_view payload) -> Status {
        const std::string type = type_of(json);
        // What was recorded and not staged when the run died is recorded anew.
        if (type == "edit") open.push_back(edit_of(json, payload));
        if (type == "staged") staged = true;
        if (type == "applied" || type == "abandoned") {
          open.clear();
          staged = false;
          transaction.n_shards_ += type == "applied" ? 1 : 0;
        }
        return {};
      }));
  if (!open.empty() && !staged) {
    RETURN_IF_ERROR(transaction.ledger_.add({{"type", "abandoned"}}));
  } else if (staged) {
    for (const FileEdit& edit : open) {
      clean_tree_file(out.root, edit.path, edit.before, edit.after,
                      transaction.temporary(edit.path));
    }
    ASSIGN_OR_RETURN(const std::vector<LeftFile> left, transaction.make(open));
  }
  ASSIGN_OR_RETURN(out, state(run));
  return transaction;
}

// Brings the file of `edit` back to what it was before it, unless somebody changed it since.
Status EditTransaction::take_back(const State& before, const std::string& id, const FileEdit& edit,
                                  Undone& undone) {
  const std::string temporary = temporary_name(id, edit.path);
  clean_tree_file(before.root, edit.path, edit.before, edit.after, temporary);
  const auto is_it = [&](const LeftFile& file) { return file.path == edit.path; };
  // Files that the run had left to whoever changed them, and those that it cannot bring back.
  const bool never = std::any_of(before.left.begin(), before.left.end(), is_it) ||
                     std::any_of(undone.left.begin(), undone.left.end(), is_it);
  const Result<std::string> now = read_tree_file(before.root, edit.path);
  if (never || (now.ok() && *now == edit.before)) return {};
  const Status status =
      replace_tree_file(before.root, edit.path, edit.after, edit.before, temporary);
  std::vector<std::string>& restored = undone.restored;
  if (status.ok()) {
    if (std::find(restored.begin(), restored.end(), edit.path) == restored.end())
      restored.push_back(edit.path);
  } else if (is_fatal(status)) {
    return unavailable_error(edit.path + " " + status.message());
  } else {
    undone.left.push_back({edit.path, status.message()});
  }
  return {};
}

// A file that was edited several times goes back edit by edit, from the last to the first.
Result<EditTransaction::Undone> EditTransaction::undo(const std::string& run) {
  ASSIGN_OR_RETURN(const State before, state(run));
  ASSIGN_OR_RETURN(Ledger ledger, Ledger::open(ledger_of(run)));
  const std::string id = fs::path(run).filename().string();
  std::map<std::string, int64_t> n_edits;
  RETURN_IF_ERROR(each_staged(run, [&](const FileEdit& edit) -> Status {
    ++n_edits[edit.path];
    return {};
  }));
  Undone undone;
  std::vector<FileEdit> several;
  RETURN_IF_ERROR(each_staged(run, [&](FileEdit edit) -> Status {
    if (n_edits[edit.path] == 1) return take_back(before, id, edit, undone);
    several.push_back(std::move(edit));
    return {};
  }));
  for (; !several.empty(); several.pop_back()) {
    RETURN_IF_ERROR(take_back(before, id, several.back(), undone));
  }
  RETURN_IF_ERROR(ledger.add({{"type", "undone"}}));
  RETURN_IF_ERROR(ledger.sync());
  return undone;
}

}  // namespace rondo::assist
