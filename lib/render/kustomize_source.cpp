// SPDX-License-Identifier: Apache-2.0
#include "render/kustomize_source.h"

#include "base/ascii.h"
#include "base/semver.h"
#include "base/text.h"
#include "kustomize/kustomize.h"
#include "render/build_options.h"
#include "render/chart_inflation.h"
#include "render/components.h"
#include "render/overlay_tree.h"
#include "yaml/yaml.h"

#include <algorithm>
#include <array>

namespace holdfast::render {
namespace {

Array& list_in(Value& kustomization, std::string_view key) {
  auto& held = kustomization[key];
  if (!held.is_array()) held = Array();
  return *held.as_array();
}

const Array& list_of(const Value& options, std::string_view key) {
  static const Array none;
  const auto* held = options.find(key);
  return held != nullptr && held->is_array() ? *held->as_array() : none;
}

bool is_set(const Value& options, std::string_view key) {
  const auto* held = options.find(key);
  return held != nullptr && held->as_bool() != nullptr && *held->as_bool();
}

struct ImageName {
  std::string name, tag, digest;
};

// "registry:5000/a/b:tag@digest"; a port is no tag.
ImageName split_image(std::string_view text) {
  const auto slash = text.find('/');
  const auto from = slash == std::string_view::npos ? 0 : slash;
  const auto at = text.find('@', from);
  const auto colon = text.find(':', from);
  ImageName out;
  if (at != std::string_view::npos) out.digest = text.substr(at + 1);
  if (colon < at)
    out.tag = text.substr(colon + 1, (at == std::string_view::npos ? text.size() : at) - colon - 1);
  out.name = text.substr(0, std::min({at, colon, text.size()}));
  return out;
}

// "*" keeps what the file has.
std::string kept(const std::string& given, const Value* present, std::string_view key) {
  if (given != "*") return given;
  return present == nullptr ? "" : std::string(present->text({key}));
}

Result<> set_image(Value& kustomization, const std::string& argument) {
  const auto equals = argument.find('=');
  const auto value = equals == std::string::npos ? argument : argument.substr(equals + 1);
  const auto image = split_image(value);
  if (image.name == argument) {
    return failure(
        Error(Code::application_spec,
              fmt::format("image '{}' has no new name, tag or digest", printable(argument)))
            .fix("write name=newname:tag, name:tag or name@digest"));
  }
  const auto name = equals == std::string::npos ? image.name : argument.substr(0, equals);
  auto& images = list_in(kustomization, "images");
  const auto present =
      std::ranges::find_if(images, [&](const Value& each) { return each.text({"name"}) == name; });
  const Value* before = present == images.end() ? nullptr : &*present;
  Object entry;
  entry.set("name", name);
  const auto new_name = equals == std::string::npos ? "" : kept(image.name, before, "newName");
  const auto tag = kept(image.tag, before, "newTag");
  const auto digest = kept(image.digest, before, "digest");
  if (!new_name.empty()) entry.set("newName", new_name);
  if (!tag.empty()) entry.set("newTag", tag);
  if (!digest.empty()) entry.set("digest", digest);
  if (present != images.end()) images.erase(present);
  images.emplace_back(std::move(entry));
  std::ranges::stable_sort(images, {}, [](const Value& each) { return each.text({"name"}); });
  return {};
}

Result<> set_replicas(Value& kustomization, const Value& replica) {
  const auto* count = replica.find("count");
  std::optional<std::int64_t> number;
  if (count != nullptr && count->as_int() != nullptr) number = *count->as_int();
  if (count != nullptr && count->is_string()) {
    const auto read = yaml::parse_one(*count->as_string(), "count", yaml::Dialect::kyaml);
    if (read && read->as_int() != nullptr) number = *read->as_int();
  }
  if (!number) {
    return failure(Code::wrong_type, "'kustomize.replicas' of '{}' has no integer 'count'",
                   printable(replica.text({"name"})));
  }
  auto& replicas = list_in(kustomization, "replicas");
  const auto name = replica.text({"name"});
  std::erase_if(replicas, [&](const Value& each) { return each.text({"name"}) == name; });
  replicas.emplace_back(Object{{"count", *number}, {"name", name}});
  return {};
}

enum class Force { no, yes };

Result<> add_pair(Value& pairs, std::string_view key, std::string value, Force force,
                  std::string_view kind) {
  if (!pairs.is_object()) pairs = Object();
  if (force == Force::no && pairs.find(key) != nullptr) {
    return failure(
        Error(Code::application_spec,
              fmt::format("{} '{}' is already in the kustomization file", kind, printable(key)))
            .fix(fmt::format("remove it from one of the two, or set forceCommon{}s: true",
                             kind == "label" ? "Label" : "Annotation")));
  }
  pairs[key] = std::move(value);
  return {};
}

// The entry of `labels` without selectors whose templates are treated as asked.
Value& label_entry(Value& kustomization, Value templates) {
  auto& labels = list_in(kustomization, "labels");
  for (auto& each : labels) {
    const bool selectors = is_set(each, "includeSelectors");
    const bool same = is_set(each, "includeTemplates") == (templates == Value(true));
    if (!selectors && same) return each;
  }
  Object entry{{"pairs", Object()}};
  if (templates == Value(true)) entry.set("includeTemplates", true);
  return labels.emplace_back(std::move(entry));
}

Result<> add_labels(Value& kustomization, const Value& options, const Environment& environment) {
  const auto* labels = options.find("commonLabels");
  if (labels == nullptr || !labels->is_object()) return {};
  const auto force = is_set(options, "forceCommonLabels") ? Force::yes : Force::no;
  const bool without_selector = is_set(options, "labelWithoutSelector");
  for (const auto& label : *labels->as_object()) {
    if (!label.value.is_string())
      return failure(Code::wrong_type, "label '{}' is no text", printable(label.key));
    auto value = substitute(*label.value.as_string(), environment);
    auto& pairs = without_selector ? label_entry(kustomization,
                                                 is_set(options, "labelIncludeTemplates"))["pairs"]
                                   : kustomization["commonLabels"];
    TRY(add_pair(pairs, label.key, std::move(value), force, "label"));
  }
  return {};
}

Result<> add_annotations(Value& kustomization, const Value& options,
                         const Environment& environment) {
  const auto* annotations = options.find("commonAnnotations");
  if (annotations == nullptr || !annotations->is_object()) return {};
  const auto force = is_set(options, "forceCommonAnnotations") ? Force::yes : Force::no;
  const bool substituted = is_set(options, "commonAnnotationsEnvsubst");
  for (const auto& annotation : *annotations->as_object()) {
    if (!annotation.value.is_string()) {
      return failure(Code::wrong_type, "annotation '{}' is no text", printable(annotation.key));
    }
    auto value = *annotation.value.as_string();
    if (substituted) value = substitute(value, environment);
    TRY(add_pair(kustomization["commonAnnotations"], annotation.key, std::move(value), force,
                 "annotation"));
  }
  return {};
}

bool is_empty(const Value& options) {
  constexpr auto edits = std::to_array<std::string_view>(
      {"namePrefix", "nameSuffix", "images", "replicas", "commonLabels", "commonAnnotations",
       "namespace", "patches", "components"});
  return std::ranges::none_of(edits, [&](std::string_view key) {
    const auto* held = options.find(key);
    return held != nullptr && !held->is_null();
  });
}

// Another version of the tool makes other objects of the same file: what upstream would refuse is refused, and what it
// would start another program for, as far as that is not of our own major version.
Result<> check_version(const Context& context, std::string_view version) {
  if (version.empty()) return {};
  if (std::ranges::find(context.kustomize_versions, version) == context.kustomize_versions.end()) {
    return failure(Error(Code::source_unsupported, fmt::format("kustomize version {} is not registered", printable(version)))
                       .fix("take kustomize.version out of the source, or name it in argocd-cm: kustomize.path.VERSION"));
  }
  const auto parsed = semver::Version::parse(version);
  if (parsed && parsed->major == 5) return {};
  return failure(Error(Code::source_unsupported, fmt::format("kustomize version {} is not rendered here", printable(version)))
                     .fix("take kustomize.version out of the source, or name a version 5"));
}

// The fields that are edited by their names, as the tool reads them: in any case, and `imageTags`
// as images.
void settle_names(Object& kustomization) {
  constexpr auto edited = std::to_array<std::string_view>(
      {"namePrefix", "nameSuffix", "namespace", "images", "imageTags", "replicas", "labels",
       "commonLabels", "commonAnnotations", "patches", "components"});
  for (const auto name : edited) {
    const auto other = std::ranges::find_if(kustomization, [&](const Member& member) {
      return member.key != name && equal_ignoring_case(member.key, name);
    });
    if (other == kustomization.end()) continue;
    Value value = std::move(other->value);
    kustomization.erase(std::string(other->key));
    kustomization.set(name, std::move(value));
  }
  auto* tags = kustomization.find("imageTags");
  if (tags == nullptr || !tags->is_array()) return;
  Array moved = std::move(*tags->as_array());
  kustomization.erase("imageTags");
  auto& images = kustomization["images"];
  if (!images.is_array()) images = Array();
  std::ranges::move(moved, std::back_inserter(*images.as_array()));
}

}  // namespace

Result<Value> edit_kustomization(Value kustomization, const Value& options,
                                 const Environment& environment) {
  if (kustomization.is_null()) kustomization = Object();
  if (!kustomization.is_object()) return kustomization;  // the build says what is wrong
  settle_names(*kustomization.as_object());
  for (const std::string_view key : {"namePrefix", "nameSuffix", "namespace"}) {
    const auto text = options.text({key});
    if (!text.empty()) kustomization[key] = text;
  }
  for (const auto& image : list_of(options, "images")) {
    if (!image.is_string())
      return failure(Code::wrong_type, "an entry of 'kustomize.images' is no text");
    TRY(set_image(kustomization, substitute(*image.as_string(), environment)));
  }
  for (const auto& replica : list_of(options, "replicas"))
    TRY(set_replicas(kustomization, replica));
  TRY(add_labels(kustomization, options, environment));
  TRY(add_annotations(kustomization, options, environment));
  for (const auto& patch : list_of(options, "patches"))
    list_in(kustomization, "patches").push_back(patch);
  for (const auto& component : list_of(options, "components")) {
    auto& components = list_in(kustomization, "components");
    if (std::ranges::find(components, component) == components.end())
      components.push_back(component);
  }
  return kustomization;
}

namespace {

// What a build may use beside its own tree.
Result<kustomize::Options> build_options(const Context& context, const Value* options) {
  const auto flags = TRY(parse_build_options(context.kustomize_options));
  kustomize::Options out;
  out.limits.time = context.build_time;
  out.reading = flags.reading;
  out.order = flags.order;
  out.managed_by = flags.managed_by;
  ClusterFacts cluster{context.kube_version, context.api_versions};
  if (options != nullptr) {
    if (const auto version = options->text({"kubeVersion"}); !version.empty())
      cluster.kube_version = version;
    const auto& versions = list_of(*options, "apiVersions");
    if (!versions.empty()) cluster.api_versions.clear();
    for (const auto& each : versions)
      if (each.is_string()) cluster.api_versions.push_back(*each.as_string());
  }
  if (cluster.kube_version.empty()) cluster.kube_version = flags.kube_version;
  cluster.api_versions.insert(cluster.api_versions.end(), flags.api_versions.begin(), flags.api_versions.end());
  out.render_chart = [cluster = std::move(cluster)](const kustomize::ChartRequest& request) {
    return inflate_chart(request, cluster);
  };
  if (context.repository != nullptr) {
    out.remote = [&context](const kustomize::RemoteUrl& url) {
      return context.repository(url.repository, url.revision);
    };
  }
  return out;
}

}  // namespace

Result<std::vector<Manifest>> render_kustomize(const KustomizePlace& place, const Value* options) {
  if (options != nullptr) TRY(check_version(place.context, options->text({"version"})));
  OverlayTree overlay(place.tree);
  const auto build = TRY(build_options(place.context, options));
  if (options != nullptr && !is_empty(*options)) {
    const auto path = TRY(find_kustomization(place.tree, place.folder));
    if (!path) return failure(Code::path_missing, "'{}' has no kustomization file", place.folder.empty() ? "." : place.folder);
    const auto text = TRY(place.tree.read(*path));
    auto kustomization = TRY(yaml::parse_one(text, *path, yaml::Dialect::kube,
                                             {.depth = build.limits.depth,
                                              .bytes = build.limits.bytes,
                                              .nodes = build.limits.nodes,
                                              .duplicates = yaml::Duplicates::keep_last}));
    Value chosen = *options;
    chosen["components"] = TRY(find_components(place.tree, place.folder, *options));
    const auto edited =
        TRY(edit_kustomization(std::move(kustomization), chosen, place.environment));
    auto real = TRY(place.tree.real_path(*path));
    overlay.replace(std::move(real), yaml::write(edited));
  }
  auto built = TRY(kustomize::build(overlay, place.folder, build));
  std::vector<Manifest> out;
  out.reserve(built.resources.size());
  for (auto& resource : built.resources) {
    out.push_back({std::move(resource.object), std::move(resource.origin)});
  }
  return out;
}

}  // namespace holdfast::render
