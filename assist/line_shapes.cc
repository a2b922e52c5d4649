#include "assist/line_shapes.h"

namespace rondo::assist {
namespace {

struct Shapes {
  std::string_view family;  // of the language (workspace/languages.h); empty: all others
  std::span<const std::string_view> ends;
  std::span<const std::string_view> heads;
};

constexpr std::string_view kPythonEnds[] = {"",     ":",    ",",      "(",    "[",  " = (",
                                            " = [", " = {", "():",    "(x):", ")",  "]",
                                            "}",    "'",    "\"\"\"", "'''",  "\"", " = x"};
constexpr std::string_view kPythonHeads[] = {
    "if x:",    "elif x:", "else:",       "try:", "except x:", "finally:", "def x():",
    "class x:", "with x:", "for x in x:", "@x",   "x = x",     "\"\"\"x",  "from x import ("};

constexpr std::string_view kScriptEnds[] = {
    "",      ";",    ",",    ":",    " {",       " = {",
    "(",     "[",    " = [", "() {", "(() => {", "(function () {",
    " => {", ": {",  ": [",  "({",   " />",      ">",
    "`",     "*/",   ")",    "]",    "}",        ") {",
    " = x;", " = (", "'",    "\"",   " && (",    " ="};
constexpr std::string_view kScriptHeads[] = {"if (x) {",
                                             "} else {",
                                             "else {",
                                             "function x() {",
                                             "x() {",
                                             "class x {",
                                             "case x:",
                                             "switch (x) {",
                                             "try {",
                                             "} catch (x) {",
                                             "return {",
                                             "return (",
                                             "const x = {",
                                             "const x = [",
                                             "<x>",
                                             "</x>",
                                             "{x && <x>",
                                             "x={x}",
                                             "<x",
                                             "/>",
                                             "import {",
                                             "export {",
                                             "/**",
                                             "*/",
                                             "namespace x {",
                                             "interface x {",
                                             "return x((x) => {",
                                             "x((x) => {",
                                             "{",
                                             "}"};

constexpr std::string_view kCEnds[] = {"",      ";",      ",",  ":",   " {", " = {", "(",
                                       "() {",  "([&] {", "*/", " \\", ")",  "}",    ") {",
                                       " = x;", "\"",     "[",  "{",   "};", " ="};
constexpr std::string_view kCHeads[] = {"if (x) {",
                                        "} else {",
                                        "else {",
                                        "int x() {",
                                        "struct x {",
                                        "enum x {",
                                        "class x {",
                                        "case x:",
                                        "default:",
                                        "namespace x {",
                                        "switch (x) {",
                                        "do {",
                                        "#if x",
                                        "#else",
                                        "#endif",
                                        "extern \"C\" {",
                                        "/*",
                                        "*/",
                                        "return x(",
                                        "x = {",
                                        "for (;;) {",
                                        "int x(int x, ",
                                        "typedef struct {",
                                        "{",
                                        "}"};

constexpr std::string_view kGoEnds[] = {
    "",  ",",  ":", " {", "{",    "(",     "() {", " = func() {", "(func() {", "[]x{",
    "`", "*/", ")", "}",  " = x", " := x", "\"",   " struct {",   "[",         " ="};
constexpr std::string_view kGoHeads[] = {"if x {",
                                         "} else {",
                                         "func x() {",
                                         "func (x x) x() {",
                                         "switch x {",
                                         "case x:",
                                         "default:",
                                         "for {",
                                         "type x struct {",
                                         "type x interface {",
                                         "import (",
                                         "var (",
                                         "const (",
                                         "return x{",
                                         "x(",
                                         "x := x{",
                                         "/*",
                                         "*/",
                                         "{",
                                         "}",
                                         "x(func() {",
                                         "select {"};

constexpr std::string_view kRustEnds[] = {"",     ";",  ",",  " {", "(",     "(|x| {", " => {",
                                          " = {", "[",  "!(", "![", ": {",   "*/",     ")",
                                          "}",    "},", "\"", "{",  " = x;", ": x,",   " ="};
constexpr std::string_view kRustHeads[] = {"if x {",      "} else {",
                                           "fn x() {",    "fn x(",
                                           "impl x {",    "struct x {",
                                           "enum x {",    "match x {",
                                           "x => {",      "mod x {",
                                           "trait x {",   "use x::{",
                                           "loop {",      "x(",
                                           "x {",         "x!(",
                                           "let x = x {", "let x = vec![",
                                           "#[x(",        "} else if x {",
                                           "{",           "}",
                                           "x(|x| {",     "impl x for x {"};

constexpr std::string_view kOtherEnds[] = {"", ";", ":", ",", " {", " {}"};

constexpr Shapes kShapes[] = {{"python", kPythonEnds, kPythonHeads},
                              {"ecmascript", kScriptEnds, kScriptHeads},
                              {"c", kCEnds, kCHeads},
                              {"go", kGoEnds, kGoHeads},
                              {"rust", kRustEnds, kRustHeads},
                              {"", kOtherEnds, {}}};

const Shapes& shapes_of(const workspace::Language& language) {
  const Shapes* shapes = kShapes;
  while (!shapes->family.empty() && shapes->family != workspace::family(language)) ++shapes;
  return *shapes;
}

}  // namespace

std::span<const std::string_view> line_ends(const workspace::Language& language) {
  return shapes_of(language).ends;
}

std::span<const std::string_view> line_heads(const workspace::Language& language) {
  return shapes_of(language).heads;
}

}  // namespace rondo::assist
