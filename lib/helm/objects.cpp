// SPDX-License-Identifier: Apache-2.0
#include "helm/objects.h"

#include "base/glob.h"
#include "base/semver.h"
#include "base/text.h"
#include "gotmpl/function.h"
#include "helm/api_versions.h"
#include "helm/metadata.h"
#include "yaml/yaml.h"

#include <algorithm>
#include <array>
#include <span>

namespace holdfast::helm {
namespace {

using gotmpl::Call;
using gotmpl::Datum;
using gotmpl::Kind;

std::string_view content_of(const Datum& files, std::string_view name) {
  const auto* content = files.find(name);
  return content == nullptr ? std::string_view() : std::string_view(content->text());
}

Result<Datum> get(Call& call) {
  return Datum(content_of(*call.self, call.text(0)));
}

Result<Datum> get_bytes(Call& call) {
  return Datum::of_bytes(std::string(content_of(*call.self, call.text(0))));
}

Result<Datum> glob(Call& call) {
  Datum matched = Datum::new_dict(*call.self->type());
  for (const auto& entry : call.self->dict()->entries()) {
    // A broken pattern stands for "**" upstream.
    if (!glob_valid(call.text(0)) || glob_match(call.text(0), entry.key, GlobMode::separator))
      matched.dict()->set(entry.key, entry.value);
  }
  return matched;
}

Result<Datum> lines(Call& call) {
  const auto content = content_of(*call.self, call.text(0));
  std::vector<std::string> parts;
  if (content.empty()) return Datum::of_strings(parts);
  for (const auto part : split(content, '\n'))
    parts.emplace_back(part);
  if (content.ends_with('\n')) parts.pop_back();
  return Datum::of_strings(std::move(parts));
}

// {base name: content} as YAML without its last line end.
Result<Datum> as_map(const Datum& files, std::string (*encode)(std::string_view)) {
  Object map;
  for (const auto& entry : files.dict()->entries())
    map.set(base_name(entry.key), encode(entry.value.text()));
  std::string text = yaml::write(Value(std::move(map)));
  if (text.ends_with('\n')) text.pop_back();
  return Datum(std::move(text));
}

Result<Datum> as_config(Call& call) {
  return as_map(*call.self, [](std::string_view text) { return std::string(text); });
}

Result<Datum> as_secrets(Call& call) {
  return as_map(*call.self, to_base64);
}

Result<Datum> has(Call& call) {
  for (const auto& item : call.self->items()) {
    if (item.text() == call.text(0)) return Datum(true);
  }
  return Datum(false);
}

constexpr auto file_methods = std::to_array<gotmpl::Function>({{"Get", "s", get},
                                                               {"GetBytes", "s", get_bytes},
                                                               {"Glob", "s", glob},
                                                               {"Lines", "s", lines},
                                                               {"AsConfig", "", as_config},
                                                               {"AsSecrets", "", as_secrets}});
constexpr gotmpl::Type files_type{
    .name = "engine.files", .kind = "map", .element = Kind::bytes, .methods = file_methods};

constexpr auto version_methods = std::to_array<gotmpl::Function>({{"Has", "s", has}});
constexpr gotmpl::Type versions_type{.name = "common.VersionSet",
                                     .kind = "slice",
                                     .element = Kind::string,
                                     .methods = version_methods};
constexpr auto capabilities_fields =
    std::to_array<gotmpl::Field>({{.name = "KubeVersion", .json = "KubeVersion"},
                                  {.name = "APIVersions", .json = "APIVersions"},
                                  {.name = "HelmVersion", .json = "HelmVersion"}});
constexpr gotmpl::Type capabilities_type{
    .name = "*common.Capabilities", .kind = "ptr", .fields = capabilities_fields};
constexpr gotmpl::Type capabilities_type3{
    .name = "*chartutil.Capabilities", .kind = "ptr", .fields = capabilities_fields};

// .Capabilities.KubeVersion. Its String is what a template prints; passed to a function (quote,
// print) the struct is shown whole, as upstream.
Result<Datum> kube_version_string(Call& call) {
  return *call.self->find("normalizedVersion");
}

Result<Datum> kube_git_version(Call& call) {
  return *call.self->find("Version");
}

constexpr auto kube_version_methods = std::to_array<gotmpl::Function>(
    {{"String", "", kube_version_string}, {"GitVersion", "", kube_git_version}});
constexpr auto kube_version_fields =
    std::to_array<gotmpl::Field>({{.name = "Version", .json = "Version"},
                                  {.name = "normalizedVersion"},
                                  {.name = "Major", .json = "Major"},
                                  {.name = "Minor", .json = "Minor"}});
constexpr gotmpl::Type kube_version_type{.name = "common.KubeVersion",
                                         .kind = "struct",
                                         .methods = kube_version_methods,
                                         .fields = kube_version_fields};
// Helm 3's has no second text.
constexpr auto kube_version_fields3 =
    std::to_array<gotmpl::Field>({{.name = "Version", .json = "Version"},
                                  {.name = "Major", .json = "Major"},
                                  {.name = "Minor", .json = "Minor"}});
constexpr gotmpl::Type kube_version_type3{.name = "chartutil.KubeVersion",
                                          .kind = "struct",
                                          .methods = kube_version_methods,
                                          .fields = kube_version_fields3};

constexpr auto build_fields = std::to_array<gotmpl::Field>(
    {{.name = "Version", .json = "version", .omit_empty = true},
     {.name = "GitCommit", .json = "git_commit", .omit_empty = true},
     {.name = "GitTreeState", .json = "git_tree_state", .omit_empty = true},
     {.name = "GoVersion", .json = "go_version", .omit_empty = true},
     {.name = "KubeClientVersion", .json = "kube_client_version"}});
constexpr gotmpl::Type build_type{
    .name = "version.BuildInfo", .kind = "struct", .fields = build_fields};
// Helm 3's does not name the client's version.
constexpr gotmpl::Type build_type3{.name = "version.BuildInfo",
                                   .kind = "struct",
                                   .fields = std::span(build_fields).first(4)};

// The methods of .Values, Go's common.Values.
Result<Datum> values_yaml(Call& call) {
  const Value value = TRY(call.self->to_value());
  return Datum(yaml::write(value));
}

Result<Datum> values_as_map(Call& call) {
  Datum out = Datum::new_dict();
  for (const auto& entry : call.self->dict()->entries())
    out.dict()->set(entry.key, entry.value);
  return out;
}

const Datum* values_at(const Datum& values, std::string_view path) {
  const Datum* at = &values;
  for (const auto step : split(path, '.')) {
    if (at != nullptr) at = at->find(step);
  }
  return at;
}

Result<Datum> values_table(Call& call) {
  const auto* found = values_at(*call.self, call.text(0));
  if (found == nullptr || found->dict() == nullptr)
    return gotmpl::call_failure(fmt::format("\"{}\" is not a table", printable(call.text(0))));
  return *found;
}

Result<Datum> values_path(Call& call) {
  const auto* found = values_at(*call.self, call.text(0));
  if (found == nullptr || found->dict() != nullptr)
    return gotmpl::call_failure(fmt::format("\"{}\" is not a value", printable(call.text(0))));
  return *found;
}

constexpr auto values_methods = std::to_array<gotmpl::Function>({{"YAML", "", values_yaml},
                                                                 {"AsMap", "", values_as_map},
                                                                 {"Table", "s", values_table},
                                                                 {"PathValue", "s", values_path}});
constexpr gotmpl::Type root_values_type{
    .name = "common.Values", .kind = "map", .methods = values_methods};
constexpr gotmpl::Type section_values_type{
    .name = "map[string]interface {}", .kind = "map", .methods = values_methods};
constexpr gotmpl::Type root_values_type3{
    .name = "chartutil.Values", .kind = "map", .methods = values_methods};

// In the order of a map's keys, in which they are quickest to set.
constexpr auto chart_fields_by_name = [] {
  auto out = chart_fields;
  std::ranges::sort(out, {}, &MetadataField::name);
  return out;
}();

// Fields of Chart.yaml as those of Go's struct.
template <std::size_t Count>
consteval std::array<gotmpl::Field, Count> struct_fields(const std::array<MetadataField, Count>& fields) {
  std::array<gotmpl::Field, Count> out;
  for (std::size_t i = 0; i < Count; ++i)
    out[i] = {fields[i].name, fields[i].key, fields[i].empty == MetadataField::Empty::left_out};
  return out;
}

std::span<const Value> items_of(const Value* list) {
  return list == nullptr ? std::span<const Value>() : std::span(*list->as_array());
}

// Helm 4's list of anything. Helm 3's is one of texts, and nil (null in JSON) where Chart.yaml has none.
Datum texts_of(const Value* value, gotmpl::Flavor flavor) {
  std::vector<Datum> texts;
  for (const auto& each : items_of(value))
    texts.emplace_back(*each.as_string());
  const auto& type3 = value != nullptr ? gotmpl::string_list_type : gotmpl::nil_string_list_type;
  return Datum::of_list(std::move(texts), flavor == gotmpl::Flavor::helm3 ? type3 : gotmpl::any_list_type);
}

constexpr gotmpl::Type no_annotations_type{
    .name = "map[string]string", .kind = "map", .element = Kind::string, .is_nil = true};

Datum annotations_of(const Value* value) {
  if (value == nullptr) return Datum::new_dict(no_annotations_type);
  Datum out = Datum::new_dict(gotmpl::string_dict_type);
  for (const auto& member : *value->as_object())
    out.dict()->set(member.key, Datum(*member.value.as_string()));
  return out;
}

// Helm 3 shows Go's structs, Helm 4 maps with the names of their fields.
constexpr auto chart_fields3 = [] {
  std::array<gotmpl::Field, chart_fields.size() + 1> out;
  std::ranges::copy(struct_fields(chart_fields), out.begin());
  out.back() = {"IsRoot", "IsRoot"};
  return out;
}();
constexpr gotmpl::Type chart_type3{.name = "struct { chart.Metadata; IsRoot bool }",
                                   .kind = "struct",
                                   .fields = chart_fields3};
constexpr auto maintainer_fields3 = struct_fields(maintainer_fields);
constexpr gotmpl::Type maintainer_type3{
    .name = "*chart.Maintainer", .kind = "ptr", .fields = maintainer_fields3};
constexpr gotmpl::Type maintainers_type3{.name = "[]*chart.Maintainer", .kind = "slice"};
constexpr gotmpl::Type no_maintainers_type3{
    .name = "[]*chart.Maintainer", .kind = "slice", .is_nil = true};
constexpr auto dependency_fields3 = struct_fields(dependency_fields);
constexpr gotmpl::Type dependency_type3{
    .name = "*chart.Dependency", .kind = "ptr", .fields = dependency_fields3};
constexpr gotmpl::Type dependencies_type3{.name = "[]*chart.Dependency", .kind = "slice"};
constexpr gotmpl::Type no_dependencies_type3{
    .name = "[]*chart.Dependency", .kind = "slice", .is_nil = true};

Datum maintainers_of(const Value* value, gotmpl::Flavor flavor) {
  const bool helm3 = flavor == gotmpl::Flavor::helm3;
  std::vector<Datum> items;
  for (const auto& each : items_of(value)) {
    Datum item = helm3 ? Datum::new_structure(maintainer_type3) : Datum::new_dict();
    for (const auto& field : maintainer_fields) item.dict()->set(field.name, Datum(each.text({field.key})));
    items.push_back(std::move(item));
  }
  const auto& type3 = value != nullptr ? maintainers_type3 : no_maintainers_type3;
  return Datum::of_list(std::move(items), helm3 ? type3 : gotmpl::any_list_type);
}

Datum field_value(const MetadataField& field, const Value* value, gotmpl::Flavor flavor) {
  switch (field.shape) {
    case MetadataField::Shape::text:
    case MetadataField::Shape::word: return Datum(value != nullptr ? *value->as_string() : std::string());
    case MetadataField::Shape::texts: return texts_of(value, flavor);
    case MetadataField::Shape::text_map: return annotations_of(value);
    case MetadataField::Shape::objects: return maintainers_of(value, flavor);  // the other list is none of the file's
    case MetadataField::Shape::flag: return Datum(value != nullptr && *value->as_bool());
    case MetadataField::Shape::list: break;  // the chart itself has none
  }
  std::unreachable();
}

// What a dependency imports, as upstream writes it out.
Datum imports_of(const Array& imports) {
  std::vector<Datum> items;
  for (const auto& import : imports) {
    const auto* name = import.as_string();
    Datum item = Datum::new_dict(gotmpl::string_dict_type);
    const auto text_at = [&](std::string_view key) {
      const auto* value = import.find(key);
      return value == nullptr ? std::string() : scalar_text(*value);
    };
    item.dict()->set("child", Datum(name != nullptr ? "exports." + *name : text_at("child")));
    item.dict()->set("parent", Datum(name != nullptr ? "." : text_at("parent")));
    items.push_back(std::move(item));
  }
  return Datum::of_list(std::move(items),
                        imports.empty() ? gotmpl::nil_list_type : gotmpl::any_list_type);
}

// Those that are enabled, under the names that they are used by.
Datum dependencies_of(const std::vector<Dependency>& dependencies, gotmpl::Flavor flavor) {
  const bool helm3 = flavor == gotmpl::Flavor::helm3;
  std::vector<Datum> items;
  for (const auto& dependency : dependencies) {
    Datum tags = Datum::of_strings(dependency.tags);
    Datum imports = imports_of(dependency.import_values);
    tags.list()->type = !helm3               ? &gotmpl::any_list_type
                        : dependency.tags.empty() ? &gotmpl::nil_string_list_type
                                                  : &gotmpl::string_list_type;
    if (!helm3) imports.list()->type = &gotmpl::any_list_type;
    Datum item = helm3 ? Datum::new_structure(dependency_type3) : Datum::new_dict();
    item.dict()->set("Alias", Datum(dependency.alias));
    item.dict()->set("Condition", Datum(dependency.condition));
    item.dict()->set("Enabled", Datum(true));
    item.dict()->set("ImportValues", std::move(imports));
    item.dict()->set("Name", Datum(dependency.name));
    item.dict()->set("Repository", Datum(dependency.repository));
    item.dict()->set("Tags", std::move(tags));
    item.dict()->set("Version", Datum(dependency.version));
    items.push_back(std::move(item));
  }
  const auto& type3 = items.empty() ? no_dependencies_type3 : dependencies_type3;
  return Datum::of_list(std::move(items), helm3 ? type3 : gotmpl::any_list_type);
}

Datum kube_version_object(const Settings& settings) {
  const auto version = semver::Version::parse(settings.kube_version).value_or(semver::Version{});
  const bool helm3 = settings.environment.flavor == gotmpl::Flavor::helm3;
  const auto& given = settings.kube_version;
  std::string shown = given.starts_with('v') ? given : "v" + given;
  const std::string bare = shown.substr(0, shown.find_first_of("-+"));
  if (helm3) shown = bare;
  Datum out = Datum::new_structure(helm3 ? kube_version_type3 : kube_version_type);
  out.dict()->set("Version", Datum(shown));
  out.dict()->set("normalizedVersion", Datum(bare));
  out.dict()->set("Major", Datum(fmt::format("{}", version.major)));
  out.dict()->set("Minor", Datum(fmt::format("{}", version.minor)));
  return out;
}

}  // namespace

Datum release_object(const Release& release) {
  Datum out = Datum::new_dict();
  const bool upgrade = release.upgrade == Include::yes;
  out.dict()->set("Name", Datum(release.name));
  out.dict()->set("Namespace", Datum(release.namespace_));
  out.dict()->set("IsUpgrade", Datum(upgrade));
  out.dict()->set("IsInstall", Datum(!upgrade));
  out.dict()->set("Revision", Datum(1));
  out.dict()->set("Service", Datum("Helm"));
  return out;
}

Datum chart_object(const Chart& chart, Include root, gotmpl::Flavor flavor) {
  Datum out = flavor == gotmpl::Flavor::helm3 ? Datum::new_structure(chart_type3) : Datum::new_dict();
  out.dict()->reserve(chart_fields.size() + 1);
  for (const auto& field : chart_fields_by_name) {
    Datum value;
    if (field.key == "name") {
      value = Datum(chart.name);  // perhaps an alias
    } else if (field.key == "dependencies") {
      value = dependencies_of(chart.dependencies, flavor);
    } else {
      value = field_value(field, chart.metadata.find(field.key), flavor);
    }
    out.dict()->set(field.name, std::move(value));
  }
  out.dict()->set("IsRoot", Datum(root == Include::yes));
  return out;
}

void become_values(Datum& values, Include root, gotmpl::Flavor flavor) {
  const auto* type = &section_values_type;
  if (root == Include::yes)
    type = flavor == gotmpl::Flavor::helm3 ? &root_values_type3 : &root_values_type;
  values.dict()->type = type;
}

Datum files_object(std::vector<File> files, std::optional<Error>& failed) {
  Datum out = Datum::new_dict(files_type);
  out.dict()->reserve(files.size());
  for (auto& file : files) {
    const auto read = [content = std::move(file.content), &failed]() mutable {
      auto text = std::move(content).take();
      if (text) return *std::move(text);
      if (!failed) failed = std::move(text).error();
      return std::string();
    };
    out.dict()->set(file.path, Datum::late_bytes(read));
  }
  return out;
}

Datum capabilities_object(const Settings& settings) {
  const bool helm3 = settings.environment.flavor == gotmpl::Flavor::helm3;
  std::vector<Datum> versions;
  for (const auto known : known_api_versions())
    versions.emplace_back(known);
  for (const auto& given : settings.api_versions)
    versions.emplace_back(given);

  // As a build of 4.3.1 without the release's link flags says.
  Datum helm_version = Datum::new_structure(helm3 ? build_type3 : build_type);
  helm_version.dict()->set("Version", Datum(helm3 ? "v3.22" : "v4.3"));
  helm_version.dict()->set("GoVersion", Datum("go1.26.8"));
  for (const auto* name : {"GitCommit", "GitTreeState"})
    helm_version.dict()->set(name, Datum(""));
  helm_version.dict()->set("KubeClientVersion", Datum("v1.37"));

  Datum out = Datum::new_structure(helm3 ? capabilities_type3 : capabilities_type);
  out.dict()->set("KubeVersion", kube_version_object(settings));
  out.dict()->set("APIVersions", Datum::of_list(std::move(versions), versions_type));
  out.dict()->set("HelmVersion", helm_version);
  return out;
}

}  // namespace holdfast::helm
