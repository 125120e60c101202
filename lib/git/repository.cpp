// SPDX-License-Identifier: Apache-2.0
#include "git/repository.h"

#include "base/handle.h"
#include "base/text.h"
#include "git/library.h"
#include "git/object_text.h"

#include <git2.h>

#include <algorithm>
#include <map>
#include <set>

namespace holdfast::git {
namespace {

constexpr std::size_t object_bytes_max = std::size_t{64} << 20;
constexpr std::size_t entries_max = 100'000;
constexpr std::size_t refs_max = 1'000'000;

using ReferenceHandle = Handle<git_reference, ::git_reference_free>;

std::string ref_of_branch(std::string_view branch) {
  return fmt::format("refs/heads/{}", branch);
}

// The object a ref leads to through symbolic refs; zero when it leads nowhere.
ObjectId target_of(git_repository& repository, const std::string& name) {
  git_oid oid{};
  if (::git_reference_name_to_id(&oid, &repository, name.c_str()) != 0) return {};
  return from_oid(oid);
}

std::string head_target(git_repository& repository) {
  git_reference* raw = nullptr;
  if (::git_reference_lookup(&raw, &repository, "HEAD") != 0) return "";
  const ReferenceHandle head(raw);
  const char* target = ::git_reference_symbolic_target(head.get());
  return target == nullptr ? "" : target;
}

Result<Ref> described(git_odb& objects, std::string name, const ObjectId& id) {
  Ref ref{.name = std::move(name), .id = id};
  if (TRY(kind_of_object(objects, id)) != ObjectKind::tag) return ref;
  ref.peeled = TRY(peel_to_commit(objects, id));
  return ref;
}

}  // namespace

Result<> create_bare(const std::string& folder, std::string_view branch) {
  start_library();
  if (open_repository(folder)) return {};
  const std::string head(branch);
  git_repository_init_options options = GIT_REPOSITORY_INIT_OPTIONS_INIT;
  options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKDIR | GIT_REPOSITORY_INIT_MKPATH;
  options.initial_head = head.c_str();
  git_repository* repository = nullptr;
  if (::git_repository_init_ext(&repository, folder.c_str(), &options) != 0) {
    return failure(library_error(Code::file_unwritable,
                                 fmt::format("no repository can be made in \"{}\"", folder)));
  }
  const RepositoryHandle made(repository);
  return {};
}

Result<std::vector<Ref>> read_refs(const std::string& repository) {
  const auto handle = TRY(open_repository(repository));
  const auto objects = TRY(objects_of(*handle));
  std::vector<Ref> refs;
  git_reference_iterator* raw = nullptr;
  if (::git_reference_iterator_new(&raw, handle.get()) != 0) {
    return failure(library_error(Code::git_object, "the refs cannot be read"));
  }
  const Handle<git_reference_iterator, ::git_reference_iterator_free> iterator(raw);
  const char* name = nullptr;
  while (::git_reference_next_name(&name, iterator.get()) == 0) {
    if (refs.size() == refs_max) return failure(Code::limit, "more than {} refs", refs_max);
    const auto id = target_of(*handle, name);
    if (id.is_zero()) continue;
    auto ref = described(*objects, name, id);
    if (ref) refs.push_back(*std::move(ref));  // one that leads to no commit is nobody's revision
  }
  std::ranges::sort(refs, {}, &Ref::name);
  if (const auto head = target_of(*handle, "HEAD"); !head.is_zero()) {
    refs.insert(refs.begin(), {.name = "HEAD", .id = head, .symref_target = head_target(*handle)});
  }
  return refs;
}

namespace {

struct Item {
  EntryMode mode;
  ObjectId id;
};

using Items = std::map<std::string, Item>;

Result<ObjectId> write_object(git_odb& objects, git_object_t type, std::string_view content) {
  git_oid oid{};
  if (::git_odb_write(&oid, &objects, content.data(), content.size(), type) != 0) {
    return failure(library_error(Code::file_unwritable, "an object cannot be written"));
  }
  return from_oid(oid);
}

std::string_view octal(EntryMode mode) {
  switch (mode) {
    case EntryMode::file: return "100644";
    case EntryMode::executable: return "100755";
    case EntryMode::link: return "120000";
    case EntryMode::directory: return "40000";
    case EntryMode::submodule: return "160000";
  }
  std::unreachable();
}

Result<ObjectId> write_directory(git_odb& objects, const Items& items) {
  // Git's order: a directory's name sorts as if it ended in '/'.
  std::map<std::string, std::string> lines;
  for (const auto& [name, item] : items) {
    std::string line = fmt::format("{} {}", octal(item.mode), name);
    line += '\0';
    line.append(item.id.bytes().begin(), item.id.bytes().end());
    lines.emplace(item.mode == EntryMode::directory ? name + "/" : name, std::move(line));
  }
  std::string content;
  for (const auto& [key, line] : lines)
    content += line;
  // What we refuse to read we do not write either.
  static_cast<void>(TRY(parse_tree(content, entries_max)));
  return write_object(objects, GIT_OBJECT_TREE, content);
}

Result<Items> items_of(git_odb& objects, const ObjectId& directory) {
  Items items;
  if (directory.is_zero()) return items;
  const auto object = TRY(read_object(objects, directory, object_bytes_max));
  if (object.kind != ObjectKind::tree) {
    return failure(Code::git_object, "object {} is no directory", directory.hex());
  }
  for (const auto& entry : TRY(parse_tree(object.content, entries_max))) {
    items.emplace(entry.name, Item{.mode = entry.mode, .id = entry.id});
  }
  return items;
}

Result<ObjectId> write_folder(git_odb& objects, const ObjectId& base, const tree::FileTree& files,
                              const std::string& path) {
  constexpr std::size_t path_bytes_max = 4096;  // ends a cycle of links
  if (path.size() > path_bytes_max)
    return failure(Code::limit, "a path has more than {} bytes", path_bytes_max);
  Items items = TRY(items_of(objects, base));
  for (const auto& entry : TRY(files.list(path))) {
    const std::string below = path.empty() ? entry.name : path + "/" + entry.name;
    auto& item = items[entry.name];
    if (entry.kind == tree::EntryKind::directory) {
      const bool merged = item.mode == EntryMode::directory;
      item.id = TRY(write_folder(objects, merged ? item.id : ObjectId(), files, below));
      item.mode = EntryMode::directory;
      continue;
    }
    const bool executable = item.mode == EntryMode::executable;
    const std::string content = TRY(files.read(below));
    item.id = TRY(write_object(objects, GIT_OBJECT_BLOB, content));
    item.mode = executable ? EntryMode::executable : EntryMode::file;
  }
  return write_directory(objects, items);
}

// Git's own separators cannot be part of a name.
std::string person_part(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c != '<' && c != '>' && static_cast<unsigned char>(c) >= ' ') out += c;
  }
  return std::string(trim(out));
}

}  // namespace

Result<ObjectId> write_files(git_odb& objects, const ObjectId& base, const tree::FileTree& files) {
  return write_folder(objects, base, files, "");
}

Result<CommitId> write_commit(git_odb& objects, const ObjectId& tree,
                              const std::vector<CommitId>& parents, const CommitText& text) {
  std::string content = fmt::format("tree {}\n", tree.hex());
  for (const auto& parent : parents)
    content += fmt::format("parent {}\n", parent.hex());
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(text.time.time_since_epoch()).count();
  const std::string person = fmt::format("{} <{}> {} +0000", person_part(text.author_name),
                                         person_part(text.author_email), seconds);
  content += fmt::format("author {0}\ncommitter {0}\n\n{1}", person, text.message);
  if (!content.ends_with('\n')) content += '\n';
  return write_object(objects, GIT_OBJECT_COMMIT, content);
}

Result<> move_ref(git_repository& repository, const std::string& name, const ObjectId& before,
                  const ObjectId& after) {
  const git_oid from = to_oid(before), to = to_oid(after);
  git_reference* raw = nullptr;
  const int status =
      ::git_reference_create_matching(&raw, &repository, name.c_str(), &to, 1, &from, "holdfast");
  const ReferenceHandle moved(raw);
  if (status == 0) return {};
  if (status == GIT_EMODIFIED || status == GIT_EEXISTS) {
    return failure(Code::git_not_fast_forward, "\"{}\" is not at {} any more", printable(name),
                   before.is_zero() ? "nothing" : before.hex());
  }
  return failure(
      library_error(Code::file_unwritable, fmt::format("\"{}\" cannot be moved", printable(name))));
}

Result<CommitId> commit_files(const std::string& repository, std::string_view branch,
                              const tree::FileTree& files, const CommitText& text) {
  const auto handle = TRY(open_repository(repository));
  const auto objects = TRY(objects_of(*handle));
  const std::string ref = ref_of_branch(branch);
  const auto before = target_of(*handle, ref);
  const auto tree = TRY(write_files(*objects, {}, files));
  std::vector<CommitId> parents;
  if (!before.is_zero()) {
    const auto last = TRY(read_object(*objects, before, object_bytes_max));
    if (TRY(parse_commit(last.content)).tree == tree) return before;
    parents.push_back(before);
  }
  const auto commit = TRY(write_commit(*objects, tree, parents, text));
  TRY(move_ref(*handle, ref, before, commit));
  return commit;
}

}  // namespace holdfast::git
