// SPDX-License-Identifier: Apache-2.0
#include "git/object_text.h"

#include <gtest/gtest.h>

namespace holdfast::git {
namespace {

std::string entry(std::string_view mode, std::string_view name) {
  std::string out = std::string(mode) + " " + std::string(name);
  out += '\0';
  return out + std::string(20, '\x11');
}

TEST(Tree, ListsItsEntriesByName) {
  const auto entries =
      parse_tree(entry("100644", "a.b") + entry("40000", "a") + entry("160000", "sub"), 10).value();
  ASSERT_EQ(entries.size(), 3U);
  EXPECT_EQ(entries[0].name, "a");
  EXPECT_EQ(entries[0].mode, EntryMode::directory);
  EXPECT_EQ(entries[2].mode, EntryMode::submodule);
}

TEST(Tree, RefusesWhatACheckoutCouldNotWriteSafely) {
  for (const auto* name : {"", ".", "..", "a/b", ".git", ".GIT", ".Git", "git~1", "GIT~1", ".git ",
                           ".git.", ".git::$INDEX_ALLOCATION", ".g\u200cit", ".git\u200d"}) {
    const auto entries = parse_tree(entry("40000", name), 10);
    ASSERT_FALSE(entries) << name;
    EXPECT_EQ(entries.error().code(), Code::git_object) << name;
  }
  for (const auto* name : {".gitignore", ".github", "git", "...", "git~2", "a\\b"}) {
    EXPECT_TRUE(parse_tree(entry("100644", name), 10)) << name;
  }
}

TEST(Tree, RefusesDamageDisorderAndTwins) {
  const std::string good = entry("100644", "a");
  const std::string table[] = {good.substr(0, good.size() - 1),
                               "100644",
                               "100644 a",
                               entry("644", "a"),
                               entry("1006x4", "a"),
                               entry("100644", "b") + entry("100644", "a"),
                               good + good,
                               entry("100644", "a") + entry("100644", "a.b") + entry("40000", "a")};
  for (const auto& content : table)
    EXPECT_FALSE(parse_tree(content, 10));
  EXPECT_EQ(parse_tree(good + entry("100644", "b"), 1).error().code(), Code::limit);
}

TEST(Commit, IsReadWithItsPeopleAndMessage) {
  const std::string id(40, '1');
  const auto commit =
      parse_commit("tree " + id + "\nparent " + id + "\nparent " + id +
                   "\nauthor A U Thor <a@x> 1700000000 +0100\n"
                   "committer C <c@x> 1700000001 +0000\ngpgsig x\n y\n\nfix\n\nmore\n")
          .value();
  EXPECT_EQ(commit.info.parents.size(), 2U);
  EXPECT_EQ(commit.info.author_name, "A U Thor");
  EXPECT_EQ(commit.info.author_email, "a@x");
  EXPECT_EQ(format_rfc3339(commit.info.author_time), "2023-11-14T22:13:20Z");
  EXPECT_EQ(commit.info.message, "fix\n\nmore\n");
}

TEST(Commit, OfDamagedShapeIsRefused) {
  for (const auto* text : {"", "tree", "tree 123\n", "parent x\n"})
    EXPECT_FALSE(parse_commit(text));
  EXPECT_FALSE(parse_tag_target("object x\n"));
}

}  // namespace
}  // namespace holdfast::git
