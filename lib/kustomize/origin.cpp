// SPDX-License-Identifier: Apache-2.0
#include "kustomize/origin.h"

#include "base/text.h"
#include "yaml/yaml.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace holdfast::kustomize {
namespace {

// One scalar as YAML writes it, in quotes where it must be.
std::string scalar(const std::string& text) {
  return std::string(trim(yaml::write(Value(text))));
}

// The fields in the order of the tool's struct; absent ones are left out.
std::vector<std::string> lines(const Origin& origin) {
  std::vector<std::string> out;
  const auto add = [&](std::string_view indent, std::string_view name, const std::string& value) {
    if (!value.empty()) out.push_back(fmt::format("{}{}: {}", indent, name, scalar(value)));
  };
  add("", "path", origin.path);
  add("", "configuredIn", origin.configured_in);
  const auto& by = origin.configured_by;
  if (by != Gvk{} || !origin.name.empty() || !origin.space.empty()) {
    out.emplace_back("configuredBy:");
    add("  ", "apiVersion", api_version(by));
    add("  ", "kind", by.kind);
    add("  ", "name", origin.name);
    add("  ", "namespace", origin.space);
  }
  return out;
}

}  // namespace

Origin origin_of_file(std::string_view path) {
  return {.path = std::string(path)};
}

Origin origin_of_plugin(std::string configured_in, std::string_view kind) {
  return {.configured_in = std::move(configured_in),
          .configured_by = {"", "builtin", std::string(kind)}};
}

Origin origin_of_plugin(const Resource& config) {
  return {.configured_in = config.origin ? config.origin->path : std::string(),
          .configured_by = config.gvk(),
          .name = name_of(config.body),
          .space = namespace_of(config.body)};
}

void mark_made(ResourceSet& resources, const Origin& origin) {
  for (std::size_t i = 0; i < resources.size(); ++i) {
    if (!resources[i].origin) resources[i].origin = origin;
  }
}

void mark_changed(ResourceSet& resources, const Origin& origin) {
  for (std::size_t i = 0; i < resources.size(); ++i) {
    Resource& resource = resources[i];
    // The tool writes all annotations anew: as texts, and each a node of its own.
    resource.typed_annotations.clear();
    for (auto& shared : resource.shared)
      std::erase(shared.maps, "/metadata/annotations");
    if (resource.origin) {
      resource.transformations.push_back(origin);
    } else {
      resource.origin = origin;
    }
  }
}

namespace {

Origin origin_in(const Value& value) {
  const Value* by = value.find("configuredBy");
  const auto text = [](const Value* map, std::string_view name) {
    return map == nullptr ? std::string() : std::string(map->text({name}));
  };
  return {.path = text(&value, "path"),
          .configured_in = text(&value, "configuredIn"),
          .configured_by = parse_gvk(text(by, "apiVersion"), text(by, "kind")),
          .name = text(by, "name"),
          .space = text(by, "namespace")};
}

}  // namespace

Origin read_origin(std::string_view text) {
  const auto value = yaml::parse_one(text, "origin", yaml::Dialect::kyaml);
  return value ? origin_in(*value) : Origin();
}

std::vector<Origin> read_transformations(std::string_view text) {
  const auto value = yaml::parse_one(text, "transformations", yaml::Dialect::kyaml);
  std::vector<Origin> out;
  if (!value || !value->is_array()) return out;
  for (const auto& each : *value->as_array())
    out.push_back(origin_in(each));
  return out;
}

std::string print_origin(const Origin& origin) {
  std::string out;
  for (const auto& line : lines(origin))
    out += line + "\n";
  return out;
}

std::string print_transformations(const std::vector<Origin>& transformations) {
  std::string out;
  for (const auto& origin : transformations) {
    bool first = true;
    for (const auto& line : lines(origin))
      out += fmt::format("{} {}\n", std::exchange(first, false) ? "-" : " ", line);
  }
  return out;
}

}  // namespace holdfast::kustomize
