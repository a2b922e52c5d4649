#include "cli/blocks_command.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <vector>

#include "workspace/block_query.h"
#include "workspace/chunker.h"
#include "workspace/scanner.h"

namespace rondo::cli {
namespace {

namespace fs = std::filesystem;

struct Arguments {
  std::string path;
  bool json = false;
};

// The folder to read below, and the paths of the files in it: one file, or all that the scanner
// finds.
struct Files {
  std::string root;
  std::vector<std::string> paths;
};

Result<Files> files_of(const std::string& path) {
  std::error_code error;
  const fs::path absolute = fs::canonical(path, error);
  if (error) return not_found_error("cannot open " + path + ": " + error.message());
  if (!fs::is_directory(absolute)) {
    return Files{.root = absolute.parent_path().string(), .paths = {absolute.filename().string()}};
  }
  ASSIGN_OR_RETURN(workspace::Scanner scanner, workspace::Scanner::open(absolute.string()));
  Files files = {.root = scanner.root()};
  ASSIGN_OR_RETURN(
      const auto summary,
      scanner.scan([&](std::string found) { files.paths.push_back(std::move(found)); }, {}));
  if (!summary.note.empty()) std::fprintf(stderr, "rondo: %s\n", summary.note.c_str());
  return files;
}

Json block_json(const workspace::Block& block) {
  return {{"kind", workspace::kind_name(block.kind)},
          {"name", block.qualified_name},
          {"first_line", block.first_line + 1},
          {"last_line", block.last_line + 1},
          {"bytes", block.bytes.size()},
          {"hash", block.hash.to_string()}};
}

void print_file(const std::string& path, const workspace::Chunked& chunked, bool json) {
  if (json) {
    Json blocks = Json::array();
    for (const workspace::Block& block : chunked.blocks) blocks.push_back(block_json(block));
    Json file = {{"path", path}, {"blocks", std::move(blocks)}};
    if (!chunked.skipped.empty()) file["skipped"] = chunked.skipped;
    print_json(file);
    return;
  }
  std::printf("%s%s%s\n", path.c_str(), chunked.skipped.empty() ? "" : ": ",
              chunked.skipped.c_str());
  for (const workspace::Block& block : chunked.blocks) {
    std::printf("  %5lld-%-5lld %-9s %s\n", static_cast<long long>(block.first_line + 1),
                static_cast<long long>(block.last_line + 1),
                std::string(workspace::kind_name(block.kind)).c_str(),
                block.qualified_name.c_str());
  }
}

Status run(const Arguments& arguments) {
  ASSIGN_OR_RETURN(const Files files, files_of(arguments.path));
  workspace::BlockQueries queries;
  workspace::Chunker chunker(queries);
  constexpr int64_t kMaxFileBytes = 4 << 20;
  for (const std::string& path : files.paths) {
    auto bytes = workspace::read_source(files.root, path, kMaxFileBytes);
    if (!bytes.ok()) {
      if (files.paths.size() == 1) return bytes.status();
      std::fprintf(stderr, "rondo: left out: %s\n", bytes.status().message().c_str());
      continue;
    }
    const auto text = std::make_shared<const workspace::Text>(std::move(*bytes));
    ASSIGN_OR_RETURN(const auto chunked,
                     chunker.chunk(workspace::language_of_file(path, text->bytes()), text));
    print_file(path, chunked, arguments.json);
  }
  return {};
}

}  // namespace

void add_blocks_command(CLI::App& app, CommandContext context) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("blocks", "Show the Blocks that a file or a folder is cut into");
  command
      ->add_option("PATH", arguments->path,
                   "A file, or a folder without what its ignore files leave out")
      ->required();
  command->add_flag("--json", arguments->json, "One JSON object a file");
  on_run(*command, context, [arguments] { return run(*arguments); });
}

}  // namespace rondo::cli
