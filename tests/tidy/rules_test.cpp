// SPDX-License-Identifier: Apache-2.0
// Each rule against small bad examples and the good ones nearest to them.
#include "rules.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>

namespace holdfast::tidy {
namespace {

std::string rules_of(const Findings& findings) {
  std::string out;
  for (const auto& finding : findings)
    out += fmt::format("{}{}:{}", out.empty() ? "" : " ", finding.rule, finding.line);
  return out;
}

using Rule = void (*)(const Source&, Findings&);

std::string found(Rule rule, std::string text, std::string path = "lib/x/a.cpp") {
  Findings findings;
  rule(parse_source(std::move(path), std::move(text)), findings);
  return rules_of(findings);
}

TEST(Source, CodeCommentsAndLiteralsAreApart) {
  const auto source = parse_source("a.cpp",
                                   "int a = 1'000;  // new \"x\"\nauto b = \"new // y\\\"\"; /* "
                                   "new\n */\nauto c = R\"(new)\";\nchar d = '\"';");
  EXPECT_EQ(find_word(source.code, "new"), std::string::npos);
  EXPECT_EQ(source.code.size(), source.text.size());
  ASSERT_EQ(source.comments.size(), 2);
  EXPECT_EQ(source.comments[0].text, " new \"x\"");
  ASSERT_EQ(source.literals.size(), 2);
  EXPECT_EQ(source.literals[1].text, "new");
  EXPECT_EQ(source.literals[1].line, 4);
}

struct Case {
  Rule rule;
  std::string_view text;
  std::string_view want;
};

TEST(Rules, FindWhatTheyAreFor) {
  for (const auto& [rule, text, want] : std::to_array<Case>({
           {check_opening, "int a;\n", "spdx:1"},
           {check_opening, "// SPDX-License-Identifier: Apache-2.0\nint a;\n", ""},
           {check_try, "void f() {\n  auto a = TRY(g(1));\n}", ""},
           {check_try, "void f() {\n  T t{TRY(g())};\n  h(TRY(g()));\n}",
            "try-in-braces:2 try:2 try:3"},
           {check_try, "auto a = TRY(g(),\n  \"context\");", ""},
           {check_constructs, "using namespace std; using namespace std::chrono_literals;",
            "using namespace:1"},
           {check_constructs, "int f() { throw 1; }", "throw:1"},
           {check_constructs, "std::thread t; std::jthread u; std::thread::hardware_concurrency();",
            "std::thread:1"},
           {check_constructs, "sleep(1); clock.sleep(1); usleep (2);", "sleep:1 usleep:1"},
           {check_constructs, "auto* a = new A; delete a; A(const A&) = delete;", "new:1 delete:1"},
           {check_constructs, "\n#define MAX 1\n", "macro:2"},
           {check_constructs, "try { f(); } catch (...) {}", "catch-all:1"},
           {check_constructs, "auto p = \"/root/x\";", "path:1"},
           {check_constructs, "for (auto& a : state.lock()->all) f(a); for (auto* a : all) a->lock()->clear();", "locked-loop:1"},
           {check_error_texts, "return failure(Code::x, \"failed to read '{}'\", a);",
            "error-words:1"},
           {check_error_texts, "return failure(Code::x, \"Cannot read.\");",
            "error-case:1 error-stop:1"},
           {check_error_texts, "return failure(Code::x, \"JSON is cut\"); log(\"Error.\");", ""},
           {check_error_texts, "Error(Code::x, f(\"an error here\"))", "error-words:1"},
           {check_comments, "// A robust thing.\n// TODO: more\n", "praise:1 note:2"},
           {check_comments,
            "// f(a);\n// a = b;\n//   f(a);\n// Calls it (so);\n// Note: return f(a);\n",
            "dead-code:1 dead-code:2"},
           {check_comments, "// ----- part -----\n", "banner:1"},
           {check_functions, "void f(int a, int b, int c, int d, int e, int g) {}", "parameters:1"},
           {check_functions, "void f(std::map<int, int> a, int b, int c, int d, int e) {}", ""},
           {check_functions,
            "void f() {\n if (a) {\n for (;;) {\n if (a) {\n while (b) {\n if (c) "
            "{\n}\n}\n}\n}\n}\n}",
            "nesting:6"},
       })) {
    EXPECT_EQ(found(rule, std::string(text)), want) << text;
  }
}

TEST(Rules, LengthsAreCounted) {
  std::string body = "namespace n {\nint f(int a) {\n";
  for (int i = 0; i < 68; ++i)
    body += "  a += 1;\n";
  EXPECT_EQ(found(check_functions, body + "}\n}\n"), "");
  EXPECT_EQ(found(check_functions, body + "\n}\n}\n"), "function-length:2");
  EXPECT_EQ(found(check_file_length, std::string(600, '\n')), "");
  EXPECT_EQ(found(check_file_length, std::string(601, '\n')), "file-length:1");
  EXPECT_EQ(found(check_file_length, std::string(251, '\n'), "lib/x/a.h"), "file-length:1");
}

TEST(Rules, HeadersHaveMore) {
  const std::string licence = "// SPDX-License-Identifier: Apache-2.0\n";
  EXPECT_EQ(found(check_opening, licence + "// For this.\n#pragma once\n", "lib/x/a.h"), "");
  EXPECT_EQ(found(check_opening, licence + "#pragma once\n", "lib/x/a.h"), "purpose:2");
  EXPECT_EQ(found(check_opening, licence + "// For this.\n\nint a;\n", "lib/x/a.h"), "pragma:3");
  EXPECT_EQ(
      found(check_functions, "void f(int a, bool b);\nbool g();\nstruct S { bool c; S(bool d); };",
            "lib/x/a.h"),
      "bool-parameter:1");
  EXPECT_EQ(found(check_names, "", "lib/x/string_utils.h"), "");
  EXPECT_EQ(found(check_names, "", "lib/util/a.h"), "name:1");
}

constexpr std::string_view sample_module = R"(pkg_check_modules(x)
holdfast_module(kube
  SOURCES client.cpp  # the client
  HEADERS client.h
  TESTS client_test.cpp
  USES http yaml
  PRIVATE Some::lib
  ON_DEMAND Other::lib)
)";

TEST(Rules, ModulesListAndUse) {
  const auto parsed = parse_modules("lib/kube/CMakeLists.txt", sample_module);
  ASSERT_EQ(parsed.size(), 1);
  EXPECT_EQ(parsed[0].uses, (std::vector<std::string>{"http", "yaml"}));
  Findings findings;
  check_listed(parsed[0], {"client.cpp", "client.h", "watch.cpp"}, findings);
  ASSERT_EQ(findings.size(), 2);
  EXPECT_EQ(findings[0].message, "'watch.cpp' is not listed");
  EXPECT_EQ(findings[1].message, "'client_test.cpp' is listed but absent");

  Modules modules{{"kube", parsed[0]},
                  {"yaml", {"yaml", "", {}, {}, {"value"}}},
                  {"git", {"git", "", {}, {}, {}}}};
  findings.clear();
  const auto source =
      parse_source("lib/kube/client.cpp",
                   "#include \"kube/client.h\"\n#include \"value/value.h\"\n#include "
                   "\"git/git.h\"\n#include <vector>\n");
  check_includes(source, modules, findings);
  EXPECT_EQ(rules_of(findings), "uses:3");

  findings.clear();
  check_layers(modules, "| 1 | `yaml` | x |\n| 3 | `kube` | x |\n| 3 | `http` | x |\n", findings);
  ASSERT_EQ(findings.size(), 2);
  EXPECT_EQ(findings[0].message, "module 'git' is not in the table");
  EXPECT_EQ(findings[1].message, "'kube' of layer 3 uses 'http' of layer 3");
}

TEST(Rules, LibrariesHaveDoors) {
  EXPECT_EQ(found(check_door, "#include <simdjson.h>\n"), "door:1");
  EXPECT_EQ(found(check_door, "#include <simdjson.h>\n", "lib/value/json.cpp"), "");
  EXPECT_EQ(found(check_door, "#include <simdjson.h>\n", "lib/value/json.h"), "door:1");
}

TEST(Rules, DocumentsAreHeldToTheProject) {
  const ProjectView view{
      [](const std::string& path) { return path == "lib/a.cpp" || path == "docs/x.md"; },
      [](const std::string&) { return std::string("void run();"); }};
  Findings findings;
  check_document("docs/y.md",
                 "`lib/a.cpp`, `lib/b.cpp`, `lib/a.cpp: run()`, `lib/a.cpp: walk()`, "
                 "`a/b`\n[x](x.md) [y](z.md#a) "
                 "[w](https://example.org)\n```\n`lib/none`\n```\n",
                 view, findings);
  EXPECT_EQ(rules_of(findings), "document-path:1 document-function:1 document-link:2");

  findings.clear();
  check_error_sections("e.md", "## A\n- fix: do\n## B\n- fix: no\n## A\n## D\n",
                       {{"A", "do"}, {"B", "do"}, {"C", ""}}, findings);
  EXPECT_EQ(rules_of(findings), "code-twice:5 code-unknown:6 code-fix:1 code-missing:1");
}

}  // namespace
}  // namespace holdfast::tidy
