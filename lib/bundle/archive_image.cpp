// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_reader.h"
#include "base/text.h"
#include "bundle/image.h"
#include "bundle/inputs.h"
#include "bundle/profile.h"
#include "value/json.h"

#include <algorithm>
#include <filesystem>
#include <map>

namespace holdfast::bundle {
namespace {

namespace fs = std::filesystem;

// What an archive or a folder holds: every file is stored in the draft, and known by its path.
using Contents = std::map<std::string, Stored, std::less<>>;

std::unexpected<Error> no_image(std::string what) {
  return failure(Code::bundle_definition, "{}", what);
}

Result<Contents> store_archive(Draft& draft, const std::string& path) {
  const InputFile input = TRY(open_input(path));
  archive::Limits limits;
  limits.bytes = std::uint64_t{64} << 30;
  limits.others = archive::Others::skip;  // `docker save` before 25 wrote links between layers
  Contents contents;
  const archive::Visitor keep = [&](const archive::Entry& entry,
                                    const archive::Source& content) -> Result<> {
    if (entry.kind == archive::EntryKind::folder) return {};
    contents[entry.path] = TRY(draft.store(content));
    return {};
  };
  TRY(archive::read_tar(archive::source_of_range(input.file.get(), 0, input.size), limits, keep));
  return contents;
}

Result<Contents> store_folder(Draft& draft, const std::string& path) {
  Contents contents;
  const auto files = TRY(list_inputs(path));
  for (const auto& each : files) {
    const InputFile input = TRY(open_input(each.from));
    contents[each.path] =
        TRY(draft.store(archive::source_of_range(input.file.get(), 0, input.size)));
  }
  return contents;
}

Result<Value> read_json(const Draft& draft, const crypto::Sha256& digest) {
  const std::string text = TRY(draft.read(digest, manifest_limit));
  return json::parse(text, digest.text(), {.depth = 32, .bytes = manifest_limit});
}

class Importer {
 public:
  Importer(Draft& draft, const ArchiveImage& image) : draft_(draft), image_(image) {}

  // An OCI layout: blobs keep their digests.
  Result<> add_layout(const Stored& index_file) {
    const Value index = TRY(read_json(draft_, index_file.digest));
    const Value* manifests = index.find("manifests");
    if (manifests == nullptr || !manifests->is_array())
      return no_image("its index has no manifests");
    for (const auto& descriptor : *manifests->as_array()) {
      const std::string name = TRY(name_of(descriptor, manifests->as_array()->size()));
      TRY(use_image(descriptor));
      Value item = Object{};
      for (const auto* key : {"mediaType", "digest", "size"})
        item[key] = *descriptor.find(key);
      draft_.add_item(image_item(std::move(item), image_.component, name, image_.platform));
    }
    return {};
  }

  // A `docker save` archive: the layers are plain tars, the manifest is written here.
  Result<> add_docker(const Stored& manifest_file, const Contents& contents) {
    const Value list = TRY(read_json(draft_, manifest_file.digest));
    if (!list.is_array() || list.as_array()->empty()) return no_image("its manifest.json is empty");
    for (const auto& entry : *list.as_array())
      TRY(add_docker_image(entry, contents));
    return {};
  }

 private:
  Result<std::string> name_of(const Value& descriptor, std::size_t images) const {
    if (!image_.name.empty() && images == 1) return image_.name;
    for (const auto key : {oci::image_name, oci::ref_name}) {
      const auto name = descriptor.text({"annotations", key});
      if (!name.empty()) return std::string(name);
    }
    return no_image("an image of the archive has no name: give it one");
  }

  Result<> use(const Value& descriptor, Role role) {
    const auto digest = crypto::parse_sha256(descriptor.text({"digest"}));
    if (!digest || !draft_.has(*digest)) {
      return no_image(
          fmt::format("'{}' is not in the archive", printable(descriptor.text({"digest"}))));
    }
    draft_.use(*digest, role);
    return {};
  }

  Result<> use_image(const Value& descriptor) {
    TRY(use(descriptor, Role::manifest));
    const auto digest = crypto::parse_sha256(descriptor.text({"digest"}));
    const Value document = TRY(read_json(draft_, *digest));
    const Value* manifests = document.find("manifests");
    if (manifests == nullptr) return use_manifest(document);
    if (!manifests->is_array()) return no_image("an index has no manifests");
    bool found = false;
    for (const auto& child : *manifests->as_array()) {
      const auto platform = fmt::format("{}/{}", child.text({"platform", "os"}),
                                        child.text({"platform", "architecture"}));
      if (platform != image_.platform) continue;
      TRY(use(child, Role::manifest));
      const auto child_digest = crypto::parse_sha256(child.text({"digest"}));
      const Value manifest = TRY(read_json(draft_, *child_digest));
      TRY(use_manifest(manifest));
      found = true;
    }
    if (!found) return no_image(fmt::format("it has no manifest for {}", image_.platform));
    return {};
  }

  Result<> use_manifest(const Value& manifest) {
    const Value* config = manifest.find("config");
    const Value* layers = manifest.find("layers");
    if (config == nullptr || layers == nullptr || !layers->is_array()) {
      return no_image("a manifest has no config or no layers");
    }
    TRY(use(*config, Role::config));
    for (const auto& layer : *layers->as_array())
      TRY(use(layer, Role::layer));
    return {};
  }

  Result<> add_docker_image(const Value& entry, const Contents& contents) {
    const auto stored = [&](std::string_view path) -> Result<Stored> {
      const auto found = contents.find(path);
      if (found == contents.end())
        return no_image(fmt::format("'{}' is not in the archive", printable(path)));
      return found->second;
    };
    const Stored config = TRY(stored(entry.text({"Config"})));
    draft_.use(config.digest, Role::config);
    const Value* layers = entry.find("Layers");
    if (layers == nullptr || !layers->is_array())
      return no_image("its manifest.json has no layers");
    Array descriptors;
    for (const auto& path : *layers->as_array()) {
      const auto* text = path.as_string();
      const Stored layer = TRY(stored(text == nullptr ? std::string_view() : *text));
      draft_.use(layer.digest, Role::layer);
      descriptors.push_back(descriptor_of(layer, oci::layer));
    }
    const Value manifest =
        TRY(draft_.add_manifest(Object{{"schemaVersion", 2},
                                       {"mediaType", oci::manifest},
                                       {"config", descriptor_of(config, oci::config)},
                                       {"layers", descriptors}}));
    const Value* tags = entry.find("RepoTags");
    const bool tagged = tags != nullptr && tags->is_array() && !tags->as_array()->empty() &&
                        tags->as_array()->front().is_string();
    std::string name = image_.name;
    if (name.empty() && tagged) name = *tags->as_array()->front().as_string();
    if (name.empty()) return no_image("an image of the archive has no name: give it one");
    draft_.add_item(image_item(manifest, image_.component, name, image_.platform));
    return {};
  }

  Draft& draft_;
  const ArchiveImage& image_;
};

}  // namespace

Result<> add_archive_image(Draft& draft, const ArchiveImage& image) {
  std::error_code status;
  const bool folder = fs::is_directory(image.path, status);
  const Contents contents =
      TRY(folder ? store_folder(draft, image.path) : store_archive(draft, image.path), "image '{}'",
          image.path);
  Importer importer(draft, image);
  if (const auto index = contents.find(index_name); index != contents.end()) {
    TRY(importer.add_layout(index->second), "image '{}'", image.path);
    return {};
  }
  const auto manifest = contents.find("manifest.json");
  if (manifest == contents.end()) {
    return failure(Error(Code::bundle_definition,
                         "this is neither an OCI layout nor an archive of `docker save`")
                       .at(image.path));
  }
  TRY(importer.add_docker(manifest->second, contents), "image '{}'", image.path);
  return {};
}

}  // namespace holdfast::bundle
