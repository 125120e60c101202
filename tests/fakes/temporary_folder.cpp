// SPDX-License-Identifier: Apache-2.0
#include "fakes/temporary_folder.h"

#include <fmt/format.h>
#include <stdlib.h>

#include "base/result.h"

namespace holdfast {

TemporaryFolder::TemporaryFolder(std::string_view purpose) {
  std::string name = fmt::format("/tmp/hf-{}-XXXXXX", purpose);
  CHECK(::mkdtemp(name.data()) != nullptr);
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::path(std::string_view below) const { return below.empty() ? path_.string() : (path_ / below).string(); }

}  // namespace holdfast
