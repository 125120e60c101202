// SPDX-License-Identifier: Apache-2.0
// A push from a user's repository to the built-in Git, both ours, judged by stock git.
#include "agent/web/push_endpoint.h"

#include "agent/web/git_endpoint.h"
#include "fakes/stock_git.h"
#include "fakes/temporary_folder.h"
#include "git/push.h"
#include "git/repository.h"
#include "tree/memory_tree.h"

#include <gtest/gtest.h>

namespace holdfast::agent {
namespace {

const git::CommitText text = {.author_name = "A", .author_email = "a@x", .message = "x"};

class Push : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(git::prepare_built_in(there(), "main"));
    ASSERT_TRUE(git::create_bare(here(), "main"));
    auto routes = git_routes({.repository = there(), .name = "fleet"});
    const auto judge = [](const Secret& token) -> Result<std::string> {
      if (token.reveal() == "good") return "alice";
      return failure(Code::forbidden, "the token is nobody's");
    };
    for (auto& route :
         push_routes({.repository = there(),
                      .authenticate = judge,
                      .pushed = [this](const git::PushCommand& c) { seen.push_back(c); },
                      .limits = {.pack_bytes_max = 1'000'000}})) {
      routes.push_back(std::move(route));
    }
    server = Server::start({.address = "127.0.0.1"}, std::move(routes)).value();
    transport = http::make_curl_transport({}).value();
  }

  std::string here() const { return folder.path("here"); }

  std::string there() const { return folder.path("there"); }

  git::CommitId commit(const std::string& repository, const std::string& content) const {
    return git::commit_files(repository, "main",
                             tree::MemoryTree(tree::MemoryTree::Files{{"x", content}}), text)
        .value();
  }

  Result<git::PushedCommits> push(const std::string& token = "good") {
    git::PushTarget target{.url = fmt::format("http://127.0.0.1:{}", server->port()),
                           .repository = "fleet"};
    target.send = [&](http::Request request) {
      request.headers.push_back({std::string(push_token_header), token});
      return transport->send(request);
    };
    return git::push_to(target, here(), "main", {});
  }

  TemporaryFolder folder{"push"};
  std::unique_ptr<Server> server;
  std::unique_ptr<http::Transport> transport;
  std::vector<git::PushCommand> seen;
};

TEST_F(Push, MovesTheBranchForward) {
  const auto first = commit(here(), "1");
  const auto pushed = push().value();
  EXPECT_TRUE(pushed.before.is_zero());
  EXPECT_EQ(pushed.commits, 1U);
  const auto second = commit(here(), "2");
  EXPECT_EQ(push().value().before, first);
  const auto refs = git::read_refs(there()).value();
  ASSERT_EQ(refs.size(), 2U);
  EXPECT_EQ(refs[0].id, second);
  EXPECT_EQ(seen.size(), 2U);
  EXPECT_EQ(push().value().commits, 0U);
  EXPECT_EQ(seen.size(), 2U);
  if (!stock::has_git()) return;
  EXPECT_EQ(stock::git(there(), {"fsck", "--strict"}), "");
}

TEST_F(Push, ThatDoesNotGoForwardIsRefused) {
  commit(here(), "1");
  ASSERT_TRUE(push());
  const auto theirs = commit(there(), "theirs");
  commit(here(), "mine");
  const auto pushed = push();
  EXPECT_EQ(pushed.error().code(), Code::git_not_fast_forward) << pushed.error().message();
  EXPECT_EQ(git::read_refs(there()).value()[0].id, theirs);
}

TEST_F(Push, OfAStrangerIsRefused) {
  commit(here(), "1");
  const auto pushed = push("bad");
  EXPECT_EQ(pushed.error().code(), Code::forbidden) << pushed.error().message();
  EXPECT_TRUE(git::read_refs(there()).value().empty());
}

TEST_F(Push, ThatIsTooLargeIsRefused) {
  std::string noise;
  std::uint32_t seed = 7;
  for (int i = 0; i < 2'000'000; ++i) {
    seed = seed * 1664525 + 1013904223;
    noise += static_cast<char>(seed >> 24);
  }
  commit(here(), noise);
  const auto pushed = push();
  ASSERT_FALSE(pushed);
  EXPECT_TRUE(git::read_refs(there()).value().empty());
}

TEST_F(Push, ToABranchOfAnotherNameMakesItTheRepositorysOwn) {
  ASSERT_TRUE(git::commit_files(here(), "trunk",
                                tree::MemoryTree(tree::MemoryTree::Files{{"x", "1"}}), text));
  git::PushTarget target{.url = fmt::format("http://127.0.0.1:{}", server->port()),
                         .repository = "fleet"};
  target.send = [&](http::Request request) {
    request.headers.push_back({std::string(push_token_header), "good"});
    return transport->send(request);
  };
  ASSERT_TRUE(git::push_to(target, here(), "trunk", {}));
  EXPECT_EQ(git::read_refs(there()).value()[0].symref_target, "refs/heads/trunk");
}

}  // namespace
}  // namespace holdfast::agent
