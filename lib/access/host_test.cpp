// SPDX-License-Identifier: Apache-2.0
#include "access/host.h"

#include <gtest/gtest.h>

namespace holdfast::access {
namespace {

TEST(Host, IsFoundInEveryFormOfAnAddress) {
  for (const std::string_view url : {"https://h:8443/x", "https://user@h/x", "ssh://git@h:22/x", "git@h:x/y", "oci://h/x", "h/x", "h"}) {
    EXPECT_EQ(host_of(url), "h") << url;
  }
  for (const std::string_view url : {"https://[fd00::1]:8443/x", "ssh://git@[fd00::1]/x", "oci://[fd00::1]", "[fd00::1"}) {
    EXPECT_EQ(host_of(url), "fd00::1") << url;
  }
  EXPECT_EQ(host_of(""), "");
}

}  // namespace
}  // namespace holdfast::access
