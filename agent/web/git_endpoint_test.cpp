// SPDX-License-Identifier: Apache-2.0
// The built-in Git with the machine's own git as its client.
#include "agent/web/git_endpoint.h"

#include "fakes/stock_git.h"
#include "fakes/temporary_folder.h"
#include "base/handle.h"
#include "git/mirrors.h"
#include "git/pkt_line.h"
#include "git/repository.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <map>

namespace holdfast::agent {
namespace {

// "0" speaks v0, "2" speaks v2.
class BuiltInGit : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!stock::has_git()) GTEST_SKIP() << "there is no git on this machine";
    ASSERT_TRUE(git::create_bare(folder.path("bare"), "main"));
    server = Server::start({.address = "127.0.0.1"},
                           git_routes({.repository = folder.path("bare"), .name = "fleet"}))
                 .value();
    url = fmt::format("http://127.0.0.1:{}/fleet.git", server->port());
  }

  void make_history() {
    for (int i = 0; i < 6; ++i)
      history.push_back(commit(fmt::format("f/{}", i), std::to_string(i)));
    import(
        fmt::format("tag v1\nfrom {}\ntagger T <t@x> 1 +0000\ndata 1\nx\n"
                    "reset refs/tags/light\nfrom {}\n",
                    history[2], history[3]));
  }

  // One process for each change keeps these tests quick.
  void import(const std::string& stream) const {
    const auto ran =
        stock::run({"git", "-C", folder.path("bare"), "fast-import", "--quiet", "--force"}, stream);
    ASSERT_EQ(ran.status, 0) << ran.err;
  }

  // With a file that no socket's buffers hold.
  void make_large_history() {
    std::string noise;
    std::uint32_t seed = 7;
    for (int i = 0; i < 10'000'000; ++i) noise += static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
    history.push_back(commit("noise", noise));
  }

  // A reader who takes the first bytes of a pack and then nothing more.
  [[nodiscard]] FileDescriptor begin_to_read() const {
    FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int little = 4096;
    CHECK(::setsockopt(socket.get(), SOL_SOCKET, SO_RCVBUF, &little, sizeof little) == 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(server->port()));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    const auto body = git::to_packet("command=fetch") + std::string(git::delimiter_packet) +
                      git::to_packet("want " + history.back() + "\n") + git::to_packet("done\n") + std::string(git::flush_packet);
    const auto request = fmt::format("POST /fleet.git/git-upload-pack HTTP/1.1\r\nHost: x\r\nGit-Protocol: version=2\r\nContent-Length: {}\r\n\r\n{}",
                                     body.size(), body);
    CHECK(::send(socket.get(), request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size()));
    std::array<char, 4096> first;
    CHECK(::recv(socket.get(), first.data(), first.size(), MSG_WAITALL) == static_cast<ssize_t>(first.size()));
    return socket;
  }

  // How much more of the pack there is to read.
  static std::size_t read_on(const FileDescriptor& socket) {
    std::array<char, 65536> part;
    std::size_t all = 0;
    for (ssize_t count = 0; (count = ::recv(socket.get(), part.data(), part.size(), 0)) > 0;) all += static_cast<std::size_t>(count);
    return all;
  }

  void serve(GitEndpointOptions options) {
    options.repository = folder.path("bare");
    options.name = "fleet";
    // Whoever stops is ended by nobody else in the time of a test.
    server = Server::start({.address = "127.0.0.1", .idle_timeout = std::chrono::seconds(1), .progress_timeout = std::chrono::hours(1)}, git_routes(options)).value();
    url = fmt::format("http://127.0.0.1:{}/fleet.git", server->port());
  }

  std::string commit(const std::string& path, const std::string& content) {
    return commit(std::map<std::string, std::string>{{path, content}});
  }

  std::string commit(const std::map<std::string, std::string>& files) {
    std::string stream = fmt::format(
        "commit refs/heads/main\ncommitter T <t@x> {} +0000\ndata 1\nx\n", ++clock_seconds);
    if (clock_seconds > 1) stream += "from refs/heads/main^0\n";
    for (const auto& [path, content] : files) {
      stream += fmt::format("M 100644 inline {}\ndata {}\n{}\n", path, content.size(), content);
    }
    import(stream);
    return git::read_refs(folder.path("bare")).value().front().id.hex();
  }

  stock::Ran client(std::vector<std::string> words) const {
    words.insert(words.begin(),
                 {"git", "-c", std::string("protocol.version=") + GetParam(), "-C", folder.path()});
    return stock::run(words);
  }

  void must(const std::vector<std::string>& words) const {
    const auto ran = client(words);
    ASSERT_EQ(ran.status, 0) << ran.err;
  }

  // In the clone "c".
  std::string in_clone(const std::vector<std::string>& words) const {
    return stock::git(folder.path("c"), words);
  }

  void must_in_clone(std::vector<std::string> words) const {
    words.insert(words.begin(), {"-C", "c"});
    must(words);
    EXPECT_EQ(in_clone({"fsck", "--strict", "--no-dangling"}), "");
  }

  TemporaryFolder folder{"git"};
  std::unique_ptr<Server> server;
  std::string url;
  std::vector<std::string> history;
  int clock_seconds = 0;
};

INSTANTIATE_TEST_SUITE_P(Protocol, BuiltInGit, testing::Values("0", "2"));

TEST_P(BuiltInGit, IsListedAndCloned) {
  make_history();
  const auto listed = client({"ls-remote", "--symref", url});
  EXPECT_NE(listed.out.find("ref: refs/heads/main\tHEAD"), std::string::npos) << listed.err;
  EXPECT_NE(listed.out.find(history[2] + "\trefs/tags/v1^{}"), std::string::npos);
  must({"clone", "-q", url, "c"});
  EXPECT_EQ(in_clone({"rev-parse", "HEAD"}), history.back());
  EXPECT_EQ(in_clone({"rev-list", "--count", "HEAD"}), "6");
  EXPECT_EQ(in_clone({"show", "v1:f/2"}), "2");
  EXPECT_EQ(in_clone({"status", "--porcelain"}), "");
  EXPECT_EQ(in_clone({"fsck", "--strict", "--no-dangling"}), "");
}

TEST_P(BuiltInGit, AnEmptyRepositoryIsCloned) {
  must({"clone", "-q", url, "c"});
  // v0 cannot say where an unborn HEAD points.
  if (GetParam() == std::string_view("2")) {
    EXPECT_EQ(in_clone({"symbolic-ref", "HEAD"}), "refs/heads/main");
  }
}

TEST_P(BuiltInGit, AShallowCloneIsDeepenedFetchedIntoAndCompleted) {
  make_history();
  must({"clone", "-q", "--depth", "1", "--no-single-branch", url, "c"});
  EXPECT_EQ(in_clone({"rev-list", "--count", "HEAD"}), "1");
  const auto next = commit("f/new", "new");
  must_in_clone({"fetch", "-q", "--depth", "1", "origin", "main"});
  EXPECT_EQ(in_clone({"rev-list", "--count", "FETCH_HEAD"}), "1");
  commit("f/newer", "newer");
  must_in_clone({"fetch", "-q", "origin", "main"});
  EXPECT_EQ(in_clone({"rev-list", "--count", "FETCH_HEAD"}), "2");
  must_in_clone({"fetch", "-q", "--depth", "4", "origin", "main"});
  EXPECT_EQ(in_clone({"rev-list", "--count", "FETCH_HEAD"}), "4");
  must_in_clone({"fetch", "-q", "--deepen", "2", "origin", "main"});
  EXPECT_EQ(in_clone({"rev-list", "--count", "FETCH_HEAD"}), "6");
  must_in_clone({"fetch", "-q", "--unshallow", "origin", "main"});
  EXPECT_EQ(in_clone({"rev-list", "--count", "FETCH_HEAD"}), "8");
  EXPECT_EQ(in_clone({"rev-parse", "--is-shallow-repository"}), "false");
  EXPECT_EQ(in_clone({"show", next + ":f/new"}), "new");
}

TEST_P(BuiltInGit, AFetchBringsWhatIsNew) {
  make_history();
  must({"clone", "-q", url, "c"});
  for (int i = 0; i < 3; ++i)
    commit(fmt::format("g/{}", i), "x");
  must_in_clone({"fetch", "-q"});
  EXPECT_EQ(in_clone({"rev-list", "--count", "origin/main"}), "9");
  must_in_clone({"fetch", "-q"});
}

TEST_P(BuiltInGit, ACommitIsFetchedByItsId) {
  make_history();
  must({"init", "-q", "c"});
  must_in_clone({"fetch", "-q", "--depth", "1", url, history[3]});
  EXPECT_EQ(in_clone({"show", "FETCH_HEAD:f/3"}), "3");
  const auto absent = client({"-C", "c", "fetch", "-q", url, std::string(40, '1')});
  EXPECT_NE(absent.status, 0);
  EXPECT_NE(absent.err.find("not our ref"), std::string::npos) << absent.err;
}

TEST_P(BuiltInGit, ManyHavesAreNegotiatedInACompressedRequest) {
  make_history();
  must({"clone", "-q", url, "c"});
  // Thirty commits that only the client has make its request larger than git sends plainly.
  for (int i = 0; i < 30; ++i)
    in_clone({"commit", "-q", "--allow-empty", "-m", std::to_string(i)});
  commit("f/new", "new");
  must_in_clone({"fetch", "-q", "origin"});
  EXPECT_EQ(in_clone({"show", "origin/main:f/new"}), "new");
}

TEST_P(BuiltInGit, RefusesAPushOfStockGitInWords) {
  make_history();
  must({"clone", "-q", url, "c"});
  in_clone({"commit", "-q", "--allow-empty", "-m", "mine"});
  const auto pushed = client({"-C", "c", "push", "-q", "origin", "HEAD"});
  EXPECT_NE(pushed.status, 0);
  EXPECT_NE(pushed.err.find("403"), std::string::npos) << pushed.err;
}

TEST_P(BuiltInGit, ALargeRepositoryIsClonedWhole) {
  std::string noise;
  std::uint32_t seed = 7;
  for (int i = 0; i < 3'000'000; ++i) {
    seed = seed * 1664525 + 1013904223;
    noise += static_cast<char>(seed >> 24);
  }
  std::map<std::string, std::string> files = {{"noise", noise}};
  for (int i = 0; i < 500; ++i)
    files[fmt::format("d{}/{}", i % 7, i)] = std::to_string(i);
  commit(files);
  must({"clone", "-q", url, "c"});
  EXPECT_EQ(in_clone({"fsck", "--strict"}), "");
  EXPECT_EQ(in_clone({"cat-file", "-s", "HEAD:noise"}), "3000000");
}

TEST_P(BuiltInGit, OurOwnClientReadsIt) {
  make_history();
  SystemClock clock;
  const auto mirrors = git::Mirrors::open({.directory = folder.path("mirrors")}, clock).value();
  const git::Remote remote{.url = url};
  const auto id = mirrors->resolve(remote, {.revision = "v1"}, {}).value();
  EXPECT_EQ(id.hex(), history[2]);
  EXPECT_EQ(mirrors->tree(remote, id, {}).value()->read("f/2").value(), "2");
  const auto head = mirrors->resolve(remote, {}, {}).value();
  EXPECT_EQ(mirrors->tree(remote, head, {}).value()->read("f/5").value(), "5");
}

TEST_P(BuiltInGit, WhoStopsReadingMakesWayForAnother) {
  make_large_history();
  serve({.patience = std::chrono::milliseconds(50)});
  std::vector<FileDescriptor> stopped;
  for (int i = 0; i < 3; ++i) stopped.push_back(begin_to_read());
  // Until one of them has kept the server waiting for long enough the clone is asked to come again.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  auto cloned = client({"clone", "-q", url, "c"});
  while (cloned.status != 0 && std::chrono::steady_clock::now() < end) cloned = client({"clone", "-q", url, "c"});
  EXPECT_EQ(cloned.status, 0) << cloned.err;
  int cut = 0;
  for (const auto& each : stopped) cut += read_on(each) < 8'000'000 ? 1 : 0;
  EXPECT_EQ(cut, 1);
}

TEST_P(BuiltInGit, WhoIsAskedForNobodyMayReadSlowly) {
  make_large_history();
  serve({.packs_at_once = 1, .patience = std::chrono::hours(1)});
  const auto slow = begin_to_read();
  const auto refused = client({"clone", "-q", url, "c"});
  EXPECT_NE(refused.status, 0);
  EXPECT_NE(refused.err.find("503"), std::string::npos) << refused.err;
  EXPECT_GT(read_on(slow), 8'000'000U);
  EXPECT_EQ(client({"clone", "-q", url, "c"}).status, 0);
}

}  // namespace
}  // namespace holdfast::agent
