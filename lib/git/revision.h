// SPDX-License-Identifier: Apache-2.0
// Which of a server's refs a revision means. Pure.
// Mirrors Argo CD 3.6: util/git/client.go lsRemote, util/versions/tags.go, go-git's short ref
// names.
#pragma once

#include "base/result.h"
#include "git/object_id.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::git {

struct Ref {
  std::string name;  // "HEAD", "refs/heads/main"
  ObjectId id;
  std::optional<ObjectId> peeled;  // what an annotated tag points at in the end
  std::string symref_target;       // of HEAD; empty for others
};

// The revision is a commit already: forty hexadecimal digits.
std::optional<CommitId> full_commit_id(std::string_view revision);

// Seven or more hexadecimal digits: a commit by its beginning, when no ref has that name.
bool is_short_commit_id(std::string_view revision);

// The commit that `revision` means among `refs`: an exact version or a name first, then a semver
// range over the tags (highest match), "" is HEAD. Nothing when no ref matches.
std::optional<CommitId> find_revision(const std::vector<Ref>& refs, std::string_view revision,
                                      std::string_view tag_prefix);

// The annotated tag that `revision` means; null when it means something else, or nothing.
const Ref* find_annotated_tag(const std::vector<Ref>& refs, std::string_view revision, std::string_view tag_prefix);

}  // namespace holdfast::git
