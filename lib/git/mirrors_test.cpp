// SPDX-License-Identifier: Apache-2.0
#include "git/mirrors.h"

#include "fakes/loopback.h"
#include "fakes/stock_git.h"
#include "fakes/temporary_folder.h"
#include "git/pkt_line.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <semaphore>
#include <thread>

namespace holdfast::git {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr std::size_t all_bytes = std::size_t{1} << 30;

// A repository of stock git with a history, served by stock git.
class Served : public testing::TestWithParam<stock::Speaks> {
 protected:
  void SetUp() override {
    if (!stock::has_git()) GTEST_SKIP() << "there is no git on this machine";
    fs::create_directories(served.path("x.git"));
    stock::git(served.path("x.git"), {"init", "-q", "--bare", "-b", "main", "."});
    stock::git(work.path(), {"clone", "-q", served.path("x.git"), "."});
    stock::git(work.path(), {"checkout", "-q", "-b", "main"});
    for (int i = 0; i < 5; ++i)
      history.push_back(commit("app/x.yaml", std::to_string(i)));
    open();
  }

  std::string commit(const std::string& path, const std::string& content) {
    stock::write_file(work.path(path), content);
    stock::git(work.path(), {"add", "-A"});
    stock::git(work.path(), {"commit", "-q", "-m", content.substr(0, 20)});
    stock::git(work.path(), {"push", "-q", "origin", "HEAD"});
    return stock::git(work.path(), {"rev-parse", "HEAD"});
  }

  void open() {
    MirrorsOptions options{.directory = state.path("mirrors")};
    options.make_transport = [this](const Remote&) -> Result<std::unique_ptr<http::Transport>> {
      auto made = std::make_unique<stock::BackendTransport>(served.path(), GetParam());
      transport = made.get();
      return made;
    };
    mirrors = Mirrors::open(std::move(options), clock).value();
    ASSERT_TRUE(mirrors->resolve(remote, {}, {}));
  }

  Result<CommitId> resolve(const std::string& revision) {
    return mirrors->resolve(remote, {.revision = revision}, {});
  }

  std::string read(const CommitId& commit, const std::string& path) {
    const auto tree = mirrors->tree(remote, commit, {});
    return tree ? (*tree)->read(path).value() : tree.error().message();
  }

  TemporaryFolder served{"served"}, work{"work"}, state{"state"};
  std::vector<std::string> history;
  SystemClock clock;
  Remote remote{.url = "https://git.example.com/x.git"};
  stock::BackendTransport* transport = nullptr;
  std::unique_ptr<Mirrors> mirrors;
};

INSTANTIATE_TEST_SUITE_P(Protocols, Served, testing::Values(stock::Speaks::v0, stock::Speaks::v2));

TEST_P(Served, ABranchIsFollowedFromCommitToCommit) {
  const auto first = resolve("main").value();
  EXPECT_EQ(first.hex(), history.back());
  EXPECT_EQ(read(first, "app/x.yaml"), "4");
  const auto next = commit("app/x.yaml", "new");
  const auto second = resolve("main").value();
  EXPECT_EQ(second.hex(), next);
  EXPECT_EQ(read(second, "app/x.yaml"), "new");
  EXPECT_EQ(read(first, "app/x.yaml"), "4");
}

TEST_P(Served, WhatIsHereIsGivenWithoutTheServerAndNothingElse) {
  const auto tip = resolve("main").value();
  remote.reach = Reach::here;
  EXPECT_EQ(mirrors->tree(remote, tip, {}).error().code(), Code::answer_awaited);
  EXPECT_EQ(resolve("main").error().code(), Code::answer_awaited);
  EXPECT_EQ(mirrors->resolve(remote, {.revision = "main", .max_age = std::chrono::minutes(3)}, {}).value(), tip);
  remote.reach = Reach::server;
  EXPECT_EQ(read(tip, "app/x.yaml"), "4");
  const auto asked = transport->asked;
  remote.reach = Reach::here;
  EXPECT_EQ(read(tip, "app/x.yaml"), "4");
  EXPECT_TRUE(mirrors->commit_object(remote, tip, {}));
  EXPECT_EQ(transport->asked, asked);
}

TEST_P(Served, AFetchBringsOnlyWhatIsMissing) {
  commit("large", std::string(100'000, 'x') + stock::git(work.path(), {"rev-parse", "HEAD"}));
  for (int i = 0; i < 300; ++i)
    stock::write_file(work.path(fmt::format("many/{}", i)), std::to_string(i * 7919));
  commit("app/x.yaml", "before");
  read(resolve("main").value(), "large");
  const auto whole = transport->bytes_sent;
  commit("app/x.yaml", "after");
  EXPECT_EQ(read(resolve("main").value(), "app/x.yaml"), "after");
  EXPECT_LT(transport->bytes_sent, 1500U);
  EXPECT_GT(whole, 10'000U);
}

TEST_P(Served, RevisionsOfEveryShapeAreResolved) {
  stock::git(work.path(), {"tag", "-a", "-m", "x", "v1.2.0", history[1]});
  stock::git(work.path(), {"tag", "v1.10.0", history[2]});
  stock::git(work.path(), {"update-ref", "refs/pull/7/head", history[3]});
  stock::git(work.path(), {"push", "-q", "origin", "--tags", "refs/pull/7/head"});
  const std::pair<std::string, std::string> table[] = {{"", history[4]},
                                                       {"HEAD", history[4]},
                                                       {"refs/heads/main", history[4]},
                                                       {"v1.2.0", history[1]},
                                                       {"1.x", history[2]},
                                                       {"pull/7/head", history[3]},
                                                       {"refs/pull/7/head", history[3]},
                                                       {history[0], history[0]}};
  for (const auto& [revision, want] : table) {
    const auto id = resolve(revision);
    ASSERT_TRUE(id) << revision << id.error().message();
    EXPECT_EQ(id->hex(), want) << revision;
    EXPECT_EQ(mirrors->tree(remote, *id, {}).value()->commit().id.hex(), want);
  }
  EXPECT_EQ(resolve("absent").error().code(), Code::git_revision);
}

TEST_P(Served, TheHistoryIsWalkedAndFetchedOnce) {
  const auto walked = [&](const CommitId& from, const std::string& until) {
    std::vector<std::string> ids;
    const auto visit = [&](const CommitId& id, std::string_view) -> Result<Mirrors::Descend> {
      ids.push_back(id.hex());
      return id.hex() == until ? Mirrors::Descend::no : Mirrors::Descend::yes;
    };
    const auto done = mirrors->walk(remote, from, visit, {});
    EXPECT_TRUE(done) << done.error().message();
    return ids;
  };
  const auto head = resolve("main").value();
  EXPECT_EQ(walked(head, history[4]), std::vector<std::string>{history[4]});
  EXPECT_EQ(walked(head, ""), std::vector<std::string>(history.rbegin(), history.rend()));
  const auto asked = transport->asked.size();
  EXPECT_EQ(walked(head, history[2]).size(), 3U);
  EXPECT_EQ(transport->asked.size(), asked);

  history.push_back(commit("large", std::string(50'000, 'x') + history[0]));
  history.push_back(commit("app/x.yaml", "new"));
  const auto next = resolve("main").value();
  EXPECT_EQ(walked(next, ""), std::vector<std::string>(history.rbegin(), history.rend()));
  EXPECT_LT(transport->bytes_sent, 3000U);  // not what is here already
}

TEST_P(Served, AnAnnotatedTagIsReadAsItIsStored) {
  stock::git(work.path(), {"tag", "-a", "-m", "about it", "v1", history[1]});
  stock::git(work.path(), {"tag", "plain", history[1]});
  stock::git(work.path(), {"push", "-q", "origin", "--tags"});
  const auto commit_of = [&](std::size_t i) { return *CommitId::parse(history[i]); };
  mirrors->expire(remote.url);
  const auto tag = mirrors->tag_object(remote, {.revision = "v1", .tag_prefix = ""}, commit_of(1), {});
  ASSERT_TRUE(tag && *tag) << (tag ? "no tag" : tag.error().message());
  EXPECT_TRUE((*tag)->starts_with("object " + history[1])) << **tag;
  EXPECT_TRUE((*tag)->ends_with("\n\nabout it\n")) << **tag;
  EXPECT_FALSE(mirrors->tag_object(remote, {.revision = "v1", .tag_prefix = ""}, commit_of(2), {}).value());
  for (const auto* name : {"plain", "main", "absent"}) EXPECT_FALSE(mirrors->tag_object(remote, {.revision = name, .tag_prefix = ""}, commit_of(1), {}).value());
  // A range means the tag that it finds, whose signature then counts.
  for (const auto* range : {"1.x", ">=1"}) {
    const auto ranged = mirrors->tag_object(remote, {.revision = range, .tag_prefix = ""}, commit_of(1), {});
    EXPECT_TRUE(ranged && *ranged) << range;
  }
}

TEST_P(Served, AShortIdIsFoundInTheWholeHistory) {
  EXPECT_EQ(resolve(history[1].substr(0, 8)).value().hex(), history[1]);
  EXPECT_EQ(resolve("1234567").error().code(), Code::git_revision);
}

TEST_P(Served, ACommitThatTheServerDoesNotHaveIsRefused) {
  const auto tree = mirrors->tree(remote, *CommitId::parse(std::string(40, '1')), {});
  EXPECT_EQ(tree.error().code(), Code::git_revision) << tree.error().message();
}

TEST_P(Served, ARecentListingAnswersWithoutAQuestion) {
  resolve("main").value();
  const auto asked = transport->asked.size();
  const Query query{.revision = "main", .max_age = std::chrono::hours(1)};
  EXPECT_TRUE(mirrors->resolve(remote, query, {}));
  EXPECT_EQ(transport->asked.size(), asked);
  mirrors->expire(remote.url);
  EXPECT_TRUE(mirrors->resolve(remote, query, {}));
  EXPECT_GT(transport->asked.size(), asked);
}

TEST_P(Served, ACutFetchChangesNothingAndTheNextOneWorks) {
  for (int i = 0; i < 50; ++i)
    stock::write_file(work.path(fmt::format("many/{}", i)), std::to_string(i * 104729));
  commit("app/x.yaml", "many");
  const auto id = resolve("main").value();
  for (const std::size_t bytes : {0U, 10U, 200U, 700U, 1500U}) {
    transport->bytes_max = bytes;
    const auto tree = mirrors->tree(remote, id, {});
    ASSERT_FALSE(tree) << bytes;
    EXPECT_NE(tree.error().code(), Code::git_revision) << bytes;
    transport->bytes_max = all_bytes;
    if (bytes == 700) open();  // a restart in between
  }
  EXPECT_EQ(read(id, "many/7"), std::to_string(7 * 104729));
  for (const auto& entry : fs::recursive_directory_iterator(state.path())) {
    EXPECT_EQ(entry.path().filename().string().find("incoming-"), std::string::npos);
  }
}

TEST_P(Served, WhatWasFetchedIsThereAfterARestartWithoutTheServer) {
  const auto id = resolve("main").value();
  read(id, "app/x.yaml");
  fs::rename(served.path("x.git"), served.path("gone"));
  MirrorsOptions options{.directory = state.path("mirrors")};
  options.make_transport = [&](const Remote&) -> Result<std::unique_ptr<http::Transport>> {
    return std::make_unique<stock::BackendTransport>(served.path(), GetParam());
  };
  mirrors = Mirrors::open(std::move(options), clock).value();
  EXPECT_EQ(read(id, "app/x.yaml"), "4");
  EXPECT_EQ(resolve("main").error().code(), Code::git_unreachable);
}

TEST_P(Served, ADamagedStoreIsMadeAnew) {
  const auto id = resolve("main").value();
  read(id, "app/x.yaml");
  for (const auto& entry : fs::directory_iterator(state.path("mirrors"))) {
    fs::remove(entry.path() / "HEAD");
  }
  open();
  EXPECT_EQ(read(id, "app/x.yaml"), "4");
}

TEST(Mirrors, ReadTheirOwnGitInPlace) {
  if (!stock::has_git()) GTEST_SKIP() << "there is no git on this machine";
  TemporaryFolder folder{"mirrors"}, state{"state"};
  stock::git(folder.path(), {"init", "-q", "-b", "main", "."});
  stock::write_file(folder.path("x"), "1");
  stock::git(folder.path(), {"add", "-A"});
  stock::git(folder.path(), {"commit", "-q", "-m", "x"});
  SystemClock clock;
  const auto mirrors =
      Mirrors::open({.directory = state.path(),
                     .local = {{"http://holdfast-agent.argocd/fleet.git", folder.path(".git")}}},
                    clock)
          .value();
  const Remote remote{.url = "http://holdfast-agent.argocd/fleet.git/"};
  const auto id = mirrors->resolve(remote, {.revision = "main"}, {}).value();
  EXPECT_EQ(mirrors->resolve(remote, {.revision = id.hex().substr(0, 7)}, {}).value(), id);
  EXPECT_EQ(mirrors->tree(remote, id, {}).value()->read("x").value(), "1");
  EXPECT_EQ(mirrors->resolve(remote, {.revision = "no"}, {}).error().code(), Code::git_revision);
}

// What a server says, and what must come of it. The real transport over loopback.
class Hostile : public testing::Test {
 protected:
  Result<CommitId> resolve(const fakes::Loopback& server, const std::stop_token& stop = {}) {
    MirrorsOptions options{.directory = state.path()};
    options.limits.list_timeout = milliseconds(300);
    options.limits.idle_timeout = milliseconds(300);
    const auto mirrors = Mirrors::open(std::move(options), clock).value();
    const Remote remote{
        .url = server.url("/x.git"), .username = "u", .password = Secret("hunter2")};
    return mirrors->resolve(remote, {.revision = "main"}, stop);
  }

  TemporaryFolder state{"state"};
  SystemClock clock;
};

TEST_F(Hostile, ASilentServerEndsAtTheDeadline) {
  const fakes::Loopback server([](fakes::Connection& c) { c.wait_until_closed(); });
  EXPECT_EQ(resolve(server).error().code(), Code::timed_out);
}

TEST_F(Hostile, AServerThatDripsEndsAtTheDeadline) {
  const fakes::Loopback server([](fakes::Connection& c) {
    c.read();
    c.write(
        "HTTP/1.1 200 OK\r\nContent-Type: application/x-git-upload-pack-advertisement\r\n"
        "Content-Length: 1000000\r\n\r\n001e# serv");
    c.wait_until_closed();
  });
  EXPECT_EQ(resolve(server).error().code(), Code::timed_out);
}

TEST_F(Hostile, StoppingEndsTheWait) {
  std::stop_source source;
  const fakes::Loopback server([&](fakes::Connection& c) {
    c.read();
    source.request_stop();
    c.wait_until_closed();
  });
  EXPECT_EQ(resolve(server, source.get_token()).error().code(), Code::stopped);
}

TEST_F(Hostile, AnswersThatAreNotGitAreRefusedWithoutShowingSecrets) {
  const std::string type = "Content-Type: application/x-git-upload-pack-advertisement\r\n";
  const std::string id(40, '1');

  const struct {
    int status;
    std::string body, headers, says;
  } table[] = {
      {401, "u:hunter2", "", "refuses the credentials"},
      {404, "", "", "no such repository"},
      {500, "hunter2", "", "HTTP 500"},
      {302, "", "Location: http://127.0.0.1:1/x.git/info/refs\r\n", "redirects"},
      {200, "<html>", "Content-Type: text/html\r\n", "text/html"},
      {200, "<html>", type, "not Git's"},
      {200, "0003", type, "not Git's"},
      {200, "fff5" + std::string(70'000, 'x'), type, "not Git's"},
      {200, "0010abc", type, "cut short"},
      {200, to_packet("ERR no access\n"), type, "no access"},
      {200, to_packet("ERR bad token dTpodW50ZXIy\n"), type, "left out"},
      {200, to_packet("ERR bad password hunter2\n"), type, "left out"},
      {200, to_packet("not an id"), type, "not Git's"},
      {200, to_packet(id + " refs/heads/../../x\n") + "0000", type, "no branch"},
      {200, to_packet(id + " refs/heads/main.lock\n") + "0000", type, "no branch"},
  };

  for (const auto& row : table) {
    const auto server =
        fakes::Loopback::answering([&](const fakes::Received&, fakes::Connection& c) {
          c.answer(row.status, row.body, row.headers);
        });
    const auto id_found = resolve(*server);
    ASSERT_FALSE(id_found) << row.says;
    const auto message = id_found.error().message();
    EXPECT_NE(message.find(row.says), std::string::npos) << message;
    EXPECT_EQ(message.find("hunter2"), std::string::npos) << message;
  }
}

TEST_F(Hostile, CredentialsAreSentAsBasicAndStayWithTheServer) {
  std::string seen;
  const auto server =
      fakes::Loopback::answering([&](const fakes::Received& received, fakes::Connection& c) {
        seen = received.headers.at("authorization");
        c.answer(404, "");
      });
  EXPECT_FALSE(resolve(*server));
  EXPECT_EQ(seen, "Basic dTpodW50ZXIy");
}

// A real repository behind a server that can stop in the middle of a pack.
class HalfWay : public testing::Test {
 protected:
  enum class Way { whole, stalls, trickles };

  void SetUp() override {
    if (!stock::has_git()) GTEST_SKIP() << "there is no git on this machine";
    for (const std::string name : {"x.git", "y.git"}) {
      fs::create_directories(served.path(name));
      stock::git(served.path(name), {"init", "-q", "--bare", "-b", "main", "."});
      stock::git(work.path(), {"clone", "-q", served.path(name), name});
      const auto clone = work.path(name);
      stock::git(clone, {"checkout", "-q", "-b", "main"});
      stock::write_file(clone + "/x.yaml", std::string(100, 'x') + name);
      stock::git(clone, {"add", "-A"});
      stock::git(clone, {"commit", "-q", "-m", "one"});
      stock::git(clone, {"push", "-q", "origin", "HEAD"});
    }
    MirrorsOptions options{.directory = state.path()};
    options.limits.idle_timeout = milliseconds(300);
    mirrors = Mirrors::open(std::move(options), clock).value();
  }

  void answer(const fakes::Received& received, fakes::Connection& c) {
    stock::BackendTransport backend(served.path(), stock::Speaks::v2);
    http::Request request{.method = received.method, .url = "http://git" + received.target, .body = received.body};
    for (const auto& [name, value] : received.headers) request.headers.push_back({name, value});
    const auto response = backend.send(request).value();
    const auto type = fmt::format("Content-Type: {}\r\n", response.header("content-type"));
    const bool pack = received.body.find("command=fetch") != std::string::npos;
    if (closed && !received.headers.contains("authorization")) return void(c.answer(404, ""));
    if (!pack || way == Way::whole || received.target.starts_with("/y.git")) {
      c.answer(response.status, response.body, type);
      return;
    }
    c.write(fmt::format("HTTP/1.1 200 OK\r\n{}Content-Length: {}\r\n\r\n", type, response.body.size()));
    std::string_view left = response.body;
    c.write(left.substr(0, left.size() / 2));
    left.remove_prefix(left.size() / 2);
    half_sent.release();
    if (way == Way::stalls) return c.wait_until_closed();
    while (left.size() > 1 && c.write(left.substr(0, 1)) && c.pause(milliseconds(20))) left.remove_prefix(1);
    c.wait_until_closed();
  }

  Result<std::string> read(const std::string& name, const std::stop_token& stop = {}) {
    const Remote remote{.url = server->url("/" + name)};
    const auto commit = TRY(mirrors->resolve(remote, {.revision = "main"}, stop));
    const auto tree = TRY(mirrors->tree(remote, commit, stop));
    return tree->read("x.yaml");
  }

  int unfinished_packs() const {
    int count = 0;
    for (const auto& each : fs::recursive_directory_iterator(state.path())) {
      if (each.path().filename().string().starts_with("incoming-")) ++count;
    }
    return count;
  }

  TemporaryFolder served{"served"}, work{"work"}, state{"state"};
  SystemClock clock;
  std::atomic<Way> way = Way::whole;
  std::atomic<bool> closed = false;  // to those without credentials
  std::counting_semaphore<> half_sent{0};
  std::unique_ptr<Mirrors> mirrors;
  std::unique_ptr<fakes::Loopback> server =
      fakes::Loopback::answering([this](const fakes::Received& received, fakes::Connection& c) { answer(received, c); });
};

TEST_F(HalfWay, APackThatStallsOrTricklesEndsInTimeAndChangesNothing) {
  for (const auto chosen : {Way::stalls, Way::trickles}) {
    way = chosen;
    const auto refused = read("x.git");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::timed_out) << refused.error().message();
    EXPECT_EQ(unfinished_packs(), 0);
    EXPECT_TRUE(half_sent.try_acquire());
    // Who wants the same commit right afterwards does not wait as well.
    EXPECT_EQ(read("x.git").error().code(), Code::timed_out);
    EXPECT_FALSE(half_sent.try_acquire());
    mirrors->expire(server->url("/x.git"));
  }
  way = Way::whole;
  EXPECT_TRUE(read("x.git").value().ends_with("x.git"));
}

TEST_F(HalfWay, AFetchIsCancelledAndOtherRepositoriesDoNotWaitForIt) {
  way = Way::stalls;
  MirrorsOptions patient{.directory = state.path("patient")};
  mirrors = Mirrors::open(std::move(patient), clock).value();
  std::atomic<bool> ended = false;
  Code code{};
  std::stop_source source;
  std::jthread fetching([&] {
    code = read("x.git", source.get_token()).error().code();
    ended = true;
  });
  half_sent.acquire();
  EXPECT_TRUE(read("y.git").value().ends_with("y.git"));
  EXPECT_FALSE(ended);
  source.request_stop();
  fetching.join();
  EXPECT_EQ(code, Code::stopped);
  EXPECT_EQ(unfinished_packs(), 0);
  way = Way::whole;
  EXPECT_TRUE(read("x.git").value().ends_with("x.git"));
}

// One store for all, and nothing from it for whom the server does not let in.
class Private : public HalfWay {
 protected:
  void SetUp() override {
    HalfWay::SetUp();
    if (IsSkipped()) return;
    closed = true;
    owner.url = stranger.url = server->url("/x.git");
    owner.password = Secret("hunter2");
    owner.username = "u";
    commit = mirrors->resolve(owner, {.revision = "main"}, {}).value();
    ASSERT_TRUE(mirrors->tree(owner, *commit, {}));
  }

  Code refusal(const Remote& remote) {
    const auto tree = mirrors->tree(remote, *commit, {});
    return tree ? Code::internal : tree.error().code();
  }

  Remote owner, stranger;
  std::optional<CommitId> commit;
};

TEST_F(Private, WhatOneReaderFetchedIsReadByThoseWhomTheServerLetsInAlone) {
  const Query recent{.revision = "main", .max_age = std::chrono::hours(1)};
  EXPECT_EQ(refusal(stranger), Code::git_unreachable);
  EXPECT_EQ(mirrors->resolve(stranger, recent, {}).error().code(), Code::git_unreachable);
  EXPECT_EQ(mirrors->resolve(stranger, {.revision = commit->hex().substr(0, 8)}, {}).error().code(), Code::git_unreachable);
  EXPECT_EQ(mirrors->commit_object(stranger, *commit, {}).error().code(), Code::git_unreachable);
  EXPECT_EQ(mirrors->tag_object(stranger, {.revision = "v1", .tag_prefix = ""}, *commit, {}).error().code(), Code::git_unreachable);
  const auto visit = [](const CommitId&, std::string_view) -> Result<Mirrors::Descend> { return Mirrors::Descend::no; };
  EXPECT_EQ(mirrors->walk(stranger, *commit, visit, {}).error().code(), Code::git_unreachable);
  Remote here = stranger;
  here.reach = Reach::here;
  EXPECT_EQ(refusal(here), Code::answer_awaited);
  Remote other = owner;
  other.password = Secret("another");
  EXPECT_TRUE(mirrors->tree(other, *commit, {}));
  EXPECT_TRUE(mirrors->tree(owner, *commit, {}));
  EXPECT_EQ(std::distance(fs::directory_iterator(state.path()), {}), 1);
  closed = false;
  EXPECT_TRUE(mirrors->tree(stranger, *commit, {}));
}

TEST_F(Private, WhoWasLetInReadsWithoutTheServerAfterARestart) {
  mirrors.reset();
  mirrors = Mirrors::open({.directory = state.path()}, clock).value();
  server.reset();
  EXPECT_TRUE(mirrors->tree(owner, *commit, {}));
  EXPECT_EQ(refusal(stranger), Code::git_unreachable);
}

TEST_F(Private, CredentialsThatTheServerTakesNoMoreOpenNothing) {
  closed = false;
  EXPECT_TRUE(mirrors->tree(stranger, *commit, {}));
  closed = true;
  EXPECT_TRUE(mirrors->tree(stranger, *commit, {}));  // nobody has asked since
  EXPECT_EQ(mirrors->resolve(stranger, {.revision = "main"}, {}).error().code(), Code::git_unreachable);
  EXPECT_EQ(refusal(stranger), Code::git_unreachable);
  EXPECT_TRUE(mirrors->tree(owner, *commit, {}));
}

TEST_F(Private, CredentialsThatTheServerTookBackAreNoticedInTimeWithoutAListing) {
  mirrors.reset();
  ManualClock time;
  mirrors = Mirrors::open({.directory = state.path()}, time).value();
  closed = false;
  EXPECT_TRUE(mirrors->tree(stranger, *commit, {}));
  closed = true;
  time.advance(std::chrono::minutes(4));
  EXPECT_TRUE(mirrors->tree(stranger, *commit, {}));
  time.advance(std::chrono::minutes(2));
  EXPECT_EQ(refusal(stranger), Code::git_unreachable);
  EXPECT_TRUE(mirrors->tree(owner, *commit, {}));
  // A server that is away takes nothing back.
  server.reset();
  time.advance(std::chrono::hours(1));
  EXPECT_TRUE(mirrors->tree(owner, *commit, {}));
  EXPECT_EQ(refusal(stranger), Code::git_unreachable);
  mirrors.reset();  // before its clock
}

TEST(Remote, UrlsThatCouldMeanSomethingElseAreRefused) {
  for (const auto* url :
       {"", "file:///etc", "/etc", "ssh://git:pw@h/x", "git@h:-x", "https://", "ftp://h/x",
        "https://u:p@h/x", "https://h/x y", "https://h/x\n", "https://h/x%0aHost: y",
        "https://-oProxy/x", "https://h/x\\y", "https://h/x?y", "https://h/x'", "https:/h/x"}) {
    EXPECT_FALSE(check_url(url)) << url;
  }
  EXPECT_EQ(check_url("https://u:hunter2@h/x").error().message().find("hunter2"),
            std::string::npos);
  for (const auto* url :
       {"https://h/x.git", "http://127.0.0.1:28080/a/b-repo.git", "https://[::1]:8/x"}) {
    EXPECT_TRUE(check_url(url)) << url;
  }
}

}  // namespace
}  // namespace holdfast::git
