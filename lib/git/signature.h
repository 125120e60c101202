// SPDX-License-Identifier: Apache-2.0
// The signature in a commit or tag, and the exact bytes it stands over: the stored object without it,
// as git itself takes them. Pure; it judges nothing.
#pragma once

#include "base/result.h"

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::git {

struct SignedCommit {
  std::string payload;
  std::string signature;  // armoured; "" when the commit is not signed
  std::string author;     // "Name <mail>"
};

// `content` is the raw object. Refuses with Code::git_object a commit with two signatures, or with a
// signature of another hash: which of them a reader took would be a matter of taste.
Result<SignedCommit> split_signed(std::string_view content);

// The same of an annotated tag, whose signature stands at the end of its message; `author` is who tagged.
// Refuses with Code::git_object what has no header.
Result<SignedCommit> split_signed_tag(std::string_view content);

// The value of a trailer of the commit's message ("Signed-off-by: Ann"); nothing when it has none.
std::optional<std::string> trailer_of(std::string_view content, std::string_view token);

}  // namespace holdfast::git
