// SPDX-License-Identifier: Apache-2.0
// A pack on its way into a repository: indexed in a folder of its own, judged object by object,
// then moved in as a whole. Killed at any point, the repository is as before, or has a complete
// pack more. What is in a repository is closed: whatever an object refers to is there as well. It
// does not know refs or where the bytes come from.
#pragma once

#include "base/result.h"
#include "git/library.h"
#include "git/object_id.h"

#include <memory>
#include <string>
#include <string_view>

struct git_indexer;
struct git_indexer_progress;

namespace holdfast::git {

enum class Parents { must_exist, may_be_absent };  // absent: a shallow store of single commits
enum class Names { judged_here, judged_by_readers };

struct IntakeRules {
  Parents parents = Parents::must_exist;
  Names names = Names::judged_here;
  std::size_t pack_bytes_max = std::size_t{1} << 30;
};

class PackIntake {
 public:
  // Refuses with Code::git_object (no repository), file_unwritable.
  static Result<PackIntake> open(const std::string& repository, const IntakeRules& rules);
  PackIntake(PackIntake&&) noexcept;
  PackIntake& operator=(PackIntake&&) = delete;
  ~PackIntake();

  // Refuses with Code::limit or Code::git_object; then nothing more may be appended.
  Result<> append(std::string_view bytes);
  // Ends the pack and judges its objects: git_object when one is damaged, or refers to nothing.
  Result<> finish();

  // The repository's objects together with the pack's, after finish().
  [[nodiscard]] git_odb& objects() { return *together_; }

  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  // Moves the pack in; it is on the disk when this returns.
  Result<> accept();

 private:
  struct CloseIndexer {
    void operator()(git_indexer* indexer) const;
  };
  struct FreeProgress {
    void operator()(git_indexer_progress* progress) const;
  };

  PackIntake(std::string repository, std::string folder, const IntakeRules& rules)
      : repository_(std::move(repository)), folder_(std::move(folder)), rules_(rules) {}

  Result<> judge(git_odb& pack);
  Result<> judge_object(const ObjectId& id);

  std::string repository_, folder_;
  IntakeRules rules_;
  std::size_t bytes_ = 0;
  std::string name_;  // of the pack, empty while there is none
  RepositoryHandle handle_;
  ObjectsHandle present_, together_;
  // libgit2 counts in here from the first append to the commit: one for the whole pack.
  std::unique_ptr<git_indexer_progress, FreeProgress> progress_;
  std::unique_ptr<git_indexer, CloseIndexer> indexer_;
};

// What killed processes left behind. Call while nobody else writes to the repository.
void remove_stale_intakes(const std::string& repository);

}  // namespace holdfast::git
