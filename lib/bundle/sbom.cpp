// SPDX-License-Identifier: Apache-2.0
#include "bundle/sbom.h"

#include "base/text.h"
#include "bundle/inputs.h"
#include "bundle/packages.h"
#include "value/json.h"

#include <map>

namespace holdfast::bundle {
namespace {

struct Document {
  std::string_view type;  // of the artifact; its layer is the same in zstd
  Role role;
  std::string_view file;
  std::string_view suffix;
  std::string text;
};

constexpr std::uint64_t vex_limit = std::uint64_t{4} << 20;

Value hash_list(const crypto::Sha256& digest) {
  return Array{Object{{"alg", "SHA-256"}, {"content", digest.hex()}}};
}

Value library_of(const Package& package) {
  Value library = Object{{"type", "library"}, {"bom-ref", package.purl}, {"name", package.name},
                         {"version", package.version}, {"purl", package.purl}};
  Array licences;
  for (const auto& licence : package.licences) licences.emplace_back(Object{{"license", Object{{"name", licence}}}});
  if (!licences.empty()) library["licenses"] = std::move(licences);
  return library;
}

// Files first, then what they are made of, each once; "dependencies" says which of which.
Result<std::string> sbom_of(const Value& item, const std::vector<Ingredient>& ingredients) {
  std::vector<std::string> files;
  for (const auto& each : ingredients) files.push_back(each.from);
  const auto packages = TRY(packages_of(files));
  Array components, dependencies;
  std::map<std::string, Value> libraries;
  for (std::size_t i = 0; i < ingredients.size(); ++i) {
    const auto& each = ingredients[i];
    const std::string reference = "file:" + each.path;
    components.emplace_back(Object{{"type", "file"}, {"bom-ref", reference}, {"name", each.path}, {"hashes", hash_list(each.digest)}});
    Array parts;
    for (const auto& package : packages[i]) {
      libraries.emplace(package.purl, library_of(package));
      parts.emplace_back(package.purl);
    }
    if (!parts.empty()) dependencies.emplace_back(Object{{"ref", reference}, {"dependsOn", std::move(parts)}});
  }
  for (auto& [purl, library] : libraries) components.push_back(std::move(library));
  const Object subject{{"type", item.find("artifactType") == nullptr ? "container" : "application"},
                       {"bom-ref", item.text({"digest"})},
                       {"name", item.text({"annotations", oci::ref_name})}};
  return json::write(Object{{"bomFormat", "CycloneDX"},
                            {"specVersion", "1.5"},
                            {"version", 1},
                            {"metadata", Object{{"component", subject}}},
                            {"components", std::move(components)},
                            {"dependencies", std::move(dependencies)}},
                     json::Escape::plain);
}

// SLSA provenance v1 in an in-toto statement: what was made, of which files. No time and no machine
// enter, so that the same inputs give the same bytes.
std::string provenance_of(const Value& item, const std::vector<Ingredient>& ingredients) {
  Array materials;
  for (const auto& each : ingredients) {
    materials.emplace_back(Object{{"name", each.path}, {"digest", Object{{"sha256", each.digest.hex()}}}});
  }
  const auto name = item.text({"annotations", oci::ref_name});
  const auto digest = crypto::parse_sha256(item.text({"digest"}));
  CHECK(digest);
  const Object build{{"buildType", "urn:holdfast:bundle-create:v1"},
                     {"externalParameters", Object{{"name", name}, {"component", item.text({"annotations", oci::component})}}},
                     {"resolvedDependencies", std::move(materials)}};
  return json::write(Object{{"_type", "https://in-toto.io/Statement/v1"},
                            {"subject", Array{Object{{"name", name}, {"digest", Object{{"sha256", digest->hex()}}}}}},
                            {"predicateType", "https://slsa.dev/provenance/v1"},
                            {"predicate", Object{{"buildDefinition", build},
                                                 {"runDetails", Object{{"builder", Object{{"id", "urn:holdfast:bundle-create"}}}}}}}},
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
  return Ingredient{.path = std::move(path), .from = from, .digest = stream.finish()};
}

namespace {

Result<> add_document(Draft& draft, const Value& item, const Document& document) {
  const auto packed = TRY(draft.store_compressed(archive::source_of(document.text), document.text.size()));
  draft.use(packed.stored.digest, document.role, packed.expanded_size);
  Value layer = descriptor_of(packed.stored, std::string(document.type) + "+zstd");
  layer["annotations"][oci::title] = document.file;
  layer["annotations"][oci::expanded_digest] = packed.expanded_digest.text();
  const Stored empty = TRY(draft.store("{}"));
  draft.use(empty.digest, Role::config);
  const Object subject{{"mediaType", item.text({"mediaType"})}, {"digest", item.text({"digest"})}, {"size", *item.find("size")}};
  Value made = TRY(draft.add_manifest(Object{{"schemaVersion", 2},
                                             {"mediaType", oci::manifest},
                                             {"artifactType", document.type},
                                             {"config", descriptor_of(empty, oci::empty)},
                                             {"layers", Array{layer}},
                                             {"subject", subject}}));
  made["artifactType"] = document.type;
  made["annotations"][oci::component] = item.text({"annotations", oci::component});
  made["annotations"][oci::ref_name] = fmt::format("{}.{}", item.text({"annotations", oci::ref_name}), document.suffix);
  draft.add_item(std::move(made));
  return {};
}

}  // namespace

Result<> describe(Draft& draft, const Value& item, const std::vector<Ingredient>& ingredients) {
  auto sbom = TRY(sbom_of(item, ingredients));
  TRY(add_document(draft, item, {.type = oci::sbom, .role = Role::sbom, .file = "sbom.cdx.json", .suffix = "sbom", .text = std::move(sbom)}));
  return add_document(draft, item, {.type = oci::in_toto, .role = Role::attestation, .file = "provenance.intoto.json", .suffix = "provenance", .text = provenance_of(item, ingredients)});
}

Result<> add_vex(Draft& draft, const VexSource& vex) {
  const Value* subject = draft.find_item(vex.subject);
  if (subject == nullptr) {
    return failure(Error(Code::bundle_definition, fmt::format("nothing in the bundle is called '{}'", printable(vex.subject))).at(vex.path));
  }
  const InputFile input = TRY(open_input(vex.path));
  const std::string text = TRY(archive::read_all(archive::source_of_range(input.file.get(), 0, input.size), vex_limit), "{}", vex.path);
  const auto document = json::parse(text, vex.path, {.depth = 32, .bytes = vex_limit}, json::Duplicates::refuse);
  if (!document) return failure(Error(Code::bundle_definition, "the VEX document is no JSON").at(vex.path).because(document.error().message()));
  const bool openvex = document->text({"@context"}).starts_with("https://openvex.dev/ns");
  const bool cyclonedx = document->text({"bomFormat"}) == "CycloneDX" && document->find("vulnerabilities") != nullptr;
  if (!openvex && !cyclonedx) {
    return failure(Error(Code::bundle_definition, "the VEX document is neither OpenVEX nor CycloneDX with vulnerabilities").at(vex.path));
  }
  return add_document(draft, *subject, {.type = openvex ? oci::openvex : oci::sbom, .role = Role::attestation, .file = openvex ? "vex.openvex.json" : "vex.cdx.json", .suffix = "vex", .text = text});
}

}  // namespace holdfast::bundle
