// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace holdfast::tidy {
namespace {

constexpr auto roots =
    std::to_array<std::string_view>({"lib", "bootstrap", "agent", "bundles", "templates", "docs",
                                     "tests", "cmake", "scripts", ".ci"});

bool is_project_path(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos || text.find_first_of("*<>{}$ ") != std::string_view::npos)
    return false;
  return std::ranges::find(roots, text.substr(0, slash)) != roots.end();
}

// Calls `visit` with what stands between two marks, and its line.
template <class Visit>
void between(std::string_view text, std::string_view open, std::string_view close,
             const Visit& visit) {
  int line = 0;
  bool fenced = false;
  for (const auto line_text : lines_of(text)) {
    ++line;
    if (line_text.starts_with("```")) fenced = !fenced;
    if (fenced) continue;
    for (auto at = line_text.find(open); at != std::string_view::npos;) {
      const auto from = at + open.size();
      const auto end = line_text.find(close, from);
      if (end == std::string_view::npos) break;
      visit(line_text.substr(from, end - from), line);
      at = line_text.find(open, end + close.size());
    }
  }
}

}  // namespace

void check_document(const std::string& file, std::string_view text, const ProjectView& project,
                    Findings& out) {
  // `path` or `path: function()`.
  between(text, "`", "`", [&](std::string_view quoted, int line) {
    const auto colon = quoted.find(": ");
    auto path = std::string(quoted.substr(0, colon));
    while (path.ends_with('/'))
      path.pop_back();
    if (!is_project_path(path)) return;
    if (!project.exists(path)) {
      out.push_back({file, line, "document-path", fmt::format("'{}' does not exist", path)});
      return;
    }
    if (colon == std::string_view::npos || !quoted.ends_with("()")) return;
    const auto name = quoted.substr(colon + 2, quoted.size() - colon - 4);
    if (find_word(project.text(path), name) == std::string_view::npos) {
      out.push_back(
          {file, line, "document-function", fmt::format("'{}' has no function '{}'", path, name)});
    }
  });
  between(text, "](", ")", [&](std::string_view target, int line) {
    const auto path = std::string(target.substr(0, target.find('#')));
    if (path.empty() || path.find("://") != std::string::npos) return;
    const auto whole = join_inside(parent_path(file), path);
    if (whole && project.exists(*whole)) return;
    out.push_back({file, line, "document-link", fmt::format("'{}' leads nowhere", path)});
  });
}

void check_error_sections(const std::string& file, std::string_view text,
                          const std::vector<CodeText>& codes, Findings& out) {
  std::map<std::string_view, int> sections;
  std::map<std::string_view, std::string_view> fixes;
  std::string_view current;
  int line = 0;
  for (const auto line_text : lines_of(text)) {
    ++line;
    if (line_text.starts_with("## ")) {
      current = line_text.substr(3);
      const bool known = std::ranges::find(codes, current, &CodeText::name) != codes.end();
      if (++sections[current] > 1)
        out.push_back({file, line, "code-twice", fmt::format("'{}' has two sections", current)});
      if (!known)
        out.push_back({file, line, "code-unknown",
                       fmt::format("'{}' is no code of base/codes.cpp", current)});
    }
    if (line_text.starts_with("- fix: ")) fixes[current] = line_text.substr(7);
  }
  for (const auto& code : codes) {
    if (!sections.contains(code.name)) {
      out.push_back({file, 1, "code-missing", fmt::format("'{}' has no section", code.name)});
    } else if (fixes[code.name] != code.fix) {
      out.push_back({file, 1, "code-fix",
                     fmt::format("the fix of '{}' is not that of base/codes.cpp", code.name)});
    }
  }
}

}  // namespace holdfast::tidy
