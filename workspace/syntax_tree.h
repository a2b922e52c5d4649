// SyntaxTree and Parser: tree-sitter behind types that own their memory and stop when told.
//
// Thread: a Parser belongs to one thread. A SyntaxTree may move between threads but is used by one
// at a time.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/status.h"
#include "workspace/languages.h"
#include "workspace/text.h"

struct TSParser;
struct TSTree;

namespace rondo::workspace {

// When work on one text has to end. The defaults never do.
struct WorkLimits {
  std::optional<std::chrono::steady_clock::time_point> deadline;
  std::stop_token stop;

  // The error to end with, or ok to go on.
  Status check() const;
};

struct TreeDeleter {
  void operator()(TSTree* tree) const;
};

// A text and its tree.
struct SyntaxTree {
  TextSnapshot text;
  std::unique_ptr<TSTree, TreeDeleter> tree;
  // Of a tree that was made from an earlier one: how the text was edited, and the parts of the text
  // whose bytes or whose place in the tree are not what they were. Else `changed` is empty.
  Difference edit;
  std::vector<ByteRange> changed;
};

class Parser {
 public:
  Parser();
  ~Parser();

  // The tree of `text`. With `before`, the tree of an earlier state of the text, only what lies
  // around the change is parsed anew. `before` is only read. REQUIRES: language.grammar,
  // text->size() < 2^31. Errors: Cancelled or Unavailable as WorkLimits::check says.
  Result<SyntaxTree> parse(const Language& language, TextSnapshot text, const SyntaxTree* before,
                           const WorkLimits& limits);

 private:
  struct Deleter {
    void operator()(TSParser* parser) const;
  };
  std::unique_ptr<TSParser, Deleter> parser_;
};

}  // namespace rondo::workspace
