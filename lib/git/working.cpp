// SPDX-License-Identifier: Apache-2.0
#include "git/working.h"

#include "base/handle.h"
#include "git/library.h"
#include "git/object_text.h"

#include <fcntl.h>
#include <git2.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

namespace holdfast::git {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t uncommitted_max = 100;
constexpr std::size_t commit_bytes_max = std::size_t{1} << 20;

using IndexHandle = Handle<git_index, ::git_index_free>;
using ReferenceHandle = Handle<git_reference, ::git_reference_free>;

std::unexpected<Error> io_failure(const std::string& path, std::error_code error) {
  const bool full = error == std::errc::no_space_on_device || error.value() == EDQUOT;
  return failure(Error(full ? Code::disk_full : Code::file_unwritable, "a file cannot be written")
                     .at(path)
                     .because(error.message()));
}

std::unexpected<Error> errno_failure(const std::string& path) {
  return io_failure(path, {errno, std::generic_category()});
}

// Complete under its name or not there: written beside it and renamed.
Result<> write_file(const std::string& path, std::string_view content) {
  std::error_code error;
  fs::create_directories(fs::path(path).parent_path(), error);
  if (error) return io_failure(path, error);
  const std::string beside = path + ".holdfast-new";
  const FileDescriptor file(
      ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644));
  if (!file) return errno_failure(beside);
  while (!content.empty()) {
    const auto count = ::write(file.get(), content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno_failure(beside);
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  if (::rename(beside.c_str(), path.c_str()) != 0) return errno_failure(path);
  return {};
}

Result<std::vector<std::string>> write_out(const std::string& folder, const tree::FileTree& files) {
  auto paths = TRY(tree::walk(files, ""));
  for (const auto& path : paths) {
    const std::string content = TRY(files.read(path));
    TRY(write_file(folder + "/" + path, content));
  }
  return paths;
}

Result<> add_to_index(git_repository& repository, const std::vector<std::string>& paths) {
  git_index* raw = nullptr;
  if (::git_repository_index(&raw, &repository) != 0) {
    return failure(library_error(Code::git_object, "the index cannot be read"));
  }
  const IndexHandle index(raw);
  for (const auto& path : paths) {
    if (::git_index_add_bypath(index.get(), path.c_str()) != 0) {
      return failure(library_error(Code::git_object,
                                   fmt::format("\"{}\" cannot be added to the index", path)));
    }
  }
  if (::git_index_write(index.get()) != 0) {
    return failure(library_error(Code::file_unwritable, "the index cannot be written"));
  }
  return {};
}

Result<CommitId> fill(const std::string& folder, const std::string& branch,
                      const tree::FileTree& files, const CommitText& text) {
  git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
  options.flags = GIT_REPOSITORY_INIT_MKDIR | GIT_REPOSITORY_INIT_NO_REINIT;
  options.initial_head = branch.c_str();
  git_repository* raw = nullptr;
  if (::git_repository_init_ext(&raw, folder.c_str(), &options) != 0) {
    return failure(library_error(Code::file_unwritable, "no repository can be made").at(folder));
  }
  const RepositoryHandle repository(raw);
  const auto paths = TRY(write_out(folder, files));
  const auto objects = TRY(objects_of(*repository));
  const auto tree = TRY(write_files(*objects, {}, files));
  const auto commit = TRY(write_commit(*objects, tree, {}, text));
  TRY(move_ref(*repository, "refs/heads/" + branch, {}, commit));
  TRY(add_to_index(*repository, paths));
  return commit;
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
    return failure(Error(Code::repo_layout, fmt::format("\"{}\" is in no Git repository", path)));
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
  if (error) return io_failure(parent, error);
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
                                const CommitText& text) {
  const auto repository = TRY(open_working(folder));
  const auto head = head_of(*repository);
  if (head.ref.empty()) {
    return failure(Error(Code::repo_layout, "HEAD is on no branch").at(folder));
  }
  const auto objects = TRY(objects_of(*repository));
  ObjectId base;
  std::vector<CommitId> parents;
  if (head.commit) {
    const auto object = TRY(read_object(*objects, *head.commit, commit_bytes_max));
    const auto parsed = TRY(parse_commit(object.content));
    base = parsed.tree;
    parents.push_back(*head.commit);
  }
  const auto tree = TRY(write_files(*objects, base, files));
  const auto commit = TRY(write_commit(*objects, tree, parents, text));
  const auto root = without_slash(::git_repository_workdir(repository.get()));
  const auto paths = TRY(write_out(root, files));
  TRY(move_ref(*repository, head.ref, head.commit.value_or(ObjectId()), commit));
  TRY(add_to_index(*repository, paths));
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
