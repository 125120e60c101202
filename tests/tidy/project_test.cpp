// SPDX-License-Identifier: Apache-2.0
// Holds the project against the house rules. Exceptions stand below, each with its reason; the list
// may only shrink.
#include "base/codes.h"
#include "rules.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>

namespace holdfast::tidy {
namespace {

namespace fs = std::filesystem;

struct Exception {
  std::string_view file;
  std::string_view rule;
  std::string_view reason;
};

// A file, or a folder that ends in '/'.
constexpr auto exceptions = std::to_array<Exception>({
    {"lib/config/toml.cpp", "macro", "changes a macro of the library, whose own is undefined behaviour"},
    {"lib/git/", "try", "written before the rule was a test"},
    {"lib/gotmpl/CMakeLists.txt", "unlisted", "print.h has no .cpp of its name"},
    {"lib/helm/chart.cpp", "parameters", "written before the rule was a test"},
    {"lib/kube/config.cpp", "try", "written before the rule was a test"},
    {"lib/kustomize/", "try", "written before the rule was a test"},
    {"lib/kustomize/decode.h", "bool-parameter", "the value of an absent member"},
    {"lib/kustomize/name_references.cpp", "nesting", "written before the rule was a test"},
    {"lib/kube/watch.cpp", "parameters", "hands the parts of one call on"},
    {"tests/e2e/harness.cpp", "parameters", "between fork and exec nothing may be allocated"},
});

bool covers(const Exception& exception, const Finding& finding) {
  const bool same = exception.file.ends_with('/') ? finding.file.starts_with(exception.file)
                                                  : finding.file == exception.file;
  return same && finding.rule == exception.rule;
}

bool is_excepted(const Finding& finding) {
  return std::ranges::any_of(exceptions,
                             [&](const Exception& each) { return covers(each, finding); });
}

void expect_clean(const Findings& findings) {
  for (const auto& finding : findings) {
    if (is_excepted(finding)) continue;
    ADD_FAILURE() << finding.file << ":" << finding.line << ": " << finding.rule << ": "
                  << finding.message;
  }
}

const std::vector<Source>& sources() {
  static const auto loaded = load_sources();
  return loaded;
}

const Modules& modules() {
  static const auto loaded = [] {
    Modules out;
    for (const auto& entry : fs::directory_iterator("lib")) {
      const auto file = entry.path().generic_string() + "/CMakeLists.txt";
      if (!fs::exists(file)) continue;
      for (auto& module : parse_modules(file, read_text(file)))
        out.emplace(module.name, std::move(module));
    }
    return out;
  }();
  return loaded;
}

using Rule = void (*)(const Source&, Findings&);

Findings find(Rule rule) {
  Findings out;
  for (const auto& source : sources())
    rule(source, out);
  return out;
}

Findings find_includes() {
  Findings out;
  for (const auto& source : sources())
    check_includes(source, modules(), out);
  return out;
}

Findings find_unlisted() {
  Findings out;
  for (const auto& [name, module] : modules()) {
    std::vector<std::string> present;
    const auto folder = fs::path(module.file).parent_path();
    for (const auto& source : sources()) {
      if (source.path.starts_with(folder.generic_string() + "/")) {
        present.push_back(fs::relative(source.path, folder).generic_string());
      }
    }
    check_listed(module, present, out);
  }
  return out;
}

Findings find_layers() {
  Findings out;
  check_layers(modules(), read_text("ARCHITECTURE.md"), out);
  return out;
}

Findings find_in_documents() {
  const ProjectView view{[](const std::string& path) { return fs::exists(path); }, read_text};
  std::vector<std::string> files;
  for (const auto* file : {"README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md"}) {
    if (fs::exists(file)) files.emplace_back(file);
  }
  for (const auto& entry : fs::recursive_directory_iterator("docs")) {
    const auto path = entry.path().generic_string();
    if (path.ends_with(".md")) files.push_back(path);
  }
  Findings out;
  for (const auto& file : files)
    check_document(file, read_text(file), view, out);
  return out;
}

Findings find_in_codes() {
  std::vector<CodeText> codes;
  for (const auto& row : all_codes())
    codes.push_back({row.name, row.fix});
  Findings out;
  check_error_sections("docs/errors.md", read_text("docs/errors.md"), codes, out);
  return out;
}

TEST(Project, RunsFromItsRoot) {
  ASSERT_TRUE(fs::exists("ARCHITECTURE.md"));
  EXPECT_GT(sources().size(), 50);
  EXPECT_GT(modules().size(), 5);
}

TEST(Project, FilesOpenWithLicenceAndPurpose) {
  expect_clean(find(check_opening));
}

TEST(Project, TryIsFollowedByASemicolon) {
  expect_clean(find(check_try));
}

TEST(Project, HasNoBannedConstructs) {
  expect_clean(find(check_constructs));
}

TEST(Project, ErrorTextsSayWhatIsThere) {
  expect_clean(find(check_error_texts));
}

TEST(Project, CommentsSayWhy) {
  expect_clean(find(check_comments));
}

TEST(Project, FilesAreShort) {
  expect_clean(find(check_file_length));
}

TEST(Project, FunctionsAreShort) {
  expect_clean(find(check_functions));
}

TEST(Project, NamesSaySomething) {
  expect_clean(find(check_names));
}

TEST(Project, LibrariesHaveOneDoor) {
  expect_clean(find(check_door));
}

TEST(Project, IncludesFollowUses) {
  expect_clean(find_includes());
}

TEST(Project, EverySourceIsListed) {
  expect_clean(find_unlisted());
}

TEST(Project, ArrowsPointDown) {
  expect_clean(find_layers());
}

TEST(Project, DocumentsNameWhatExists) {
  expect_clean(find_in_documents());
}

TEST(Project, EveryCodeHasOneSection) {
  expect_clean(find_in_codes());
}

TEST(Project, ExceptionsAreNeeded) {
  Findings all;
  const auto add = [&](Findings more) { std::ranges::move(more, std::back_inserter(all)); };
  for (const Rule rule :
       {check_opening, check_try, check_constructs, check_error_texts, check_comments,
        check_file_length, check_functions, check_names, check_door}) {
    add(find(rule));
  }
  for (const auto& collect :
       {find_includes, find_unlisted, find_layers, find_in_documents, find_in_codes}) {
    add(collect());
  }
  for (const auto& each : exceptions) {
    EXPECT_TRUE(
        std::ranges::any_of(all, [&](const Finding& finding) { return covers(each, finding); }))
        << "remove the exception of " << each.file << " from '" << each.rule
        << "': nothing needs it";
  }
}

}  // namespace
}  // namespace holdfast::tidy
