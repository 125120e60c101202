// SPDX-License-Identifier: Apache-2.0
#include "archive/tar_writer.h"
#include "base/text.h"
#include "bundle/elf.h"
#include "bundle/image.h"
#include "bundle/inputs.h"
#include "bundle/sbom.h"
#include "value/json.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <set>

namespace holdfast::bundle {
namespace {

namespace fs = std::filesystem;

// Numbers that no distribution gives to a service.
constexpr std::string_view passwd =
    "root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin\n";
constexpr std::string_view group = "root:x:0:\nnonroot:x:65532:\n";
constexpr std::string_view certificates_path = "etc/ssl/certs/ca-certificates.crt";
constexpr std::string_view zones_folder = "usr/share/zoneinfo/";

struct Layer {
  Value descriptor;
  std::string diff_id;
};

Result<Layer> store_layer(Draft& draft, const std::function<Result<>(archive::TarWriter&)>& fill) {
  const FileDescriptor scratch = TRY(make_scratch(draft.folder()));
  std::uint64_t size = 0;
  const archive::Sink to_scratch = archive::sink_to_fd(scratch.get());
  const archive::Sink counting = [&](std::string_view bytes) -> Result<> {
    size += bytes.size();
    return to_scratch(bytes);
  };
  archive::TarWriter tar(counting);
  TRY(fill(tar));
  TRY(tar.finish());
  const auto stored =
      TRY(draft.store_compressed(archive::source_of_range(scratch.get(), 0, size), size));
  draft.use(stored.stored.digest, Role::layer, stored.expanded_size);
  return Layer{descriptor_of(stored.stored, oci::layer_zstd), stored.expanded_digest.text()};
}

// Writes a path's folders once each, before the path.
class LayerTree {
 public:
  explicit LayerTree(archive::TarWriter& tar) : tar_(tar) {}

  Result<> folder(const std::string& path, unsigned mode = 0755) {
    if (path.empty() || !folders_.insert(path).second) return {};
    TRY(folder(std::string(parent_path(path))));
    return tar_.folder(path, mode);
  }

  Result<> text(const std::string& path, std::string_view content) {
    TRY(folder(std::string(parent_path(path))));
    return tar_.file(path, content);
  }

  Result<> copy(const std::string& path, const std::string& from, unsigned mode) {
    TRY(folder(std::string(parent_path(path))));
    const InputFile input = TRY(open_input(from));
    const auto source = archive::source_of_range(input.file.get(), 0, input.size);
    return tar_.file(path, archive::TarWriter::Content{source, input.size}, mode);
  }

 private:
  archive::TarWriter& tar_;
  std::set<std::string> folders_;
};

// Where the C library lies is where its loader looks without being told; with merged /usr both
// names of the folder are the same, and the image has no links.
std::string library_folder(const ProgramClosure& closure) {
  for (const auto& library : closure.libraries) {
    if (library.name == "libc.so.6") return fs::path(library.path).parent_path().relative_path();
  }
  return "lib";
}

bool is_zone_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  char magic[4] = {};
  in.read(magic, sizeof magic);
  return in.good() && std::string_view(magic, sizeof magic) == "TZif";
}

// The time zones in the folder, without what is this machine's own choice and without their second copies.
Result<std::vector<InputPath>> zones_of(const ProgramImage& image) {
  if (image.zones.empty()) return std::vector<InputPath>();
  auto zones = TRY(list_inputs(image.zones, {"localtime", "posix", "posixrules", "right"}));
  std::erase_if(zones, [](const InputPath& each) { return !is_zone_file(each.from); });
  for (auto& each : zones) each.path.insert(0, zones_folder);
  return zones;
}

// All that goes into an image, found before it is written and described.
struct Content {
  ProgramClosure closure;
  std::vector<InputPath> zones;
};

Result<> fill_base(archive::TarWriter& tar, const ProgramImage& image, const Content& content) {
  const ProgramClosure& closure = content.closure;
  LayerTree tree(tar);
  TRY(tree.text("etc/passwd", passwd));
  TRY(tree.text("etc/group", group));
  if (!image.certificates.empty()) {
    TRY(tree.copy(std::string(certificates_path), image.certificates, 0444));
  }
  if (!closure.interpreter.empty()) {
    TRY(tree.copy(closure.interpreter.substr(1), closure.interpreter, 0555));
  }
  const std::string folder = library_folder(closure);
  for (const auto& library : closure.libraries) {
    TRY(tree.copy(folder + "/" + library.name, library.path, 0444));
  }
  for (const auto& zone : content.zones) TRY(tree.copy(zone.path, zone.from, 0444));
  return tree.folder("tmp", 01777);
}

Result<std::vector<Ingredient>> ingredients_of(const ProgramImage& image, const Content& content) {
  const ProgramClosure& closure = content.closure;
  std::vector<std::pair<std::string, std::string>> files;  // inside, here
  files.emplace_back("usr/bin/" + std::string(base_name(image.program)), image.program);
  if (!closure.interpreter.empty()) files.emplace_back(closure.interpreter.substr(1), closure.interpreter);
  const std::string folder = library_folder(closure);
  for (const auto& library : closure.libraries) files.emplace_back(folder + "/" + library.name, library.path);
  if (!image.certificates.empty()) files.emplace_back(certificates_path, image.certificates);
  for (const auto& zone : content.zones) files.emplace_back(zone.path, zone.from);
  std::vector<Ingredient> ingredients;
  for (const auto& [inside, here] : files) {
    Ingredient each = TRY(ingredient_of(inside, here));
    ingredients.push_back(std::move(each));
  }
  return ingredients;
}

Value config_of(const ProgramImage& image, const std::string& architecture,
                const std::vector<Layer>& layers) {
  Array entrypoint{"/usr/bin/" + std::string(base_name(image.program))};
  for (const auto& argument : image.arguments)
    entrypoint.emplace_back(argument);
  Array diff_ids;
  for (const auto& layer : layers)
    diff_ids.emplace_back(layer.diff_id);
  return Object{{"created", "1970-01-01T00:00:00Z"},
                {"architecture", architecture},
                {"os", "linux"},
                {"config", Object{{"User", image.user},
                                  {"Env", Array{"PATH=/usr/bin", "HOME=/tmp"}},
                                  {"Entrypoint", entrypoint},
                                  {"WorkingDir", "/"}}},
                {"rootfs", Object{{"type", "layers"}, {"diff_ids", diff_ids}}}};
}

}  // namespace

Value image_item(Value descriptor, const std::string& component, const std::string& name,
                 const std::string& platform) {
  const auto slash = platform.find('/');
  descriptor["platform"]["os"] = platform.substr(0, slash);
  descriptor["platform"]["architecture"] = platform.substr(slash + 1);
  Value& annotations = descriptor["annotations"];
  annotations[oci::component] = component;
  annotations[oci::ref_name] = name;
  annotations[oci::image_name] = name;
  return descriptor;
}

Result<> add_program_image(Draft& draft, const ProgramImage& image) {
  Content content;
  content.closure = TRY(find_program_closure(image.program));
  const ProgramClosure& closure = content.closure;
  if ("linux/" + closure.architecture != image.platform) {
    return failure(
        Error(Code::bundle_definition, fmt::format("the program is for linux/{}, the bundle for {}",
                                                   closure.architecture, image.platform))
            .at(image.program));
  }
  content.zones = TRY(zones_of(image));
  const auto base = [&](archive::TarWriter& tar) { return fill_base(tar, image, content); };
  Layer base_layer = TRY(store_layer(draft, base));
  const auto program = [&](archive::TarWriter& tar) -> Result<> {
    LayerTree tree(tar);
    return tree.copy("usr/bin/" + std::string(base_name(image.program)), image.program, 0555);
  };
  Layer program_layer = TRY(store_layer(draft, program));
  const std::vector<Layer> layers{std::move(base_layer), std::move(program_layer)};

  const Value config = config_of(image, closure.architecture, layers);
  const Stored stored = TRY(draft.store(json::write(config, json::Escape::plain)));
  draft.use(stored.digest, Role::config);
  Array descriptors;
  for (const auto& layer : layers)
    descriptors.push_back(layer.descriptor);
  const Value manifest =
      TRY(draft.add_manifest(Object{{"schemaVersion", 2},
                                    {"mediaType", oci::manifest},
                                    {"config", descriptor_of(stored, oci::config)},
                                    {"layers", descriptors}}));
  const Value item = image_item(manifest, image.component, image.name, image.platform);
  draft.add_item(item);
  const auto ingredients = TRY(ingredients_of(image, content));
  return describe(draft, item, ingredients);
}

}  // namespace holdfast::bundle
