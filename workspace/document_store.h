// DocumentStore: the documents that one client has open, as it sees them.
//
// Every change makes a new immutable Document; who holds an older one keeps reading it undisturbed.
//
// Thread: one, that which receives the client's changes. Documents may be read by any.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "workspace/edit_history.h"
#include "workspace/languages.h"
#include "workspace/text.h"

namespace rondo::workspace {

struct Document {
  std::string uri;   // the client's name of it
  std::string path;  // relative to its workspace folder with '/', or as the caller gave it
  const Language* language = nullptr;  // never null in a Document of a store
  int64_t version = 0;
  TextSnapshot text;
  // False after a change that could not be applied: the editor may show another text than this one.
  // Nothing should be completed or edited until the client sends the whole text or opens the
  // document again.
  bool in_sync = true;
};

using DocumentSnapshot = std::shared_ptr<const Document>;

// One change of a document: `text` in place of `range`, or of everything when there is no range.
struct Change {
  std::optional<PositionRange> range;
  std::string text;
};

class DocumentStore {
 public:
  // `encoding` is the unit of the positions in changes.
  explicit DocumentStore(PositionEncoding encoding) : encoding_(encoding) {}

  // Takes over a document. One that is already open is replaced: the client's newest word counts.
  // REQUIRES: document.text and document.language are set.
  void open(Document document);

  // Applies `changes` in order, each to the result of the one before: all of them, or none.
  // Errors, each leaving the text and version as they were: NotFound when it is not open; Stale
  // when `version` is not above the present one, or changes parts of a document that is not in
  // sync; InvalidArgument when a range is reversed or begins or ends more than one line behind the
  // text. Stale and InvalidArgument end Document::in_sync.
  Status change(const std::string& uri, int64_t version, const std::vector<Change>& changes);

  // Errors: NotFound when it is not open.
  Status close(const std::string& uri);

  // The present state, or nullptr when it is not open.
  DocumentSnapshot find(const std::string& uri) const;
  std::vector<DocumentSnapshot> all() const;  // by URI

  // What was changed lately, the latest first (edit_history.h); documents may be closed by now.
  std::vector<DocumentEdit> recent_edits() const { return history_.recent(); }

 private:
  Result<Text> apply(const Document& document, const std::vector<Change>& changes) const;

  PositionEncoding encoding_;
  std::map<std::string, DocumentSnapshot> documents_;  // by URI
  EditHistory history_;
};

}  // namespace rondo::workspace
