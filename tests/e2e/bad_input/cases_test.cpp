// SPDX-License-Identifier: Apache-2.0
// cases.toml: what each command says to a user who gives it something that it cannot use.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "base/codes.h"
#include "base/text.h"
#include "config/section.h"
#include "value/json.h"
#include "world.h"

namespace holdfast::e2e {
namespace {

constexpr std::size_t lines_max = 12;

struct Case {
  std::string name, run, text;
  std::vector<std::string> environment;
};

Result<std::vector<Case>> load_cases() {
  const std::string path = source("tests/e2e/bad_input/cases.toml");
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto document = TRY(config::parse_toml(text, path));
  config::Section root(document);
  std::vector<Case> cases;
  auto sections = TRY(root.sections("case"));
  for (auto& section : sections) {
    Case each;
    each.name = TRY(section.required_text("name"));
    each.run = TRY(section.required_text("run"));
    each.text = TRY(section.required_text("text"));
    each.environment = TRY(section.texts("environment"));
    TRY(section.finish());
    cases.push_back(std::move(each));
  }
  return cases;
}

// The lines of the shape, as the terminal shows them: the code first, the fix, and where to read more.
void expect_shape(const std::string& text) {
  const auto code = code_in(text);
  const auto* row = find_code(code);
  ASSERT_NE(row, nullptr) << text;
  EXPECT_NE(row->code, Code::internal) << text;
  const auto lines = split(trim(text), '\n');
  EXPECT_LE(lines.size(), lines_max) << text;
  EXPECT_TRUE(text.contains("\n  fix:     ")) << text;
  EXPECT_EQ(lines.back(), fmt::format("  more:    holdfast explain {}", code));
  for (const char c : text) EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << "not ASCII: " << text;
}

std::string joined(const Value* list) {
  std::vector<std::string> parts;
  for (const auto& each : *list->as_array()) parts.push_back(*each.as_string());
  return fmt::format("{}", fmt::join(parts, "\n"));
}

// `-o json`: the same parts in one object on stderr.
void expect_json(const World& world, const std::string& errors, const std::string& text) {
  const auto document = json::parse(trim(errors), "stderr");
  ASSERT_TRUE(document) << errors;
  Error error(find_code(document->text({"error", "code"}))->code, std::string(document->text({"error", "what"})));
  for (const auto* part : {"where", "because"}) {
    const auto* list = document->find_path({"error", part});
    ASSERT_NE(list, nullptr) << errors;
    if (list->as_array()->empty()) continue;
    const auto lines = joined(list);
    error = part == std::string_view("where") ? std::move(error).at(lines) : std::move(error).because(lines);
  }
  const std::string attempted(document->text({"error", "while"}));
  if (!attempted.empty()) error = std::move(error).within(attempted);
  error = std::move(error).fix(std::string(document->text({"error", "fix"})));
  EXPECT_EQ(world.masked(render_error(error, document->text({"error", "changed"}))), text);
}

TEST(BadInput, IsRefusedWithOneErrorAndNothingIsChanged) {
  const World world;
  const auto cases = load_cases();
  ASSERT_TRUE(cases) << cases.error().message();
  ASSERT_FALSE(cases->empty());
  const auto before = world.look();
  std::set<std::string> names;
  for (const auto& each : *cases) {
    SCOPED_TRACE(each.name);
    EXPECT_TRUE(names.insert(each.name).second) << "two cases have this name";
    const auto ran = world.run(each.run, each.environment);
    EXPECT_EQ(world.masked(ran.err), each.text);
    expect_shape(ran.err);
    const auto* row = find_code(code_in(ran.err));
    EXPECT_EQ(ran.exit, row == nullptr ? -1 : static_cast<int>(row->exit));
    EXPECT_EQ(world.look(), before);
    if (each.run.starts_with("holdfast-agent")) continue;
    const auto told = world.run(each.run + " --output json", each.environment);
    EXPECT_EQ(told.exit, ran.exit);
    // Two cases are of arguments that this one would complete or double.
    if (!each.run.contains("-o yaml") && !each.run.ends_with("-dir")) expect_json(world, told.err, each.text);
    EXPECT_EQ(world.look(), before);
  }
}

}  // namespace
}  // namespace holdfast::e2e
