// SPDX-License-Identifier: Apache-2.0
// external/<app>/origin.toml: where vendored files came from, so that they can be told from what
// somebody changed, and so that a chart that is asked for by its repository's URL is found in the
// cluster repository without a network. Pure.
#pragma once

#include "crypto/digest.h"
#include "tree/memory_tree.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::charts {

inline constexpr std::string_view origin_file = "origin.toml";
inline constexpr std::string_view vendored_folder = "external";

struct Origin {
  std::string source;  // the repository's URL as Applications write it; "" when it is not known
  std::string chart;
  std::string version;
  crypto::Sha256 digest;  // of the package
  crypto::Sha256 files;   // files_digest() of what was unpacked
  std::string licence;    // SPDX, or "unknown"
};

std::string write_origin(const Origin& origin);
// `name` is shown in errors. Refuses with Code::toml_syntax, unknown_key or wrong_type.
Result<Origin> parse_origin(std::string_view text, const std::string& name);

// Over paths and contents of every file of the folder but origin.toml.
Result<crypto::Sha256> files_digest(const tree::FileTree& tree, const std::string& folder);

// What Chart.yaml's annotations or the licence file say.
Result<std::string> licence_of(const tree::FileTree& chart);

// The version that the package's own Chart.yaml states; Code::chart when its name is not `name`
// (empty: any).
struct Stated {
  std::string name, version;
};
Result<Stated> stated_by(const tree::FileTree& chart);

// A chart below external/ that came from that repository, in the highest version that `wanted`
// permits and with its files as they came. `url` may end in '/' or begin with "oci://".
struct Vendored {
  std::string folder;  // "external/web"
  std::string version;
};
Result<std::optional<Vendored>> find_vendored(const tree::FileTree& repository, std::string_view url,
                                              std::string_view chart, std::string_view wanted);
// Its files; `repository` stays as long as they do.
std::shared_ptr<const tree::FileTree> files_of(std::shared_ptr<const tree::FileTree> repository, const Vendored& place);

}  // namespace holdfast::charts
