// SPDX-License-Identifier: Apache-2.0
// What a real SSH server does not do on request. Real ones are in tests/e2e/sources.
#include "git/ssh_session.h"

#include "fakes/loopback.h"

#include <gtest/gtest.h>

namespace holdfast::git {
namespace {

using std::chrono::milliseconds;

TEST(SshSession, AServerThatNeverGetsToThePointIsLeftAtTheEnd) {
  const fakes::Loopback server([](fakes::Connection& c) {
    while (c.write("a line before the banner\r\n") && c.pause(milliseconds(20))) {}
  });
  SshOptions options{.address = {.user = "git", .host = "127.0.0.1", .path = "x.git"}, .private_key = {}, .known_hosts = {}};
  options.address.port = server.port();
  options.whole = milliseconds(300);
  const auto session = SshSession::start(options, "git-upload-pack 'x.git'", {});
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code(), Code::timed_out);
  EXPECT_EQ(session.error().what(), "the SSH server gave no complete answer within 0.3 s");
}

}  // namespace
}  // namespace holdfast::git
