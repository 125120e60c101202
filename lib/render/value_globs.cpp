// SPDX-License-Identifier: Apache-2.0
#include "render/value_globs.h"

#include <algorithm>

#include "base/glob.h"
#include "base/text.h"

namespace holdfast::render {
namespace {

constexpr std::size_t folders_max = 100'000;
constexpr std::size_t path_max = 4096;  // a link cycle grows the path, so this ends it

std::string below(const std::string& folder, std::string_view name) {
  return folder.empty() ? std::string(name) : fmt::format("{}/{}", folder, name);
}

// doublestar takes both signs for "none of these", gobwas only one.
std::string with_one_negation(std::string_view part) { return replace_all(std::string(part), "[^", "[!"); }

class Walk {
 public:
  Walk(const tree::FileTree& tree, std::string_view pattern) : tree_(tree) {
    for (const auto part : split(pattern, '/')) parts_.push_back(with_one_negation(part));
  }

  Result<std::vector<std::string>> run() {
    TRY(into("", 0));
    return std::move(found_);
  }

 private:
  Result<> into(const std::string& folder, std::size_t at) {
    const std::string& part = parts_[at];
    const bool last = at + 1 == parts_.size();
    if (!last && part.find_first_of("*?[{\\") == std::string::npos) return into_named(below(folder, part), at + 1);
    if (++folders_ > folders_max || folder.size() > path_max) {
      return failure(Code::limit, "a values file pattern walks more than {} folders, the last is \"{}\"", folders_max,
                     printable(folder, 80));
    }
    const auto entries = TRY(tree_.list(folder));
    // "**" is also no folder at all.
    if (part == "**" && !last) TRY(into(folder, at + 1));
    for (const auto& entry : entries) {
      const bool is_folder = entry.kind == tree::EntryKind::directory;
      if (part == "**" ? is_folder : is_folder && !last && glob_match(part, entry.name, GlobMode::separator)) {
        TRY(into(below(folder, entry.name), part == "**" ? at : at + 1));
      } else if (!is_folder && last && (part == "**" || glob_match(part, entry.name, GlobMode::separator))) {
        found_.push_back(below(folder, entry.name));
      }
    }
    return {};
  }

  Result<> into_named(const std::string& folder, std::size_t at) {
    const auto kind = TRY(tree_.kind(folder));
    return kind == tree::EntryKind::directory ? into(folder, at) : Result<>();
  }

  const tree::FileTree& tree_;
  std::vector<std::string> parts_;
  std::vector<std::string> found_;
  std::size_t folders_ = 0;
};

}  // namespace

bool is_glob(std::string_view path) { return path.find_first_of("*?[") != std::string_view::npos; }

Result<std::vector<std::string>> glob_files(const tree::FileTree& tree, std::string_view pattern) {
  const auto alternatives = glob_alternatives(pattern);
  std::vector<std::string> found;
  for (const auto& alternative : alternatives) {
    auto files = TRY(Walk(tree, alternative).run());
    std::ranges::move(files, std::back_inserter(found));
  }
  // What braces name is merged by its paths.
  if (alternatives.size() > 1) std::ranges::sort(found);
  return found;
}

}  // namespace holdfast::render
