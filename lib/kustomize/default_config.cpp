// SPDX-License-Identifier: Apache-2.0
// The field tables that kustomize 5.8.1 has built in. Most rows say the same of every workload
// kind, so they are made from the kind's way to its pod and the field inside the pod.
#include "kustomize/transformer_config.h"

#include <fmt/format.h>

#include <array>
#include <span>

namespace holdfast::kustomize {
namespace {

struct Workload {
  std::string_view version, kind;
  std::string_view pod;  // the way to the pod: "" or ending in '/'
};

constexpr Workload pod{"v1", "Pod", ""};
constexpr Workload pod_any{"", "Pod", ""};
constexpr Workload pod_template{"", "PodTemplate", "template/"};
constexpr Workload deployment{"", "Deployment", "spec/template/"};
constexpr Workload replica_set{"", "ReplicaSet", "spec/template/"};
constexpr Workload daemon_set{"", "DaemonSet", "spec/template/"};
constexpr Workload stateful_set{"", "StatefulSet", "spec/template/"};
constexpr Workload replication_controller{"", "ReplicationController", "spec/template/"};
constexpr Workload job{"", "Job", "spec/template/"};
constexpr Workload cron_job{"", "CronJob", "spec/jobTemplate/spec/template/"};

constexpr auto all_workloads = std::to_array<Workload>(
    {pod, pod_template, deployment, replica_set, daemon_set, stateful_set, job, cron_job});
constexpr auto some_workloads = std::to_array<Workload>(
    {pod_any, stateful_set, deployment, replication_controller, cron_job, job, daemon_set});
constexpr auto var_workloads = std::to_array<Workload>(
    {cron_job, daemon_set, deployment, job, pod_any, replica_set, stateful_set});

FieldSpec row(std::string_view path, std::string_view kind = {}, std::string_view group = {},
              std::string_view version = {}) {
  return {{std::string(group), std::string(version), std::string(kind)}, std::string(path), false};
}

FieldSpec made(FieldSpec spec) {
  spec.create = true;
  return spec;
}

void add_pod_fields(FieldSpecs& specs, std::span<const Workload> workloads,
                    std::span<const std::string_view> fields) {
  for (const auto& workload : workloads) {
    for (const auto field : fields) {
      specs.push_back(
          row(fmt::format("{}spec/{}", workload.pod, field), workload.kind, {}, workload.version));
    }
  }
}

NameReference reference(std::string_view kind, std::string_view group, std::string_view version,
                        FieldSpecs referrers) {
  return {.target = {std::string(group), std::string(version), std::string(kind)},
          .referrers = std::move(referrers)};
}

NameReference to_config_maps() {
  static constexpr auto fields = std::to_array<std::string_view>(
      {"volumes/configMap/name", "containers/env/valueFrom/configMapKeyRef/name",
       "initContainers/env/valueFrom/configMapKeyRef/name", "containers/envFrom/configMapRef/name",
       "initContainers/envFrom/configMapRef/name", "volumes/projected/sources/configMap/name"});
  FieldSpecs specs;
  add_pod_fields(specs, all_workloads, fields);
  specs.push_back(row("spec/configSource/configMap", "Node"));
  specs.push_back(row("rules/resourceNames", "Role"));
  specs.push_back(row("rules/resourceNames", "ClusterRole"));
  specs.push_back(row("metadata/annotations/nginx.ingress.kubernetes.io\\/fastcgi-params-configmap",
                      "Ingress"));
  return reference("ConfigMap", "", "v1", std::move(specs));
}

NameReference to_secrets() {
  static constexpr auto fields = std::to_array<std::string_view>(
      {"volumes/secret/secretName", "containers/env/valueFrom/secretKeyRef/name",
       "initContainers/env/valueFrom/secretKeyRef/name", "containers/envFrom/secretRef/name",
       "initContainers/envFrom/secretRef/name", "imagePullSecrets/name",
       "volumes/projected/sources/secret/name"});
  FieldSpecs specs;
  add_pod_fields(specs, all_workloads, fields);
  specs.push_back(row("spec/tls/secretName", "Ingress"));
  for (const std::string_view key :
       {"ingress.kubernetes.io\\/auth-secret", "nginx.ingress.kubernetes.io\\/auth-secret",
        "nginx.ingress.kubernetes.io\\/auth-tls-secret"}) {
    specs.push_back(row(fmt::format("metadata/annotations/{}", key), "Ingress"));
  }
  specs.push_back(row("imagePullSecrets/name", "ServiceAccount"));
  for (const std::string_view key :
       {"secretName", "adminSecretName", "userSecretName", "secretRef"}) {
    specs.push_back(row(fmt::format("parameters/{}", key), "StorageClass"));
  }
  specs.push_back(row("rules/resourceNames", "Role"));
  specs.push_back(row("rules/resourceNames", "ClusterRole"));
  specs.push_back(row("spec/template/spec/containers/env/valueFrom/secretKeyRef/name", "Service",
                      "serving.knative.dev", "v1"));
  specs.push_back(row("spec/azureFile/secretName", "PersistentVolume"));
  return reference("Secret", "", "v1", std::move(specs));
}

NameReference to_services() {
  FieldSpecs specs;
  specs.push_back(row("spec/serviceName", "StatefulSet", "apps"));
  for (const std::string_view path :
       {"spec/rules/http/paths/backend/serviceName", "spec/backend/serviceName",
        "spec/rules/http/paths/backend/service/name", "spec/defaultBackend/service/name"}) {
    specs.push_back(row(path, "Ingress"));
  }
  specs.push_back(row("spec/service/name", "APIService", "apiregistration.k8s.io"));
  for (const std::string_view kind :
       {"ValidatingWebhookConfiguration", "MutatingWebhookConfiguration"}) {
    specs.push_back(row("webhooks/clientConfig/service", kind, "admissionregistration.k8s.io"));
  }
  return reference("Service", "", "v1", std::move(specs));
}

NameReference to_pod_field(std::string_view kind, std::string_view group, std::string_view field) {
  FieldSpecs specs;
  if (kind == "ServiceAccount") {
    specs.push_back(row("subjects", "RoleBinding", "rbac.authorization.k8s.io"));
    specs.push_back(row("subjects", "ClusterRoleBinding", "rbac.authorization.k8s.io"));
  }
  add_pod_fields(specs, some_workloads, std::array{field});
  return reference(kind, group, "v1", std::move(specs));
}

std::vector<NameReference> name_references() {
  constexpr std::string_view rbac = "rbac.authorization.k8s.io";
  std::vector<NameReference> out;
  for (const std::string_view kind :
       {"Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"}) {
    out.push_back(
        reference(kind, "", "", {row("spec/scaleTargetRef/name", "HorizontalPodAutoscaler")}));
  }
  out.push_back(to_config_maps());
  out.push_back(to_secrets());
  out.push_back(to_services());
  out.push_back(reference("Role", rbac, "", {row("roleRef/name", "RoleBinding", rbac)}));
  out.push_back(reference(
      "ClusterRole", rbac, "",
      {row("roleRef/name", "RoleBinding", rbac), row("roleRef/name", "ClusterRoleBinding", rbac)}));
  out.push_back(to_pod_field("ServiceAccount", "", "serviceAccountName"));
  out.push_back(
      to_pod_field("PersistentVolumeClaim", "", "volumes/persistentVolumeClaim/claimName"));
  out.push_back(reference("PersistentVolume", "", "v1",
                          {row("spec/volumeName", "PersistentVolumeClaim"),
                           row("rules/resourceNames", "ClusterRole")}));
  out.push_back(reference("StorageClass", "storage.k8s.io", "v1",
                          {row("spec/storageClassName", "PersistentVolume"),
                           row("spec/storageClassName", "PersistentVolumeClaim"),
                           row("spec/volumeClaimTemplates/spec/storageClassName", "StatefulSet")}));
  out.push_back(to_pod_field("PriorityClass", "scheduling.k8s.io", "priorityClassName"));
  // The group has a version in it upstream, so that this row fits no IngressClass; kept as it is.
  out.push_back(reference("IngressClass", "networking.k8s.io/v1", "v1",
                          {row("spec/ingressClassName", "Ingress")}));
  out.push_back(reference("ValidatingAdmissionPolicy", "admissionregistration.k8s.io", "",
                          {row("spec/policyName", "ValidatingAdmissionPolicyBinding")}));
  return out;
}

FieldSpecs metadata_labels() {
  return {made(row("metadata/labels")),
          made(row("spec/template/metadata/labels", "ReplicationController", {}, "v1")),
          made(row("spec/template/metadata/labels", "Deployment")),
          made(row("spec/template/metadata/labels", "ReplicaSet")),
          made(row("spec/template/metadata/labels", "DaemonSet")),
          made(row("spec/template/metadata/labels", "StatefulSet", "apps")),
          made(row("spec/volumeClaimTemplates[]/metadata/labels", "StatefulSet", "apps")),
          made(row("spec/template/metadata/labels", "Job", "batch")),
          made(row("spec/jobTemplate/metadata/labels", "CronJob", "batch")),
          made(row("spec/jobTemplate/spec/template/metadata/labels", "CronJob", "batch"))};
}

FieldSpecs selector_labels() {
  FieldSpecs specs{made(row("spec/selector", "Service", {}, "v1")),
                   made(row("spec/selector", "ReplicationController", {}, "v1")),
                   made(row("spec/selector/matchLabels", "Deployment")),
                   made(row("spec/selector/matchLabels", "ReplicaSet")),
                   made(row("spec/selector/matchLabels", "DaemonSet")),
                   made(row("spec/selector/matchLabels", "StatefulSet", "apps"))};
  for (const std::string_view kind : {"Deployment", "StatefulSet"}) {
    for (const std::string_view affinity : {"podAffinity", "podAntiAffinity"}) {
      const auto base = fmt::format("spec/template/spec/affinity/{}/", affinity);
      specs.push_back(row(base + "preferredDuringSchedulingIgnoredDuringExecution/podAffinityTerm/"
                                 "labelSelector/matchLabels",
                          kind, "apps"));
      specs.push_back(
          row(base + "requiredDuringSchedulingIgnoredDuringExecution/labelSelector/matchLabels",
              kind, "apps"));
    }
    specs.push_back(row("spec/template/spec/topologySpreadConstraints/labelSelector/matchLabels",
                        kind, "apps"));
  }
  specs.push_back(row("spec/selector/matchLabels", "Job", "batch"));
  specs.push_back(row("spec/jobTemplate/spec/selector/matchLabels", "CronJob", "batch"));
  specs.push_back(row("spec/selector/matchLabels", "PodDisruptionBudget", "policy"));
  for (const std::string_view path :
       {"spec/podSelector", "spec/ingress/from/podSelector", "spec/egress/to/podSelector"}) {
    specs.push_back(row(fmt::format("{}/matchLabels", path), "NetworkPolicy", "networking.k8s.io"));
  }
  for (auto& spec : metadata_labels())
    specs.push_back(std::move(spec));
  return specs;
}

FieldSpecs annotations() {
  return {made(row("metadata/annotations")),
          made(row("spec/template/metadata/annotations", "ReplicationController", {}, "v1")),
          made(row("spec/template/metadata/annotations", "Deployment")),
          made(row("spec/template/metadata/annotations", "ReplicaSet")),
          made(row("spec/template/metadata/annotations", "DaemonSet")),
          made(row("spec/template/metadata/annotations", "StatefulSet")),
          made(row("spec/template/metadata/annotations", "Job", "batch")),
          made(row("spec/jobTemplate/metadata/annotations", "CronJob", "batch")),
          made(row("spec/jobTemplate/spec/template/metadata/annotations", "CronJob", "batch"))};
}

FieldSpecs var_references() {
  static constexpr auto fields = std::to_array<std::string_view>(
      {"containers/args", "containers/command", "containers/env/value",
       "containers/volumeMounts/mountPath", "initContainers/args", "initContainers/command",
       "initContainers/env/value", "initContainers/volumeMounts/mountPath"});
  FieldSpecs specs;
  add_pod_fields(specs, var_workloads, fields);
  // Two of these paths lead nowhere in a real object; they are what the tool has.
  specs.push_back(row("spec/jobTemplate/spec/template/volumes/nfs/server", "CronJob"));
  specs.push_back(row("spec/volumeClaimTemplates/spec/nfs/server", "StatefulSet"));
  for (const std::string_view kind : {"DaemonSet", "Deployment", "Job", "ReplicaSet"}) {
    specs.push_back(row("spec/template/spec/volumes/nfs/server", kind));
  }
  specs.push_back(row("spec/volumes/nfs/server", "Pod"));
  specs.push_back(row("spec/template/metadata/annotations", "Deployment"));
  for (const std::string_view path : {"spec/rules/host", "spec/tls/hosts", "spec/tls/secretName"}) {
    specs.push_back(row(path, "Ingress"));
  }
  specs.push_back(row("spec/ports/port", "Service"));
  specs.push_back(row("spec/ports/targetPort", "Service"));
  specs.push_back(row("spec/nfs/server", "PersistentVolume"));
  specs.push_back(row("metadata/labels"));
  specs.push_back(row("metadata/annotations"));
  return specs;
}

template <class Rows>
Rows sorted(Rows rows) {
  sort_fields(rows);
  return rows;
}

FieldSpecs spaces() {
  return {made(row("metadata/name", "Namespace")),
          made(row("spec/service/namespace", "APIService", "apiregistration.k8s.io")),
          row("spec/conversion/webhook/clientConfig/service/namespace", "CustomResourceDefinition",
              "apiextensions.k8s.io")};
}

FieldSpecs images() {
  FieldSpecs specs;
  for (const std::string_view base : {"spec/", "spec/template/spec/"}) {
    for (const std::string_view field :
         {"containers[]/image", "initContainers[]/image", "volumes[]/image/reference"}) {
      specs.push_back(made(row(fmt::format("{}{}", base, field))));
    }
  }
  return specs;
}

FieldSpecs replicas() {
  FieldSpecs specs;
  for (const std::string_view kind :
       {"Deployment", "ReplicationController", "ReplicaSet", "StatefulSet"}) {
    specs.push_back(made(row("spec/replicas", kind)));
  }
  return specs;
}

FieldSpecs names() {
  return {row("metadata/name")};
}

// What `make` makes, once.
template <class Rows, Rows (*make)()>
const Rows& built_in() {
  static const Rows rows = sorted(make());
  return rows;
}

}  // namespace

SharedConfig default_config() {
  static const SharedConfig config = [] {
    auto out = std::make_shared<TransformerConfig>();
    out->name_prefix = out->name_suffix = built_in<FieldSpecs, names>;
    out->space = built_in<FieldSpecs, spaces>;
    out->common_labels = built_in<FieldSpecs, selector_labels>;
    out->template_labels = built_in<FieldSpecs, metadata_labels>;
    out->common_annotations = built_in<FieldSpecs, annotations>;
    out->name_references = built_in<std::vector<NameReference>, name_references>;
    out->var_references = built_in<FieldSpecs, var_references>;
    out->images = built_in<FieldSpecs, images>;
    out->replicas = built_in<FieldSpecs, replicas>;
    return SharedConfig(std::move(out));
  }();
  return config;
}

}  // namespace holdfast::kustomize
