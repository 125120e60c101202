// SPDX-License-Identifier: Apache-2.0
#include "git/git_tree.h"

#include "base/guarded.h"
#include "base/text.h"
#include "git/library.h"
#include "git/object_text.h"

#include <algorithm>
#include <functional>
#include <map>

namespace holdfast::git {
namespace {

constexpr std::size_t object_bytes_max = std::size_t{64} << 20;  // of a tree or commit object
constexpr std::size_t link_bytes_max = 4096;
constexpr int links_max = 40;  // on one path, as Linux
constexpr std::size_t cached_entries_max = 100'000;
constexpr int depth_max = 256;

using Directory = std::vector<TreeEntry>;

const TreeEntry* find_entry(const Directory& directory, std::string_view name) {
  const auto entry = std::ranges::lower_bound(directory, name, {}, &TreeEntry::name);
  return entry != directory.end() && entry->name == name ? &*entry : nullptr;
}

std::string below(std::string_view prefix, std::string_view name) {
  return prefix.empty() ? std::string(name) : fmt::format("{}/{}", prefix, name);
}

// What a path leads to once links are followed.
struct Node {
  EntryMode mode = EntryMode::directory;
  ObjectId id;
  std::string path;  // without links
};

std::unexpected<Error> leads_out(std::string_view path) {
  return failure(Code::path_outside, "the link \"{}\" leads out of the tree", printable(path));
}

std::unexpected<Error> is_submodule(std::string_view path) {
  return failure(
      Error(Code::source_unsupported,
            fmt::format("\"{}\" is in a submodule, which is not fetched", printable(path)))
          .fix("put the files into the repository itself"));
}

}  // namespace

struct GitTree::State {
  // libgit2's object store is shared by all its users on one thread at a time.
  struct Store {
    RepositoryHandle repository;
    ObjectsHandle objects;
    std::map<ObjectId, std::shared_ptr<const Directory>> directories;
    std::size_t cached_entries = 0;
  };

  Result<std::shared_ptr<const Directory>> directory(const ObjectId& id) {
    auto locked = store.lock();
    if (const auto known = locked->directories.find(id); known != locked->directories.end()) {
      return known->second;
    }
    const auto object = TRY(read_object(*locked->objects, id, object_bytes_max));
    if (object.kind != ObjectKind::tree) {
      return failure(Code::git_object, "object {} is no directory", id.hex());
    }
    auto parsed =
        std::make_shared<const Directory>(TRY(parse_tree(object.content, limits.entries_max)));
    if (locked->cached_entries + parsed->size() > cached_entries_max) {
      locked->directories.clear();
      locked->cached_entries = 0;
    }
    locked->cached_entries += parsed->size();
    locked->directories.emplace(id, parsed);
    return parsed;
  }

  Result<std::string> blob(const ObjectId& id, std::size_t bytes_max) {
    auto locked = store.lock();
    auto object = TRY(read_object(*locked->objects, id, bytes_max));
    if (object.kind != ObjectKind::blob) {
      return failure(Code::git_object, "object {} is no file", id.hex());
    }
    return std::move(object.content);
  }

  Result<std::optional<Node>> find(std::string_view path);

  ObjectId root;
  CommitInfo info;
  TreeLimits limits;
  Guarded<Store> store;
};

// Walks component by component with the directories passed on a stack, so that ".." in a link means
// what it means to a kernel.
Result<std::optional<Node>> GitTree::State::find(std::string_view path) {
  const auto clean = join_inside("", path);
  if (!clean) return failure(Code::path_outside, "\"{}\" leaves the tree", printable(path));
  struct Step {
    ObjectId id;
    std::string path;
  };

  std::vector<Step> passed = {{root, ""}};
  std::vector<std::string> ahead;
  const auto push_ahead = [&](std::string_view text) {
    const auto parts = split(text, '/');
    for (auto part = parts.rbegin(); part != parts.rend(); ++part)
      ahead.emplace_back(*part);
  };
  push_ahead(*clean);
  int links = 0;
  while (!ahead.empty()) {
    const std::string name = std::move(ahead.back());
    ahead.pop_back();
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      if (passed.size() == 1) return leads_out(path);
      passed.pop_back();
      continue;
    }
    const auto directory_here = TRY(directory(passed.back().id), "reading \"{}\"", printable(path));
    const TreeEntry* entry = find_entry(*directory_here, name);
    if (entry == nullptr) return std::nullopt;
    if (entry->mode == EntryMode::submodule) return is_submodule(path);
    if (entry->mode == EntryMode::directory) {
      if (passed.size() > depth_max) {
        return failure(Code::limit, "\"{}\" is more than {} folders deep", printable(path),
                       depth_max);
      }
      passed.push_back({entry->id, below(passed.back().path, name)});
      continue;
    }
    if (entry->mode == EntryMode::link) {
      if (++links > links_max) {
        return failure(Code::limit, "\"{}\" passes more than {} links", printable(path), links_max);
      }
      const auto target = TRY(blob(entry->id, link_bytes_max));
      if (target.starts_with('/')) return leads_out(path);
      push_ahead(target);
      continue;
    }
    const bool last =
        std::ranges::all_of(ahead, [](const auto& n) { return n.empty() || n == "."; });
    if (!last) return std::nullopt;
    return Node{.mode = entry->mode, .id = entry->id, .path = below(passed.back().path, name)};
  }
  return Node{.mode = EntryMode::directory,
              .id = passed.back().id,
              .path = std::move(passed.back().path)};
}

GitTree::GitTree(Private, std::unique_ptr<State> state) : state_(std::move(state)) {}

GitTree::~GitTree() = default;

const CommitInfo& GitTree::commit() const {
  return state_->info;
}

Result<std::shared_ptr<const GitTree>> GitTree::open(const std::string& repository,
                                                     const CommitId& commit,
                                                     const TreeLimits& limits) {
  auto handle = TRY(open_repository(repository));
  auto objects = TRY(objects_of(*handle));
  if (!has_object(*objects, commit)) {
    return failure(Code::git_revision, "the repository has no commit {}", commit.hex());
  }
  const auto object = TRY(read_object(*objects, commit, object_bytes_max));
  if (object.kind != ObjectKind::commit) {
    return failure(Code::git_revision, "object {} is no commit", commit.hex());
  }
  auto parsed = TRY(parse_commit(object.content));
  auto state = std::make_unique<State>();
  state->root = parsed.tree;
  state->info = std::move(parsed.info);
  state->info.id = commit;
  state->limits = limits;
  state->store.lock()->repository = std::move(handle);
  state->store.lock()->objects = std::move(objects);
  return std::make_shared<const GitTree>(Private{}, std::move(state));
}

Result<std::optional<ObjectId>> GitTree::id_of(std::string_view path) const {
  const auto clean = join_inside("", path);
  if (!clean) return failure(Code::path_outside, "\"{}\" leaves the tree", printable(path));
  ObjectId id = state_->root;
  if (clean->empty()) return id;
  EntryMode mode = EntryMode::directory;
  for (const auto name : split(*clean, '/')) {
    if (mode != EntryMode::directory) return std::nullopt;
    const auto directory = TRY(state_->directory(id));
    const TreeEntry* entry = find_entry(*directory, name);
    if (entry == nullptr) return std::nullopt;
    id = entry->id;
    mode = entry->mode;
  }
  return id;
}

Result<std::optional<tree::EntryKind>> GitTree::kind(std::string_view path) const {
  const auto node = TRY(state_->find(path));
  if (!node) return std::nullopt;
  return node->mode == EntryMode::directory ? tree::EntryKind::directory : tree::EntryKind::file;
}

Result<std::string> GitTree::real_path(std::string_view path) const {
  auto node = TRY(state_->find(path));
  if (!node) return failure(Code::path_missing, "there is nothing at \"{}\"", printable(path));
  return std::move(node->path);
}

Result<std::string> GitTree::read(std::string_view path) const {
  const auto node = TRY(state_->find(path));
  if (!node || node->mode == EntryMode::directory) {
    return failure(Code::path_missing, "there is no file \"{}\"", printable(path));
  }
  return TRY(state_->blob(node->id, state_->limits.file_bytes_max), "reading \"{}\"",
             printable(path));
}

Result<std::vector<tree::Entry>> GitTree::list(std::string_view path) const {
  const auto node = TRY(state_->find(path));
  if (!node || node->mode != EntryMode::directory) {
    return failure(Code::path_missing, "there is no folder \"{}\"", printable(path));
  }
  const auto directory = TRY(state_->directory(node->id), "listing \"{}\"", printable(path));
  std::vector<tree::Entry> entries;
  entries.reserve(directory->size());
  for (const auto& entry : *directory) {
    auto kind = tree::EntryKind::file;
    if (entry.mode == EntryMode::directory || entry.mode == EntryMode::submodule) {
      kind = tree::EntryKind::directory;
    } else if (entry.mode == EntryMode::link) {
      const auto found = this->kind(below(path, entry.name));
      if (!found || !*found) continue;  // leads out or nowhere: an error only for who reads it
      kind = **found;
    }
    entries.push_back({.name = entry.name, .kind = kind});
  }
  return entries;
}

namespace {

// Both sides' directories at one path; an absent side is empty.
class Comparison {
 public:
  using Load = std::function<Result<std::shared_ptr<const Directory>>(const ObjectId&)>;

  Comparison(Load before, Load after, std::size_t paths_max)
      : before_(std::move(before)), after_(std::move(after)), paths_max_(paths_max) {}

  Result<> compare(const std::string& prefix, const ObjectId* before, const ObjectId* after,
                   int depth) {
    if (before != nullptr && after != nullptr && *before == *after) return {};
    if (depth > depth_max) return failure(Code::limit, "more than {} folders deep", depth_max);
    // Trees that name one folder many times have more of them than any time suffices for.
    if (++folders_ > paths_max_) return failure(Code::limit, "more than {} folders differ", paths_max_);
    const auto old_side = before == nullptr ? nothing_ : TRY(before_(*before));
    const auto new_side = after == nullptr ? nothing_ : TRY(after_(*after));
    for (const auto& entry : *old_side) {
      TRY(compare_entry(prefix, &entry, find_entry(*new_side, entry.name), depth));
    }
    for (const auto& entry : *new_side) {
      if (find_entry(*old_side, entry.name) != nullptr) continue;
      TRY(compare_entry(prefix, nullptr, &entry, depth));
    }
    return {};
  }

  std::vector<std::string> paths;

 private:
  Result<> compare_entry(const std::string& prefix, const TreeEntry* before, const TreeEntry* after,
                         int depth) {
    if (before != nullptr && after != nullptr && before->id == after->id &&
        before->mode == after->mode) {
      return {};
    }
    const std::string path = below(prefix, before != nullptr ? before->name : after->name);
    const auto folder = [](const TreeEntry* e) {
      return e != nullptr && e->mode == EntryMode::directory;
    };
    if (folder(before) || folder(after)) {
      TRY(compare(path, folder(before) ? &before->id : nullptr,
                  folder(after) ? &after->id : nullptr, depth + 1));
    }
    const bool file =
        (before != nullptr && !folder(before)) || (after != nullptr && !folder(after));
    if (!file) return {};
    if (paths.size() == paths_max_) {
      return failure(Code::limit, "more than {} paths differ", paths_max_);
    }
    paths.push_back(path);
    return {};
  }

  Load before_, after_;
  std::size_t paths_max_;
  std::size_t folders_ = 0;
  std::shared_ptr<const Directory> nothing_ = std::make_shared<const Directory>();
};

}  // namespace

Result<std::vector<std::string>> changed_paths(const GitTree& before, const GitTree& after,
                                               std::size_t paths_max) {
  Comparison comparison([&](const ObjectId& id) { return before.state_->directory(id); },
                        [&](const ObjectId& id) { return after.state_->directory(id); }, paths_max);
  TRY(comparison.compare("", &before.state_->root, &after.state_->root, 0));
  std::ranges::sort(comparison.paths);
  return std::move(comparison.paths);
}

}  // namespace holdfast::git
