#include "workspace/names.h"

#include <gtest/gtest.h>

#include <string>

#include "workspace/languages.h"

namespace rondo::workspace {
namespace {

// The unbound names of a text that are no builtins, in its order.
std::string unbound(std::string_view path, std::string bytes) {
  const Language& language = language_of_file(path, bytes);
  const auto text = std::make_shared<const Text>(std::move(bytes));
  const SyntaxTree tree = Parser().parse(language, text, nullptr, {}).value();
  NameQueries queries;
  const NameTable table = queries.of(language).table_of(tree, QueryCursor());
  std::string names;
  for (const UsedName& use : table.unbound_in({0, text->size()})) {
    if (queries.builtins_of(language).contains(use.name)) continue;
    names += (names.empty() ? "" : " ") + use.name;
  }
  return names;
}

struct Case {
  std::string path;
  std::string text;
  std::string unbound;
};

class Names : public testing::TestWithParam<Case> {};

TEST_P(Names, ThatNothingBindsAreFound) {
  EXPECT_EQ(unbound(GetParam().path, GetParam().text), GetParam().unbound);
}

INSTANTIATE_TEST_SUITE_P(
    Python, Names,
    testing::Values(
        Case{"a.py", "import os.path as p, sys\nfrom a.b import c as d, e\nsys, p, d, e, c, os\n",
             "c os"},
        Case{"a.py", "def f(a, *b, c=1, d: int = 2, **e):\n    return a, b, c, d, e, g\n", "g"},
        Case{"a.py", "def f():\n    x = 1\ndef g():\n    return x\n", "x"},
        Case{"a.py", "class A:\n    x = 1\n    y = x\n    def f(self):\n        return x\n", "x"},
        Case{"a.py", "[i for i in range(3)]\ni\n", "i"},
        Case{"a.py",
             "try:\n    pass\nexcept OSError as e:\n    print(e)\nwith open('a') as f:\n    f\n",
             ""},
        Case{"a.py", "a = lambda x: x.y.z(k=x)\nfor m, (n, o) in a: m, n, o\nif (w := 1): w\n", ""},
        Case{"a.py", "x: List[int] = y\n__name__, len, self\n", "List y self"},
        Case{"a.py", "match v:\n    case Point(x=0) as q: q\n    case [a, *b]: a, b\n",
             "v Point"}));

INSTANTIATE_TEST_SUITE_P(
    Ecmascript, Names,
    testing::Values(
        Case{"a.js", "import D, {a as b, c} from 'm'; import * as n from 'm'; D(b, c, n, a)", "a"},
        Case{"a.js", "const {a, b: c, ...d} = require('x'); const [e, f = g] = a; f(b, c, d, e)",
             "g b"},
        Case{"a.js", "function f(x, {y}, z = 1) { return x + y + z + w } const h = v => v; f(h)",
             "w"},
        Case{"a.js",
             "x => { let k = x }; k; ({k: 1, l}); try {} catch (e) { e } for (const i of k) i",
             "k l k"},
        Case{"a.ts", "import type {A} from 'a'; interface B<T> { x: A; y: T } let q: B<C> = r as D",
             "C r D"},
        Case{"a.ts",
             "class P { constructor(private a: string, b?: number) { this.a = a + b + c } }", "c"},
        Case{"a.tsx", "const f = (p: Props) => <div onClick={p.go}>{name}</div>", "Props name"}));

INSTANTIATE_TEST_SUITE_P(
    Go, Names,
    testing::Values(
        Case{"a.go",
             "package a\nfunc f(a, b int, c ...string) (n int, err error) {\n\tx, y := a, b\n"
             "\tfor i, v := range c { n += i + len(v) + x + y + z }\n\treturn\n}\n",
             "z"},
        Case{"a.go", "package a\ntype T struct{ x U }\nfunc (t *T) m() T { return T{x: u} }\n",
             "U u"},
        Case{"a.go", "package a\nfunc f() { switch v := g().(type) { case int: _ = v } }\n", "g"}));

INSTANTIATE_TEST_SUITE_P(
    Rust, Names,
    testing::Values(
        Case{"a.rs",
             "use a::{b, c as d};\nfn f<T: Tr>(x: T, (y, z): P) -> Option<u8> {\n"
             "    let Some(w) = b(x) else { return None };\n    d(y, z, w, |k| k + j)\n}\n",
             "Tr P j"},
        Case{"a.rs", "struct S { a: A }\nimpl S { fn n(&self) -> Self { S { a: self.a, ..m } } }\n",
             "A m"},
        Case{"a.rs", "fn f(v: &[u8]) { match v { [a, b] => g(a, b), x @ [] => h(x), _ => {} } }\n",
             "g h"}));

INSTANTIATE_TEST_SUITE_P(
    C, Names,
    testing::Values(
        Case{"a.c",
             "#define K 1\ntypedef struct s { int a; } S;\nstatic int f(S *p, int n[]) {\n"
             "  int i = K, *q;\n  for (i = 0; i < n[0]; i++) q = g(p->a, m);\n  return *q;\n}\n",
             "g m"},
        Case{"a.c",
             "enum E { A, B };\nint main(int argc, char **argv) { return A + B + argc + C; }\n",
             "C"},
        Case{
            "a.cc",
            "namespace a { template <typename T> class V {}; }\nint f(const V<int>& v, U& u) {\n"
            "  for (auto& [x, y] : v) { auto g = [&, z = x](int w) { return w + z + k; }; g(y); }\n"
            "  return std::max(1, u);\n}\n",
            "U k"}));

TEST(NameTable, KnowsWhatAPlaceSees) {
  const std::string bytes = "import os\ndef f(a):\n    b = 1\n    return b\ndef g(c):\n    d = 1\n";
  const Language& language = language_of_file("a.py", bytes);
  const auto text = std::make_shared<const Text>(bytes);
  const SyntaxTree tree = Parser().parse(language, text, nullptr, {}).value();
  const NameTable table = NameQuery(language).table_of(tree, QueryCursor());
  const std::vector<std::string> expected = {"a", "b", "os", "f", "g"};
  EXPECT_EQ(table.bound_at(static_cast<int64_t>(bytes.find("return"))), expected);
}

TEST(NameTable, SaysWhatTheRestUsesUnbound) {
  const std::string bytes = "x = here\ndef f(a):\n    return a + there\n";
  const Language& language = language_of_file("a.py", bytes);
  const auto text = std::make_shared<const Text>(bytes);
  const SyntaxTree tree = Parser().parse(language, text, nullptr, {}).value();
  const NameTable table = NameQuery(language).table_of(tree, QueryCursor());
  EXPECT_EQ(table.unbound_outside({0, 8}), (std::unordered_set<std::string>{"there"}));
}

TEST(NameQueries, CompileForEveryLanguageThatHasOne) {
  NameQueries queries;
  int n_languages = 0;
  for (const Language& language : languages()) {
    if (language.grammar == nullptr || !has_names(language)) continue;
    EXPECT_FALSE(queries.builtins_of(language).empty()) << language.id;
    ++n_languages;
  }
  EXPECT_EQ(n_languages, 8);
}

}  // namespace
}  // namespace rondo::workspace
