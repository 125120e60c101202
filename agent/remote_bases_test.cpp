// SPDX-License-Identifier: Apache-2.0
// The whole way of a remote base: a kustomization that names one, a project, a mirror, and a stock
// Git server over HTTP on this machine.
#include "agent/remote_bases.h"

#include "fakes/stock_git.h"
#include "fakes/temporary_folder.h"
#include "render/render.h"
#include "tree/memory_tree.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace holdfast::agent {
namespace {

// git http-backend behind a server of Python's; it says which port it got.
class GitServer {
 public:
  explicit GitServer(std::string folder) {
    std::array<int, 2> pipe{};
    EXPECT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
    std::array<std::string, 5> words{"python3", HOLDFAST_GIT_SERVER, std::move(folder), "127.0.0.1",
                                     "0"};
    std::array<char*, 6> argv{};
    std::ranges::transform(words, argv.begin(), [](std::string& word) { return word.data(); });
    EXPECT_EQ(::posix_spawnp(&child_, "python3", &actions, nullptr, argv.data(), environ), 0);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(pipe[1]);
    for (char c = 0; ::read(pipe[0], &c, 1) == 1 && c != '\n';)
      port_ += c;
    ::close(pipe[0]);
  }

  ~GitServer() {
    ::kill(child_, SIGTERM);
    ::waitpid(child_, nullptr, 0);
  }

  GitServer(const GitServer&) = delete;
  GitServer& operator=(const GitServer&) = delete;

  [[nodiscard]] std::string url(std::string_view path) const {
    return fmt::format("http://127.0.0.1:{}/{}", port_, path);
  }

 private:
  pid_t child_ = 0;
  std::string port_;
};

class RemoteBase : public testing::Test {
 protected:
  void SetUp() override {
    if (!stock::has_git()) GTEST_SKIP() << "there is no git on this machine";
    std::filesystem::create_directories(served.path("base.git"));
    stock::git(served.path("base.git"), {"init", "-q", "--bare", "-b", "main", "."});
    stock::git(work.path(), {"clone", "-q", served.path("base.git"), "."});
    stock::git(work.path(), {"checkout", "-q", "-b", "main"});
    stock::write_file(work.path("deploy/kustomization.yaml"), "resources: [../common]\n");
    stock::write_file(work.path("common/kustomization.yaml"), "resources: [cm.yaml]\n");
    commit("one");
    stock::git(work.path(), {"tag", "v1"});
    stock::git(work.path(), {"push", "-q", "origin", "v1"});
    commit("two");
    mirrors = git::Mirrors::open({.directory = state.path("mirrors")}, clock).value();
  }

  void commit(const std::string& name) {
    stock::write_file(work.path("common/cm.yaml"),
                      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\n");
    stock::git(work.path(), {"add", "-A"});
    stock::git(work.path(), {"commit", "-q", "-m", name});
    stock::git(work.path(), {"push", "-q", "origin", "HEAD"});
  }

  // The name of the ConfigMap that is built, or the refusal.
  std::string built(const std::string& entry, std::vector<std::string> permitted) {
    const tree::MemoryTree tree(tree::MemoryTree::Files{
        {"kustomization.yaml", fmt::format("namePrefix: x-\nresources:\n- {}\n", entry)}});
    sync::Project project;
    project.name = "shop";
    project.source_repos = std::move(permitted);
    const RemoteBases bases{*mirrors, std::make_shared<const sync::Project>(project), {}};
    const auto fetch = [&](const std::string& url, const std::string& revision) {
      return bases.fetch(git::Remote{.url = url}, revision, {});
    };
    const auto rendered =
        render::render(Object{{"path", "."}}, {.application = "a", .repository = fetch}, tree);
    if (!rendered) return rendered.error().message();
    return std::string(rendered->manifests.at(0).object.text({"metadata", "name"}));
  }

  TemporaryFolder served{"served"}, work{"work"}, state{"state"};
  SystemClock clock;
  std::unique_ptr<git::Mirrors> mirrors;
  GitServer server{served.path()};
};

TEST_F(RemoteBase, IsBuiltFromTheRevisionThatItsUrlNames) {
  const auto url = server.url("base.git");
  EXPECT_EQ(built(url + "//deploy?ref=v1", {url}), "x-one");
  EXPECT_EQ(built(url + "//deploy?ref=main", {url}), "x-two");
  EXPECT_EQ(built(url + "/common", {"*"}), "x-two");
  commit("three");
  EXPECT_EQ(built(url + "//deploy", {url}), "x-three");
}

TEST_F(RemoteBase, IsRefusedWhereTheProjectDoesNotPermitIt) {
  const auto url = server.url("base.git") + "//deploy?ref=v1";
  EXPECT_EQ(built(url, {"http://127.0.0.1/other.git"}),
            fmt::format("fetching the remote base \"{}\": the project \"shop\" does not permit the "
                        "repository \"{}\" (kustomization.yaml:3:3)",
                        url, server.url("base.git")));
}

TEST_F(RemoteBase, CannotReachOutOfItsRepository) {
  stock::write_file(work.path("deploy/kustomization.yaml"), "resources: [../../secrets]\n");
  commit("four");
  const auto refusal = built(server.url("base.git") + "//deploy", {"*"});
  EXPECT_NE(refusal.find("\"../../secrets\" leads out of the repository"), std::string::npos) << refusal;
}

TEST_F(RemoteBase, NobodyIsAskedWithoutAnInterface) {
  const tree::MemoryTree tree(tree::MemoryTree::Files{
      {"kustomization.yaml", "resources:\n- https://example.com/a/b//c\n"}});
  const auto rendered = render::render(Object{{"path", "."}}, {.application = "a"}, tree);
  ASSERT_FALSE(rendered);
  EXPECT_EQ(rendered.error().message(),
            "\"https://example.com/a/b//c\" is a remote base (kustomization.yaml:2:3)");
}

}  // namespace
}  // namespace holdfast::agent
