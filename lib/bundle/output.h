// SPDX-License-Identifier: Apache-2.0
// Files that are there whole or not at all, and the plain members of a bundle. Internal to the module.
#pragma once

#include "archive/stream.h"
#include "base/result.h"
#include "crypto/detached.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::bundle {

// `body` writes; then the file is synced and gets its name. Refuses with Code::disk_full or
// Code::file_unwritable, and then nothing is left.
Result<> write_output(const std::string& path, unsigned mode,
                      const std::function<Result<>(int fd)>& body);

Result<> write_member(const archive::Sink& sink, std::string_view name, std::string_view content);

// In the order of their names; one of each name.
Result<> write_signatures(const archive::Sink& sink,
                          const std::vector<crypto::DetachedSignature>& signatures);

}  // namespace holdfast::bundle
