// SPDX-License-Identifier: Apache-2.0
// Git over SSH against Debian's own sshd on loopback: keys, host keys, commits, refusals.
#include "git/mirrors.h"
#include "harness.h"
#include "ports.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace holdfast::git {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream out;
  out << file.rdbuf();
  return std::move(out).str();
}

std::string key_of(const std::string& public_key) {
  return public_key.substr(0, public_key.find(' ', public_key.find(' ') + 1));  // type and key, no comment
}

class Ssh : public testing::Test {
 protected:
  void SetUp() override {
    if (::access("/usr/sbin/sshd", X_OK) != 0) GTEST_SKIP() << "there is no sshd: apt-get install openssh-server";
    if (::geteuid() != 0) GTEST_SKIP() << "sshd wants root to let its user in";
    fs::create_directories("/run/sshd");
    for (const std::string name : {"host", "user", "stranger"}) keygen(name, "ed25519");
    keygen("ecdsa", "ecdsa");
    fs::copy_file(folder.path("user.pub"), folder.path("authorized"));
    std::ofstream(folder.path("authorized"), std::ios::app) << slurp(folder.path("ecdsa.pub"));
    port = e2e::free_port();
    std::ofstream(folder.path("sshd_config"))
        << fmt::format("ListenAddress 127.0.0.1\nPort {0}\nHostKey {1}/host\nAuthorizedKeysFile {1}/authorized\n"
                       "StrictModes no\nUsePAM no\nPidFile none\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n",
                       port, folder.path(""));
    sshd = std::make_unique<e2e::Background>(
        std::vector<std::string>{"/usr/sbin/sshd", "-D", "-e", "-f", folder.path("sshd_config")});
    make_repository();
    remote.url = fmt::format("ssh://root@127.0.0.1:{}{}", port, folder.path("x.git"));
    remote.ssh_private_key = Secret(slurp(folder.path("user")));
    remote.ssh_known_hosts = fmt::format("[127.0.0.1]:{} {}\n", port, key_of(slurp(folder.path("host.pub"))));
    mirrors = Mirrors::open({.directory = folder.path("mirrors"), .local = {}, .limits = {}, .make_transport = {}}, clock).value();
    const bool up = e2e::eventually(seconds(20), [&] {
      last = mirrors->resolve(remote, {}, {});
      return last.has_value() || last.error().message().find("refused") == std::string::npos;
    });
    ASSERT_TRUE(up && last) << last.error().message();
  }

  void keygen(const std::string& name, const std::string& type) {
    const auto made = e2e::run({"ssh-keygen", "-q", "-t", type, "-N", "", "-C", name, "-f", folder.path(name)});
    ASSERT_EQ(made.exit, 0) << made.err;
  }

  std::string git(const std::vector<std::string>& words) {
    std::vector<std::string> all{"git", "-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "init.defaultBranch=main"};
    all.insert(all.end(), words.begin(), words.end());
    const auto ran = e2e::run(all, {.folder = folder.path("work"), .environment = {}, .input = {}});
    EXPECT_EQ(ran.exit, 0) << words[0] << ran.err;
    return ran.out.substr(0, ran.out.find('\n'));
  }

  std::string commit(const std::string& content) {
    std::ofstream(folder.path("work/x.yaml")) << content;
    git({"add", "-A"});
    git({"commit", "-q", "-m", content});
    git({"push", "-q", folder.path("x.git"), "HEAD:main"});
    return git({"rev-parse", "HEAD"});
  }

  void make_repository() {
    fs::create_directories(folder.path("work"));
    git({"init", "-q", "--bare", folder.path("x.git")});
    git({"init", "-q", "."});
    first = commit("first");
  }

  std::string refusal(const Remote& from) {
    const auto refused = mirrors->resolve(from, {}, {});
    return refused ? "none" : refused.error().message();
  }

  TemporaryFolder folder{"ssh"};
  SystemClock clock;
  int port = 0;
  std::string first;
  Remote remote;
  Result<CommitId> last = CommitId();
  std::unique_ptr<e2e::Background> sshd;
  std::unique_ptr<Mirrors> mirrors;
};

TEST_F(Ssh, ABranchIsFollowed) {
  EXPECT_EQ(mirrors->resolve(remote, {.revision = "main"}, {})->hex(), first);
  EXPECT_EQ(mirrors->tree(remote, *CommitId::parse(first), {}).value()->read("x.yaml").value(), "first");
  const auto second = commit("second");
  const auto found = mirrors->resolve(remote, {.revision = "main"}, {});
  EXPECT_EQ(found->hex(), second);
  EXPECT_EQ(mirrors->tree(remote, *found, {}).value()->read("x.yaml").value(), "second");
  EXPECT_EQ(mirrors->resolve(remote, {.revision = first.substr(0, 9)}, {})->hex(), first);
}

TEST_F(Ssh, AnEcdsaKeyIsAsGood) {
  remote.ssh_private_key = Secret(slurp(folder.path("ecdsa")));
  EXPECT_EQ(refusal(remote), "none");
}

// Debian's libssh2 signs with SHA-1 when the key is RSA.
TEST_F(Ssh, AnRsaKeyIsRefusedWithTheWayOut) {
  for (const std::string format : {"PEM", "PKCS8", "RFC4716"}) {
    const auto name = "rsa-" + format;
    const auto made = e2e::run({"ssh-keygen", "-q", "-t", "rsa", "-m", format, "-N", "", "-f", folder.path(name)});
    ASSERT_EQ(made.exit, 0) << made.err;
    std::ofstream(folder.path("authorized"), std::ios::app) << slurp(folder.path(name + ".pub"));
    remote.ssh_private_key = Secret(slurp(folder.path(name)));
    const auto refused = refusal(remote);
    EXPECT_NE(refused.find("refuses the RSA key for user \"root\": RSA keys are offered with SHA-1"), std::string::npos) << format << refused;
    const auto shown = render_error(mirrors->resolve(remote, {}, {}).error(), "");
    EXPECT_NE(shown.find("ssh-keygen -t ed25519"), std::string::npos) << shown;
  }
}

TEST_F(Ssh, AServerWithoutAModernHostKeyIsNamed) {
  keygen("old", "rsa");
  sshd.reset();
  std::string config = slurp(folder.path("sshd_config"));
  config.replace(config.find("/host\n"), 6, "/old\n");
  std::ofstream(folder.path("sshd_config")) << config;
  sshd = std::make_unique<e2e::Background>(std::vector<std::string>{"/usr/sbin/sshd", "-D", "-e", "-f", folder.path("sshd_config")});
  remote.ssh_known_hosts = fmt::format("[127.0.0.1]:{} {}\n", port, key_of(slurp(folder.path("old.pub"))));
  std::string refused;
  ASSERT_TRUE(e2e::eventually(seconds(20), [&] {
    const auto answer = mirrors->resolve(remote, {}, {});
    refused = answer ? "none" : render_error(answer.error(), "");
    return refused.find("refused") == std::string::npos;
  }));
  EXPECT_NE(refused.find("give the server an Ed25519 or ECDSA host key"), std::string::npos) << refused;
}

TEST_F(Ssh, StrangersAreRefusedOnBothSides) {
  auto stranger = remote;
  stranger.ssh_private_key = Secret(slurp(folder.path("stranger")));
  EXPECT_NE(refusal(stranger).find("refuses the key for user \"root\""), std::string::npos) << refusal(stranger);
  auto keyless = remote;
  keyless.ssh_private_key = Secret();
  EXPECT_NE(refusal(keyless).find("there is no key"), std::string::npos);

  auto unknown = remote;
  for (const std::string& hosts : {std::string(), std::string("# nothing\n"), "other.example.com " + key_of(slurp(folder.path("host.pub"))),
                                   std::string("damaged line\n")}) {
    unknown.ssh_known_hosts = hosts;
    EXPECT_NE(refusal(unknown).find("not among the known hosts"), std::string::npos) << hosts << refusal(unknown);
  }
  auto changed = remote;
  changed.ssh_known_hosts = fmt::format("[127.0.0.1]:{} {}\n", port, key_of(slurp(folder.path("stranger.pub"))));
  EXPECT_NE(refusal(changed).find("another key than the known hosts say"), std::string::npos) << refusal(changed);
  auto revoked = remote;
  revoked.ssh_known_hosts += fmt::format("@revoked * {}\n", key_of(slurp(folder.path("host.pub"))));
  EXPECT_NE(refusal(revoked).find("revoked"), std::string::npos) << refusal(revoked);
  unknown.ssh_known_hosts.clear();
  unknown.verify = Verify::nothing;
  EXPECT_EQ(refusal(unknown), "none");
}

TEST_F(Ssh, HashedHostsAreKnown) {
  std::ofstream(folder.path("hosts")) << remote.ssh_known_hosts;
  ASSERT_EQ(e2e::run({"ssh-keygen", "-q", "-H", "-f", folder.path("hosts")}).exit, 0);
  remote.ssh_known_hosts = slurp(folder.path("hosts"));
  EXPECT_EQ(remote.ssh_known_hosts.find("127.0.0.1"), std::string::npos);
  EXPECT_EQ(refusal(remote), "none");
}

TEST_F(Ssh, ARepositoryThatIsNotThereIsSaidToBe) {
  remote.url = fmt::format("ssh://root@127.0.0.1:{}/none.git", port);
  EXPECT_NE(refusal(remote).find("git-upload-pack ended before it listed its refs"), std::string::npos) << refusal(remote);
}

TEST_F(Ssh, AStopEndsAWait) {
  std::stop_source stopping;
  stopping.request_stop();
  EXPECT_EQ(mirrors->resolve(remote, {}, stopping.get_token()).error().code(), Code::stopped);
}

}  // namespace
}  // namespace holdfast::git
