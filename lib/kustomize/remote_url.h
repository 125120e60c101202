// SPDX-License-Identifier: Apache-2.0
// What the URL of a remote base says: which repository, which directory in it, at which revision.
// Pure; nothing is fetched here. Upstream: kustomize v5.8.1, api/internal/git/repospec.go.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::kustomize {

struct RemoteUrl {
  std::string repository;  // as git would clone it: "https://host/org/repo", "git@host:org/repo"
  std::string directory;   // in it; "" is its root
  std::string revision;    // "" is the default branch

  bool operator==(const RemoteUrl&) const = default;
};

// Nothing when the text is a path of the tree, or a URL that cannot name a repository.
std::optional<RemoteUrl> parse_remote_url(std::string_view text);

// "https://…", "git@host:…", "github.com/org/repo…": never a path of the tree.
bool looks_remote(std::string_view path);

// A URL that is one file: of http or https, and with nothing in it that only a repository has.
bool is_remote_file(std::string_view path);

}  // namespace holdfast::kustomize
