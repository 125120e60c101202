// SPDX-License-Identifier: Apache-2.0
#include "git/copy.h"

#include "base/files.h"
#include "base/handle.h"
#include "base/text.h"
#include "git/git_tree.h"
#include "git/library.h"
#include "git/object_text.h"

#include <fcntl.h>
#include <git2.h>
#include <sys/stat.h>
#include <unistd.h>

namespace holdfast::git {
namespace {

constexpr std::size_t object_bytes_max = std::size_t{64} << 20;  // of a tree or commit object
constexpr std::size_t entries_max = 100'000;                     // of one directory, and of the whole tree
constexpr int depth_max = 256;

std::unexpected<Error> unwritable(const std::string& path) {
  return failure(system_failure(Code::file_unwritable, "a file of the copy cannot be written").at(path));
}

// Writes a commit's entries below a new folder. Names are checked by parse_tree and no name is there twice, so
// no link that is written is ever passed.
class Checkout {
 public:
  Checkout(git_odb& objects, const GitTree& tree, std::string folder) : objects_(objects), tree_(tree), folder_(std::move(folder)) {}

  Result<> write(const ObjectId& directory, const std::string& path, int depth) {
    if (depth > depth_max) return failure(Code::limit, "\"{}\" is more than {} folders deep", printable(path), depth_max);
    const auto object = TRY(read_object(objects_, directory, object_bytes_max));
    for (const auto& entry : TRY(parse_tree(object.content, entries_max))) {
      const auto below = path.empty() ? entry.name : fmt::format("{}/{}", path, entry.name);
      if (++written_ > entries_max) return failure(Code::limit, "the repository has more than {} files and folders", entries_max);
      TRY(write_entry(entry, below, depth));
    }
    return {};
  }

 private:
  Result<> write_entry(const TreeEntry& entry, const std::string& path, int depth) {
    const auto target = fmt::format("{}/{}", folder_, path);
    if (entry.mode == EntryMode::directory || entry.mode == EntryMode::submodule) {
      if (::mkdir(target.c_str(), 0777) != 0) return unwritable(target);
      // Without its files, as git leaves the folder of a submodule that nobody fetched.
      if (entry.mode == EntryMode::submodule) return {};
      return write(entry.id, path, depth + 1);
    }
    const auto blob = TRY(read_object(objects_, entry.id, TreeLimits().file_bytes_max), "copying \"{}\"", printable(path));
    if (entry.mode == EntryMode::link) return write_link(blob.content, path, target);
    constexpr int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
    const FileDescriptor file(::open(target.c_str(), flags, entry.mode == EntryMode::executable ? 0777 : 0666));
    if (!file) return unwritable(target);
    return write_all(file.get(), blob.content);
  }

  // A link that leads to nothing, or into a submodule, is its owner's; one that leads out is refused by whoever
  // renders the tree, and so here, before anything is tried.
  Result<> write_link(const std::string& leads_to, const std::string& path, const std::string& target) {
    if (const auto found = tree_.kind(path); !found && found.error().code() == Code::path_outside) {
      return failure(Error(Code::path_outside, fmt::format("the link \"{}\" leads out of the repository", printable(path)))
                         .because(fmt::format("its target is \"{}\"", printable(leads_to)))
                         .fix("put what it leads to into the repository, and commit"));
    }
    if (::symlink(leads_to.c_str(), target.c_str()) != 0) return unwritable(target);
    return {};
  }

  git_odb& objects_;
  const GitTree& tree_;
  std::string folder_;
  std::size_t written_ = 0;
};

Result<RepositoryHandle> make_empty(const std::string& folder, const std::string& branch, git_repository& source) {
  auto repository = TRY(make_repository(folder, branch));
  git_buf objects = GIT_BUF_INIT;
  const int status = ::git_repository_item_path(&objects, &source, GIT_REPOSITORY_ITEM_OBJECTS);
  const std::string lent = status == 0 ? objects.ptr : "";
  ::git_buf_dispose(&objects);
  if (status != 0) return failure(library_error(Code::git_object, "the repository's objects cannot be found"));
  TRY(replace_file(fmt::format("{}objects/info/alternates", ::git_repository_path(repository.get())), lent + "\n", 0644));
  return repository;
}

// As if everything had been added: the index holds the commit's directory.
Result<> fill_index(git_repository& repository, const ObjectId& directory) {
  const git_oid id = to_oid(directory);
  git_tree* raw_tree = nullptr;
  git_index* raw_index = nullptr;
  const int found = ::git_tree_lookup(&raw_tree, &repository, &id);
  const Handle<git_tree, ::git_tree_free> tree(raw_tree);
  const int opened = found == 0 ? ::git_repository_index(&raw_index, &repository) : found;
  const Handle<git_index, ::git_index_free> index(raw_index);
  if (opened == 0 && ::git_index_read_tree(index.get(), tree.get()) == 0 && ::git_index_write(index.get()) == 0) return {};
  return failure(library_error(Code::file_unwritable, "the copy's index cannot be written"));
}

}  // namespace

Result<CommitId> copy_commit(const std::string& repository, const CommitId& commit, const std::string& folder,
                             std::string_view branch, const CommitText& text) {
  const auto tree = TRY(GitTree::open(repository, commit));
  const auto source = TRY(open_repository(repository));
  const auto made = TRY(make_empty(folder, std::string(branch), *source));
  const auto objects = TRY(objects_of(*made));
  const auto object = TRY(read_object(*objects, commit, object_bytes_max));
  const auto directory = TRY(parse_commit(object.content)).tree;
  TRY(Checkout(*objects, *tree, folder).write(directory, "", 0));
  const auto copied = TRY(write_commit(*objects, directory, {}, text));
  TRY(move_ref(*made, fmt::format("refs/heads/{}", branch), {}, copied));
  TRY(fill_index(*made, directory));
  return copied;
}

}  // namespace holdfast::git
