// SPDX-License-Identifier: Apache-2.0
#include "kustomize/remote_url.h"

#include <gtest/gtest.h>

#include <array>

namespace holdfast::kustomize {
namespace {

TEST(RemoteUrl, IsTakenApartAsTheToolDoes) {
  struct Case {
    std::string_view in;
    RemoteUrl want;
  };

  for (const auto& [in, want] : std::to_array<Case>({
           {"https://github.com/org/repo", {"https://github.com/org/repo", "", ""}},
           {"https://github.com/org/repo/a/b?ref=v1", {"https://github.com/org/repo", "a/b", "v1"}},
           {"github.com/org/repo//a?version=2&ref=v1", {"https://github.com/org/repo", "a", "v1"}},
           {"github.com/org/repo?version=v2&timeout=9s", {"https://github.com/org/repo", "", "v2"}},
           {"git@github.com:org/repo.git/a", {"git@github.com:org/repo.git", "a", ""}},
           {"ssh://git@github.com/org/repo", {"git@github.com:org/repo", "", ""}},
           {"git::HTTPS://git.example.com/x/y.git//a/", {"https://git.example.com/x/y.git", "a", ""}},
           {"https://git.example.com/group/sub/y.git//a", {"https://git.example.com/group/sub/y.git", "a", ""}},
           {"https://me@dev.example.com/o/p/_git/repo/a/b", {"https://me@dev.example.com/o/p/_git/repo", "a/b", ""}},
           {"user@host.xz:path/to/repo.git/x", {"user@host.xz:path/to/repo.git", "x", ""}},
           {"https://git.example.com/a/b/c/d", {"https://git.example.com/a/b", "c/d", ""}},
       })) {
    const auto url = parse_remote_url(in);
    ASSERT_TRUE(url) << in;
    EXPECT_EQ(url->repository, want.repository) << in;
    EXPECT_EQ(url->directory, want.directory) << in;
    EXPECT_EQ(url->revision, want.revision) << in;
  }
}

TEST(RemoteUrl, PathsOfTheTreeAreNone) {
  for (const std::string_view path :
       {"", "base", "../base", "/etc", "a@b/c", "example.com/x.git", "dir?ref=v1", "x.git", "https://host",
        "https://host/one", "https://github.com/org/repo//../x"}) {
    EXPECT_FALSE(parse_remote_url(path)) << path;
  }
}

TEST(RemoteUrl, AFileIsToldFromARepository) {
  EXPECT_TRUE(is_remote_file("https://raw.githubusercontent.com/org/repo/main/x.yaml"));
  EXPECT_TRUE(is_remote_file("http://host/x.json"));
  EXPECT_FALSE(is_remote_file("https://github.com/org/repo//x.yaml"));
  EXPECT_FALSE(is_remote_file("https://github.com/org/repo/deploy"));
  EXPECT_FALSE(is_remote_file("deploy/x.yaml"));
}

}  // namespace
}  // namespace holdfast::kustomize
