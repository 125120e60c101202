// SPDX-License-Identifier: Apache-2.0
#include "kustomize/memory.h"

#include "base/text.h"
#include "kustomize/origin.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace holdfast::kustomize {
namespace {

constexpr std::string_view prefix = "internal.config.kubernetes.io/";
constexpr std::string_view origin_key = "config.kubernetes.io/origin";
constexpr std::string_view transformations_key = "alpha.config.kubernetes.io/transformations";

constexpr auto build_annotations = std::to_array<std::string_view>({
    "config.k8s.io/id",
    "config.kubernetes.io/index",
    "config.kubernetes.io/path",
    "internal.config.kubernetes.io/allowKindChange",
    "internal.config.kubernetes.io/allowNameChange",
    "internal.config.kubernetes.io/annotations-migration-resource-id",
    "internal.config.kubernetes.io/generatorBehavior",
    "internal.config.kubernetes.io/helm-generated",
    "internal.config.kubernetes.io/id",
    "internal.config.kubernetes.io/index",
    "internal.config.kubernetes.io/needsHashSuffix",
    "internal.config.kubernetes.io/path",
    "internal.config.kubernetes.io/prefixes",
    "internal.config.kubernetes.io/previousKinds",
    "internal.config.kubernetes.io/previousNames",
    "internal.config.kubernetes.io/previousNamespaces",
    "internal.config.kubernetes.io/refBy",
    "internal.config.kubernetes.io/seqindent",
    "internal.config.kubernetes.io/suffixes",
});
static_assert(std::ranges::is_sorted(build_annotations));

struct Flag {
  std::string_view name, word;
  bool Resource::*member;
};

constexpr auto flags = std::to_array<Flag>({
    {"needsHashSuffix", "enabled", &Resource::needs_hash},
    {"allowNameChange", "enabled", &Resource::allow_name_change},
    {"allowKindChange", "enabled", &Resource::allow_kind_change},
    {"helm-generated", "true", &Resource::from_helm},
});

std::string_view word_of(Behavior behavior) {
  switch (behavior) {
    case Behavior::unspecified: return "unspecified";
    case Behavior::create: return "create";
    case Behavior::replace: return "replace";
    case Behavior::merge: return "merge";
  }
  std::unreachable();
}

std::vector<std::string> list_of(std::string_view text) {
  std::vector<std::string> out;
  if (text.empty()) return out;
  for (const auto part : split(text, ','))
    out.emplace_back(part);
  return out;
}

Object* annotations_of(Resource& resource) {
  Value* metadata = resource.body.find("metadata");
  Value* annotations = metadata == nullptr ? nullptr : metadata->find("annotations");
  return annotations == nullptr ? nullptr : annotations->as_object();
}

class Writer {
 public:
  explicit Writer(Resource& resource) : resource_(resource) {}

  void write(std::string_view key, std::string text) {
    if (!text.empty()) resource_.body["metadata"]["annotations"][key] = std::move(text);
  }

  void write_own(std::string_view name, std::string text) {
    write(fmt::format("{}{}", prefix, name), std::move(text));
  }

 private:
  Resource& resource_;
};

}  // namespace

Behavior behavior_of(std::string_view word) {
  for (const auto behavior : {Behavior::create, Behavior::replace, Behavior::merge}) {
    if (word_of(behavior) == word) return behavior;
  }
  return Behavior::unspecified;
}

void write_lasting_memory(Resource& resource) {
  std::vector<std::string_view> names, spaces, kinds;
  for (const auto& each : resource.earlier) {
    names.insert(names.end(), each.times, each.name);
    spaces.insert(spaces.end(), each.times, each.space);
    kinds.insert(kinds.end(), each.times, each.kind);
  }
  Writer to(resource);
  to.write_own("previousNames", fmt::format("{}", fmt::join(names, ",")));
  to.write_own("previousNamespaces", fmt::format("{}", fmt::join(spaces, ",")));
  to.write_own("previousKinds", fmt::format("{}", fmt::join(kinds, ",")));
  to.write_own("prefixes", fmt::format("{}", fmt::join(resource.prefixes, ",")));
  to.write_own("suffixes", fmt::format("{}", fmt::join(resource.suffixes, ",")));
  if (resource.generated) to.write_own("generatorBehavior", std::string(word_of(resource.behavior)));
  for (const auto& [name, word, member] : flags) {
    if (resource.*member) to.write_own(name, std::string(word));
  }
}

void write_memory(Resource& resource) {
  write_lasting_memory(resource);
  Writer to(resource);
  if (resource.origin) to.write(origin_key, print_origin(*resource.origin));
  if (!resource.transformations.empty())
    to.write(transformations_key, print_transformations(resource.transformations));
}

void read_memory(Resource& resource) {
  Object* annotations = annotations_of(resource);
  const auto text_at = [&](std::string_view key) -> std::string {
    const Value* text = annotations == nullptr ? nullptr : annotations->find(key);
    return text == nullptr ? std::string() : text_of(*text);
  };
  const auto own = [&](std::string_view name) { return text_at(fmt::format("{}{}", prefix, name)); };
  for (const auto& [name, word, member] : flags)
    resource.*member = own(name) == word;
  resource.earlier.clear();
  const auto names = list_of(own("previousNames"));
  const auto spaces = list_of(own("previousNamespaces"));
  const auto kinds = list_of(own("previousKinds"));
  if (names.size() == spaces.size() && names.size() == kinds.size()) {
    for (std::size_t i = 0; i < names.size(); ++i)
      resource.remember({.name = names[i], .space = spaces[i], .kind = kinds[i]});
  }
  resource.prefixes = list_of(own("prefixes"));
  resource.suffixes = list_of(own("suffixes"));
  const std::string behavior = own("generatorBehavior");
  resource.generated = !behavior.empty();
  resource.behavior = behavior_of(behavior);
  const std::string origin = text_at(origin_key);
  resource.origin = origin.empty() ? std::nullopt : std::optional(read_origin(origin));
  resource.transformations = read_transformations(text_at(transformations_key));
  if (annotations == nullptr) return;
  for (const auto key : build_annotations)
    annotations->erase(key);
  annotations->erase(origin_key);
  annotations->erase(transformations_key);
}

bool reaches_memory(std::span<const std::string> path) {
  if (path.empty()) return true;
  if (path[0] != "metadata") return false;
  if (path.size() == 1) return true;
  if (path[1] != "annotations") return false;
  return path.size() == 2 || is_memory(path[2]);
}

bool is_build_annotation(std::string_view key) {
  return std::ranges::binary_search(build_annotations, key);
}

bool is_memory(std::string_view key) {
  return is_build_annotation(key) || key == origin_key || key == transformations_key;
}

}  // namespace holdfast::kustomize
