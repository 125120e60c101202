// SPDX-License-Identifier: Apache-2.0
#include "git/working.h"

#include "base/files.h"
#include "base/handle.h"
#include "base/text.h"
#include "git/library.h"
#include "git/object_text.h"

#include <fcntl.h>
#include <git2.h>
#include <git2/sys/repository.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

namespace holdfast::git {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t uncommitted_max = 100;
constexpr std::size_t commit_bytes_max = std::size_t{1} << 20;

using IndexHandle = Handle<git_index, ::git_index_free>;
using ReferenceHandle = Handle<git_reference, ::git_reference_free>;

std::unexpected<Error> errno_failure(const std::string& path) {
  return failure(system_failure(Code::file_unwritable, "a file cannot be written").at(path));
}

// A name in an open folder.
struct Place {
  FileDescriptor folder;
  std::string name;
};

bool is_link(const Place& place) {
  struct stat state{};
  return ::fstatat(place.folder.get(), place.name.c_str(), &state, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(state.st_mode);
}

// Files on their way into a work tree: all are written beside their names before the first is renamed,
// and what is not renamed in the end is taken back, new folders too. No link is followed: whoever wrote
// the repository decides where its links lead.
class Arrival {
 public:
  static Result<Arrival> write(const std::string& root, const tree::FileTree& files) {
    Arrival arrival;
    arrival.root_ = root;
    arrival.paths_ = TRY(tree::walk(files, ""));
    for (const auto& path : arrival.paths_) {
      const std::string content = TRY(files.read(path));
      TRY(arrival.add(path, content));
    }
    return arrival;
  }

  Arrival(Arrival&&) = default;
  Arrival& operator=(Arrival&&) = delete;
  Arrival(const Arrival&) = delete;
  Arrival& operator=(const Arrival&) = delete;

  ~Arrival() {
    for (const auto& file : files_) ::unlinkat(file.folder.get(), beside(file.name).c_str(), 0);
    for (auto made = made_.rbegin(); made != made_.rend(); ++made) {
      ::unlinkat(made->folder.get(), made->name.c_str(), AT_REMOVEDIR);
    }
  }

  [[nodiscard]] const std::vector<std::string>& paths() const { return paths_; }

  Result<> put_in_place() {
    for (const auto& file : files_) {
      const int folder = file.folder.get();
      if (::renameat(folder, beside(file.name).c_str(), folder, file.name.c_str()) != 0) {
        return errno_failure(fmt::format("{}/{}", root_, file.name));
      }
    }
    files_.clear();
    made_.clear();
    return {};
  }

 private:
  Arrival() = default;

  static std::string beside(const std::string& name) { return name + ".holdfast-new"; }

  Result<> add(const std::string& path, std::string_view content) {
    FileDescriptor folder = TRY(open_folder(std::string(parent_path(path))));
    Place place{.folder = std::move(folder), .name = std::string(base_name(path))};
    struct stat old{};
    const bool present = ::fstatat(place.folder.get(), place.name.c_str(), &old, AT_SYMLINK_NOFOLLOW) == 0;
    if (present && S_ISDIR(old.st_mode)) {
      errno = EISDIR;
      return errno_failure(fmt::format("{}/{}", root_, path));
    }
    const bool executable = present && S_ISREG(old.st_mode) && (old.st_mode & S_IXUSR) != 0;
    constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC;
    const FileDescriptor file(::openat(place.folder.get(), beside(place.name).c_str(), flags, executable ? 0755 : 0644));
    if (!file) return errno_failure(fmt::format("{}/{}", root_, path));
    files_.push_back(std::move(place));
    auto written = write_all(file.get(), content);
    if (!written) return failure(std::move(written).error().at(fmt::format("{}/{}", root_, path)));
    return {};
  }

  // The folder `path` of the work tree, one name after the other; missing ones are made.
  Result<FileDescriptor> open_folder(const std::string& path) {
    constexpr int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    FileDescriptor folder(::open(root_.c_str(), flags));
    if (!folder) return errno_failure(root_);
    if (path.empty()) return folder;
    for (const auto name : split(path, '/')) {
      Place place{.folder = std::move(folder), .name = std::string(name)};
      const bool made = ::mkdirat(place.folder.get(), place.name.c_str(), 0777) == 0;
      if (!made && errno != EEXIST) return errno_failure(fmt::format("{}/{}", root_, path));
      folder = FileDescriptor(::openat(place.folder.get(), place.name.c_str(), flags | O_NOFOLLOW));
      if (!folder && is_link(place)) {
        return failure(Error(Code::path_outside, fmt::format("\"{}\" is a symbolic link, and links are not written through", printable(place.name)))
                           .at(fmt::format("{}/{}", root_, path))
                           .fix("put a folder in the link's place"));
      }
      if (!folder) return errno_failure(fmt::format("{}/{}", root_, path));
      if (made) made_.push_back(std::move(place));
    }
    return folder;
  }

  std::string root_;
  std::vector<std::string> paths_;
  std::vector<Place> files_;  // written beside their names
  std::vector<Place> made_;   // new folders, outer ones first
};

// The entry of `path` as the commit's `tree` has it. Its times are left at zero, so that the next git
// that looks compares the content.
Result<git_index_entry> entry_of(const git_tree& tree, const std::string& path) {
  git_tree_entry* raw = nullptr;
  if (::git_tree_entry_bypath(&raw, &tree, path.c_str()) != 0) {
    return failure(library_error(Code::git_object, fmt::format("\"{}\" is not in the commit", path)));
  }
  const Handle<git_tree_entry, ::git_tree_entry_free> held(raw);
  git_index_entry entry{};
  entry.mode = ::git_tree_entry_filemode(held.get());
  entry.id = *::git_tree_entry_id(held.get());
  entry.path = path.c_str();
  return entry;
}

struct Move {
  std::string ref;  // "refs/heads/main"
  std::optional<CommitId> from;
  CommitId to;
  ObjectId tree;                           // of `to`
  std::vector<std::string> removed = {};  // files that `to` has not any more
};

// The index that will be, written under the name of Git's own lock on it while the present one stays.
class NextIndex {
 public:
  static Result<NextIndex> write(git_repository& repository, const Move& move, const std::vector<std::string>& paths) {
    NextIndex next;
    next.index_ = std::string(::git_repository_path(&repository)) + "index";
    TRY(next.lock());
    git_index* raw = nullptr;
    if (::git_index_open(&raw, next.lock_.c_str()) != 0 || ::git_repository_set_index(&repository, raw) != 0) {
      return failure(library_error(Code::git_object, "the index cannot be read"));
    }
    const IndexHandle index(raw);
    git_tree* raw_tree = nullptr;
    const git_oid oid = to_oid(move.tree);
    if (::git_tree_lookup(&raw_tree, &repository, &oid) != 0) {
      return failure(library_error(Code::git_object, "the commit's tree cannot be read"));
    }
    const Handle<git_tree, ::git_tree_free> tree(raw_tree);
    // What the index does not hold is nobody's loss.
    for (const auto& path : move.removed) ::git_index_remove(index.get(), path.c_str(), 0);
    for (const auto& path : paths) {
      const git_index_entry entry = TRY(entry_of(*tree, path));
      if (::git_index_add(index.get(), &entry) != 0) {
        return failure(library_error(Code::git_object,
                                     fmt::format("\"{}\" cannot be added to the index", path)));
      }
    }
    if (::git_index_write(index.get()) != 0) {
      return failure(library_error(Code::file_unwritable, "the index cannot be written"));
    }
    return next;
  }

  NextIndex(NextIndex&& other) noexcept : index_(std::move(other.index_)), lock_(std::exchange(other.lock_, "")) {}
  NextIndex& operator=(NextIndex&&) = delete;
  NextIndex(const NextIndex&) = delete;
  NextIndex& operator=(const NextIndex&) = delete;

  ~NextIndex() {
    if (!lock_.empty()) ::unlink(lock_.c_str());
  }

  Result<> put_in_place() {
    if (::rename(lock_.c_str(), index_.c_str()) != 0) return errno_failure(index_);
    lock_.clear();
    return {};
  }

 private:
  NextIndex() = default;

  // As git does it, with a copy of the present index as the start. A new repository has none.
  Result<> lock() {
    const std::string path = index_ + ".lock";
    const FileDescriptor present(::open(index_.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!present) {
      lock_ = path;
      return {};
    }
    const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
    if (!file && errno == EEXIST) {
      return failure(Error(Code::another_run, "another git works in this repository")
                         .at(path)
                         .fix("wait until it has ended; if none runs, remove that file"));
    }
    if (!file) return errno_failure(path);
    lock_ = path;
    while (true) {
      const auto count = ::sendfile(file.get(), present.get(), nullptr, std::size_t{1} << 30);
      if (count < 0) return errno_failure(path);
      if (count == 0) return {};
    }
  }

  std::string index_;
  std::string lock_;  // "" when there is nothing to take back
};

// Folders that become empty are not Git's. A file that stays shows as untracked, which loses nothing.
void remove_files(const std::string& root, const std::vector<std::string>& removed) {
  for (const auto& path : removed) {
    std::error_code ignored;
    fs::remove(fs::path(root) / path, ignored);
    auto parent = fs::path(path).parent_path();
    while (!parent.empty() && fs::remove(fs::path(root) / parent, ignored)) parent = parent.parent_path();
  }
}

// Branch, index and work tree go together: all that can meet a full disk is written beside what is
// there, then only names change. A refusal leaves all three as they were.
Result<> arrive(git_repository& repository, const std::string& root, const tree::FileTree& files, const Move& move) {
  auto arrival = TRY(Arrival::write(root, files));
  auto index = TRY(NextIndex::write(repository, move, arrival.paths()));
  TRY(move_ref(repository, move.ref, move.from.value_or(ObjectId()), move.to));
  TRY(index.put_in_place());
  TRY(arrival.put_in_place());
  remove_files(root, move.removed);
  return {};
}

Result<CommitId> fill(const std::string& folder, const std::string& branch,
                      const tree::FileTree& files, const CommitText& text) {
  const auto repository = TRY(make_repository(folder, branch));
  const auto objects = TRY(objects_of(*repository));
  const auto tree = TRY(write_files(*objects, {}, files));
  const auto commit = TRY(write_commit(*objects, tree, {}, text));
  TRY(arrive(*repository, folder, files, {.ref = "refs/heads/" + branch, .from = {}, .to = commit, .tree = tree}));
  return commit;
}

// The tree without some of its files; those that it does not hold are nobody's loss.
Result<ObjectId> without(git_repository& repository, const ObjectId& tree,
                         const std::vector<std::string>& removed) {
  if (removed.empty()) return tree;
  const git_oid id = to_oid(tree);
  git_tree* raw = nullptr;
  if (::git_tree_lookup(&raw, &repository, &id) != 0) {
    return failure(library_error(Code::git_object, "the tree of HEAD cannot be read"));
  }
  const Handle<git_tree, ::git_tree_free> base(raw);
  std::vector<git_tree_update> updates;
  for (const auto& path : removed) {
    git_tree_entry* entry = nullptr;
    if (::git_tree_entry_bypath(&entry, base.get(), path.c_str()) != 0) continue;
    ::git_tree_entry_free(entry);
    updates.push_back({GIT_TREE_UPDATE_REMOVE, {}, GIT_FILEMODE_BLOB, path.c_str()});
  }
  git_oid out{};
  if (::git_tree_create_updated(&out, &repository, base.get(), updates.size(), updates.data()) != 0) {
    return failure(library_error(Code::file_unwritable, "a tree without the old files cannot be made"));
  }
  return from_oid(out);
}

struct Head {
  std::string ref;  // "refs/heads/main"
  std::optional<CommitId> commit;
};

Head head_of(git_repository& repository) {
  Head head;
  git_reference* raw = nullptr;
  if (::git_reference_lookup(&raw, &repository, "HEAD") != 0) return head;
  const ReferenceHandle reference(raw);
  if (const char* target = ::git_reference_symbolic_target(reference.get())) head.ref = target;
  git_oid oid{};
  if (::git_reference_name_to_id(&oid, &repository, "HEAD") == 0) head.commit = from_oid(oid);
  return head;
}

Result<RepositoryHandle> open_working(const std::string& path) {
  start_library();
  git_buf found = GIT_BUF_INIT;
  const int status = ::git_repository_discover(&found, path.c_str(), 0, nullptr);
  const std::string folder = status == 0 ? found.ptr : "";
  ::git_buf_dispose(&found);
  if (status != 0) {
    return failure(Error(Code::repo_layout, fmt::format("\"{}\" is in no Git repository", path)).fix("make it one: git init"));
  }
  auto repository = TRY(open_repository(folder));
  if (::git_repository_workdir(repository.get()) == nullptr) {
    return failure(Error(Code::repo_layout, "the repository has no work tree").at(folder));
  }
  return repository;
}

std::string without_slash(const char* path) {
  std::string out = path;
  while (out.size() > 1 && out.ends_with('/')) out.pop_back();
  return out;
}

}  // namespace

Result<CommitId> create_working(const std::string& folder, std::string_view branch,
                                const tree::FileTree& files, const CommitText& text) {
  start_library();
  std::error_code error;
  const auto target = fs::absolute(folder, error).lexically_normal();
  if (fs::exists(target, error) && !fs::is_empty(target, error)) {
    return failure(Error(Code::repo_layout, fmt::format("\"{}\" is not empty", folder)));
  }
  const auto parent = (target.has_filename() ? target : target.parent_path()).parent_path();
  fs::create_directories(parent, error);
  if (error) {
    errno = error.value();
    return errno_failure(parent);
  }
  std::string beside = parent / ".holdfast-XXXXXX";
  if (::mkdtemp(beside.data()) == nullptr) return errno_failure(beside);
  ::chmod(beside.c_str(), 0755);
  auto commit = fill(beside, std::string(branch), files, text);
  if (commit && ::rename(beside.c_str(), target.c_str()) == 0) return commit;
  auto refused = commit ? errno_failure(target) : failure(std::move(commit).error());
  fs::remove_all(beside, error);
  return refused;
}

Result<CommitId> commit_working(const std::string& folder, const tree::FileTree& files,
                                const CommitText& text, const std::vector<std::string>& removed) {
  const auto repository = TRY(open_working(folder));
  const auto head = head_of(*repository);
  if (head.ref.empty()) {
    return failure(Error(Code::repo_layout, "HEAD is on no branch").at(folder).fix("go to a branch: git switch main"));
  }
  const auto objects = TRY(objects_of(*repository));
  ObjectId base;
  std::vector<CommitId> parents;
  if (head.commit) {
    const auto object = TRY(read_object(*objects, *head.commit, commit_bytes_max));
    const auto parsed = TRY(parse_commit(object.content));
    base = TRY(without(*repository, parsed.tree, removed));
    parents.push_back(*head.commit);
  }
  const auto tree = TRY(write_files(*objects, base, files));
  const auto commit = TRY(write_commit(*objects, tree, parents, text));
  const auto root = without_slash(::git_repository_workdir(repository.get()));
  TRY(arrive(*repository, root, files,
             {.ref = head.ref, .from = head.commit, .to = commit, .tree = tree, .removed = removed}));
  return commit;
}

Result<WorkingState> inspect_working(const std::string& path) {
  const auto repository = TRY(open_working(path));
  const auto head = head_of(*repository);
  WorkingState state;
  state.root = without_slash(::git_repository_workdir(repository.get()));
  state.repository = without_slash(::git_repository_path(repository.get()));
  constexpr std::string_view heads = "refs/heads/";
  if (head.ref.starts_with(heads)) state.branch = head.ref.substr(heads.size());
  state.head = head.commit;

  git_status_options options = GIT_STATUS_OPTIONS_INIT;
  options.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_EXCLUDE_SUBMODULES;
  git_status_list* raw = nullptr;
  if (::git_status_list_new(&raw, repository.get(), &options) != 0) {
    return failure(library_error(Code::git_object, "the work tree cannot be compared").at(state.root));
  }
  const Handle<git_status_list, ::git_status_list_free> list(raw);
  const std::size_t count = ::git_status_list_entrycount(list.get());
  for (std::size_t i = 0; i < count && state.uncommitted.size() < uncommitted_max; ++i) {
    const auto* entry = ::git_status_byindex(list.get(), i);
    const auto* delta = entry->index_to_workdir != nullptr ? entry->index_to_workdir : entry->head_to_index;
    if (delta != nullptr) state.uncommitted.emplace_back(delta->new_file.path);
  }
  return state;
}

}  // namespace holdfast::git
