// SPDX-License-Identifier: Apache-2.0
#include "bundle/index.h"

#include "base/text.h"
#include "bundle/profile.h"
#include "value/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace holdfast::bundle {
namespace {

constexpr std::size_t annotation_limit = 4096;
constexpr std::size_t name_limit = 256;
constexpr json::Limits json_limits{.depth = 32, .bytes = manifest_limit};

std::unexpected<Error> wrong(std::string what) {
  return failure(Error(Code::bundle_content, std::move(what)).at(std::string(index_name)));
}

bool is_one_of(std::string_view media_type, std::span<const std::string_view> list) {
  return std::ranges::find(list, media_type) != list.end();
}

constexpr std::array index_types = {oci::index, oci::docker_index};
constexpr std::array manifest_types = {oci::manifest, oci::docker_manifest};
constexpr std::array item_types = {oci::index, oci::docker_index, oci::manifest,
                                      oci::docker_manifest};
constexpr std::array config_types = {oci::config, oci::docker_config, oci::empty,
                                     oci::chart_config};
constexpr std::array part_types = {oci::layer,        oci::layer_gzip,    oci::layer_zstd,
                                   oci::docker_layer, oci::chart_content, oci::file,
                                   oci::sbom_layer,   oci::in_toto_layer, oci::openvex_layer};

struct Descriptor {
  crypto::Sha256 digest;
  std::uint64_t size;
  std::string media_type;
};

Result<Descriptor> read_descriptor(const Value& value, std::span<const std::string_view> types) {
  const auto digest = crypto::parse_sha256(value.text({"digest"}));
  const Value* size = value.find("size");
  const auto* bytes = size == nullptr ? nullptr : size->as_int();
  if (!digest || bytes == nullptr || *bytes < 0) {
    return wrong("a descriptor has no digest or no size");
  }
  const auto media_type = value.text({"mediaType"});
  if (!is_one_of(media_type, types)) {
    return wrong(
        fmt::format("media type '{}' is not one that may stand there", printable(media_type)));
  }
  return Descriptor{*digest, static_cast<std::uint64_t>(*bytes), std::string(media_type)};
}

Result<std::string> annotation(const Value& value, std::string_view name) {
  const auto text = value.text({"annotations", name});
  if (text.size() > name_limit || printable(text, name_limit) != text) {
    return wrong(
        fmt::format("annotation '{}' is no plain text of at most {} bytes", name, name_limit));
  }
  return std::string(text);
}

Result<> check_annotations(const Value& value) {
  const Value* annotations = value.find("annotations");
  if (annotations == nullptr) return {};
  if (!annotations->is_object()) return wrong("annotations are no object");
  for (const auto& [name, text] : *annotations->as_object()) {
    const auto* string = text.as_string();
    if (string != nullptr && name.size() + string->size() <= annotation_limit) continue;
    return wrong(fmt::format("annotation '{}' is no text of at most {} bytes", printable(name),
                             annotation_limit));
  }
  return {};
}

Result<ItemKind> kind_of(std::string_view artifact_type) {
  if (artifact_type.empty() || artifact_type == oci::config) return ItemKind::image;
  if (artifact_type == oci::chart_config) return ItemKind::chart;
  if (artifact_type == oci::files) return ItemKind::files;
  if (artifact_type == oci::source) return ItemKind::source;
  if (artifact_type == oci::sbom) return ItemKind::sbom;
  if (artifact_type == oci::in_toto || artifact_type == oci::openvex) return ItemKind::attestation;
  return wrong(fmt::format("artifact type '{}' is not known", printable(artifact_type)));
}

class Walk {
 public:
  Walk(const Closure& closure, const ReadBlob& read) : closure_(closure), read_(read) {}

  Result<Item> item(const Value& value) {
    const Descriptor descriptor = TRY(read_descriptor(value, item_types));
    TRY(check_annotations(value));
    Item item;
    item.kind = TRY(kind_of(value.text({"artifactType"})));
    item.component = TRY(annotation(value, oci::component));
    item.name = TRY(annotation(value, oci::ref_name));
    item.manifest = descriptor.digest;
    item.descriptor = value;
    if (is_one_of(descriptor.media_type, index_types)) {
      TRY(nested(descriptor, item));
    } else {
      TRY(manifest(descriptor, item));
    }
    return item;
  }

  Result<> all_reached() const {
    if (reached_.size() == closure_.lines().size()) return {};
    for (const auto& line : closure_.lines()) {
      if (!reached_.contains(line.digest)) {
        return wrong(fmt::format("the index does not lead to {}", line.digest.text()));
      }
    }
    return {};
  }

 private:
  Result<> reach(const Descriptor& descriptor) {
    const ClosureLine* line = closure_.find(descriptor.digest);
    if (line == nullptr) {
      return wrong(fmt::format("{} is not in the closure", descriptor.digest.text()));
    }
    if (line->size != descriptor.size) {
      return wrong(fmt::format("{} is {} bytes, its descriptor says {}", descriptor.digest.text(),
                               line->size, descriptor.size));
    }
    reached_.insert(descriptor.digest);
    return {};
  }

  Result<Value> document(const Descriptor& descriptor) {
    TRY(reach(descriptor));
    if (descriptor.size > manifest_limit) {
      return wrong(fmt::format("{} is {} bytes, the limit for a manifest is {}",
                               descriptor.digest.text(), descriptor.size, manifest_limit));
    }
    const std::string text = TRY(read_(descriptor.digest));
    auto value = json::parse(text, descriptor.digest.text(), json_limits, json::Duplicates::refuse);
    if (!value) return wrong(value.error().message());
    TRY(check_annotations(*value));
    return *std::move(value);
  }

  // An index of several platforms keeps its upstream digest; manifests of platforms that were left
  // out are not in the closure (image-spec: a blob may be missing from a layout).
  Result<> nested(const Descriptor& descriptor, Item& item) {
    const Value index = TRY(document(descriptor));
    const Value* manifests = index.find("manifests");
    if (manifests == nullptr || !manifests->is_array()) return wrong("an index has no manifests");
    std::size_t present = 0;
    for (const auto& value : *manifests->as_array()) {
      const Descriptor child = TRY(read_descriptor(value, manifest_types));
      if (closure_.find(child.digest) == nullptr) continue;
      Part part;
      part.digest = child.digest;
      part.size = child.size;
      part.media_type = child.media_type;
      item.parts.push_back(std::move(part));
      TRY(manifest(child, item));
      ++present;
    }
    if (present == 0) return wrong(fmt::format("image '{}' has no manifest inside", item.name));
    return {};
  }

  Result<> manifest(const Descriptor& descriptor, Item& item) {
    const Value value = TRY(document(descriptor));
    const Value* config = value.find("config");
    const Value* layers = value.find("layers");
    if (config == nullptr || layers == nullptr || !layers->is_array()) {
      return wrong(fmt::format("manifest {} has no config or no layers", descriptor.digest.text()));
    }
    const Descriptor config_descriptor = TRY(read_descriptor(*config, config_types));
    TRY(reach(config_descriptor));
    Part config_part;
    config_part.digest = config_descriptor.digest;
    config_part.size = config_descriptor.size;
    config_part.media_type = config_descriptor.media_type;
    item.parts.push_back(std::move(config_part));
    if (const Value* about = value.find("subject")) {
      const Descriptor subject = TRY(read_descriptor(*about, item_types));
      TRY(reach(subject));
      item.subject = subject.digest;
    }
    for (const auto& layer : *layers->as_array()) {
      Part layer_part = TRY(part(layer));
      item.parts.push_back(std::move(layer_part));
    }
    return {};
  }

  Result<Part> part(const Value& value) {
    const Descriptor descriptor = TRY(read_descriptor(value, part_types));
    TRY(reach(descriptor));
    TRY(check_annotations(value));
    Part part;
    part.digest = descriptor.digest;
    part.size = descriptor.size;
    part.media_type = descriptor.media_type;
    part.name = TRY(annotation(value, oci::title));
    part.expanded_size = closure_.find(descriptor.digest)->expanded.value_or(0);
    part.expanded_digest = crypto::parse_sha256(value.text({"annotations", oci::expanded_digest}));
    const auto mode = value.text({"annotations", oci::mode});
    if (mode.empty()) return part;
    const auto [end, status] =
        std::from_chars(mode.data(), mode.data() + mode.size(), part.mode, 8);
    if (status != std::errc() || end != mode.data() + mode.size() || part.mode > 0777) {
      return wrong(fmt::format("'{}' is no file mode", printable(mode)));
    }
    return part;
  }

  const Closure& closure_;
  const ReadBlob& read_;
  std::set<crypto::Sha256> reached_;
};

}  // namespace

std::string_view item_kind_name(ItemKind kind) {
  switch (kind) {
    case ItemKind::image: return "image";
    case ItemKind::chart: return "chart";
    case ItemKind::files: return "files";
    case ItemKind::source: return "source";
    case ItemKind::sbom: return "sbom";
    case ItemKind::attestation: return "attestation";
  }
  std::unreachable();
}

Result<std::vector<Item>> read_index(std::string_view index_text, const Closure& closure,
                                     const ReadBlob& read) {
  const auto index = json::parse(index_text, index_name, json_limits, json::Duplicates::refuse);
  if (!index) return wrong(index.error().message());
  const Value* manifests = index->find("manifests");
  if (manifests == nullptr || !manifests->is_array()) return wrong("the index has no manifests");
  Walk walk(closure, read);
  std::vector<Item> items;
  for (const auto& value : *manifests->as_array()) {
    Item item = TRY(walk.item(value));
    items.push_back(std::move(item));
  }
  TRY(walk.all_reached());
  return items;
}

}  // namespace holdfast::bundle
