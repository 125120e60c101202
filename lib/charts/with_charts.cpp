// SPDX-License-Identifier: Apache-2.0
#include "charts/with_charts.h"

#include "archive/compress.h"
#include "archive/tar_writer.h"
#include "base/text.h"

#include <algorithm>

namespace holdfast::charts {

const std::string* WithCharts::package_at(std::string_view path) const {
  const auto charts = charts_folder() + "/";
  if (!path.starts_with(charts)) return nullptr;
  const auto found = packages_.find(path.substr(charts.size()));
  return found == packages_.end() ? nullptr : &found->second;
}

Result<std::optional<tree::EntryKind>> WithCharts::kind(std::string_view path) const {
  if (package_at(path) != nullptr) return tree::EntryKind::file;
  if (path == charts_folder()) return tree::EntryKind::directory;
  return below_->kind(path);
}

Result<std::string> WithCharts::real_path(std::string_view path) const {
  // Packages are files of this tree alone: no link is on the way.
  if (package_at(path) != nullptr || path == charts_folder()) return std::string(path);
  return below_->real_path(path);
}

Result<std::string> WithCharts::read(std::string_view path) const {
  if (const auto* package = package_at(path)) return *package;
  return below_->read(path);
}

Result<std::vector<tree::Entry>> WithCharts::list(std::string_view path) const {
  const bool charts = path == charts_folder();
  std::vector<tree::Entry> entries;
  const auto kind = TRY(below_->kind(path));
  if (kind || !charts) entries = TRY(below_->list(path));
  const auto add = [&](const std::string& name, tree::EntryKind as) {
    if (std::ranges::find(entries, name, &tree::Entry::name) == entries.end()) {
      entries.push_back({name, as});
    }
  };
  if (path == folder_) add("charts", tree::EntryKind::directory);
  if (charts) {
    for (const auto& [name, bytes] : packages_)
      add(name, tree::EntryKind::file);
  }
  std::ranges::sort(entries, {}, &tree::Entry::name);
  return entries;
}

Result<std::string> pack(const tree::FileTree& tree, const std::string& folder,
                         const std::string& name) {
  std::string tar, out;
  archive::TarWriter writer(archive::sink_to(tar));
  const auto paths = TRY(tree::walk(tree, folder));
  for (const auto& path : paths) {
    const auto content = TRY(tree.read(folder.empty() ? path : folder + "/" + path));
    TRY(writer.file(name + "/" + path, content));
  }
  TRY(writer.finish());
  TRY(archive::gzip_compress(archive::source_of(tar), archive::sink_to(out)));
  return out;
}

namespace {

Result<std::string> pack_beside(const tree::FileTree& tree, const std::string& folder, const MissingChart& missing) {
  const auto path = join_inside(folder, missing.repository.substr(std::string_view("file://").size()));
  if (path) return pack(tree, *path, missing.name);
  return failure(Code::path_outside, "dependency '{}' leads out of the repository", printable(missing.repository));
}

}  // namespace

Result<std::shared_ptr<const tree::FileTree>> with_dependencies(
    std::shared_ptr<const tree::FileTree> tree, const std::string& folder, const BringChart& bring) {
  const auto missing = TRY(missing_charts(*tree, folder));
  if (missing.empty()) return tree;
  auto whole = std::make_shared<WithCharts>(tree, folder);
  for (const auto& each : missing) {
    const bool beside = each.repository.starts_with("file://");
    auto package = TRY(beside ? pack_beside(*tree, folder, each) : bring(each), "fetching dependency \"{}\"",
                       printable(each.name));
    whole->add(each.name + "-0.tgz", std::move(package));
  }
  return std::shared_ptr<const tree::FileTree>(std::move(whole));
}

}  // namespace holdfast::charts
