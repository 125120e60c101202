// SPDX-License-Identifier: Apache-2.0
#include "git/library.h"

#include "base/handle.h"
#include "git/object_text.h"

#include <git2.h>
#include <string.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace holdfast::git {
namespace {

constexpr std::size_t mapped_bytes_max = std::size_t{128} << 20;  // of packs, over all repositories
constexpr std::size_t window_bytes = std::size_t{1} << 20;
constexpr ssize_t cache_bytes_max = ssize_t{8} << 20;
constexpr std::size_t pack_objects_max = 2'000'000;
constexpr std::size_t pack_object_bytes_max = std::size_t{100} << 20;

int start_once() {
  const int count = ::git_libgit2_init();
  CHECK(count > 0);
  for (const int level : {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
                          GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL}) {
    CHECK(::git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, level, "") == 0);
  }
  ::git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, mapped_bytes_max);
  ::git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, window_bytes);
  ::git_libgit2_opts(GIT_OPT_SET_CACHE_MAX_SIZE, cache_bytes_max);
  ::git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECTS, pack_objects_max);
  ::git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECT_SIZE, pack_object_bytes_max);
  ::git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
  return count;
}

Result<ObjectKind> from_type(git_object_t type, const ObjectId& id) {
  if (type == GIT_OBJECT_COMMIT) return ObjectKind::commit;
  if (type == GIT_OBJECT_TREE) return ObjectKind::tree;
  if (type == GIT_OBJECT_BLOB) return ObjectKind::blob;
  if (type == GIT_OBJECT_TAG) return ObjectKind::tag;
  return failure(Code::git_object, "object {} is of no known kind", id.hex());
}

std::unexpected<Error> unreadable(const ObjectId& id) {
  return failure(
      library_error(Code::git_object, fmt::format("object {} cannot be read", id.hex())));
}

}  // namespace

void CloseRepository::operator()(git_repository* repository) const {
  ::git_repository_free(repository);
}

void CloseObjects::operator()(git_odb* objects) const {
  ::git_odb_free(objects);
}

void start_library() {
  // Never shut down: handles may outlive every scope that could do it.
  static const int started = start_once();
  static_cast<void>(started);
}

Error library_error(Code code, std::string what) {
  const git_error* last = ::git_error_last();
  Error error(code, std::move(what));
  if (last == nullptr || last->message == nullptr) return error;
  // The library hands on no errno, only the system's words at the end of its own.
  const bool full = std::string_view(last->message).ends_with(::strerror(ENOSPC));
  if (full) error = Error(Code::disk_full, "the file system is full");
  return std::move(error).because(last->message);
}

git_oid to_oid(const ObjectId& id) {
  git_oid oid;
  static_assert(sizeof oid.id == ObjectId::size);
  std::memcpy(oid.id, id.bytes().data(), ObjectId::size);
  return oid;
}

ObjectId from_oid(const git_oid& oid) {
  std::array<unsigned char, ObjectId::size> bytes;
  std::memcpy(bytes.data(), oid.id, ObjectId::size);
  return ObjectId(bytes);
}

Result<RepositoryHandle> make_repository(const std::string& folder, const std::string& branch) {
  git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
  options.flags = GIT_REPOSITORY_INIT_MKDIR | GIT_REPOSITORY_INIT_NO_REINIT;
  options.initial_head = branch.c_str();
  git_repository* raw = nullptr;
  if (::git_repository_init_ext(&raw, folder.c_str(), &options) != 0) {
    return failure(library_error(Code::file_unwritable, "no repository can be made").at(folder));
  }
  return RepositoryHandle(raw);
}

Result<RepositoryHandle> open_repository(const std::string& folder) {
  start_library();
  git_repository* repository = nullptr;
  const unsigned flags = GIT_REPOSITORY_OPEN_NO_SEARCH | GIT_REPOSITORY_OPEN_NO_DOTGIT;
  if (::git_repository_open_ext(&repository, folder.c_str(), flags, nullptr) != 0) {
    return failure(library_error(Code::git_object,
                                 fmt::format("there is no readable repository in \"{}\"", folder)));
  }
  return RepositoryHandle(repository);
}

Result<ObjectsHandle> objects_of(git_repository& repository) {
  git_odb* objects = nullptr;
  if (::git_repository_odb(&objects, &repository) != 0) {
    return failure(library_error(Code::git_object, "the object store cannot be opened"));
  }
  return ObjectsHandle(objects);
}

Result<Object> read_object(git_odb& objects, const ObjectId& id, std::size_t bytes_max) {
  const git_oid oid = to_oid(id);
  std::size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  if (::git_odb_read_header(&size, &type, &objects, &oid) != 0) return unreadable(id);
  if (size > bytes_max) {
    return failure(Code::limit, "object {} has {} bytes, the limit is {}", id.hex(), size,
                   bytes_max);
  }
  git_odb_object* raw = nullptr;
  if (::git_odb_read(&raw, &objects, &oid) != 0) return unreadable(id);
  const Handle<git_odb_object, ::git_odb_object_free> object(raw);
  const auto kind = TRY(from_type(::git_odb_object_type(object.get()), id));
  return Object{
      .kind = kind,
      .content = std::string(static_cast<const char*>(::git_odb_object_data(object.get())),
                             ::git_odb_object_size(object.get()))};
}

Result<ObjectKind> kind_of_object(git_odb& objects, const ObjectId& id) {
  const git_oid oid = to_oid(id);
  std::size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  if (::git_odb_read_header(&size, &type, &objects, &oid) != 0) return unreadable(id);
  return from_type(type, id);
}

bool has_object(git_odb& objects, const ObjectId& id) {
  const git_oid oid = to_oid(id);
  return ::git_odb_exists(&objects, &oid) == 1;
}

Result<CommitId> peel_to_commit(git_odb& objects, ObjectId id) {
  constexpr int depth_max = 16;
  for (int depth = 0; depth < depth_max; ++depth) {
    const auto object = TRY(read_object(objects, id, std::size_t{16} << 20));
    if (object.kind == ObjectKind::commit) return id;
    if (object.kind != ObjectKind::tag) {
      return failure(Code::git_revision, "object {} is no commit", id.hex());
    }
    id = TRY(parse_tag_target(object.content));
  }
  return failure(Code::limit, "a chain of more than {} tags", depth_max);
}

}  // namespace holdfast::git
