// Which functions of a file can be called otherwise than before an edit: their callers may have to
// change, too.
//
// Thread: pure functions; each call parses both texts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rondo::assist {

// The names of functions of `before` that are gone in `after`, or whose parameters have other names
// or another order there; types and defaults do not count. None in languages without a query of
// functions.
std::vector<std::string> changed_signatures(std::string_view path, std::string_view before,
                                            std::string_view after);

}  // namespace rondo::assist
