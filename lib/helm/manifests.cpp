// SPDX-License-Identifier: Apache-2.0
#include "helm/manifests.h"

#include "base/text.h"
#include "yaml/yaml.h"

#include <algorithm>
#include <array>

namespace holdfast::helm {
namespace {

// kind_sorter.go InstallOrder (Helm 4); every other kind comes after them, by its name.
constexpr auto install_order = std::to_array<std::string_view>({"PriorityClass",
                                                                "Namespace",
                                                                "NetworkPolicy",
                                                                "ResourceQuota",
                                                                "LimitRange",
                                                                "PodSecurityPolicy",
                                                                "PodDisruptionBudget",
                                                                "ServiceAccount",
                                                                "Secret",
                                                                "SecretList",
                                                                "ConfigMap",
                                                                "StorageClass",
                                                                "PersistentVolume",
                                                                "PersistentVolumeClaim",
                                                                "CustomResourceDefinition",
                                                                "ClusterRole",
                                                                "ClusterRoleList",
                                                                "ClusterRoleBinding",
                                                                "ClusterRoleBindingList",
                                                                "Role",
                                                                "RoleList",
                                                                "RoleBinding",
                                                                "RoleBindingList",
                                                                "Service",
                                                                "DaemonSet",
                                                                "Pod",
                                                                "ReplicationController",
                                                                "ReplicaSet",
                                                                "Deployment",
                                                                "HorizontalPodAutoscaler",
                                                                "StatefulSet",
                                                                "Job",
                                                                "CronJob",
                                                                "IngressClass",
                                                                "Ingress",
                                                                "APIService",
                                                                "MutatingWebhookConfiguration",
                                                                "ValidatingWebhookConfiguration"});

constexpr auto hook_words = std::to_array<std::string_view>(
    {"pre-install", "post-install", "pre-upgrade", "post-upgrade", "pre-delete", "post-delete",
     "pre-rollback", "post-rollback", "test", "test-success"});

constexpr yaml::Limits yaml_limits{.duplicates = yaml::Duplicates::keep_last};

struct Ranked {
  std::size_t rank;
  std::string kind;
  Document document;
};

std::size_t rank_of(std::string_view kind, gotmpl::Flavor flavor) {
  // Helm 3 does not know the two webhook configurations.
  const std::size_t known = install_order.size() - (flavor == gotmpl::Flavor::helm3 ? 2 : 0);
  const auto at = std::ranges::find(install_order, kind);
  const auto rank = static_cast<std::size_t>(at - install_order.begin());
  return std::min(rank, known);
}

enum class HookKind { none, hook, test, unknown };

HookKind hook_kind(const Value& object) {
  const auto* value = object.find_path({"metadata", "annotations", "helm.sh/hook"});
  if (value == nullptr) return HookKind::none;
  const auto* text = value->as_string();
  bool test = false;
  for (const auto part :
       split(text == nullptr ? std::string_view() : std::string_view(*text), ',')) {
    const auto word = trim(part);
    if (std::ranges::find(hook_words, word) == hook_words.end()) return HookKind::unknown;
    test = test || word.starts_with("test");
  }
  return test ? HookKind::test : HookKind::hook;
}

// What Helm reads of a document (SimpleHead) must have its shape: a list has no place there.
Result<> check_head(const Value& object, const std::string& path) {
  const auto is_scalar = [](const Value* value) {
    return value == nullptr || !(value->is_array() || value->is_object());
  };
  const auto wrong = [&](std::string_view field, std::string_view shape) {
    return failure(
        Error(Code::yaml_syntax, fmt::format("'{}' of a document is no {}", field, shape))
            .at(path));
  };
  for (const std::string_view key : {"apiVersion", "kind"}) {
    if (!is_scalar(object.find(key))) return wrong(key, "text");
  }
  const auto* metadata = object.find("metadata");
  if (metadata == nullptr || metadata->is_null()) return {};
  if (!metadata->is_object()) return wrong("metadata", "map");
  if (!is_scalar(metadata->find("name"))) return wrong("metadata.name", "text");
  const auto* annotations = metadata->find("annotations");
  if (annotations == nullptr || annotations->is_null()) return {};
  if (!annotations->is_object()) return wrong("metadata.annotations", "map");
  for (const auto& member : *annotations->as_object()) {
    if (!is_scalar(&member.value))
      return wrong(fmt::format("metadata.annotations.{}", printable(member.key)), "text");
  }
  return {};
}

void sort_by_kind(std::vector<Ranked>& ranked) {
  const std::size_t unknown = install_order.size() - 2;
  std::ranges::stable_sort(ranked, [&](const Ranked& a, const Ranked& b) {
    if (a.rank != b.rank) return a.rank < b.rank;
    return a.rank >= unknown && a.kind < b.kind;
  });
}

}  // namespace

std::vector<std::string> split_documents(std::string_view text) {
  std::vector<std::string> documents;
  std::string current;
  const auto take = [&] {
    std::string_view document = current;
    while (!document.empty() &&
           std::string_view(" \t\r\n").find(document.front()) != std::string_view::npos)
      document.remove_prefix(1);
    if (!trim(document).empty()) documents.emplace_back(document);
    current.clear();
  };
  while (!text.empty()) {
    const auto end = text.find('\n');
    auto line = text.substr(0, end == std::string_view::npos ? end : end + 1);
    text.remove_prefix(line.size());
    if (line.starts_with("---")) {
      take();
      line.remove_prefix(3);
      while (line.starts_with(' ') || line.starts_with('\t'))
        line.remove_prefix(1);
    }
    current += line;
  }
  take();
  return documents;
}

Result<std::vector<Document>> sort_documents(const std::map<std::string, std::string>& files,
                                             const Settings& settings) {
  std::vector<Ranked> manifests, hooks;
  for (const auto& [path, output] : files) {
    if (trim(output).empty()) continue;
    for (auto& text : split_documents(output)) {
      auto parsed = yaml::parse_one(text, path, yaml::Dialect::kube, yaml_limits);
      if (!parsed) return failure(std::move(parsed).error());
      if (!parsed->is_object() && !parsed->is_null()) {
        return failure(Error(Code::yaml_syntax, fmt::format("a document is no object but {}",
                                                            kind_name(parsed->kind())))
                           .at(path));
      }
      TRY(check_head(*parsed, path));
      const std::string kind(parsed->text({"kind"}));
      const auto hook = hook_kind(*parsed);
      if (hook == HookKind::unknown) continue;
      if (hook == HookKind::test && settings.tests == Include::no) continue;
      if (hook != HookKind::none && settings.hooks == Include::no) continue;
      const auto document_kind =
          hook == HookKind::none ? Document::Kind::manifest : Document::Kind::hook;
      auto& list = hook == HookKind::none ? manifests : hooks;
      list.push_back(
          {.rank = rank_of(kind, settings.environment.flavor),
           .kind = kind,
           .document = {.source = path, .text = std::move(text), .kind = document_kind}});
    }
  }
  sort_by_kind(manifests);
  sort_by_kind(hooks);
  std::vector<Document> documents;
  for (auto* list : {&manifests, &hooks}) {
    for (auto& ranked : *list)
      documents.push_back(std::move(ranked.document));
  }
  return documents;
}

}  // namespace holdfast::helm
