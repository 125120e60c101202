// SPDX-License-Identifier: Apache-2.0
#include "agent/generate_paths.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/glob.h"
#include "base/text.h"

namespace holdfast::agent {
namespace {

bool is_below(std::string_view folder, std::string_view file) {
  return folder.empty() || file == folder || (file.starts_with(folder) && file.substr(folder.size()).starts_with('/'));
}

}  // namespace

std::vector<std::string> refresh_paths(std::string_view annotation, std::string_view source_path) {
  std::vector<std::string> paths;
  for (auto item : split(annotation, ';')) {
    item = trim(item);
    if (item.empty()) continue;
    const bool absolute = item.starts_with('/');
    paths.push_back(absolute ? clean_path(item.substr(1)) : clean_path(fmt::format("{}/{}", source_path, item)));
  }
  return paths;
}

bool touches(const std::vector<std::string>& watched, const std::vector<std::string>& files) {
  if (files.empty() || watched.empty()) return true;
  return std::ranges::any_of(files, [&](const std::string& file) {
    return std::ranges::any_of(watched, [&](const std::string& path) {
      return is_below(path, file) || glob_match(path, file, GlobMode::separator);
    });
  });
}

}  // namespace holdfast::agent
