// SPDX-License-Identifier: Apache-2.0
// A function run in a process of its own that can compute and read one open file, and nothing else:
// no sockets, no files, no programs, by seccomp. If a parser of hostile bytes is taken over, it has
// nothing to take. It does not know bundles.
#pragma once

#include "base/result.h"

#include <functional>
#include <string>
#include <string_view>

namespace holdfast::bundle {

// Tells the caller something before the end; may be called from several threads.
using Tell = std::function<void(std::string_view message)>;  // at most 1 KiB each

// The bytes that `body` returned in a child process, which keeps no descriptor but `keep` and
// standard error. `on_message` hears what it tells. Refuses with Code::node_capability where seccomp
// cannot be had, and with Code::bundle_format when the child ended without an answer.
Result<std::string> run_confined(int keep, const std::function<std::string(const Tell&)>& body,
                                 const Tell& on_message);

}  // namespace holdfast::bundle
