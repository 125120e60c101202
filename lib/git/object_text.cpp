// SPDX-License-Identifier: Apache-2.0
#include "git/object_text.h"

#include "base/ascii.h"
#include "base/text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <optional>

namespace holdfast::git {
namespace {

constexpr std::size_t message_bytes_max = std::size_t{64} << 10;
constexpr std::size_t parents_max = 64;

std::unexpected<Error> damaged(std::string_view kind) {
  return failure(Code::git_object, "a {} object is damaged", kind);
}

std::optional<EntryMode> to_mode(std::string_view octal) {
  unsigned mode = 0;
  const auto [end, status] = std::from_chars(octal.data(), octal.data() + octal.size(), mode, 8);
  if (status != std::errc() || end != octal.data() + octal.size()) return std::nullopt;
  switch (mode) {
    case 0100644:
    case 0100664: return EntryMode::file;  // the second only in objects of Git before 1.0
    case 0100755: return EntryMode::executable;
    case 0120000: return EntryMode::link;
    case 0040000: return EntryMode::directory;
    case 0160000: return EntryMode::submodule;
    default: return std::nullopt;
  }
}

// Git sorts a directory as if its name ended in '/'.
bool in_order(const TreeEntry& a, const TreeEntry& b) {
  const auto key = [](const TreeEntry& e) {
    return e.mode == EntryMode::directory ? e.name + "/" : e.name;
  };
  return key(a) < key(b);
}

// The first entry of `rest`, which becomes shorter.
Result<TreeEntry> take_entry(std::string_view& rest) {
  const auto space = rest.substr(0, 8).find(' ');
  if (space == std::string_view::npos) return damaged("tree");
  const auto mode = to_mode(rest.substr(0, space));
  rest.remove_prefix(space + 1);
  const auto end = rest.find('\0');
  if (end == std::string_view::npos || rest.size() - end - 1 < ObjectId::size)
    return damaged("tree");
  const auto name = rest.substr(0, end);
  if (!mode) return failure(Code::git_object, "\"{}\" has an unknown mode", printable(name));
  const bool unsafe = name.empty() || name == "." || name == ".." ||
                      name.find('/') != std::string_view::npos || means_dot_git(name);
  if (unsafe) return failure(Code::git_object, "the name \"{}\" is not allowed", printable(name));
  std::array<unsigned char, ObjectId::size> bytes;
  std::memcpy(bytes.data(), rest.data() + end + 1, bytes.size());
  rest.remove_prefix(end + 1 + bytes.size());
  return TreeEntry{.name = std::string(name), .mode = *mode, .id = ObjectId(bytes)};
}

// HFS+ ignores these code points in names; a name with them left out is compared with ".git".
std::string without_ignored(std::string_view name) {
  constexpr std::array<std::string_view, 16> ignored = {
      "\u200c", "\u200d", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d",
      "\u202e", "\u206a", "\u206b", "\u206c", "\u206d", "\u206e", "\u206f", "\ufeff"};
  std::string out;
  while (!name.empty()) {
    const auto* hit = std::ranges::find_if(ignored, [&](auto c) { return name.starts_with(c); });
    if (hit != ignored.end()) {
      name.remove_prefix(hit->size());
      continue;
    }
    out += ascii_lower(name[0]);
    name.remove_prefix(1);
  }
  return out;
}

}  // namespace

bool means_dot_git(std::string_view name) {
  if (name.size() > 256 || name.empty() ||
      (name[0] != '.' && name[0] != 'g' && name[0] != 'G' &&
       static_cast<unsigned char>(name[0]) < 0x80)) {
    return false;
  }
  std::string plain = without_ignored(name);
  // NTFS drops a stream name and trailing dots and spaces.
  plain.resize(std::min(plain.find(':'), plain.size()));
  while (!plain.empty() && (plain.back() == ' ' || plain.back() == '.'))
    plain.pop_back();
  return plain == ".git" || plain == "git~1";
}

Result<std::vector<TreeEntry>> parse_tree(std::string_view content, std::size_t entries_max) {
  std::vector<TreeEntry> entries;
  while (!content.empty()) {
    if (entries.size() == entries_max) {
      return failure(Code::limit, "a directory has more than {} entries", entries_max);
    }
    entries.push_back(TRY(take_entry(content)));
    const auto count = entries.size();
    if (count > 1 && !in_order(entries[count - 2], entries[count - 1])) {
      return failure(Code::git_object, "the name \"{}\" is out of order or there twice",
                     printable(entries.back().name));
    }
  }
  std::ranges::sort(entries, {}, &TreeEntry::name);
  const auto twin = std::ranges::adjacent_find(entries, {}, &TreeEntry::name);
  if (twin != entries.end()) {
    return failure(Code::git_object, "the name \"{}\" is there twice", printable(twin->name));
  }
  return entries;
}

namespace {

// "tree <id>\n" → the id; nothing and an unchanged `rest` when the line is another one.
std::optional<ObjectId> take_id_line(std::string_view& rest, std::string_view key) {
  const auto length = key.size() + 1 + 2 * ObjectId::size;
  if (rest.size() <= length || !rest.starts_with(key) || rest[key.size()] != ' ' ||
      rest[length] != '\n') {
    return std::nullopt;
  }
  const auto id = ObjectId::parse(rest.substr(key.size() + 1, 2 * ObjectId::size));
  if (id) rest.remove_prefix(length + 1);
  return id;
}

std::string_view take_line(std::string_view& rest) {
  const auto end = std::min(rest.find('\n'), rest.size());
  const auto line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

struct Person {
  std::string name, email;
  WallTime time{};
};

// "A U Thor <mail> 1700000000 +0100"; what is damaged is left empty, as git log shows it.
Person parse_person(std::string_view text) {
  Person person;
  const auto open = text.find('<');
  const auto close = text.rfind('>');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    person.name = trim(text);
    return person;
  }
  person.name = trim(text.substr(0, open));
  person.email = text.substr(open + 1, close - open - 1);
  const auto digits = trim(text.substr(close + 1));
  std::int64_t seconds = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
  constexpr std::int64_t year_2200 = 7'258'118'400;  // keeps nanoseconds in an int64
  person.time = WallTime(std::chrono::seconds(std::clamp<std::int64_t>(seconds, 0, year_2200)));
  return person;
}

}  // namespace

Result<ParsedCommit> parse_commit(std::string_view content) {
  ParsedCommit commit;
  std::string_view rest = content;
  const auto tree = take_id_line(rest, "tree");
  if (!tree) return damaged("commit");
  commit.tree = *tree;
  while (const auto parent = take_id_line(rest, "parent")) {
    if (commit.info.parents.size() == parents_max) {
      return failure(Code::limit, "a commit has more than {} parents", parents_max);
    }
    commit.info.parents.push_back(*parent);
  }
  while (!rest.empty()) {
    auto line = take_line(rest);
    if (line.empty()) break;
    if (line.starts_with("author ")) {
      auto person = parse_person(line.substr(7));
      commit.info.author_name = std::move(person.name);
      commit.info.author_email = std::move(person.email);
      commit.info.author_time = person.time;
    } else if (line.starts_with("committer ")) {
      commit.info.committer_time = parse_person(line.substr(10)).time;
    }
  }
  commit.info.message = rest.substr(0, message_bytes_max);
  return commit;
}

Result<ObjectId> parse_tag_target(std::string_view content) {
  const auto target = take_id_line(content, "object");
  if (!target) return damaged("tag");
  return *target;
}

}  // namespace holdfast::git
