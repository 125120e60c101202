// SPDX-License-Identifier: Apache-2.0
#include "bundle/create.h"

#include "archive/compress.h"
#include "archive/tar_writer.h"
#include "base/text.h"
#include "bundle/inputs.h"
#include "bundle/sbom.h"
#include "value/json.h"

#include <algorithm>
#include <filesystem>
#include <map>

namespace holdfast::bundle {
namespace {

namespace fs = std::filesystem;

// "{}", the config of an artifact that has none (image-spec v1.1, "Guidance for an Empty
// Descriptor").
Result<Value> empty_config(Draft& draft) {
  const Stored stored = TRY(draft.store("{}"));
  draft.use(stored.digest, Role::config);
  return descriptor_of(stored, oci::empty);
}

struct Artifact {
  std::string_view type;
  Value config;
  Array layers;
  std::string component;
  std::string name;
};

// Returns its line of the index.
Result<Value> add_artifact(Draft& draft, Artifact artifact) {
  Value item = TRY(draft.add_manifest(Object{{"schemaVersion", 2},
                                             {"mediaType", oci::manifest},
                                             {"artifactType", artifact.type},
                                             {"config", std::move(artifact.config)},
                                             {"layers", std::move(artifact.layers)}}));
  item["artifactType"] = artifact.type;
  item["annotations"][oci::component] = artifact.component;
  item["annotations"][oci::ref_name] = artifact.name;
  draft.add_item(item);
  return item;
}

Result<Value> add_file(Draft& draft, const InputPath& path) {
  const InputFile input = TRY(open_input(path.from));
  const auto source = archive::source_of_range(input.file.get(), 0, input.size);
  const auto stored = TRY(draft.store_compressed(source, input.size), "{}", path.from);
  draft.use(stored.stored.digest, Role::binary, stored.expanded_size);
  Value layer = descriptor_of(stored.stored, oci::file);
  Value& annotations = layer["annotations"];
  annotations[oci::title] = path.path;
  annotations[oci::mode] = fmt::format("{:04o}", input.mode);
  annotations[oci::expanded_digest] = stored.expanded_digest.text();
  return layer;
}

bool is_left_out(const FileSource& source, const std::string& path) {
  return std::ranges::any_of(source.without, [&](const std::string& left_out) {
    return path == left_out || path.starts_with(left_out + "/");
  });
}

Result<std::vector<InputPath>> files_of(const FileSource& source) {
  std::error_code status;
  if (!fs::is_directory(source.path, status)) {
    const std::string name =
        source.name.empty() ? std::string(base_name(source.path)) : source.name;
    return std::vector<InputPath>{{name, source.path}};
  }
  std::vector<InputPath> files;
  auto listed = TRY(list_inputs(source.path));
  for (auto& file : listed) {
    if (is_left_out(source, file.path)) continue;
    if (!source.name.empty()) file.path = source.name + "/" + file.path;
    files.push_back(std::move(file));
  }
  return files;
}

// All files of a component are layers of one artifact, sorted by name.
Result<> add_files(Draft& draft, const Definition& definition, const CreateOptions& options) {
  std::map<std::string, std::map<std::string, std::string>> components;
  for (const auto& source : definition.files) {
    const auto files = TRY(files_of(source));
    for (const auto& file : files) {
      if (components[source.component].emplace(file.path, file.from).second) continue;
      return failure(Code::bundle_definition, "file '{}' of component '{}' is named twice",
                     file.path, source.component);
    }
  }
  for (const auto& [component, files] : components) {
    Artifact artifact;
    artifact.type = oci::files;
    artifact.config = TRY(empty_config(draft));
    artifact.component = component;
    artifact.name = component;
    std::vector<Ingredient> ingredients;
    for (const auto& [path, from] : files) {
      options.on_part(fmt::format("{}: {}", component, path));
      Value layer = TRY(add_file(draft, {path, from}));
      const auto digest = crypto::parse_sha256(layer.text({"annotations", oci::expanded_digest}));
      CHECK(digest);
      ingredients.push_back({.path = path, .from = from, .digest = *digest});
      artifact.layers.push_back(std::move(layer));
    }
    const Value item = TRY(add_artifact(draft, std::move(artifact)));
    TRY(describe(draft, item, ingredients));
  }
  return {};
}

// A folder as a tar in gzip: what charts and Git sources are elsewhere.
Result<Stored> store_tree(Draft& draft, const std::string& folder, const std::string& prefix) {
  const FileDescriptor tar_file = TRY(make_scratch(draft.folder()));
  archive::TarWriter tar(archive::sink_to_fd(tar_file.get()));
  const auto files = TRY(list_inputs(folder));
  for (const auto& path : files) {
    const InputFile input = TRY(open_input(path.from));
    const auto source = archive::source_of_range(input.file.get(), 0, input.size);
    TRY(tar.file(prefix + path.path, archive::TarWriter::Content{source, input.size}, input.mode));
  }
  TRY(tar.finish());
  std::error_code status;
  const auto size = fs::file_size(fmt::format("/proc/self/fd/{}", tar_file.get()), status);
  const FileDescriptor packed = TRY(make_scratch(draft.folder()));
  TRY(archive::gzip_compress(archive::source_of_range(tar_file.get(), 0, status ? 0 : size),
                             archive::sink_to_fd(packed.get())));
  const auto packed_size = fs::file_size(fmt::format("/proc/self/fd/{}", packed.get()), status);
  return draft.store(archive::source_of_range(packed.get(), 0, status ? 0 : packed_size));
}

Result<> add_chart(Draft& draft, const ChartSource& chart) {
  std::error_code status;
  Stored content;
  if (fs::is_directory(chart.path, status)) {
    content = TRY(store_tree(draft, chart.path, chart.name + "/"));
  } else {
    const InputFile input = TRY(open_input(chart.path));
    content = TRY(draft.store(archive::source_of_range(input.file.get(), 0, input.size)));
  }
  draft.use(content.digest, Role::chart);
  const Object metadata{{"apiVersion", "v2"}, {"name", chart.name}, {"version", chart.version}};
  const Stored config = TRY(draft.store(json::write(metadata, json::Escape::plain)));
  draft.use(config.digest, Role::config);
  TRY(add_artifact(draft, {.type = oci::chart_config,
                              .config = descriptor_of(config, oci::chart_config),
                              .layers = {descriptor_of(content, oci::chart_content)},
                              .component = chart.component,
                              .name = fmt::format("{}:{}", chart.name, chart.version)}));
  return {};
}

Result<> add_tree(Draft& draft, const TreeSource& tree) {
  const Stored content = TRY(store_tree(draft, tree.path, ""));
  draft.use(content.digest, Role::source);
  Value config = TRY(empty_config(draft));
  TRY(add_artifact(draft, {.type = oci::source,
                              .config = std::move(config),
                              .layers = {descriptor_of(content, oci::layer_gzip)},
                              .component = tree.component,
                              .name = tree.name}));
  return {};
}

Result<> check_architecture(const Definition& definition) {
  const std::string& platform = definition.statement.platforms.front();
  if (platform == "linux/amd64" || platform == "linux/arm64") return {};
  return failure(Code::bundle_definition, "platform '{}' is neither linux/amd64 nor linux/arm64",
                 printable(platform));
}

}  // namespace

Result<Statement> create_bundle(const Definition& definition, const CreateOptions& options) {
  if (options.keys.empty()) return failure(Code::usage, "a bundle needs a key to be signed with");
  TRY(check_architecture(definition));
  std::string folder = fs::path(options.output).parent_path();
  Draft draft = TRY(Draft::start(folder.empty() ? "." : folder));
  for (const auto& image : definition.program_images) {
    options.on_part(fmt::format("image {}", image.name));
    TRY(add_program_image(draft, image), "image '{}'", image.name);
  }
  for (const auto& image : definition.archive_images) {
    options.on_part(fmt::format("image {}", image.path));
    TRY(add_archive_image(draft, image));
  }
  TRY(add_files(draft, definition, options));
  for (const auto& chart : definition.charts) {
    options.on_part(fmt::format("chart {}", chart.name));
    TRY(add_chart(draft, chart), "chart '{}'", chart.name);
  }
  for (const auto& tree : definition.trees) {
    options.on_part(fmt::format("source {}", tree.name));
    TRY(add_tree(draft, tree), "source '{}'", tree.name);
  }
  for (const auto& vex : definition.vex) TRY(add_vex(draft, vex));
  options.on_part("statement");
  return draft.write(definition.statement, options.keys, options.output);
}

}  // namespace holdfast::bundle
