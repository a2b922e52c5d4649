#include "lsp/document_sync.h"

#include <utility>

#include "lsp/uri.h"

namespace rondo::lsp {

using workspace::Document;
using workspace::DocumentSnapshot;

void DocumentSync::open(DidOpenParams params) {
  if (store_.find(params.uri) != nullptr) events_.log(params.uri + " is opened again");
  Document document = {.uri = params.uri, .path = path_of(params.uri), .version = params.version};
  document.language = workspace::language_by_client_id(params.language_id);
  if (document.language == nullptr) {
    document.language = &workspace::language_of_file(document.path, params.text);
  }
  document.text = std::make_shared<const workspace::Text>(std::move(params.text));
  replace(std::move(document));
}

void DocumentSync::change(const DidChangeParams& params) {
  const DocumentSnapshot before = store_.find(params.uri);
  if (before == nullptr) return events_.log(params.uri + " was changed but is not open");
  const Status status =
      store_.change(params.uri, params.version.value_or(before->version + 1), params.changes);
  if (!status.ok()) return out_of_sync(params.uri, status);
  warned_.erase(params.uri);
  events_.changed(store_.find(params.uri));
}

// The text of a save is used only when it is needed: some editors save with changes still under
// way, which would then be applied twice.
void DocumentSync::save(DidSaveParams params) {
  const DocumentSnapshot present = store_.find(params.uri);
  if (present == nullptr || present->in_sync || !params.text) return;
  Document document = *present;
  document.text = std::make_shared<const workspace::Text>(std::move(*params.text));
  events_.log(params.uri + " is in sync again by its saved text");
  replace(std::move(document));
}

void DocumentSync::close(const std::string& uri) {
  const DocumentSnapshot last = store_.find(uri);
  if (const Status status = store_.close(uri); !status.ok()) return events_.log(status.message());
  warned_.erase(uri);
  events_.closed(last);
}

void DocumentSync::lost_change(const std::string& uri) {
  const DocumentSnapshot present = store_.find(uri);
  if (present == nullptr) return;
  // A change to the version that it has already is refused, and ends its being in sync.
  (void)store_.change(uri, present->version, {});
  out_of_sync(uri, invalid_argument_error(uri + ": a change could not be read"));
}

void DocumentSync::set_folders(std::vector<std::string> folders) {
  folders_ = std::move(folders);
  for (const DocumentSnapshot& document : store_.all()) {
    if (!document->in_sync) continue;
    Document moved = *document;
    moved.path = path_of(document->uri);
    replace(std::move(moved));
  }
}

// Outside of all folders a document goes by its name alone.
std::string DocumentSync::path_of(const std::string& uri) const {
  const std::optional<std::string> path = path_of_uri(uri);
  const std::optional<PlacedPath> place = path ? place_path(*path, folders_) : std::nullopt;
  return place ? std::string(place->path) : name_of_uri(uri);
}

void DocumentSync::replace(Document document) {
  const std::string uri = document.uri;
  warned_.erase(uri);
  store_.open(std::move(document));
  events_.changed(store_.find(uri));
}

void DocumentSync::out_of_sync(const std::string& uri, const Status& status) {
  events_.log(status.message());
  if (!warned_.insert(uri).second) return;
  events_.warn(status.message() + ". Rondo suggests nothing in this file until you save it.");
}

}  // namespace rondo::lsp
