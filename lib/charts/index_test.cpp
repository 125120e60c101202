// SPDX-License-Identifier: Apache-2.0
#include "charts/index.h"

#include "charts/repository.h"

#include <gtest/gtest.h>

#include <array>

namespace holdfast::charts {
namespace {

constexpr std::string_view sample = R"(apiVersion: v1
entries:
  web:
  - {name: web, version: 1.2.0, urls: [web-1.2.0.tgz], digest: 3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7}
  - {name: web, version: v1.1.0, urls: ["https://cdn.example.com/web-1.1.0.tgz", other.tgz], digest: "sha256:3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7"}
  - {name: web, version: 2.0.0-rc.1, urls: [web-2.0.0-rc.1.tgz]}
  - {name: web, version: no version, urls: [x.tgz]}
  - {name: web, version: 1.0.0, urls: []}
  odd: 1
)";

TEST(Index, KeepsWhatCanBeFetched) {
  const auto index = parse_index(sample, "index.yaml");
  ASSERT_TRUE(index) << index.error().message();
  ASSERT_EQ(index->size(), 1);
  const auto& entries = index->at("web");
  ASSERT_EQ(entries.size(), 3);
  EXPECT_EQ(entries[0].url, "web-1.2.0.tgz");
  EXPECT_EQ(entries[0].digest, entries[1].digest);
  EXPECT_TRUE(entries[0].digest);
  EXPECT_FALSE(entries[2].digest);
  EXPECT_EQ(find_entry(*index, "web", "1.1.0")->url, "https://cdn.example.com/web-1.1.0.tgz");
  EXPECT_EQ(find_entry(*index, "web", "1.2.0"), &entries[0]);
  EXPECT_EQ(find_entry(*index, "web", "9.9.9"), nullptr);
  EXPECT_EQ(find_entry(*index, "none", "1.2.0"), nullptr);
}

TEST(Index, ReadsJsonAlike) {
  const auto index = parse_index(
      R"({"apiVersion":"v1","entries":{"web":[{"version":"1.0.0","urls":["a.tgz"]}]}})", "i");
  ASSERT_TRUE(index) << index.error().message();
  EXPECT_EQ(index->at("web").front().url, "a.tgz");
}

TEST(Index, SaysWhatIsNone) {
  struct Case {
    std::string_view text;
    std::string_view want;
  };

  for (const auto& [text, want] : std::to_array<Case>({
           {"<html>no: [", "this is no index of a Helm repository"},
           {"entries: {}", "this is no index of a Helm repository"},
           {"- 1", "this is no index of a Helm repository"},
       })) {
    const auto index = parse_index(text, "https://charts.example.com/index.yaml");
    ASSERT_FALSE(index) << text;
    EXPECT_EQ(index.error().what(), want);
    EXPECT_EQ(index.error().code(), Code::chart);
  }
}

TEST(ChooseVersion, TakesWhatArgoCdTakes) {
  const auto versions = std::to_array<std::string>(
      {"1.2.0", "v1.10.0", "1.9.3", "2.0.0-rc.1", "latest", "0.9.0", "1.10.0+build.7"});

  struct Case {
    std::string_view wanted;
    std::string_view want;  // "-": nothing
  };

  for (const auto& [wanted, want] : std::to_array<Case>({
           {"1.2.0", "1.2.0"},
           {"7.7.7", "7.7.7"},  // a version is itself
           {"v1.2", "v1.2"},
           {"1.x", "v1.10.0"},
           {"~1.9", "1.9.3"},
           {">=1.2.0 <1.10.0", "1.9.3"},
           {"^2.0.0", "-"},
           {"^2.0.0-0", "2.0.0-rc.1"},
           {"*", "v1.10.0"},
           {"", "v1.10.0"},
           {"latest", "latest"},
           {"main", "-"},
           {">3", "-"},
       })) {
    EXPECT_EQ(choose_version(versions, wanted).value_or("-"), want) << wanted;
  }
}

TEST(Address, IsSeenFromTheRepository) {
  struct Case {
    std::string_view repository, address, want;
  };

  for (const auto& [repository, address, want] : std::to_array<Case>({
           {"https://h/charts", "a.tgz", "https://h/charts/a.tgz"},
           {"https://h/charts/", "sub/a.tgz", "https://h/charts/sub/a.tgz"},
           {"https://h:8443/charts", "/a.tgz", "https://h:8443/a.tgz"},
           {"https://h", "/a.tgz", "https://h/a.tgz"},
           {"https://h/charts?token=1", "a.tgz", "https://h/charts/a.tgz?token=1"},
           {"https://h/charts", "https://cdn/a.tgz", "https://cdn/a.tgz"},
       })) {
    EXPECT_EQ(resolve_address(repository, address), want);
  }
}

TEST(Kind, IsSeenFromTheUrl) {
  EXPECT_EQ(kind_of("https://charts.example.com"), Kind::index);
  EXPECT_EQ(kind_of("http://charts.example.com"), Kind::index);
  EXPECT_EQ(kind_of("oci://registry.example.com/x"), Kind::registry);
  EXPECT_EQ(kind_of("registry.example.com/x"), Kind::registry);
}

}  // namespace
}  // namespace holdfast::charts
