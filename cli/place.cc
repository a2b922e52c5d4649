#include "cli/place.h"

#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>

#include "config/files.h"
#include "workspace/scanner.h"

namespace rondo::cli {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kMaxFileBytes = 4 << 20;  // as in the index: longer texts are generated, or data

struct Spec {
  std::string file;
  int64_t line = 0;
  int64_t column = 0;
};

// Takes ":number" off the end of `text`.
std::optional<int64_t> take_number(std::string_view& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data() + colon + 1, end, number);
  if (error != std::errc() || parsed != end || number < 1) return std::nullopt;
  text = text.substr(0, colon);
  return number;
}

Result<Spec> parse_spec(const std::string& spec) {
  std::string_view rest = spec;
  const auto column = take_number(rest);
  const auto line = column ? take_number(rest) : std::nullopt;
  if (!line || rest.empty()) {
    return invalid_argument_error("'" + spec +
                                  "' is not FILE:LINE:COLUMN, for example src/main.py:42:17");
  }
  return Spec{.file = std::string(rest), .line = *line, .column = *column};
}

Result<int64_t> offset_of(const workspace::Text& text, const Spec& spec) {
  if (spec.line > text.line_count()) {
    return invalid_argument_error(spec.file + " has no line " + std::to_string(spec.line) +
                                  "; choose one from 1 to " + std::to_string(text.line_count()));
  }
  const workspace::ByteRange line = text.line(spec.line - 1);
  if (spec.column > line.size() + 1) {
    return invalid_argument_error("line " + std::to_string(spec.line) + " of " + spec.file +
                                  " has no column " + std::to_string(spec.column) +
                                  "; choose one from 1 to " + std::to_string(line.size() + 1));
  }
  const int64_t offset = line.begin + spec.column - 1;
  constexpr auto kCharacters = workspace::PositionEncoding::kUtf32;
  const int64_t start = text.offset_at(text.position_at(offset, kCharacters), kCharacters);
  if (start != offset) {
    return invalid_argument_error("column " + std::to_string(spec.column) + " of line " +
                                  std::to_string(spec.line) + " of " + spec.file +
                                  " lies inside a character, which begins at column " +
                                  std::to_string(start - line.begin + 1) + "; columns count bytes");
  }
  return offset;
}

Result<std::string> read_file(const std::string& root, const std::string& path) {
  auto bytes = workspace::read_source(root, path, kMaxFileBytes);
  if (bytes.ok()) return bytes;
  return Status(bytes.status().code(),
                bytes.status().message() + "; name a text file of at most 4 MiB");
}

}  // namespace

Result<Place> find_place(const std::string& spec_text, const std::string& workspace) {
  ASSIGN_OR_RETURN(const Spec spec, parse_spec(spec_text));
  std::error_code error;
  const fs::path file = fs::canonical(spec.file, error);
  if (error) {
    return not_found_error("cannot open " + spec.file + ": " + error.message() +
                           "; name a file that is there");
  }
  const fs::path root = workspace.empty() ? fs::path(workspace_around(file.parent_path().string()))
                                          : fs::canonical(workspace, error);
  if (error || !fs::is_directory(root, error)) {
    return not_found_error("the workspace " + workspace + " is no folder that can be opened" +
                           (error ? ": " + error.message() : "") + "; name one with --workspace");
  }
  const std::string path = file.lexically_relative(root).generic_string();
  if (path.starts_with("..")) {
    return invalid_argument_error(spec.file + " is not inside the workspace " + root.string() +
                                  "; name another with --workspace");
  }
  ASSIGN_OR_RETURN(workspace::Scanner scanner, workspace::Scanner::open(root.string()));
  if (const auto exclusion = scanner.exclusion(path); exclusion && exclusion->at_all) {
    return invalid_argument_error(spec.file + " " + exclusion->reason + ": it is not read");
  }
  ASSIGN_OR_RETURN(std::string bytes, read_file(root.string(), path));
  auto document = std::make_shared<workspace::Document>();
  document->uri = "file://" + file.string();
  document->path = path;
  document->language = &workspace::language_of_file(path, bytes);
  document->text = std::make_shared<const workspace::Text>(std::move(bytes));
  ASSIGN_OR_RETURN(const int64_t offset, offset_of(*document->text, spec));
  return Place{.workspace = root.string(), .document = std::move(document), .offset = offset};
}

std::string workspace_around(const std::string& start) {
  std::error_code error;
  for (fs::path folder = start; folder != folder.parent_path(); folder = folder.parent_path()) {
    for (const char* mark : {".git", config::kWorkspaceFile}) {
      if (fs::exists(folder / mark, error)) return folder.string();
    }
  }
  return start;
}

Result<std::string> find_workspace(const std::string& folder) {
  if (!folder.empty()) return config::canonical_folder(folder);
  ASSIGN_OR_RETURN(const std::string here, config::canonical_folder("."));
  return workspace_around(here);
}

}  // namespace rondo::cli
