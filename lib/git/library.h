// SPDX-License-Identifier: Apache-2.0
// Inside this module only: libgit2 started with our limits, and its handles and errors as ours. No
// configuration of the machine or of a user is ever read (insteadOf, hooks, proxies), no transport
// of the library is used, and neither are its revision expressions, filters and checkouts.
#pragma once

#include "base/result.h"
#include "git/object_id.h"

#include <functional>
#include <memory>
#include <string>

struct git_odb;
struct git_oid;
struct git_repository;

namespace holdfast::git {

struct CloseRepository {
  void operator()(git_repository* repository) const;
};

struct CloseObjects {
  void operator()(git_odb* objects) const;
};

using RepositoryHandle = std::unique_ptr<git_repository, CloseRepository>;
using ObjectsHandle = std::unique_ptr<git_odb, CloseObjects>;

// Call before any other function of libgit2; cheap after the first time.
void start_library();

// With libgit2's own words as the cause. Where those are a full disk it is Code::disk_full, whatever `code`.
Error library_error(Code code, std::string what);

git_oid to_oid(const ObjectId& id);
ObjectId from_oid(const git_oid& oid);

// A bare repository or a .git folder, exactly there. Refuses with Code::git_object.
Result<RepositoryHandle> open_repository(const std::string& folder);

// A new one with a work tree, whose HEAD names `branch`. Refuses with Code::file_unwritable, also where there is one.
Result<RepositoryHandle> make_repository(const std::string& folder, const std::string& branch);
Result<ObjectsHandle> objects_of(git_repository& repository);

enum class ObjectKind { commit, tree, blob, tag };

struct Object {
  ObjectKind kind;
  std::string content;
};

// Refuses with Code::git_object (absent, damaged) or Code::limit (larger than `bytes_max`).
Result<Object> read_object(git_odb& objects, const ObjectId& id, std::size_t bytes_max);
Result<ObjectKind> kind_of_object(git_odb& objects, const ObjectId& id);
bool has_object(git_odb& objects, const ObjectId& id);

// The commit that an object leads to: itself, or what a chain of tags points at.
// Refuses with Code::git_object, Code::git_revision (the chain ends in a tree or blob).
Result<CommitId> peel_to_commit(git_odb& objects, ObjectId id);

}  // namespace holdfast::git
