// SPDX-License-Identifier: Apache-2.0
#include "git/receive_push.h"

#include "base/handle.h"
#include "base/text.h"
#include "git/library.h"
#include "git/object_text.h"
#include "git/pack_intake.h"
#include "git/repository.h"

#include <fcntl.h>
#include <git2.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <unordered_set>
#include <vector>

namespace holdfast::git {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t command_bytes_max = 2048;
constexpr std::size_t commit_bytes_max = std::size_t{16} << 20;
constexpr std::string_view first_line = "holdfast-push 1";

std::unexpected<Error> no_push() {
  return failure(Code::wrong_type, "the request is no push of this version");
}

// "key value\n"
std::optional<std::string_view> take_line(std::string_view& text, std::string_view key) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos || !text.starts_with(key)) return std::nullopt;
  const auto value = text.substr(key.size(), end - key.size());
  text.remove_prefix(end + 1);
  return value;
}

bool is_branch(const std::string& ref) {
  int valid = 0;
  return ref.starts_with("refs/heads/") &&
         ::git_reference_name_is_valid(&valid, ref.c_str()) == 0 && valid == 1;
}

// Held while the branch moves; the kernel gives it back when a process dies.
Result<FileDescriptor> lock_repository(const std::string& repository) {
  const std::string path = repository + "/holdfast.lock";
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  int status = file ? 0 : -1;
  while (file && (status = ::flock(file.get(), LOCK_EX)) != 0 && errno == EINTR) {
  }
  if (status == 0) return file;
  return failure(Error(Code::file_unwritable, fmt::format("\"{}\" cannot be locked", path))
                     .because(std::generic_category().message(errno)));
}

// The library's own lock files; whoever holds lock_repository() is the only writer, so they are a
// dead process's.
void remove_stale_locks(const std::string& repository) {
  std::error_code status;
  for (const std::string_view name : {"HEAD.lock", "packed-refs.lock", "config.lock"}) {
    fs::remove(fmt::format("{}/{}", repository, name), status);
  }
  fs::recursive_directory_iterator refs(repository + "/refs", status);
  std::vector<fs::path> stale;
  for (const auto& entry : refs) {
    if (entry.path().extension() == ".lock") stale.push_back(entry.path());
  }
  for (const auto& path : stale)
    fs::remove(path, status);
}

ObjectId position_of(git_repository& repository, const std::string& ref) {
  git_oid oid{};
  if (::git_reference_name_to_id(&oid, &repository, ref.c_str()) != 0) return {};
  return from_oid(oid);
}

Error not_forward(const PushCommand& command, const ObjectId& present) {
  return Error(Code::git_not_fast_forward,
               fmt::format("\"{}\" is at {} and does not lead to {}", printable(command.ref),
                           present.is_zero() ? "no commit" : present.hex().substr(0, 10),
                           command.after.hex().substr(0, 10)));
}

// Is `present` among the ancestors of the pushed commit? Newest first, until it is found.
Result<> must_go_forward(git_odb& objects, const PushCommand& command, const ObjectId& present,
                         std::size_t commits_max) {
  std::unordered_set<ObjectId> seen = {command.after};
  std::vector<CommitId> ahead = {command.after};
  for (std::size_t at = 0; at < ahead.size(); ++at) {
    if (ahead[at] == present) return {};
    if (at == commits_max) {
      return failure(Code::limit, "the push has more than {} commits", commits_max);
    }
    const auto object = TRY(read_object(objects, ahead[at], commit_bytes_max));
    if (object.kind != ObjectKind::commit) return failure(not_forward(command, present));
    const auto commit = TRY(parse_commit(object.content));
    for (const auto& parent : commit.info.parents) {
      if (seen.insert(parent).second) ahead.push_back(parent);
    }
  }
  if (present.is_zero()) return {};
  return failure(not_forward(command, present));
}

// An empty repository takes the first branch for its own, so that a clone has files.
Result<> adopt_branch(git_repository& repository, const std::string& ref) {
  if (!position_of(repository, "HEAD").is_zero()) return {};
  git_reference* raw = nullptr;
  const int status =
      ::git_reference_symbolic_create(&raw, &repository, "HEAD", ref.c_str(), 1, nullptr);
  const Handle<git_reference, ::git_reference_free> head(raw);
  if (status == 0) return {};
  return failure(library_error(Code::file_unwritable, "HEAD cannot be written"));
}

// The command, with the beginning of the pack in `text`.
Result<PushCommand> read_command(const ReadBytes& read, std::string& text) {
  while (text.find("\n\n") == std::string::npos) {
    if (text.size() > command_bytes_max) return no_push();
    const auto bytes = TRY(read());
    if (bytes.empty()) return no_push();
    text += bytes;
  }
  std::string_view rest = text;
  auto command = TRY(take_push_command(rest));
  text.erase(0, text.size() - rest.size());
  return command;
}

// Nothing when no pack follows the command.
Result<std::optional<PackIntake>> take_pack(const std::string& repository, std::string_view begin,
                                            const ReadBytes& read, const PushLimits& limits) {
  if (begin.empty()) begin = TRY(read());
  if (begin.empty()) return std::nullopt;
  auto intake = TRY(PackIntake::open(repository, {.pack_bytes_max = limits.pack_bytes_max}));
  while (!begin.empty()) {
    TRY(intake.append(begin));
    begin = TRY(read());
  }
  TRY(intake.finish());
  return intake;
}

}  // namespace

std::string write_push_command(const PushCommand& command) {
  return fmt::format("{}\nref {}\nbefore {}\nafter {}\n\n", first_line, command.ref,
                     command.before.hex(), command.after.hex());
}

Result<PushCommand> take_push_command(std::string_view& text) {
  const auto first = take_line(text, first_line);
  const auto ref = take_line(text, "ref ");
  const auto before = take_line(text, "before ");
  const auto after = take_line(text, "after ");
  const auto end = take_line(text, "");
  if (!first || !first->empty() || !ref || !before || !after || !end || !end->empty()) {
    return no_push();
  }
  const auto before_id = ObjectId::parse(*before), after_id = ObjectId::parse(*after);
  if (!before_id || !after_id || after_id->is_zero()) return no_push();
  PushCommand command{.ref = std::string(*ref), .before = *before_id, .after = *after_id};
  if (!is_branch(command.ref)) {
    return failure(Code::wrong_type, "\"{}\" is no branch", printable(command.ref));
  }
  return command;
}

Result<PushCommand> receive_push(const std::string& repository, const ReadBytes& read,
                                 const PushLimits& limits) {
  std::string begin;
  const auto command = TRY(read_command(read, begin));
  auto intake = TRY(take_pack(repository, begin, read, limits));

  const auto lock = TRY(lock_repository(repository));
  remove_stale_locks(repository);
  const auto handle = TRY(open_repository(repository));
  const auto present_objects = TRY(objects_of(*handle));
  git_odb& objects = intake ? intake->objects() : *present_objects;
  const auto present = position_of(*handle, command.ref);
  if (present == command.after) return command;
  if (present != command.before) return failure(not_forward(command, present));
  if (!has_object(objects, command.after)) {
    return failure(Code::git_object, "the push is without its commit {}", command.after.hex());
  }
  TRY(must_go_forward(objects, command, present, limits.commits_max));

  // Writes begin. A pack without a branch that leads to it is invisible; a branch never leads to
  // what is not on the disk.
  if (intake) TRY(intake->accept());
  TRY(adopt_branch(*handle, command.ref));
  TRY(move_ref(*handle, command.ref, present, command.after));
  return command;
}

Result<> prepare_built_in(const std::string& repository, std::string_view branch) {
  TRY(create_bare(repository, branch));
  const auto lock = TRY(lock_repository(repository));
  remove_stale_locks(repository);
  remove_stale_intakes(repository);
  return {};
}

}  // namespace holdfast::git
