// SPDX-License-Identifier: Apache-2.0
#include "git/pack_intake.h"

#include "base/handle.h"
#include "git/object_text.h"

#include <fcntl.h>
#include <git2.h>
#include <git2/sys/odb_backend.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <vector>

namespace holdfast::git {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view folder_prefix = "incoming-";
constexpr std::size_t object_bytes_max = std::size_t{100} << 20;
constexpr std::size_t entries_max = 1'000'000;

std::unexpected<Error> unwritable(const std::string& path) {
  const int error = errno;
  return failure(Error(error == ENOSPC ? Code::disk_full : Code::file_unwritable,
                       fmt::format("\"{}\" cannot be written", path))
                     .because(std::generic_category().message(error)));
}

Result<> sync_folder(const std::string& path) {
  const FileDescriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder || ::fsync(folder.get()) != 0) return unwritable(path);
  return {};
}

Result<ObjectsHandle> new_objects() {
  git_odb* objects = nullptr;
  if (::git_odb_new(&objects) != 0) {
    return failure(library_error(Code::git_object, "an object store cannot be opened"));
  }
  return ObjectsHandle(objects);
}

Result<> add_pack(git_odb& objects, const std::string& index) {
  git_odb_backend* backend = nullptr;
  if (::git_odb_backend_one_pack(&backend, index.c_str()) != 0 ||
      ::git_odb_add_backend(&objects, backend, 2) != 0) {
    return failure(library_error(Code::git_object, "the pack that arrived cannot be read"));
  }
  return {};
}

}  // namespace

void PackIntake::CloseIndexer::operator()(git_indexer* indexer) const {
  ::git_indexer_free(indexer);
}

void PackIntake::FreeProgress::operator()(git_indexer_progress* progress) const {
  std::default_delete<git_indexer_progress>()(progress);
}

Result<PackIntake> PackIntake::open(const std::string& repository, const IntakeRules& rules) {
  auto handle = TRY(open_repository(repository));
  std::string folder = fmt::format("{}/{}XXXXXX", repository, folder_prefix);
  if (::mkdtemp(folder.data()) == nullptr) return unwritable(folder);
  PackIntake intake(repository, folder, rules);
  intake.present_ = TRY(objects_of(*handle));
  intake.handle_ = std::move(handle);
  git_indexer* indexer = nullptr;
  if (::git_indexer_new(&indexer, folder.c_str(), 0, intake.present_.get(), nullptr) != 0) {
    return failure(library_error(Code::file_unwritable, "a pack cannot be written"));
  }
  intake.indexer_.reset(indexer);
  intake.progress_.reset(std::make_unique<git_indexer_progress>().release());
  return intake;
}

PackIntake::PackIntake(PackIntake&& other) noexcept
    : repository_(std::move(other.repository_)),
      folder_(std::exchange(other.folder_, std::string())),
      rules_(other.rules_),
      bytes_(other.bytes_),
      name_(std::move(other.name_)),
      handle_(std::move(other.handle_)),
      present_(std::move(other.present_)),
      together_(std::move(other.together_)),
      progress_(std::move(other.progress_)),
      indexer_(std::move(other.indexer_)) {}

PackIntake::~PackIntake() {
  indexer_.reset();
  together_.reset();
  std::error_code ignored;  // what stays is removed by remove_stale_intakes
  if (!folder_.empty()) fs::remove_all(folder_, ignored);
}

Result<> PackIntake::append(std::string_view bytes) {
  bytes_ += bytes.size();
  if (bytes_ > rules_.pack_bytes_max) {
    return failure(Code::limit, "the pack has more than {} bytes", rules_.pack_bytes_max);
  }
  if (::git_indexer_append(indexer_.get(), bytes.data(), bytes.size(), progress_.get()) != 0) {
    return failure(library_error(Code::git_object, "the pack that arrived is damaged"));
  }
  return {};
}

Result<> PackIntake::finish() {
  if (::git_indexer_commit(indexer_.get(), progress_.get()) != 0) {
    return failure(
        library_error(Code::git_object, "the pack that arrived is damaged or cut short"));
  }
  name_ = ::git_indexer_name(indexer_.get());
  const std::string index = fmt::format("{}/pack-{}.idx", folder_, name_);
  const auto pack = TRY(new_objects());
  TRY(add_pack(*pack, index));
  together_ = TRY(new_objects());
  TRY(add_pack(*together_, index));
  const std::string present = repository_ + "/objects";
  if (::git_odb_add_disk_alternate(together_.get(), present.c_str()) != 0) {
    return failure(library_error(Code::git_object, "the object store cannot be opened"));
  }
  return judge(*pack);
}

Result<> PackIntake::judge(git_odb& pack) {
  std::vector<ObjectId> ids;
  const auto collect = [](const git_oid* oid, void* payload) {
    static_cast<std::vector<ObjectId>*>(payload)->push_back(from_oid(*oid));
    return 0;
  };
  if (::git_odb_foreach(&pack, collect, &ids) != 0) {
    return failure(library_error(Code::git_object, "the pack that arrived cannot be read"));
  }
  for (const auto& id : ids)
    TRY(judge_object(id));
  return {};
}

Result<> PackIntake::judge_object(const ObjectId& id) {
  const auto must_exist = [&](const ObjectId& target) -> Result<> {
    if (has_object(*together_, target)) return {};
    return failure(Code::git_object, "object {} refers to {}, which is absent", id.hex(),
                   target.hex());
  };
  if (TRY(kind_of_object(*together_, id)) == ObjectKind::blob) return {};
  const auto object = TRY(read_object(*together_, id, object_bytes_max));
  if (object.kind == ObjectKind::tag) return must_exist(TRY(parse_tag_target(object.content)));
  if (object.kind == ObjectKind::commit) {
    const auto commit = TRY(parse_commit(object.content), "object {}", id.hex());
    TRY(must_exist(commit.tree));
    if (rules_.parents == Parents::may_be_absent) return {};
    for (const auto& parent : commit.info.parents)
      TRY(must_exist(parent));
    return {};
  }
  const auto entries = parse_tree(object.content, entries_max);
  if (!entries) {
    if (rules_.names == Names::judged_by_readers) return {};
    return failure(Error(entries.error()).within(fmt::format("object {}", id.hex())));
  }
  for (const auto& entry : *entries) {
    if (entry.mode != EntryMode::submodule) TRY(must_exist(entry.id));
  }
  return {};
}

Result<> PackIntake::accept() {
  CHECK(!name_.empty());
  const std::string destination = repository_ + "/objects/pack";
  // The index last: without it the pack does not exist for any reader.
  for (const std::string_view extension : {"pack", "idx"}) {
    const std::string file = fmt::format("pack-{}.{}", name_, extension);
    const std::string from = folder_ + "/" + file, to = destination + "/" + file;
    if (::rename(from.c_str(), to.c_str()) != 0) return unwritable(to);
    TRY(sync_folder(destination));
  }
  return {};
}

void remove_stale_intakes(const std::string& repository) {
  std::error_code status;
  for (const auto& entry : fs::directory_iterator(repository, status)) {
    const auto name = entry.path().filename().string();
    std::error_code ignored;
    if (name.starts_with(folder_prefix)) fs::remove_all(entry.path(), ignored);
  }
}

}  // namespace holdfast::git
