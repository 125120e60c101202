// SPDX-License-Identifier: Apache-2.0
#include "bundle/sbom.h"

#include "bundle/inputs.h"
#include "value/json.h"

namespace holdfast::bundle {
namespace {

constexpr std::string_view file_name = "sbom.cdx.json";

Value hash_list(const crypto::Sha256& digest) {
  return Array{Object{{"alg", "SHA-256"}, {"content", digest.hex()}}};
}

std::string document_of(const Value& item, const std::vector<Ingredient>& ingredients) {
  Array components;
  for (const auto& each : ingredients) {
    components.emplace_back(Object{{"type", "file"}, {"name", each.path}, {"hashes", hash_list(each.digest)}});
  }
  const Object subject{{"type", item.find("artifactType") == nullptr ? "container" : "application"},
                       {"bom-ref", item.text({"digest"})},
                       {"name", item.text({"annotations", oci::ref_name})}};
  return json::write(Object{{"bomFormat", "CycloneDX"},
                            {"specVersion", "1.5"},
                            {"version", 1},
                            {"metadata", Object{{"component", subject}}},
                            {"components", std::move(components)}},
                     json::Escape::plain);
}

}  // namespace

Result<Ingredient> ingredient_of(std::string path, const std::string& from) {
  const InputFile input = TRY(open_input(from));
  crypto::Sha256Stream stream;
  const archive::Sink add = [&](std::string_view bytes) -> Result<> {
    stream.add(bytes);
    return {};
  };
  TRY(archive::copy(archive::source_of_range(input.file.get(), 0, input.size), add), "{}", from);
  return Ingredient{.path = std::move(path), .digest = stream.finish()};
}

Result<> add_sbom(Draft& draft, const Value& item, const std::vector<Ingredient>& ingredients) {
  const std::string document = document_of(item, ingredients);
  const auto packed = TRY(draft.store_compressed(archive::source_of(document), document.size()));
  draft.use(packed.stored.digest, Role::sbom, packed.expanded_size);
  Value layer = descriptor_of(packed.stored, oci::sbom_layer);
  layer["annotations"][oci::title] = file_name;
  layer["annotations"][oci::expanded_digest] = packed.expanded_digest.text();
  const Stored empty = TRY(draft.store("{}"));
  draft.use(empty.digest, Role::config);
  const Object subject{{"mediaType", item.text({"mediaType"})}, {"digest", item.text({"digest"})}, {"size", *item.find("size")}};
  Value made = TRY(draft.add_manifest(Object{{"schemaVersion", 2},
                                             {"mediaType", oci::manifest},
                                             {"artifactType", oci::sbom},
                                             {"config", descriptor_of(empty, oci::empty)},
                                             {"layers", Array{layer}},
                                             {"subject", subject}}));
  made["artifactType"] = oci::sbom;
  made["annotations"][oci::component] = item.text({"annotations", oci::component});
  made["annotations"][oci::ref_name] = fmt::format("{}.sbom", item.text({"annotations", oci::ref_name}));
  draft.add_item(std::move(made));
  return {};
}

}  // namespace holdfast::bundle
