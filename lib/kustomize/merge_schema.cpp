// SPDX-License-Identifier: Apache-2.0
#include "kustomize/merge_schema.h"

#include "base/text.h"

#include <fmt/format.h>

#include <array>
#include <initializer_list>

namespace holdfast::kustomize {

const SchemaNode* SchemaNode::field(std::string_view name) const {
  const auto found = fields.find(name);
  return found != fields.end() ? found->second : others;
}

const SchemaNode* MergeSchema::find(std::string_view api_version, std::string_view kind) const {
  const auto found = kinds_.find(fmt::format("{}/{}", api_version, kind));
  return found == kinds_.end() ? nullptr : found->second;
}

// Kubernetes 1.21.2, by shape: most kinds have nothing but their metadata.
class BuiltInSchema {
 public:
  explicit BuiltInSchema(MergeSchema& schema) : schema_(schema) {}

  void build() {
    metadata_ = map({{"ownerReferences", list({"uid"})}, {"finalizers", list({})}});
    conditions_ = map({{"conditions", list({"type"})}});
    template_ = map({{"metadata", metadata_}, {"spec", pod_spec()}});
    schema_.definitions_.emplace("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", metadata_);
    schema_.definitions_.emplace("io.k8s.api.core.v1.PodTemplateSpec", template_);
    schema_.definitions_.emplace("io.k8s.api.core.v1.PodSpec", template_->field("spec"));
    schema_.definitions_.emplace("io.k8s.api.core.v1.Container",
                                 template_->field("spec")->field("containers")->elements);
    plain_kinds();
    workloads();
    others();
  }

 private:
  using Fields = std::initializer_list<std::pair<std::string_view, const SchemaNode*>>;

  const SchemaNode* map(Fields fields) {
    auto& node = schema_.make();
    for (const auto& [name, child] : fields)
      node.fields.emplace(name, child);
    return &node;
  }

  const SchemaNode* list(std::initializer_list<std::string_view> keys,
                         const SchemaNode* elements = nullptr) {
    auto& node = schema_.make();
    node.merges = true;
    node.elements = elements;
    for (const auto key : keys)
      node.keys.emplace_back(key);
    return &node;
  }

  // A list that is replaced, of elements that hold merged lists.
  const SchemaNode* replaced(const SchemaNode* elements) {
    auto& node = schema_.make();
    node.elements = elements;
    return &node;
  }

  const SchemaNode* container(std::initializer_list<std::string_view> port_keys) {
    auto& node = schema_.make();
    node.fields.emplace("env", list({"name"}));
    node.fields.emplace("volumeDevices", list({"devicePath"}));
    node.fields.emplace("volumeMounts", list({"mountPath"}));
    if (port_keys.size() > 0) node.fields.emplace("ports", list(port_keys));
    return &node;
  }

  const SchemaNode* pod_spec() {
    const auto* claim =
        map({{"ephemeral", map({{"volumeClaimTemplate", map({{"metadata", metadata_}})}})}});
    const auto* main = container({"containerPort", "protocol"});
    const auto* ephemeral = container({});
    return map({{"containers", list({"name"}, main)},
                {"initContainers", list({"name"}, main)},
                {"ephemeralContainers", list({"name"}, ephemeral)},
                {"hostAliases", list({"ip"})},
                {"imagePullSecrets", list({"name"})},
                {"topologySpreadConstraints", list({"topologyKey", "whenUnsatisfiable"})},
                {"volumes", list({"name"}, claim)}});
  }

  void add(std::string_view api_version, std::string_view kind, const SchemaNode* node) {
    schema_.kinds_.emplace(fmt::format("{}/{}", api_version, kind), node);
  }

  void plain_kinds() {
    struct Group {
      std::string_view versions, kinds;
    };

    static constexpr auto groups = std::to_array<Group>({
        {"v1",
         "Binding ConfigMap Endpoints Event LimitRange PersistentVolume ResourceQuota Secret"},
        {"apiextensions.k8s.io/v1 apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"},
        {"apps/v1", "ControllerRevision"},
        {"authentication.k8s.io/v1", "TokenRequest TokenReview"},
        {"authentication.k8s.io/v1beta1", "TokenReview"},
        {"authorization.k8s.io/v1 authorization.k8s.io/v1beta1",
         "LocalSubjectAccessReview SelfSubjectAccessReview SelfSubjectRulesReview "
         "SubjectAccessReview"},
        {"autoscaling/v1", "Scale"},
        {"autoscaling/v1 autoscaling/v2beta1 autoscaling/v2beta2", "HorizontalPodAutoscaler"},
        {"certificates.k8s.io/v1 certificates.k8s.io/v1beta1", "CertificateSigningRequest"},
        {"coordination.k8s.io/v1 coordination.k8s.io/v1beta1", "Lease"},
        {"discovery.k8s.io/v1 discovery.k8s.io/v1beta1", "EndpointSlice"},
        {"events.k8s.io/v1 events.k8s.io/v1beta1", "Event"},
        {"extensions/v1beta1", "Ingress"},
        {"flowcontrol.apiserver.k8s.io/v1beta1", "FlowSchema PriorityLevelConfiguration"},
        {"networking.k8s.io/v1", "NetworkPolicy"},
        {"networking.k8s.io/v1 networking.k8s.io/v1beta1", "Ingress IngressClass"},
        {"node.k8s.io/v1 node.k8s.io/v1beta1", "RuntimeClass"},
        {"policy/v1beta1", "Eviction PodSecurityPolicy"},
        {"rbac.authorization.k8s.io/v1 rbac.authorization.k8s.io/v1beta1",
         "ClusterRole ClusterRoleBinding Role RoleBinding"},
        {"scheduling.k8s.io/v1 scheduling.k8s.io/v1beta1", "PriorityClass"},
        {"storage.k8s.io/v1 storage.k8s.io/v1beta1", "CSIDriver StorageClass VolumeAttachment"},
        {"storage.k8s.io/v1beta1", "CSIStorageCapacity"},
    });
    const auto* plain = map({{"metadata", metadata_}});
    for (const auto& [versions, kinds] : groups) {
      for (const auto version : split(versions, ' ')) {
        for (const auto kind : split(kinds, ' '))
          add(version, kind, plain);
      }
    }
  }

  void workloads() {
    const auto* workload = map({{"metadata", metadata_},
                                {"spec", map({{"template", template_}})},
                                {"status", conditions_}});
    for (const std::string_view kind : {"DaemonSet", "ReplicaSet", "Deployment"})
      add("apps/v1", kind, workload);
    add("batch/v1", "Job", workload);
    add("v1", "ReplicationController", workload);
    const auto* claim = map({{"metadata", metadata_}, {"status", conditions_}});
    add("apps/v1", "StatefulSet",
        map({{"metadata", metadata_},
             {"spec", map({{"template", template_}, {"volumeClaimTemplates", replaced(claim)}})},
             {"status", conditions_}}));
    const auto* job = map({{"metadata", metadata_}, {"spec", map({{"template", template_}})}});
    const auto* cron_job = map({{"metadata", metadata_}, {"spec", map({{"jobTemplate", job}})}});
    add("batch/v1", "CronJob", cron_job);
    add("batch/v1beta1", "CronJob", cron_job);
    add("v1", "Pod",
        map({{"metadata", metadata_},
             {"spec", pod_spec()},
             {"status", map({{"conditions", list({"type"})}, {"podIPs", list({"ip"})}})}}));
    add("v1", "PodTemplate", map({{"metadata", metadata_}, {"template", template_}}));
  }

  void others() {
    const auto* with_status = map({{"metadata", metadata_}, {"status", conditions_}});
    add("v1", "Namespace", with_status);
    add("v1", "PersistentVolumeClaim", with_status);
    for (const std::string_view version : {"v1", "v1beta1"}) {
      add(fmt::format("apiregistration.k8s.io/{}", version), "APIService", with_status);
      add(fmt::format("policy/{}", version), "PodDisruptionBudget", with_status);
      add(fmt::format("storage.k8s.io/{}", version), "CSINode",
          map({{"metadata", metadata_}, {"spec", map({{"drivers", list({"name"})}})}}));
      for (const std::string_view kind :
           {"MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"}) {
        add(fmt::format("admissionregistration.k8s.io/{}", version), kind,
            map({{"metadata", metadata_}, {"webhooks", list({"name"})}}));
      }
    }
    add("v1", "ComponentStatus", map({{"metadata", metadata_}, {"conditions", list({"type"})}}));
    add("v1", "Node",
        map({{"metadata", metadata_},
             {"spec", map({{"podCIDRs", list({})}})},
             {"status", map({{"addresses", list({"type"})}, {"conditions", list({"type"})}})}}));
    add("v1", "Service",
        map({{"metadata", metadata_},
             {"spec", map({{"ports", list({"port", "protocol"})}})},
             {"status", conditions_}}));
    add("v1", "ServiceAccount", map({{"metadata", metadata_}, {"secrets", list({"name"})}}));
  }

  MergeSchema& schema_;
  const SchemaNode* metadata_ = nullptr;
  const SchemaNode* conditions_ = nullptr;
  const SchemaNode* template_ = nullptr;
};

std::shared_ptr<const MergeSchema> MergeSchema::built_in() {
  static const std::shared_ptr<const MergeSchema> schema = [] {
    auto made = std::make_shared<MergeSchema>();
    BuiltInSchema(*made).build();
    return made;
  }();
  return schema;
}

// Follows "$ref" into "definitions"; a definition that refers to itself becomes a cycle of nodes.
class OpenApiReader {
 public:
  OpenApiReader(MergeSchema& schema, const Object& definitions, const MergeSchema* first)
      : schema_(schema), definitions_(definitions), first_(first) {}

  void read() {
    for (const auto& [name, definition] : definitions_) {
      const Value* kinds = definition.find("x-kubernetes-group-version-kind");
      const Array* list = kinds == nullptr ? nullptr : kinds->as_array();
      if (list == nullptr) continue;
      for (const auto& entry : *list) {
        const Gvk gvk{std::string(entry.text({"group"})), std::string(entry.text({"version"})),
                      std::string(entry.text({"kind"}))};
        schema_.kinds_.insert_or_assign(fmt::format("{}/{}", api_version(gvk), gvk.kind),
                                        named(name));
      }
    }
  }

 private:
  const SchemaNode* named(std::string_view name) {
    if (const auto found = named_.find(name); found != named_.end()) return found->second;
    if (first_ != nullptr) {
      const auto known = first_->definitions_.find(name);
      if (known != first_->definitions_.end()) return known->second;
    }
    const Value* definition = definitions_.find(name);
    if (definition == nullptr) {
      const auto below = schema_.definitions_.find(name);
      return below == schema_.definitions_.end() ? nullptr : below->second;
    }
    auto& node = schema_.make();
    named_.emplace(name, &node);
    fill(node, *definition);
    return &node;
  }

  const SchemaNode* child(const Value& schema) {
    if (const auto reference = schema.text({"$ref"}); !reference.empty()) {
      return named(base_name(reference));
    }
    auto& node = schema_.make();
    fill(node, schema);
    return &node;
  }

  void fill(SchemaNode& node, const Value& schema) {
    if (const Value* properties = schema.find("properties");
        properties != nullptr && properties->is_object()) {
      for (const auto& [name, property] : *properties->as_object())
        node.fields.emplace(name, child(property));
    }
    if (const Value* more = schema.find("additionalProperties");
        more != nullptr && more->is_object())
      node.others = child(*more);
    if (const Value* items = schema.find("items"); items != nullptr && items->is_object())
      node.elements = child(*items);
    for (const auto strategy : split(schema.text({"x-kubernetes-patch-strategy"}), ','))
      node.merges |= strategy == "merge";
    const Value* keys = schema.find("x-kubernetes-list-map-keys");
    if (keys != nullptr && keys->is_array()) {
      for (const auto& key : *keys->as_array()) {
        if (key.is_string()) node.keys.push_back(*key.as_string());
      }
    } else if (const auto key = schema.text({"x-kubernetes-patch-merge-key"}); !key.empty()) {
      node.keys.emplace_back(key);
    }
  }

  MergeSchema& schema_;
  const Object& definitions_;
  const MergeSchema* first_;  // its definitions win
  std::map<std::string, const SchemaNode*, std::less<>> named_;
};

std::shared_ptr<const MergeSchema> MergeSchema::read(const Value& document, BuiltIn built_in) {
  const Value* definitions = document.find("definitions");
  auto made = std::make_shared<MergeSchema>();
  if (built_in != BuiltIn::absent) {
    made->base_ = MergeSchema::built_in();
    made->definitions_ = made->base_->definitions_;
    made->kinds_ = made->base_->kinds_;
  }
  if (definitions != nullptr && definitions->is_object()) {
    const MergeSchema* first = built_in == BuiltIn::precedes ? made->base_.get() : nullptr;
    OpenApiReader(*made, *definitions->as_object(), first).read();
  }
  if (built_in == BuiltIn::precedes) {
    for (const auto& [kind, node] : made->base_->kinds_)
      made->kinds_.insert_or_assign(kind, node);
  }
  return made;
}

}  // namespace holdfast::kustomize
