#include "assist/glob.h"

namespace rondo::assist {

std::string regex_of_glob(std::string_view glob) {
  std::string regex = glob.find('/') == glob.npos ? "\\A(?:.*/)?" : "\\A";
  for (size_t i = 0; i < glob.size(); ++i) {
    if (glob.substr(i).starts_with("**/")) {
      regex += "(?:.*/)?";
      i += 2;
    } else if (glob.substr(i).starts_with("**")) {
      regex += ".*";
      ++i;
    } else if (glob[i] == '*') {
      regex += "[^/]*";
    } else if (glob[i] == '?') {
      regex += "[^/]";
    } else {
      if (std::string_view(".^$+(){}[]|\\").find(glob[i]) != std::string_view::npos) regex += '\\';
      regex += glob[i];
    }
  }
  return regex + "\\z";
}

}  // namespace rondo::assist
