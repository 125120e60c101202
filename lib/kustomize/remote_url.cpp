// SPDX-License-Identifier: Apache-2.0
#include "kustomize/remote_url.h"

#include "base/ascii.h"
#include "base/text.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace holdfast::kustomize {
namespace {

bool is_letter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (text.size() < prefix.size()) return false;
  const bool same = equal_ignoring_case(text.substr(0, prefix.size()), prefix);
  if (same) text.remove_prefix(prefix.size());
  return same;
}

std::string_view take_scheme(std::string_view& text) {
  for (const std::string_view scheme : {"ssh://", "https://", "http://", "file://"}) {
    if (take_prefix(text, scheme)) return scheme;
  }
  return {};
}

// "git@": a letter, then letters, digits and dashes.
std::string_view take_user(std::string_view& text) {
  const auto at = text.find('@');
  if (at == std::string_view::npos || at == 0 || !is_letter(text[0])) return {};
  const auto name = text.substr(0, at);
  const bool plain = std::ranges::all_of(name, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-';
  });
  if (!plain) return {};
  const auto user = text.substr(0, at + 1);
  text.remove_prefix(at + 1);
  return user;
}

bool is_github(std::string_view text) {
  return take_prefix(text, "github.com/") || take_prefix(text, "github.com:");
}

// Of the query's values the last word on the revision: `ref`, else `version`.
std::string revision_of(std::string_view query) {
  std::string_view version;
  for (const auto pair : split(query, '&')) {
    if (pair.starts_with("ref=") && pair.size() > 4) return std::string(pair.substr(4));
    if (version.empty() && pair.starts_with("version=")) version = pair.substr(8);
  }
  return std::string(version);
}

struct Parts {
  std::string_view repository, directory;
};

// "_git/NAME", "//" and ".git" say where the repository ends; else it is two names, as at GitHub.
std::optional<Parts> parts_of(std::string_view path) {
  constexpr std::string_view git_folder = "_git/";
  if (const auto at = path.find(git_folder); at != std::string_view::npos) {
    const auto end = path.find('/', at + git_folder.size());
    if (end == std::string_view::npos) return Parts{path, {}};
    return Parts{path.substr(0, end), path.substr(end + 1)};
  }
  if (const auto at = path.find("//"); at != std::string_view::npos)
    return Parts{path.substr(0, at), path.substr(at + 2)};
  if (const auto at = path.find(".git"); at != std::string_view::npos)
    return Parts{path.substr(0, at + 4), path.substr(at + 4)};
  const auto first = path.find('/');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = path.find('/', first + 1);
  if (second == std::string_view::npos) return Parts{path, {}};
  return Parts{path.substr(0, second), path.substr(second + 1)};
}

}  // namespace

std::optional<RemoteUrl> parse_remote_url(std::string_view text) {
  if (text.starts_with('/')) return std::nullopt;
  const auto question = text.find('?');
  const auto query = question == std::string_view::npos ? std::string_view() : text.substr(question + 1);
  auto rest = text.substr(0, question);
  take_prefix(rest, "git::");
  const auto scheme = take_scheme(rest);
  if (scheme == "file://") return RemoteUrl{std::string(text.substr(0, question)), "", revision_of(query)};
  const auto user = take_user(rest);
  const bool github = is_github(rest);
  const bool copies = scheme.empty() && (!user.empty() || github);  // "host:path", as scp
  if (scheme.empty() && !copies) return std::nullopt;
  auto end = rest.find('/');
  if (copies) {
    const auto colon = rest.find(':');
    if (colon != std::string_view::npos && colon > 0) end = std::min(end, colon);
  }
  if (end == std::string_view::npos) return std::nullopt;
  std::string host = std::string(scheme) + std::string(user) + std::string(rest.substr(0, end + 1));
  if (github) {
    const bool ssh = scheme == "ssh://" || !user.empty();
    host = ssh ? std::string(user) + "github.com:" : "https://github.com/";
  }
  const auto parts = parts_of(rest.substr(end + 1));
  if (!parts || parts->repository.empty()) return std::nullopt;
  const auto directory =
      join_inside("", parts->directory.substr(parts->directory.starts_with('/') ? 1 : 0));
  if (!directory) return std::nullopt;
  return RemoteUrl{host + std::string(parts->repository), *directory, revision_of(query)};
}

bool looks_remote(std::string_view path) {
  auto rest = path;
  if (take_prefix(rest, "git::") || !take_scheme(rest).empty() || take_prefix(rest, "oci://")) return true;
  return parse_remote_url(path).has_value();
}

bool is_remote_file(std::string_view path) {
  auto rest = path;
  const auto scheme = take_scheme(rest);
  if (scheme != "http://" && scheme != "https://") return false;
  if (!parse_remote_url(path)) return true;
  rest.remove_prefix(rest.find('/') + 1);  // the host
  const bool repository = rest.find("//") != std::string_view::npos ||
                          rest.find(".git") != std::string_view::npos ||
                          rest.find("_git/") != std::string_view::npos ||
                          rest.find('?') != std::string_view::npos;
  constexpr auto endings = std::to_array<std::string_view>({".yaml", ".yml", ".json"});
  return !repository && std::ranges::any_of(endings, [&](auto ending) { return rest.ends_with(ending); });
}

}  // namespace holdfast::kustomize
