// SPDX-License-Identifier: Apache-2.0
#include "tree/memory_tree.h"

#include <algorithm>

#include "base/text.h"

namespace holdfast::tree {
namespace {

Result<std::string> cleaned(std::string_view path) {
  auto clean = join_inside("", path);
  if (!clean) return failure(Code::path_outside, "\"{}\" leaves the tree", printable(path));
  return *std::move(clean);
}

}  // namespace

Result<std::optional<EntryKind>> MemoryTree::kind(std::string_view path) const {
  const std::string clean = TRY(cleaned(path));
  if (clean.empty()) return EntryKind::directory;
  if (files_.contains(clean)) return EntryKind::file;
  const auto below = files_.lower_bound(clean + "/");
  if (below != files_.end() && below->first.starts_with(clean + "/")) return EntryKind::directory;
  return std::nullopt;
}

Result<std::string> MemoryTree::real_path(std::string_view path) const {
  std::string clean = TRY(cleaned(path));
  const auto there = TRY(kind(clean));
  if (!there) return failure(Code::path_missing, "there is nothing at \"{}\"", printable(clean));
  return clean;
}

Result<std::string> MemoryTree::read(std::string_view path) const {
  const std::string clean = TRY(cleaned(path));
  const auto file = files_.find(clean);
  if (file == files_.end()) {
    return failure(Code::path_missing, "there is no file \"{}\"", printable(clean));
  }
  return file->second;
}

Result<std::vector<Entry>> MemoryTree::list(std::string_view path) const {
  const std::string clean = TRY(cleaned(path));
  const std::string prefix = clean.empty() ? "" : clean + "/";
  std::vector<Entry> entries;
  for (auto file = files_.lower_bound(prefix); file != files_.end(); ++file) {
    if (!file->first.starts_with(prefix)) break;
    const std::string_view rest = std::string_view(file->first).substr(prefix.size());
    const auto slash = rest.find('/');
    const std::string_view name = rest.substr(0, slash);
    if (!entries.empty() && entries.back().name == name) continue;
    entries.push_back({.name = std::string(name),
                       .kind = slash == std::string_view::npos ? EntryKind::file : EntryKind::directory});
  }
  if (entries.empty() && !clean.empty()) {
    return failure(Code::path_missing, "there is no folder \"{}\"", printable(clean));
  }
  // "a.b" sorts before "a/x" in the map but after the folder "a" by name.
  std::ranges::sort(entries, {}, &Entry::name);
  const auto twins = std::ranges::unique(entries, {}, &Entry::name);
  entries.erase(twins.begin(), twins.end());
  return entries;
}

}  // namespace holdfast::tree
