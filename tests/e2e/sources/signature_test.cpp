// SPDX-License-Identifier: Apache-2.0
// A commit that stock git signed with stock gpg is what our verification says it is.
#include "git/mirrors.h"
#include "git/signature.h"
#include "harness.h"
#include "openpgp/verify.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace holdfast::git {
namespace {

namespace fs = std::filesystem;

TEST(SignedCommit, IsVerifiedOverItsOwnBytes) {
  if (e2e::run({"gpg", "--version"}).exit != 0) GTEST_SKIP() << "there is no gpg: apt-get install gnupg";
  const TemporaryFolder folder{"signed"};
  const auto home = folder.path("gpg");
  fs::create_directory(home);
  fs::permissions(home, fs::perms::owner_all);
  e2e::RunOptions options;
  options.environment = {"GNUPGHOME=" + home};
  options.folder = folder.path("");
  const auto must = [&](const std::vector<std::string>& words) {
    const auto ran = e2e::run(words, options);
    EXPECT_EQ(ran.exit, 0) << words[0] << ran.err;
    return ran.out.substr(0, ran.out.rfind('\n'));
  };
  must({"gpg", "--batch", "--passphrase", "", "--quick-generate-key", "ann@example.com", "ed25519", "sign", "0"});
  const auto key = must({"gpg", "--armor", "--export", "ann@example.com"}) + "\n";
  must({"git", "init", "-q", "-b", "main", "work"});
  options.folder = folder.path("work");
  std::ofstream(folder.path("work/x.yaml")) << "x";
  must({"git", "add", "-A"});
  must({"git", "-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "user.signingkey=ann@example.com",
        "commit", "-q", "-S", "-m", "subject\n\n gpgsig no header"});
  must({"git", "verify-commit", "HEAD"});

  const SystemClock clock;
  const std::string url = "https://built.in/x.git";
  const auto mirrors = Mirrors::open({.directory = folder.path("mirrors"), .local = {{url, folder.path("work/.git")}}, .limits = {}, .make_transport = {}}, clock).value();
  Remote remote;
  remote.url = url;
  const auto head = mirrors->resolve(remote, {}, {}).value();
  const auto object = mirrors->commit_object(remote, head, {});
  ASSERT_TRUE(object) << object.error().message();
  const auto commit = split_signed(*object).value();
  EXPECT_EQ(commit.author, "Ann <ann@example.com>");
  const auto checked = openpgp::verify_detached({key}, commit.payload, commit.signature, clock.wall()).value();
  EXPECT_EQ(checked.verdict, openpgp::Verdict::good);
  EXPECT_EQ(checked.key_id.size(), 16U);
  const auto altered = openpgp::verify_detached({key}, commit.payload + "x", commit.signature, clock.wall()).value();
  EXPECT_EQ(altered.verdict, openpgp::Verdict::bad);
  e2e::run({"gpgconf", "--homedir", home, "--kill", "all"});
}

}  // namespace
}  // namespace holdfast::git
