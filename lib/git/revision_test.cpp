// SPDX-License-Identifier: Apache-2.0
#include "git/revision.h"

#include <gtest/gtest.h>

namespace holdfast::git {
namespace {

ObjectId id(char digit) {
  return *ObjectId::parse(std::string(40, digit));
}

const std::vector<Ref>& refs() {
  static const std::vector<Ref> table = {
      {.name = "HEAD", .id = id('1'), .symref_target = "refs/heads/main"},
      {.name = "refs/heads/both", .id = id('2')},
      {.name = "refs/heads/feature/x", .id = id('3')},
      {.name = "refs/heads/main", .id = id('1')},
      {.name = "refs/pull/7/head", .id = id('4')},
      {.name = "refs/tags/app-1.3.0", .id = id('5')},
      {.name = "refs/tags/both", .id = id('6')},
      {.name = "refs/tags/v1.2.0", .id = id('7'), .peeled = id('8')},
      {.name = "refs/tags/v1.10.0", .id = id('9')},
      {.name = "refs/tags/v2.0.0-rc.1", .id = id('a')},
  };
  return table;
}

TEST(Revision, IsFoundAsArgoFindsIt) {
  const struct {
    const char *revision, *tag_prefix;
    std::optional<ObjectId> want;
  } table[] = {
      {"", "", id('1')},
      {"HEAD", "", id('1')},
      {"main", "", id('1')},
      {"refs/heads/main", "", id('1')},
      {"feature/x", "", id('3')},
      {"pull/7/head", "", id('4')},
      {"refs/pull/7/head", "", id('4')},
      {"v1.2.0", "", id('8')},  // annotated: the commit, not the tag
      {"refs/tags/v1.2.0", "", id('8')},
      {"1.x", "", id('9')},  // 1.10 is above 1.2
      {"~1.2", "", id('8')},
      {"*", "", id('9')},  // no prerelease unless asked for
      {">=2.0.0-0", "", id('a')},
      {"1.x", "app-", id('5')},
      {"1.3.0", "app-", id('5')},  // a pin has the prefix, too
      {"v1.2.0", "app-", std::nullopt},
      {"main", "app-", id('1')},
      {"both", "", id('6')},
      {"1.2", "", std::nullopt},  // a version is a pin, and no tag has this name
      {"3.x", "", std::nullopt},
      {"absent", "", std::nullopt},
      {"heads/main", "", std::nullopt},
  };

  for (const auto& row : table) {
    EXPECT_EQ(find_revision(refs(), row.revision, row.tag_prefix), row.want) << row.revision;
  }
}

TEST(Revision, AnAnnotatedTagIsFoundByWhatMeansIt) {
  for (const auto* revision : {"v1.2.0", "refs/tags/v1.2.0", "~1.2"}) {
    const auto table = refs();
    const Ref* tag = find_annotated_tag(table, revision, "");
    ASSERT_NE(tag, nullptr) << revision;
    EXPECT_EQ(tag->id, id('7')) << revision;
  }
  const auto table = refs();
  for (const auto* revision : {"1.x", "main", "", "both", "v9"}) EXPECT_EQ(find_annotated_tag(table, revision, ""), nullptr) << revision;
}

TEST(Revision, KnowsCommitIds) {
  EXPECT_EQ(full_commit_id(std::string(40, 'A')), id('a'));
  EXPECT_FALSE(full_commit_id(std::string(39, 'a')));
  EXPECT_TRUE(is_short_commit_id("deadbee"));
  EXPECT_FALSE(is_short_commit_id("deadbe"));
  EXPECT_FALSE(is_short_commit_id("release"));
}

}  // namespace
}  // namespace holdfast::git
