// SPDX-License-Identifier: Apache-2.0
// index.yaml of a Helm repository, and which of several versions a range means. Pure.
// Mirrors helm 4.3 pkg/repo/v1/index.go (IndexFile.Get, ResolveReferenceURL) and argo-cd 3.6
// util/versions/tags.go (MaxVersion).
#pragma once

#include "base/result.h"
#include "crypto/digest.h"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::charts {

struct IndexEntry {
  std::string version;
  std::string url;                       // the first; relative ones stay so
  std::optional<crypto::Sha256> digest;  // of the package; some repositories give none
};

using Index = std::map<std::string, std::vector<IndexEntry>, std::less<>>;

// Entries without name, version or address are left out, as Helm does. `name` is shown in errors.
// Refuses with Code::chart.
Result<Index> parse_index(std::string_view text, const std::string& name);

// The version that `wanted` means: a version is itself and need not be among `versions`; a range is
// its highest match; "" is the highest that is no prerelease. Nothing when none matches.
std::optional<std::string> choose_version(std::span<const std::string> versions,
                                          std::string_view wanted);

// The entry of exactly that version ("v1.2.0" and "1.2.0" are one); null when it is not there.
const IndexEntry* find_entry(const Index& index, std::string_view chart, std::string_view version);

// Where an entry's package lies: its address seen from the repository's, whose query it inherits.
std::string resolve_address(std::string_view repository, std::string_view address);

}  // namespace holdfast::charts
