// SPDX-License-Identifier: Apache-2.0
#include "kustomize/resource_id.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace holdfast::kustomize {
namespace {

struct Scope {
  std::string_view api_version, kind;

  auto operator<=>(const Scope&) const = default;
};

// Kubernetes 1.21's kinds without a namespace, sorted.
constexpr auto cluster_kinds = std::to_array<Scope>({
    {"admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration"},
    {"admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"},
    {"admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration"},
    {"admissionregistration.k8s.io/v1beta1", "ValidatingWebhookConfiguration"},
    {"apiextensions.k8s.io/v1", "CustomResourceDefinition"},
    {"apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"},
    {"apiregistration.k8s.io/v1", "APIService"},
    {"apiregistration.k8s.io/v1beta1", "APIService"},
    {"certificates.k8s.io/v1", "CertificateSigningRequest"},
    {"certificates.k8s.io/v1beta1", "CertificateSigningRequest"},
    {"flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema"},
    {"flowcontrol.apiserver.k8s.io/v1beta1", "PriorityLevelConfiguration"},
    {"networking.k8s.io/v1", "IngressClass"},
    {"networking.k8s.io/v1beta1", "IngressClass"},
    {"node.k8s.io/v1", "RuntimeClass"},
    {"node.k8s.io/v1beta1", "RuntimeClass"},
    {"policy/v1beta1", "PodSecurityPolicy"},
    {"rbac.authorization.k8s.io/v1", "ClusterRole"},
    {"rbac.authorization.k8s.io/v1", "ClusterRoleBinding"},
    {"rbac.authorization.k8s.io/v1beta1", "ClusterRole"},
    {"rbac.authorization.k8s.io/v1beta1", "ClusterRoleBinding"},
    {"scheduling.k8s.io/v1", "PriorityClass"},
    {"scheduling.k8s.io/v1beta1", "PriorityClass"},
    {"storage.k8s.io/v1", "CSIDriver"},
    {"storage.k8s.io/v1", "CSINode"},
    {"storage.k8s.io/v1", "StorageClass"},
    {"storage.k8s.io/v1", "VolumeAttachment"},
    {"storage.k8s.io/v1beta1", "CSIDriver"},
    {"storage.k8s.io/v1beta1", "CSINode"},
    {"storage.k8s.io/v1beta1", "StorageClass"},
    {"storage.k8s.io/v1beta1", "VolumeAttachment"},
    {"v1", "ComponentStatus"},
    {"v1", "Namespace"},
    {"v1", "Node"},
    {"v1", "NodeProxyOptions"},
    {"v1", "PersistentVolume"},
});
static_assert(std::ranges::is_sorted(cluster_kinds));

constexpr auto namespaced_kinds = std::to_array<Scope>({
    {"apps/v1", "ControllerRevision"},
    {"apps/v1", "DaemonSet"},
    {"apps/v1", "Deployment"},
    {"apps/v1", "ReplicaSet"},
    {"apps/v1", "StatefulSet"},
    {"autoscaling/v1", "HorizontalPodAutoscaler"},
    {"autoscaling/v1", "Scale"},
    {"autoscaling/v2beta1", "HorizontalPodAutoscaler"},
    {"autoscaling/v2beta2", "HorizontalPodAutoscaler"},
    {"batch/v1", "CronJob"},
    {"batch/v1", "Job"},
    {"batch/v1beta1", "CronJob"},
    {"coordination.k8s.io/v1", "Lease"},
    {"coordination.k8s.io/v1beta1", "Lease"},
    {"discovery.k8s.io/v1", "EndpointSlice"},
    {"discovery.k8s.io/v1beta1", "EndpointSlice"},
    {"events.k8s.io/v1", "Event"},
    {"events.k8s.io/v1beta1", "Event"},
    {"extensions/v1beta1", "Ingress"},
    {"networking.k8s.io/v1", "Ingress"},
    {"networking.k8s.io/v1", "NetworkPolicy"},
    {"networking.k8s.io/v1beta1", "Ingress"},
    {"policy/v1", "PodDisruptionBudget"},
    {"policy/v1beta1", "PodDisruptionBudget"},
    {"rbac.authorization.k8s.io/v1", "Role"},
    {"rbac.authorization.k8s.io/v1", "RoleBinding"},
    {"rbac.authorization.k8s.io/v1beta1", "Role"},
    {"rbac.authorization.k8s.io/v1beta1", "RoleBinding"},
    {"storage.k8s.io/v1beta1", "CSIStorageCapacity"},
    {"v1", "ConfigMap"},
    {"v1", "Endpoints"},
    {"v1", "Event"},
    {"v1", "LimitRange"},
    {"v1", "PersistentVolumeClaim"},
    {"v1", "Pod"},
    {"v1", "PodAttachOptions"},
    {"v1", "PodExecOptions"},
    {"v1", "PodPortForwardOptions"},
    {"v1", "PodProxyOptions"},
    {"v1", "PodTemplate"},
    {"v1", "ReplicationController"},
    {"v1", "ResourceQuota"},
    {"v1", "Secret"},
    {"v1", "Service"},
    {"v1", "ServiceAccount"},
    {"v1", "ServiceProxyOptions"},
});
static_assert(std::ranges::is_sorted(namespaced_kinds));

constexpr auto first_kinds = std::to_array<std::string_view>({"Namespace",
                                                              "ResourceQuota",
                                                              "StorageClass",
                                                              "CustomResourceDefinition",
                                                              "ServiceAccount",
                                                              "PodSecurityPolicy",
                                                              "Role",
                                                              "ClusterRole",
                                                              "RoleBinding",
                                                              "ClusterRoleBinding",
                                                              "ConfigMap",
                                                              "Secret",
                                                              "Endpoints",
                                                              "Service",
                                                              "LimitRange",
                                                              "PriorityClass",
                                                              "PersistentVolume",
                                                              "PersistentVolumeClaim",
                                                              "Deployment",
                                                              "StatefulSet",
                                                              "CronJob",
                                                              "PodDisruptionBudget"});
constexpr auto last_kinds = std::to_array<std::string_view>(
    {"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"});

std::string_view or_else(std::string_view text, std::string_view absent) {
  return text.empty() ? absent : text;
}

}  // namespace

Gvk parse_gvk(std::string_view api_version, std::string_view kind) {
  const auto slash = api_version.find('/');
  if (slash == std::string_view::npos) {
    return {.group = {}, .version = std::string(api_version), .kind = std::string(kind)};
  }
  return {.group = std::string(api_version.substr(0, slash)),
          .version = std::string(api_version.substr(slash + 1)),
          .kind = std::string(kind)};
}

std::string api_version(const Gvk& gvk) {
  return gvk.group.empty() ? gvk.version : gvk.group + "/" + gvk.version;
}

std::string to_string(const Gvk& gvk) {
  return fmt::format("{}.{}.{}", or_else(gvk.kind, "[noKind]"), or_else(gvk.version, "[noVer]"),
                     or_else(gvk.group, "[noGrp]"));
}

bool is_selected(const Gvk& gvk, const Gvk& selector) {
  return (selector.kind.empty() || selector.kind == gvk.kind) &&
         (selector.group.empty() || selector.group == gvk.group) &&
         (selector.version.empty() || selector.version == gvk.version);
}

bool is_cluster_scoped(const Gvk& gvk) {
  const std::string version = api_version(gvk);
  return std::ranges::binary_search(cluster_kinds, Scope{version, gvk.kind});
}

bool is_known_kind(const Gvk& gvk) {
  const std::string version = api_version(gvk);
  return is_cluster_scoped(gvk) ||
         std::ranges::binary_search(namespaced_kinds, Scope{version, gvk.kind});
}

int kind_rank(std::string_view kind) {
  const auto first = std::ranges::find(first_kinds, kind);
  if (first != first_kinds.end()) return static_cast<int>(first - first_kinds.end());
  const auto last = std::ranges::find(last_kinds, kind);
  return last == last_kinds.end() ? 0 : static_cast<int>(last - last_kinds.begin()) + 1;
}

std::string sort_text(const Gvk& gvk) {
  return fmt::format("{}_{}_{}", or_else(gvk.group, "~G"), or_else(gvk.version, "~V"),
                     or_else(gvk.kind, "~K"));
}

bool sorts_before(const Gvk& a, const Gvk& b) {
  if (a.kind != b.kind) {
    const int rank_a = kind_rank(a.kind);
    const int rank_b = kind_rank(b.kind);
    if (rank_a != rank_b) return rank_a < rank_b;
  }
  // The texts' beginnings are the same then.
  if (a.group == b.group && a.version == b.version)
    return or_else(a.kind, "~K") < or_else(b.kind, "~K");
  return sort_text(a) < sort_text(b);
}

std::string_view ResourceId::effective_namespace() const {
  if (cluster_scoped) return no_namespace;
  return space.empty() ? std::string_view("default") : std::string_view(space);
}

std::string ResourceId::key() const {
  std::string out;
  const auto space_text = effective_namespace();
  out.reserve(gvk.group.size() + gvk.version.size() + gvk.kind.size() + name.size() +
              space_text.size() + 4);
  for (const std::string_view part : {std::string_view(gvk.group), std::string_view(gvk.version),
                                      std::string_view(gvk.kind), std::string_view(name)}) {
    out += part;
    out += '\0';  // no part can hold it: YAML has no such character
  }
  out += space_text;
  return out;
}

std::string to_string(const ResourceId& id) {
  return fmt::format("{}/{}.{}", to_string(id.gvk), or_else(id.name, "[noName]"),
                     or_else(id.space, "[noNs]"));
}

bool same(const ResourceId& a, const ResourceId& b) {
  return a.gvk == b.gvk && a.name == b.name && a.effective_namespace() == b.effective_namespace();
}

}  // namespace holdfast::kustomize
