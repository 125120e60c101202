// SPDX-License-Identifier: Apache-2.0
#include "git/revision.h"

#include "base/semver.h"

#include <algorithm>
#include <array>

namespace holdfast::git {
namespace {

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

// go-git's ReferenceName.Short: the last of these rules that fits is taken off.
std::string_view short_name(std::string_view ref) {
  std::string_view name = ref;
  for (const std::string_view prefix : {"refs/", "refs/tags/", "refs/heads/", "refs/remotes/"}) {
    if (ref.starts_with(prefix)) name = ref.substr(prefix.size());
  }
  return name;
}

// The highest tag in the range, with the prefix; nothing when the revision is no range or matches no tag.
std::optional<std::string> highest_tag(const std::vector<Ref>& refs, std::string_view revision,
                                       std::string_view tag_prefix) {
  const auto range = semver::Range::parse(revision);
  if (!range) return std::nullopt;
  std::optional<semver::Version> highest;
  for (const auto& ref : refs) {
    std::string_view tag = ref.name;
    if (!tag.starts_with("refs/tags/")) continue;
    tag.remove_prefix(std::string_view("refs/tags/").size());
    if (!tag.starts_with(tag_prefix)) continue;
    auto version = semver::Version::parse(tag.substr(tag_prefix.size()));
    if (!version || !range->contains(*version)) continue;
    if (!highest || semver::compare(*version, *highest) > 0) highest = std::move(version);
  }
  if (!highest) return std::nullopt;
  return std::string(tag_prefix) + highest->original;
}

// The name of the ref that a revision means. A version is a pin, not a range, and has the prefix as well.
std::string meant_name(const std::vector<Ref>& refs, std::string_view revision, std::string_view tag_prefix) {
  if (revision.empty()) return "HEAD";
  if (semver::Version::parse(revision)) return std::string(tag_prefix) + std::string(revision);
  return highest_tag(refs, revision, tag_prefix).value_or(std::string(revision));
}

const Ref* find_named(const std::vector<Ref>& refs, std::string_view name) {
  const Ref* found = nullptr;
  for (const auto& ref : refs) {
    if (ref.name == name) return &ref;
    // Of a branch and a tag with one name upstream takes whichever its map gives first; ours is the
    // tag, as git rev-parse.
    const bool better = found == nullptr || ref.name.starts_with("refs/tags/");
    if (short_name(ref.name) == name && better) found = &ref;
  }
  return found;
}

}  // namespace

std::optional<CommitId> full_commit_id(std::string_view revision) {
  return CommitId::parse(revision);
}

bool is_short_commit_id(std::string_view revision) {
  return revision.size() >= 7 && is_hex(revision);
}

std::optional<CommitId> find_revision(const std::vector<Ref>& refs, std::string_view revision,
                                      std::string_view tag_prefix) {
  const Ref* found = find_named(refs, meant_name(refs, revision, tag_prefix));
  if (found == nullptr) return std::nullopt;
  return found->peeled ? *found->peeled : found->id;
}

const Ref* find_annotated_tag(const std::vector<Ref>& refs, std::string_view revision, std::string_view tag_prefix) {
  const Ref* found = find_named(refs, meant_name(refs, revision, tag_prefix));
  const bool tag = found != nullptr && found->name.starts_with("refs/tags/") && found->peeled;
  return tag ? found : nullptr;
}

}  // namespace holdfast::git
