// SPDX-License-Identifier: Apache-2.0
// The signature in a commit, and the exact bytes it stands over: the stored object without that
// header, as git itself takes them. Pure; it judges nothing.
#pragma once

#include "base/result.h"

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

}  // namespace holdfast::git
