// SPDX-License-Identifier: Apache-2.0
// What a bundle's index.json names: images, charts, files, sources. Every digest reachable from the
// index is in the closure and the other way round; media types come from a fixed list.
// Requires: the bytes were checked against their digests.
#pragma once

#include "base/result.h"
#include "bundle/closure.h"
#include "value/value.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::bundle {

enum class ItemKind { image, chart, files, source, sbom, attestation };
inline constexpr std::size_t item_kinds = 6;

std::string_view item_kind_name(ItemKind kind);

// A blob of an item, as its manifest describes it.
struct Part {
  crypto::Sha256 digest;
  std::uint64_t size = 0;
  std::string media_type;
  std::string name;                               // org.opencontainers.image.title
  unsigned mode = 0644;                           // io.holdfast.mode
  std::uint64_t expanded_size = 0;                // signed, 0 for what is not compressed by us
  std::optional<crypto::Sha256> expanded_digest;  // io.holdfast.expanded.digest
};

struct Item {
  ItemKind kind = ItemKind::image;
  std::string component;  // "engine", "node", …
  std::string name;       // an image's full name, a chart's name and version, a component's name
  crypto::Sha256 manifest;
  std::optional<crypto::Sha256> subject;  // of an SBOM or attestation: what it is about
  std::vector<Part> parts;  // of the image for this platform: config first, then layers
  Value descriptor;         // as index.json has it
};

using ReadBlob = std::function<Result<std::string>(const crypto::Sha256&)>;

// Refuses with Code::bundle_content what the rules above refuse.
Result<std::vector<Item>> read_index(std::string_view index_text, const Closure& closure,
                                     const ReadBlob& read);

// Media types and annotations, for the writer as well.
namespace oci {
inline constexpr std::string_view index = "application/vnd.oci.image.index.v1+json";
inline constexpr std::string_view manifest = "application/vnd.oci.image.manifest.v1+json";
inline constexpr std::string_view config = "application/vnd.oci.image.config.v1+json";
inline constexpr std::string_view layer = "application/vnd.oci.image.layer.v1.tar";
inline constexpr std::string_view layer_gzip = "application/vnd.oci.image.layer.v1.tar+gzip";
inline constexpr std::string_view layer_zstd = "application/vnd.oci.image.layer.v1.tar+zstd";
inline constexpr std::string_view empty = "application/vnd.oci.empty.v1+json";
inline constexpr std::string_view docker_index =
    "application/vnd.docker.distribution.manifest.list.v2+json";
inline constexpr std::string_view docker_manifest =
    "application/vnd.docker.distribution.manifest.v2+json";
inline constexpr std::string_view docker_config = "application/vnd.docker.container.image.v1+json";
inline constexpr std::string_view docker_layer =
    "application/vnd.docker.image.rootfs.diff.tar.gzip";
inline constexpr std::string_view chart_config = "application/vnd.cncf.helm.config.v1+json";
inline constexpr std::string_view chart_content =
    "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
inline constexpr std::string_view files = "application/vnd.holdfast.files.v1";
inline constexpr std::string_view file = "application/vnd.holdfast.file.v1+zstd";
inline constexpr std::string_view source = "application/vnd.holdfast.source.v1";
inline constexpr std::string_view sbom = "application/vnd.cyclonedx+json";
inline constexpr std::string_view sbom_layer = "application/vnd.cyclonedx+json+zstd";

inline constexpr std::string_view in_toto = "application/vnd.in-toto+json";
inline constexpr std::string_view in_toto_layer = "application/vnd.in-toto+json+zstd";
inline constexpr std::string_view openvex = "application/vnd.openvex+json";
inline constexpr std::string_view openvex_layer = "application/vnd.openvex+json+zstd";

inline constexpr std::string_view title = "org.opencontainers.image.title";
inline constexpr std::string_view ref_name = "org.opencontainers.image.ref.name";
inline constexpr std::string_view image_name = "io.containerd.image.name";
inline constexpr std::string_view component = "io.holdfast.component";
inline constexpr std::string_view mode = "io.holdfast.mode";
inline constexpr std::string_view expanded_digest = "io.holdfast.expanded.digest";
}  // namespace oci

}  // namespace holdfast::bundle
