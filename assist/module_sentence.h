// What a sentence about a new module says of its names and functions, by its words alone: a model
// that only fills in cannot be asked.
//
//     "load price lists and total the lines by region"
//         module price_lists:  load_price_lists(price_lists), total_lines_by_region(lines, region)
//     "prices: load(path: str) -> list, total(lines)"
//         module prices:       what stands there, as it stands there
//
// What stands before a colon names the module. Functions written as such are taken as they are;
// else each clause is one, named by its words; its parameters are what it does something to.
//
// Thread: pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace rondo::assist {

struct AskedFunction {
  std::vector<std::string> name;                     // words, lower case: {"load", "prices"}
  std::vector<std::vector<std::string>> parameters;  // names of the same kind
  bool is_written = false;         // as "name(path: str) -> list": then not `parameters` but
  std::string written_parameters;  // "path: str"
  std::string written_result;      // "list"
  std::string purpose;             // a sentence with capital and end
};

struct AskedModule {
  std::vector<std::string> name;  // words, lower case
  std::string purpose;            // a sentence with capital and end
  std::vector<AskedFunction> functions;
};

// Errors: InvalidArgument, a sentence, when there is no word in it that could name something.
Result<AskedModule> read_module_sentence(std::string_view sentence);

enum class NameStyle {
  kSnake,   // price_lists
  kKebab,   // price-lists
  kCamel,   // priceLists
  kPascal,  // PriceLists
};

std::string join_name(const std::vector<std::string>& words, NameStyle style);

}  // namespace rondo::assist
