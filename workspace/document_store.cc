#include "workspace/document_store.h"

#include "base/check.h"

namespace rondo::workspace {

void DocumentStore::open(Document document) {
  CHECK(document.text != nullptr && document.language != nullptr, "an open document is complete");
  document.in_sync = true;
  std::string uri = document.uri;
  documents_[std::move(uri)] = std::make_shared<const Document>(std::move(document));
}

Status DocumentStore::change(const std::string& uri, int64_t version,
                             const std::vector<Change>& changes) {
  const auto it = documents_.find(uri);
  if (it == documents_.end()) return not_found_error(uri + " was changed but is not open");
  auto next = std::make_shared<Document>(*it->second);

  Result<Text> text = apply(*it->second, changes);
  if (text.ok() && version <= next->version) {
    text = stale_error(uri + ": change to version " + std::to_string(version) +
                       " came after version " + std::to_string(next->version));
  }
  if (text.ok()) {
    next->text = std::make_shared<const Text>(std::move(*text));
    next->version = version;
  }
  next->in_sync = text.ok();
  if (text.ok()) history_.add(it->second, next);
  it->second = std::move(next);
  return text.status();
}

Result<Text> DocumentStore::apply(const Document& document,
                                  const std::vector<Change>& changes) const {
  Text text = *document.text;
  bool in_sync = document.in_sync;
  for (const Change& change : changes) {
    if (!change.range) {
      text = Text(change.text);
      in_sync = true;
      continue;
    }
    if (!in_sync) {
      return stale_error(
          document.uri +
          ": an earlier change was refused; the whole text is needed, or open it again");
    }
    const auto [begin, end] = *change.range;
    if (end < begin || begin.line < 0 || end.line > text.line_count()) {
      return invalid_argument_error(document.uri + ": a change from line " +
                                    std::to_string(begin.line) + " to line " +
                                    std::to_string(end.line) + " does not fit the text of " +
                                    std::to_string(text.line_count()) + " lines");
    }
    text = text.replace(
        {.begin = text.offset_at(begin, encoding_), .end = text.offset_at(end, encoding_)},
        change.text);
  }
  return text;
}

Status DocumentStore::close(const std::string& uri) {
  if (documents_.erase(uri) == 0) return not_found_error(uri + " was closed but is not open");
  return {};
}

DocumentSnapshot DocumentStore::find(const std::string& uri) const {
  const auto it = documents_.find(uri);
  return it == documents_.end() ? nullptr : it->second;
}

std::vector<DocumentSnapshot> DocumentStore::all() const {
  std::vector<DocumentSnapshot> documents;
  documents.reserve(documents_.size());
  for (const auto& [uri, document] : documents_) documents.push_back(document);
  return documents;
}

}  // namespace rondo::workspace
