// SPDX-License-Identifier: Apache-2.0
#include "kustomize/loader.h"

#include "base/text.h"

#include <fmt/format.h>

namespace holdfast::kustomize {
namespace {

constexpr int depth_max = 64;  // kustomizations within each other; the deepest public one has 9

bool is_inside(std::string_view directory, std::string_view path) {
  if (directory.empty()) return true;
  return path.starts_with(directory) &&
         (path.size() == directory.size() || path[directory.size()] == '/');
}

// Nothing is at `path`; perhaps something beside it has a name like it.
Error nothing_at(const tree::FileTree& tree, std::string_view wanted, std::string_view path) {
  Error error(Code::path_missing, fmt::format("there is no {} \"{}\"", wanted, printable(path)));
  const auto entries = tree.list(parent_path(path));
  if (!entries) return error;
  std::vector<std::string_view> names;
  for (const auto& entry : *entries)
    names.push_back(entry.name);
  const auto near = nearest(base_name(path), names);
  if (!near) return error;
  return std::move(error).fix(fmt::format("did you mean \"{}\"?", *near));
}

}  // namespace

Error remote_file(std::string_view url) {
  return Error(Code::source_unsupported, fmt::format("\"{}\" is a remote file", printable(url)))
      .fix("copy it into the repository: a build reads nothing else");
}

Result<Loader> Loader::open(const tree::FileTree& tree, std::string_view directory,
                            Budget& budget, Reading reading) {
  auto clean = join_inside("", directory);
  if (!clean)
    return failure(Code::path_outside, "the directory \"{}\" is outside the tree",
                   printable(directory));
  const auto kind = TRY(tree.kind(*clean));
  if (!kind)
    return failure(Code::path_missing, "there is no directory \"{}\"", printable(directory));
  if (*kind != tree::EntryKind::directory) {
    return failure(
        Error(Code::path_missing,
              fmt::format("\"{}\" is a file, a kustomization is a directory", printable(directory)))
            .fix("name the directory that holds kustomization.yaml"));
  }
  // Paths are relative to where the directory really is, not to the link that led to it.
  Loader loader(tree, TRY(tree.real_path(*clean)), budget, nullptr);
  loader.reading_ = reading;
  return loader;
}

std::string Loader::path_of(std::string_view path) const {
  return join_inside(directory_, path).value_or(std::string(path));
}

Result<std::string> Loader::resolve(std::string_view path) const {
  if (path.find("://") != std::string_view::npos && looks_remote(path)) return failure(remote_file(path));
  if (path.starts_with('/')) {
    return failure(
        Error(Code::path_outside, fmt::format("\"{}\" is an absolute path", printable(path)))
            .fix("write it relative to the kustomization's directory"));
  }
  const auto full = join_inside(directory_, path);
  const auto outside = [&] {
    return Error(Code::path_outside, fmt::format("the file \"{}\" is not in or below \"{}\"",
                                                 printable(path), shown()))
        .fix("move the file there, or make its directory a kustomization and list that");
  };
  if (!full || (reading_ == Reading::root_only && !is_inside(directory_, *full)))
    return failure(outside());
  auto real = tree_->real_path(*full);
  if (!real) {
    if (real.error().code() == Code::path_missing) return failure(nothing_at(*tree_, "file", *full));
    return real;
  }
  if (reading_ == Reading::root_only && !is_inside(directory_, *real)) {
    return failure(outside().because(fmt::format("it is a link to \"{}\"", printable(*real))));
  }
  return real;
}

Result<bool> Loader::has_file(std::string_view path) const {
  if (path.empty() || path.starts_with('/') || looks_remote(path)) return false;
  const auto full = join_inside(directory_, path);
  if (!full) return false;
  return tree::is_file(*tree_, *full);
}

Result<std::string> Loader::read(std::string_view path) const {
  const std::string full = TRY(resolve(path));
  auto content = tree::read_text(*tree_, full);
  if (content) {
    TRY(budget_->count_file(content->size(), full));
    return content;
  }
  const auto kind = TRY(tree_->kind(full));
  if (kind == tree::EntryKind::directory)
    return failure(Code::path_missing, "\"{}\" is a directory, it must be a file", printable(full));
  return content;
}

int Loader::depth() const {
  int depth = 0;
  for (const Loader* at = from_.get(); at != nullptr; at = at->from_.get())
    ++depth;
  return depth;
}

Result<Loader> Loader::enter(std::string_view path) const {
  if (path.empty()) return failure(Code::kustomization, "an empty path is listed");
  if (path.starts_with('/')) {
    return failure(
        Error(Code::path_outside, fmt::format("\"{}\" is an absolute path", printable(path)))
            .fix("write it relative to the kustomization's directory"));
  }
  auto full = join_inside(directory_, path);
  if (!full) {
    return failure(Error(Code::path_outside,
                         fmt::format("\"{}\" leads out of the repository", printable(path)))
                       .fix("keep everything inside the repository"));
  }
  const auto kind = TRY(tree_->kind(*full));
  if (!kind) return failure(nothing_at(*tree_, "file or directory", *full));
  if (*kind != tree::EntryKind::directory)
    return failure(Code::path_missing, "\"{}\" is a file, it must be a directory",
                   printable(*full));
  std::string real = TRY(tree_->real_path(*full));
  for (const Loader* at = this; at != nullptr; at = at->from_.get()) {
    if (at->tree_ != tree_) continue;
    if (is_inside(real, at->directory_)) {
      return failure(Error(Code::kustomization,
                           fmt::format("\"{}\" leads back to \"{}\", which is being built",
                                       printable(path), at->shown()))
                         .fix("a kustomization may not list itself, nor a directory above it"));
    }
  }
  if (depth() >= depth_max) {
    return failure(Code::limit, "kustomizations are nested more than {} deep at \"{}\"", depth_max,
                   printable(*full));
  }
  Loader inner(*tree_, std::move(real), *budget_, std::make_shared<const Loader>(*this));
  inner.owned_ = owned_;
  inner.reading_ = reading_;
  return inner;
}

Result<Loader> Loader::enter_remote(const std::string& url,
                                    std::shared_ptr<const tree::FileTree> tree,
                                    std::string_view directory) const {
  for (const Loader* at = this; at != nullptr; at = at->from_.get()) {
    if (at->url_.empty() || !at->url_.starts_with(url)) continue;
    return failure(Error(Code::kustomization, fmt::format("\"{}\" leads back to \"{}\"",
                                                          printable(url), printable(at->url_)))
                       .fix("a repository may not list itself"));
  }
  if (depth() >= depth_max)
    return failure(Code::limit, "kustomizations are nested more than {} deep", depth_max);
  Loader inner = TRY(open(*tree, directory, *budget_));
  inner.from_ = std::make_shared<const Loader>(*this);
  inner.owned_ = std::move(tree);
  inner.url_ = url;
  return inner;
}

}  // namespace holdfast::kustomize
