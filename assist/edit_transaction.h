// EditTransaction: edits of many files that end in exactly the old or the new state, whatever
// happens on the way. Each file's old and new bytes are in the ledger, on the disk, before the file
// is touched; so a run that was killed can be finished or taken back.
//
//     begin {root, about}   answer {key, ...} text ...   joined {paths} ...
//     edit {path} old new   ...   staged {shard}   applied {shard, left} ...
//     end
//
// Answers are what a model wrote, by the key of what it was asked: who resumes the run does not ask
// again.
// Files that joined the plan are said before the edits that made them join: who resumes the run
// looks at them, too.
// Edits behind the last "staged" were never applied; who resumes the run writes "abandoned" behind
// them. Between "staged" and "applied" each file is in its old or its new state. A file with other
// bytes than expected was changed by somebody else; it is never touched.
//
// Thread: one. Owns its ledger, and the lock on it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "assist/ledger.h"
#include "assist/recipe_hole.h"
#include "base/json.h"
#include "base/status.h"

namespace rondo::assist {

struct FileEdit {
  std::string path;  // relative to the root
  std::string before;
  std::string after;
};

// A file that was not changed, and why: a part of a sentence.
struct LeftFile {
  std::string path;
  std::string reason;
};

class EditTransaction {
 public:
  // A new one in the folder `run`, which is made. `about` is kept for who resumes it.
  // Errors: Unavailable.
  static Result<EditTransaction> begin(const std::string& run, const std::string& root,
                                       const Json& about);

  // Makes the edits of one shard, which may be of files of earlier ones; the files that had changed
  // meanwhile are left as they are. Errors: Unavailable when the ledger or a file cannot be
  // written, as on a full disk: then nothing more should be tried; resume() or undo() bring the run
  // to an end.
  Result<std::vector<LeftFile>> apply(const std::vector<FileEdit>& shard);

  // Keeps what a model answered; it outlives the process, if not the machine. Errors: Unavailable.
  Status note_answer(const std::string& key, const HoleAnswer& answer);

  // These files are of the plan from now on; on the disk with the next shard. Errors: Unavailable.
  Status note_joined(const std::vector<std::string>& paths);

  // Nothing more will come. Errors: Unavailable.
  Status end();

  // What a run has come to.
  struct State {
    std::string root;
    Json about;
    std::vector<std::string> applied;     // paths
    std::vector<std::string> last_shard;  // those of them that were applied last
    std::vector<LeftFile> left;
    std::vector<std::string> joined;            // beside those that `about` names
    std::map<std::string, HoleAnswer> answers;  // by key
    bool ended = false;
    bool undone = false;
  };
  // Errors: NotFound when there is no such run.
  static Result<State> state(const std::string& run);

  // Finishes the shard that a killed run was in; the transaction can go on from `state`.
  // Errors: those of apply(), NotFound; InvalidArgument when it was taken back.
  static Result<EditTransaction> resume(const std::string& run, State& state);

  struct Undone {
    std::vector<std::string> restored;
    std::vector<LeftFile> left;  // changed by somebody since
  };
  // Brings every file that the run has changed to its old bytes. May be called again.
  // Errors: NotFound; Unavailable when a file cannot be written: call it again.
  static Result<Undone> undo(const std::string& run);

 private:
  EditTransaction(Ledger ledger, std::string root, std::string id)
      : ledger_(std::move(ledger)), root_(std::move(root)), id_(std::move(id)) {}
  Result<std::vector<LeftFile>> make(const std::vector<FileEdit>& shard);
  static Status take_back(const State& before, const std::string& id, const FileEdit& edit,
                          Undone& undone);
  std::string temporary(std::string_view path) const;

  Ledger ledger_;
  std::string root_;
  std::string id_;  // of the run, the name of its folder
  int64_t n_shards_ = 0;
};

}  // namespace rondo::assist
