// SPDX-License-Identifier: Apache-2.0
// Scripted peers: what a real server does not do on request. Real ones are in tests/e2e/sources.
#include "charts/charts.h"

#include "archive/compress.h"
#include "archive/tar_writer.h"
#include "base/text.h"
#include "fakes/loopback.h"
#include "fakes/stock_git.h"
#include "fakes/temporary_folder.h"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>

namespace holdfast::charts {
namespace {

namespace fs = std::filesystem;

std::string packed(const tree::MemoryTree::Files& files) {
  std::string tar, out;
  archive::TarWriter writer(archive::sink_to(tar));
  for (const auto& [path, content] : files)
    EXPECT_TRUE(writer.file(path, content));
  EXPECT_TRUE(writer.finish());
  EXPECT_TRUE(archive::gzip_compress(archive::source_of(tar), archive::sink_to(out)));
  return out;
}

const std::string& sample_package() {
  static const auto package = packed(
      {{"web/Chart.yaml", "apiVersion: v2\nname: web\nversion: 1.2.0\n"}, {"web/values.yaml", "a: 1\n"}});
  return package;
}

struct Peer {
  std::map<std::string, std::string> files;  // by target
  std::vector<std::string> asked;            // "/index.yaml with Basic …"
  bool closed = false;                       // to those without credentials
  std::mutex mutex;
  std::unique_ptr<fakes::Loopback> loopback =
      fakes::Loopback::answering([this](const fakes::Received& received, fakes::Connection& to) {
        const std::scoped_lock lock(mutex);
        const auto user = received.headers.find("authorization");
        asked.push_back(received.target +
                        (user == received.headers.end() ? "" : " with " + user->second));
        const auto found = files.find(received.target);
        if (closed && user == received.headers.end()) {
          to.answer(401, "");
        } else if (found == files.end()) {
          to.answer(404, "the body may echo secrets");
        } else {
          to.answer(200, found->second);
        }
      });

  void publish(const std::string& version, const std::string& digest, const std::string& url) {
    files["/index.yaml"] =
        fmt::format("apiVersion: v1\nentries:\n  web:\n  - {{version: {}, digest: '{}', urls: ['{}']}}\n",
                    version, digest, url);
  }
};

struct Fixture : testing::Test {
  Fixture() {
    peer.files["/web.tgz"] = sample_package();
    peer.publish("1.2.0", crypto::sha256(sample_package()).hex(), "web.tgz");
    open();
  }

  void open(const ChartLimits& limits = {}) {
    charts = Charts::open({.directory = folder.path("charts"), .limits = limits, .make_transport = {}}, clock)
                 .value();
    repository.url = peer.loopback->url("");
  }

  std::string read(const std::string& version, const std::string& path) {
    const auto tree = charts->tree(repository, "web", version, {});
    if (!tree) return tree.error().message();
    return (*tree)->read(path).value_or("nothing");
  }

  TemporaryFolder folder{"charts"};
  Peer peer;
  ManualClock clock;
  Repository repository;
  std::unique_ptr<Charts> charts;
};

using ChartsTest = Fixture;

TEST_F(ChartsTest, AChartComesFromTheIndexAndThenFromTheDisk) {
  EXPECT_EQ(charts->resolve(repository, {.chart = "web", .version = "1.x"}, {}).value(), "1.2.0");
  EXPECT_EQ(read("1.2.0", "values.yaml"), "a: 1\n");
  const auto asked = peer.asked.size();
  open();  // another process
  peer.files.clear();
  EXPECT_EQ(read("1.2.0", "values.yaml"), "a: 1\n");
  EXPECT_EQ(peer.asked.size(), asked);
}

TEST_F(ChartsTest, AVersionThatIsNoRangeIsNotAskedFor) {
  EXPECT_EQ(charts->resolve(repository, {.chart = "web", .version = "v9.9.9"}, {}).value(), "v9.9.9");
  EXPECT_TRUE(peer.asked.empty());
}

TEST_F(ChartsTest, WhatIsHereIsGivenWithoutTheServerAndNothingElse) {
  repository.reach = Reach::here;
  EXPECT_EQ(charts->tree(repository, "web", "1.2.0", {}).error().code(), Code::answer_awaited);
  EXPECT_EQ(charts->resolve(repository, {.chart = "web", .version = "1.x"}, {}).error().code(), Code::answer_awaited);
  EXPECT_EQ(charts->resolve(repository, {.chart = "web", .version = "1.2.0"}, {}).value(), "1.2.0");
  EXPECT_TRUE(peer.asked.empty());
  repository.reach = Reach::server;
  EXPECT_EQ(read("1.2.0", "values.yaml"), "a: 1\n");
  const auto asked = peer.asked;
  repository.reach = Reach::here;
  EXPECT_EQ(read("1.2.0", "values.yaml"), "a: 1\n");
  EXPECT_EQ(peer.asked, asked);
}

TEST_F(ChartsTest, AListThatIsRecentAnswers) {
  const Query query{.chart = "web", .version = "*", .max_age = std::chrono::minutes(2)};
  EXPECT_TRUE(charts->resolve(repository, query, {}));
  EXPECT_TRUE(charts->resolve(repository, query, {}));
  EXPECT_EQ(peer.asked.size(), 1U);
  clock.advance(std::chrono::minutes(3));
  EXPECT_TRUE(charts->resolve(repository, query, {}));
  EXPECT_EQ(peer.asked.size(), 2U);
  charts->expire(repository.url);
  EXPECT_TRUE(charts->resolve(repository, query, {}));
  EXPECT_EQ(peer.asked.size(), 3U);
}

TEST_F(ChartsTest, AHardRefreshFetchesTheVersionAgain) {
  EXPECT_EQ(read("1.2.0", "values.yaml"), "a: 1\n");
  peer.files["/web.tgz"] = packed({{"web/Chart.yaml", "name: web\n"}, {"web/values.yaml", "a: 2\n"}});
  peer.publish("1.2.0", "", "web.tgz");
  EXPECT_EQ(read("1.2.0", "values.yaml"), "a: 1\n");
  charts->expire(repository.url);
  EXPECT_EQ(read("1.2.0", "values.yaml"), "a: 2\n");
}

TEST_F(ChartsTest, APackageThatIsNotWhatTheIndexSaysIsRefusedAndNotKept) {
  peer.files["/web.tgz"] = packed({{"web/Chart.yaml", "name: web\n"}});
  for (int i = 0; i < 2; ++i) {
    const auto refused = charts->fetch(repository, "web", "1.2.0", {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::chart);
    EXPECT_EQ(refused.error().what(), "the package of chart \"web\" 1.2.0 is not what the index says");
  }
  EXPECT_TRUE(fs::is_empty(folder.path("charts/packages")));
}

TEST_F(ChartsTest, ADamagedPackageOnTheDiskIsFetchedAgain) {
  EXPECT_EQ(read("1.2.0", "values.yaml"), "a: 1\n");
  for (const auto& file : fs::directory_iterator(folder.path("charts/packages")))
    std::ofstream(file.path()) << "damaged";
  EXPECT_EQ(read("1.2.0", "values.yaml"), "a: 1\n");
}

TEST_F(ChartsTest, TheOldestPackagesMakeRoom) {
  open({.cache = {.bytes_max = sample_package().size() + 10}});
  EXPECT_EQ(read("1.2.0", "values.yaml"), "a: 1\n");
  peer.publish("1.3.0", "", "web.tgz");
  peer.files["/web.tgz"] = packed({{"web/Chart.yaml", "name: web\nversion: 1.3.0\n"}, {"web/values.yaml", "a: 3\n"}});
  EXPECT_EQ(read("1.3.0", "values.yaml"), "a: 3\n");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder.path("charts/packages")), {}), 1);
}

TEST_F(ChartsTest, CredentialsStayWithTheRepositoryUnlessAskedOtherwise) {
  Peer other;
  other.files["/web.tgz"] = sample_package();
  peer.publish("1.2.0", "", other.loopback->url("/web.tgz"));
  repository.username = "ann";
  repository.password = Secret("s3cret");
  const auto user = " with Basic " + to_base64("ann:s3cret");
  EXPECT_EQ(read("1.2.0", "values.yaml"), "a: 1\n");
  EXPECT_EQ(peer.asked, std::vector<std::string>{"/index.yaml" + user});
  EXPECT_EQ(other.asked, std::vector<std::string>{"/web.tgz"});
  charts->expire(repository.url);
  repository.audience = Audience::everyone;
  EXPECT_EQ(read("1.2.0", "values.yaml"), "a: 1\n");
  EXPECT_EQ(other.asked.back(), "/web.tgz" + user);
}

TEST_F(ChartsTest, WhatOneUserReadIsNotAnothers) {
  repository.username = "ann";
  EXPECT_EQ(read("1.2.0", "values.yaml"), "a: 1\n");
  peer.files.erase("/web.tgz");
  EXPECT_EQ(read("1.2.0", "values.yaml"), "a: 1\n");
  repository.username = "bob";
  EXPECT_EQ(charts->tree(repository, "web", "1.2.0", {}).error().code(), Code::unreachable);
}

TEST_F(ChartsTest, WhatARepositoryListedForOneReaderIsNotAnothers) {
  peer.closed = true;
  Repository stranger = repository;
  repository.username = "ann";
  const Query recent{.chart = "web", .version = "1.x", .max_age = std::chrono::hours(1)};
  EXPECT_EQ(charts->resolve(repository, recent, {}).value(), "1.2.0");
  EXPECT_EQ(charts->resolve(stranger, recent, {}).error().code(), Code::unreachable);
  EXPECT_EQ(charts->tree(stranger, "web", "1.2.0", {}).error().code(), Code::unreachable);
  Repository certified = repository;
  certified.client_certificate_pem = Secret("another");
  EXPECT_EQ(read("1.2.0", "values.yaml"), "a: 1\n");
  peer.files.erase("/web.tgz");
  EXPECT_FALSE(charts->tree(certified, "web", "1.2.0", {}));  // not from the disk
}

TEST_F(ChartsTest, RefusalsNameWhatIsMissingAndKeepSecrets) {
  repository.password = Secret("s3cret");

  struct Case {
    std::string_view chart, version, want;
  };

  const auto url = repository.url;
  for (const auto& [chart, version, want] : std::to_array<Case>({
           {"none", "1.x", "chart 'none' not found in index"},
           {"web", "2.x", "no version of chart \"web\" is \"2.x\", 1 are there"},
       })) {
    const auto refused =
        charts->resolve(repository, {std::string(chart), std::string(version), {}}, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().what(), want);
  }
  EXPECT_EQ(charts->fetch(repository, "web", "9.9.9", {}).error().what(),
            "no version of chart \"web\" is \"9.9.9\", 1 are there");
  peer.files.erase("/web.tgz");
  const auto gone = charts->fetch(repository, "web", "1.2.0", {}).error().message();
  EXPECT_EQ(gone, fmt::format("chart \"web\" 1.2.0 cannot be downloaded ({}/web.tgz): the server answers HTTP 404", url));
}

TEST_F(ChartsTest, LimitsHold) {
  open({.package = {.bytes_max = 10}});
  EXPECT_EQ(charts->fetch(repository, "web", "1.2.0", {}).error().code(), Code::limit);
  open({.index = {.bytes_max = 10}});
  EXPECT_EQ(charts->resolve(repository, {.chart = "web"}, {}).error().code(), Code::limit);
  open({.unpacked_bytes_max = 10});
  EXPECT_EQ(charts->tree(repository, "web", "1.2.0", {}).error().code(), Code::limit);
}

// An index, a package or a registry of which half arrives and then nothing, or byte after byte.
TEST_F(ChartsTest, APeerThatStallsOrTricklesIsNotWaitedForLong) {
  const SystemClock real;
  enum class Way { stalls, trickles };
  for (const auto way : {Way::stalls, Way::trickles}) {
    const fakes::Loopback slow([&](fakes::Connection& to) {
      to.read();
      to.begin_chunked();
      to.chunk("apiVersion: v1\n");
      if (way == Way::stalls) return to.wait_until_closed();
      while (to.chunk("#") && to.pause(std::chrono::milliseconds(20))) {}
    });
    Bounds bounds{.bytes_max = std::size_t{1} << 20, .idle = std::chrono::milliseconds(200)};
    const ChartLimits limits{.index = bounds, .package = bounds};
    const auto bounded = Charts::open({.directory = folder.path("slow"), .limits = limits, .make_transport = {}}, real).value();
    Repository bad = repository;
    bad.url = slow.url("");
    const auto refused = bounded->resolve(bad, {.chart = "web", .version = "*"}, {});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::timed_out);
    // Who asks the same right afterwards does not wait as well.
    EXPECT_EQ(bounded->resolve(bad, {.chart = "api", .version = "*"}, {}).error().code(), Code::timed_out);
    EXPECT_EQ(slow.connections(), 1);
    // The same object serves the next question at once.
    EXPECT_EQ(bounded->resolve(repository, {.chart = "web", .version = "*"}, {}).value(), "1.2.0");

    peer.publish("1.2.0", "", slow.url("/web.tgz"));
    bounded->expire(repository.url);
    const auto package = bounded->fetch(repository, "web", "1.2.0", {});
    ASSERT_FALSE(package);
    EXPECT_EQ(package.error().code(), Code::timed_out);
    peer.publish("1.2.0", crypto::sha256(sample_package()).hex(), "web.tgz");
    bounded->expire(repository.url);
    EXPECT_TRUE(bounded->fetch(repository, "web", "1.2.0", {}));
  }
}

TEST_F(ChartsTest, AStopEndsAWait) {
  std::stop_source stopping;
  stopping.request_stop();
  EXPECT_EQ(charts->resolve(repository, {.chart = "web"}, stopping.get_token()).error().code(),
            Code::stopped);
}

TEST(Unpack, RefusesWhatIsNoChart) {
  EXPECT_EQ(unpack(packed({{"Chart.yaml", ""}}), Content::chart, {}).error().what(),
            "the package holds no chart");
  EXPECT_FALSE(unpack("no archive", Content::chart, {}));
  const auto plain = unpack(packed({{"a.yaml", "x"}, {"b/c.yaml", "y"}}), Content::artifact, {});
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->files().size(), 2U);
}

}  // namespace
}  // namespace holdfast::charts
