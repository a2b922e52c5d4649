// DocumentSync: the open documents of one client, kept equal to what it shows.
//
// What happens when the two come apart: a change that cannot be applied (its version is not newer,
// its range does not fit, it was too large or not readable) leaves the text as it was and makes the
// document out of sync. Later changes are not applied to it, and nothing is suggested in it; the
// user is told once, with the reason. The next whole text - a change without range, a save (we ask
// for the text), or opening it again - puts it right. Nothing is ever thrown away.
//
// Thread: the loop. Snapshots travel. Ownership: owns the store; the callbacks must outlive it.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lsp/protocol.h"
#include "workspace/document_store.h"

namespace rondo::lsp {

struct DocumentEvents {
  // It was opened, or its text is another one now.
  std::function<void(const workspace::DocumentSnapshot&)> changed;
  std::function<void(const workspace::DocumentSnapshot&)> closed;
  std::function<void(const std::string& line)> log;
  std::function<void(const std::string& sentence)> warn;  // the user
};

class DocumentSync {
 public:
  DocumentSync(workspace::PositionEncoding encoding, DocumentEvents events)
      : store_(encoding), events_(std::move(events)) {}

  void open(DidOpenParams params);
  void change(const DidChangeParams& params);
  void save(DidSaveParams params);
  void close(const std::string& uri);
  // A change of this document did not reach us.
  void lost_change(const std::string& uri);

  // The folders of the workspace, absolute; open documents get their paths anew and count as
  // changed.
  void set_folders(std::vector<std::string> folders);

  // The present state, or nullptr when it is not open.
  workspace::DocumentSnapshot find(const std::string& uri) const { return store_.find(uri); }
  std::vector<workspace::DocumentSnapshot> all() const { return store_.all(); }
  std::vector<workspace::DocumentEdit> recent_edits() const { return store_.recent_edits(); }
  int64_t size() const { return static_cast<int64_t>(store_.all().size()); }

 private:
  std::string path_of(const std::string& uri) const;
  void replace(workspace::Document document);
  void out_of_sync(const std::string& uri, const Status& status);

  workspace::DocumentStore store_;
  DocumentEvents events_;
  std::vector<std::string> folders_;
  std::set<std::string> warned_;  // URIs of documents that are out of sync, as the user knows
};

}  // namespace rondo::lsp
