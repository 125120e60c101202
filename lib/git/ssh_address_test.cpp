// SPDX-License-Identifier: Apache-2.0
#include "git/ssh_address.h"

#include "git/remote.h"

#include <gtest/gtest.h>

#include <array>

namespace holdfast::git {
namespace {

TEST(SshAddress, ReadsBothSpellings) {
  struct Case {
    std::string_view url, want;
  };

  for (const auto& [url, want] : std::to_array<Case>({
           {"ssh://git@h.example.com/team/web.git", "git h.example.com 22 /team/web.git"},
           {"ssh://h/x", "git h 22 /x"},
           {"ssh://ann@h:2222/~/x", "ann h 2222 /~/x"},
           {"git@h.example.com:team/web.git", "git h.example.com 22 team/web.git"},
           {"git@h:/srv/x", "git h 22 /srv/x"},
       })) {
    const auto address = parse_ssh_url(url);
    ASSERT_TRUE(address) << url << address.error().message();
    EXPECT_EQ(fmt::format("{} {} {} {}", address->user, address->host, address->port, address->path), want);
    EXPECT_TRUE(check_url(url)) << url;
  }
}

TEST(SshAddress, RefusesWhatAShellCouldRead) {
  for (const std::string_view url :
       {"ssh://", "ssh://h", "ssh://h/", "ssh://git:pw@h/x", "ssh://-oProxyCommand=x/y", "ssh://-x@h/y",
        "ssh://git@h:0/x", "ssh://git@h:99999/x", "ssh://git@h:x/y", "ssh://git@h/x'y", "ssh://git@h/x y",
        "ssh://git@h/x`y`", "ssh://git@h/x!y", "ssh://git@h/x$y", "ssh://git@h/x\ny", "git@h:-x", "git@h:--upload-pack=x",
        "git@h:", "git@h:x;y", "ssh://git@h\\x/y", "ssh://g it@h/x"}) {
    EXPECT_FALSE(parse_ssh_url(url)) << url;
    EXPECT_FALSE(check_url(url)) << url;
  }
}

TEST(SshAddress, OtherUrlsAreNotSsh) {
  for (const std::string_view url : {"https://git@h/x:y", "https://h:8443/x", "http://h/x", "/srv/x", "h/x:y@z"}) {
    EXPECT_FALSE(is_ssh_url(url)) << url;
  }
}

}  // namespace
}  // namespace holdfast::git
