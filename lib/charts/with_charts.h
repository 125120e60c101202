// SPDX-License-Identifier: Apache-2.0
// A tree with packages added under a chart's charts/, as `helm dependency build` leaves them, but
// without writing anything anywhere. It does not know where the packages came from.
#pragma once

#include "charts/dependencies.h"
#include "tree/file_tree.h"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace holdfast::charts {

class WithCharts final : public tree::FileTree {
 public:
  // `folder` is the chart's, "" the root.
  WithCharts(std::shared_ptr<const tree::FileTree> below, const std::string& folder)
      : below_(std::move(below)), folder_(folder) {}

  void add(const std::string& package_name, std::string bytes) {
    packages_[package_name] = std::move(bytes);
  }

  [[nodiscard]] Result<std::optional<tree::EntryKind>> kind(std::string_view path) const override;
  [[nodiscard]] Result<std::string> real_path(std::string_view path) const override;
  [[nodiscard]] Result<std::string> read(std::string_view path) const override;
  [[nodiscard]] Result<std::vector<tree::Entry>> list(std::string_view path) const override;

 private:
  [[nodiscard]] std::string charts_folder() const {
    return folder_.empty() ? "charts" : folder_ + "/charts";
  }
  // The package at `path`, or null.
  [[nodiscard]] const std::string* package_at(std::string_view path) const;

  std::shared_ptr<const tree::FileTree> below_;
  std::string folder_;
  std::map<std::string, std::string, std::less<>> packages_;
};

// Brings the package of a chart that is not in the tree.
using BringChart = std::function<Result<std::string>(const MissingChart&)>;
// The tree with the charts that the chart in `folder` wants and has not, as Helm's dependency build
// brings them; the tree itself when nothing is missing. Refuses as missing_charts(), `bring` and with
// Code::path_outside.
Result<std::shared_ptr<const tree::FileTree>> with_dependencies(
    std::shared_ptr<const tree::FileTree> tree, const std::string& folder, const BringChart& bring);

// A chart's folder as a package, as `helm package` makes one, but without times.
Result<std::string> pack(const tree::FileTree& tree, const std::string& folder,
                         const std::string& name);

}  // namespace holdfast::charts
