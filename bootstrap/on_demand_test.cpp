// SPDX-License-Identifier: Apache-2.0
#include "bundle/elf.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

namespace holdfast::bootstrap {
namespace {

TEST(OnDemand, TheProgramOpensNoneOfItsLibrariesAtTheStart) {
  const auto program = bundle::read_elf(HOLDFAST_PROGRAM).value();
  if (program.architecture != "amd64") GTEST_SKIP() << "the stubs are for x86-64";
  for (const std::string_view library : {"libcurl", "libgit2", "libssh2", "liblua", "libcrypto", "libcrypt",
                                         "libsimdjson", "libfmt", "libre2", "libyaml"}) {
    EXPECT_TRUE(std::ranges::none_of(program.needed, [&](std::string_view needed) {
      return needed.starts_with(library);
    })) << library;
  }
}

}  // namespace
}  // namespace holdfast::bootstrap
