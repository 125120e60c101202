// SPDX-License-Identifier: Apache-2.0
#include "charts/index.h"

#include "base/semver.h"
#include "base/text.h"
#include "charts/repository.h"
#include "value/json.h"
#include "yaml/yaml.h"

#include <algorithm>

namespace holdfast::charts {
namespace {

// The largest public index has 25 MB and 400,000 scalars.
constexpr yaml::Limits yaml_limits{.duplicates = yaml::Duplicates::keep_last};

std::unexpected<Error> no_index(const std::string& name, std::string cause) {
  return failure(Error(Code::chart, "this is no index of a Helm repository")
                     .at(name)
                     .because(std::move(cause)));
}

std::optional<IndexEntry> decode_entry(const Value& value) {
  IndexEntry entry{.version = std::string(value.text({"version"})), .url = {}, .digest = {}};
  const auto* urls = value.find("urls");
  if (urls != nullptr && urls->is_array() && !urls->as_array()->empty()) {
    const auto* first = urls->as_array()->front().as_string();
    if (first != nullptr) entry.url = *first;
  }
  if (entry.url.empty() || !semver::Version::parse(entry.version)) return std::nullopt;
  auto digest = value.text({"digest"});
  if (digest.starts_with("sha256:")) digest.remove_prefix(std::string_view("sha256:").size());
  entry.digest = crypto::parse_sha256_hex(digest);
  return entry;
}

Result<Value> read(std::string_view text, const std::string& name) {
  if (trim(text.substr(0, 64)).starts_with('{')) return json::parse(text, name);
  return yaml::parse_one(text, name, yaml::Dialect::kube, yaml_limits);
}

}  // namespace

Kind kind_of(std::string_view url) {
  const bool addressed = url.starts_with("https://") || url.starts_with("http://");
  return addressed ? Kind::index : Kind::registry;
}

Result<Index> parse_index(std::string_view text, const std::string& name) {
  const auto document = read(text, name);
  if (!document) return no_index(name, document.error().message());
  const auto* entries = document->find("entries");
  if (document->text({"apiVersion"}).empty()) return no_index(name, "it has no apiVersion");
  Index index;
  if (entries == nullptr || entries->as_object() == nullptr) return index;
  for (const auto& [chart, versions] : *entries->as_object()) {
    if (!versions.is_array()) continue;
    auto& list = index[chart];
    for (const auto& version : *versions.as_array()) {
      if (auto entry = decode_entry(version)) list.push_back(*std::move(entry));
    }
  }
  return index;
}

std::optional<std::string> choose_version(std::span<const std::string> versions,
                                          std::string_view wanted) {
  if (semver::Version::parse(wanted)) return std::string(wanted);
  const auto range = semver::Range::parse(wanted.empty() ? "*" : wanted);
  if (!range) {
    const auto found = std::ranges::find(versions, wanted);
    return found == versions.end() ? std::nullopt : std::optional(*found);
  }
  std::optional<semver::Version> highest;
  for (const auto& text : versions) {
    auto version = semver::Version::parse(text);
    if (!version || !range->contains(*version)) continue;
    if (!highest || semver::compare(*version, *highest) > 0) highest = std::move(version);
  }
  if (!highest) return std::nullopt;
  return highest->original;
}

const IndexEntry* find_entry(const Index& index, std::string_view chart, std::string_view version) {
  const auto found = index.find(chart);
  if (found == index.end()) return nullptr;
  const auto exact = std::ranges::find(found->second, version, &IndexEntry::version);
  if (exact != found->second.end()) return &*exact;
  const auto wanted = semver::Version::parse(version);
  if (!wanted) return nullptr;
  const auto same = std::ranges::find_if(found->second, [&](const IndexEntry& entry) {
    const auto theirs = semver::Version::parse(entry.version);
    return theirs && theirs->to_string() == wanted->to_string();
  });
  return same == found->second.end() ? nullptr : &*same;
}

std::string resolve_address(std::string_view repository, std::string_view address) {
  if (address.find("://") != std::string_view::npos) return std::string(address);
  const auto question = repository.find('?');
  const auto query =
      question == std::string_view::npos ? std::string_view() : repository.substr(question);
  std::string_view base = repository.substr(0, question);
  while (base.ends_with('/'))
    base.remove_suffix(1);
  if (address.starts_with('/')) {
    const auto host_end = base.find('/', base.find("://") + 3);
    base = base.substr(0, host_end);
    address.remove_prefix(1);
  }
  return fmt::format("{}/{}{}", base, address, query);
}

}  // namespace holdfast::charts
