// SPDX-License-Identifier: Apache-2.0
// The files a kustomization may read: those in and below its own directory; other kustomizations
// may be anywhere in the tree but above itself. It does not know what is in the files. Upstream:
// kustomize v5.8.1, api/internal/loader.
#pragma once

#include "base/result.h"
#include "kustomize/budget.h"
#include "kustomize/kustomize.h"
#include "tree/file_tree.h"

#include <memory>
#include <string>
#include <string_view>

namespace holdfast::kustomize {

class Loader {
 public:
  // `directory` is a path inside the tree, "" its root. Tree and budget must outlive the loader.
  static Result<Loader> open(const tree::FileTree& tree, std::string_view directory,
                             Budget& budget, Reading reading = Reading::root_only);

  [[nodiscard]] const std::string& directory() const { return directory_; }

  // For messages: "." for the root of the tree.
  [[nodiscard]] std::string shown() const { return directory_.empty() ? "." : directory_; }

  // A path of this kustomization as a path of the tree, for messages.
  [[nodiscard]] std::string path_of(std::string_view path) const;

  // Refuses with Code::path_outside, Code::path_missing, Code::source_unsupported (a remote file),
  // Code::limit or what the tree says.
  [[nodiscard]] Result<std::string> read(std::string_view path) const;
  // Is it one file that may be read?
  [[nodiscard]] Result<bool> has_file(std::string_view path) const;

  // Another kustomization's directory. Refuses with Code::kustomization for a cycle, too.
  [[nodiscard]] Result<Loader> enter(std::string_view path) const;

  // A directory of another repository, whose files cannot leave it. `url` is the text that names it,
  // which a kustomization of that repository may not name again.
  [[nodiscard]] Result<Loader> enter_remote(const std::string& url,
                                            std::shared_ptr<const tree::FileTree> tree,
                                            std::string_view directory) const;

  [[nodiscard]] int depth() const;

  [[nodiscard]] const tree::FileTree& tree() const { return *tree_; }

  [[nodiscard]] ReadLimits read_limits() const { return budget_->of_text(); }

  [[nodiscard]] Budget& budget() const { return *budget_; }

 private:
  Loader(const tree::FileTree& tree, std::string directory, Budget& budget,
         std::shared_ptr<const Loader> from)
      : tree_(&tree), directory_(std::move(directory)), budget_(&budget), from_(std::move(from)) {}

  [[nodiscard]] Result<std::string> resolve(std::string_view path) const;

  const tree::FileTree* tree_;
  std::string directory_;
  Budget* budget_;
  Reading reading_ = Reading::root_only;
  std::shared_ptr<const Loader> from_;
  std::shared_ptr<const tree::FileTree> owned_;  // of a remote base
  std::string url_;                              // of a remote base, where it was entered
};

// The refusal of a file that would have to be downloaded.
Error remote_file(std::string_view url);

}  // namespace holdfast::kustomize
