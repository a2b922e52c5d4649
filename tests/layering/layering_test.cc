// The tree is the architecture: includes and link edges go down only. A row of kLayers may use the
// rows before it and nothing beside itself; tests/ may use everything. Beside that, the method
// names of the Language Server Protocol are spelled in one place.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <regex>
#include <string>
#include <vector>

namespace rondo {
namespace {

namespace fs = std::filesystem;

// Bottom to top.
const std::vector<std::vector<std::string>> kLayers = {
    {"base"},   {"config", "kernels"},     {"engine"}, {"workspace"},
    {"assist"}, {"lsp", "serve", "bench"}, {"cli"},
};

struct File {
  std::string path;  // relative to the source tree
  std::string text;
};

std::optional<size_t> layer_of(const std::string& folder) {
  for (size_t i = 0; i < kLayers.size(); ++i) {
    if (std::count(kLayers[i].begin(), kLayers[i].end(), folder) != 0) return i;
  }
  return std::nullopt;
}

std::string top_folder(const std::string& path) { return path.substr(0, path.find('/')); }

bool is_source(const fs::path& path) {
  const std::string extension = path.extension();
  return extension == ".h" || extension == ".cc" || extension == ".cu" || extension == ".cuh";
}

// The first group of every match of `pattern` in `text`.
std::vector<std::string> matches(const std::string& text, const std::regex& pattern) {
  std::vector<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it) {
    found.push_back((*it)[1]);
  }
  return found;
}

bool goes_down(const std::string& from, const std::string& to) {
  return from == to || layer_of(to) < layer_of(from);
}

// Quoted includes are ours and begin with a layer; <...> are checked when they name a layer.
std::vector<std::string> bad_includes(const File& file) {
  static const std::regex quoted(R"re((?:^|\n)[ \t]*#[ \t]*include[ \t]*"([^"\n]+)")re");
  static const std::regex angled(R"re((?:^|\n)[ \t]*#[ \t]*include[ \t]*<([^>\n]+)>)re");
  const std::string folder = top_folder(file.path);
  std::vector<std::string> errors;
  for (const std::string& include : matches(file.text, quoted)) {
    const std::string target = top_folder(include);
    if (!layer_of(target)) {
      errors.push_back(file.path + ": \"" + include + "\" is in no folder of the list");
    } else if (!goes_down(folder, target)) {
      errors.push_back(file.path + ": \"" + include + "\" goes up or sideways");
    }
  }
  for (const std::string& include : matches(file.text, angled)) {
    const std::string target = top_folder(include);
    if (layer_of(target) && !goes_down(folder, target)) {
      errors.push_back(file.path + ": <" + include + "> goes up or sideways");
    }
  }
  return errors;
}

// In a CMakeLists.txt every rondo_<layer> is a link edge of that folder's library.
std::vector<std::string> bad_links(const File& file) {
  static const std::regex library(R"re(\brondo_(\w+))re");
  const std::string folder = top_folder(file.path);
  std::vector<std::string> errors;
  for (const std::string& target : matches(file.text, library)) {
    if (layer_of(target) && !goes_down(folder, target)) {
      errors.push_back(file.path + ": linking rondo_" + target + " goes up or sideways");
    }
  }
  return errors;
}

// Method names of the Language Server Protocol are spelled in lsp/protocol.* and
// lsp/action_protocol.* alone.
std::vector<std::string> wire_names(const File& file) {
  static const std::regex method(R"re("((?:textDocument|completionItem|window|client|\$)/\w+)")re");
  if (file.path.starts_with("lsp/protocol.") || file.path.starts_with("lsp/action_protocol."))
    return {};
  std::vector<std::string> errors;
  for (const std::string& name : matches(file.text, method)) {
    errors.push_back(file.path + ": the method " + name + " belongs into lsp/protocol.h");
  }
  return errors;
}

std::vector<std::string> layering_errors(const File& file) {
  const std::string folder = top_folder(file.path);
  if (folder == "tests") return {};
  if (!layer_of(folder)) return {file.path + ": " + folder + "/ is not in the list of layers"};
  if (!is_source(file.path)) return bad_links(file);
  std::vector<std::string> errors = bad_includes(file);
  for (std::string& error : wire_names(file)) errors.push_back(std::move(error));
  return errors;
}

// Our C++ and its CMakeLists.txt; samples/ and editors/ are no part of the binary.
std::vector<File> read_tree(const fs::path& root) {
  std::vector<File> files;
  for (const fs::directory_entry& folder : fs::directory_iterator(root)) {
    const std::string name = folder.path().filename();
    if (!folder.is_directory() || name[0] == '.' || name == "build" || name == "samples" ||
        name == "editors") {
      continue;
    }
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder.path())) {
      const bool is_build_file = entry.path().filename() == "CMakeLists.txt";
      if (!is_source(entry.path()) && !is_build_file) continue;
      std::ifstream stream(entry.path());
      files.push_back({entry.path().lexically_relative(root),
                       {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()}});
    }
  }
  return files;
}

TEST(Layering, HoldsInTheTree) {
  const std::vector<File> files = read_tree(RONDO_SOURCE_DIR);
  ASSERT_GT(files.size(), 10u);
  for (const File& file : files) {
    for (const std::string& error : layering_errors(file)) ADD_FAILURE() << error;
  }
}

TEST(Layering, FindsAPlantedInclude) {
  const auto errors = [](const std::string& path, const std::string& text) {
    return layering_errors({path, text}).size();
  };
  EXPECT_EQ(errors("engine/a.cc", "#include \"engine/a.h\"\n#include \"kernels/kernels.h\"\n"), 0u);
  EXPECT_EQ(errors("engine/a.cc", "#include <vector>\n#include <sys/mman.h>\n"), 0u);
  EXPECT_EQ(errors("engine/a.cc", "#include \"workspace/a.h\"\n"), 1u);
  EXPECT_EQ(errors("engine/a.cc", "int x;\n  #  include <cli/a.h>\n#include \"lsp/b.h\"\n"), 2u);
  EXPECT_EQ(errors("base/a.h", "#include \"kernels/kernels.h\""), 1u);
  EXPECT_EQ(errors("serve/a.cc", "#include \"lsp/server.h\"\n"), 1u);
  EXPECT_EQ(errors("bench/a.cc", "#include \"assist/completion.h\"\n"), 0u);
  EXPECT_EQ(errors("lsp/a.cc", "#include \"bench/bench.h\"\n"), 1u);
  EXPECT_EQ(errors("cli/a.cc", "#include \"bench/bench.h\"\n"), 0u);
  EXPECT_EQ(errors("cli/a.cc", "#include \"tests/a.h\"\n#include \"main.h\"\n"), 2u);
  EXPECT_EQ(errors("extra/a.cc", ""), 1u);
  EXPECT_EQ(errors("tests/base/a_test.cc", "#include \"lsp/server.h\"\n"), 0u);
}

TEST(Layering, FindsAPlantedLinkEdge) {
  const auto errors = [](const std::string& text) {
    return layering_errors({"workspace/CMakeLists.txt", text}).size();
  };
  EXPECT_EQ(errors("rondo_library(NAME workspace SOURCES a.cc LINKS rondo_engine rondo_base)"), 0u);
  EXPECT_EQ(errors("rondo_library(NAME workspace SOURCES a.cc LINKS rondo_assist)"), 1u);
  EXPECT_EQ(errors("target_link_libraries(rondo_workspace PUBLIC rondo_lsp rondo_cli)"), 2u);
}

TEST(Layering, FindsAWireNameOutsideTheProtocol) {
  const std::string text = "reply(\"textDocument/hover\"); send(\"$/cancelRequest\");";
  EXPECT_EQ(layering_errors({"lsp/session.cc", text}).size(), 2u);
  EXPECT_EQ(layering_errors({"lsp/protocol.cc", text}).size(), 0u);
}

}  // namespace
}  // namespace rondo
