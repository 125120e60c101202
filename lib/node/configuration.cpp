// SPDX-License-Identifier: Apache-2.0
#include "node/configuration.h"

#include <fmt/format.h>

#include <algorithm>

#include "crypto/digest.h"
#include "value/json.h"

namespace holdfast::node {

bool Settings::works_around(Workaround workaround) const {
  return std::ranges::find(workarounds, workaround) != workarounds.end();
}

std::string Settings::api() const { return fmt::format("https://{}:{}", address, ports.api); }

namespace {

std::string in(const Settings& settings, std::string_view path) {
  return fmt::format("{}/{}", settings.layout.inside, path);
}

std::string containerd_configuration(const Settings& settings) {
  return fmt::format(
      R"(version = 3
root = "{0}/data/containerd"
state = "{0}/run/containerd"
# No checkpoint, image verifier or device plugin of the host reaches into this node.
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.internal.v1.opt", "io.containerd.internal.v1.tracing", "io.containerd.tracing.processor.v1.otlp"]

[grpc]
  address = "{0}/run/containerd.sock"

[ttrpc]
  address = "{0}/run/containerd.sock.ttrpc"

[plugins."io.containerd.shim.v1.manager"]
  socket_dir = "{0}/run/s"

[plugins."io.containerd.cri.v1.images".pinned_images]
  sandbox = "{1}"

[plugins."io.containerd.cri.v1.images".registry]
  config_path = "{0}/conf/registry"

[plugins."io.containerd.cri.v1.runtime"]
  netns_mounts_under_state_dir = true
  restrict_oom_score_adj = {2}

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"

[plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
  BinaryName = "{0}/bin/runc"
  Root = "{0}/run/runc"

[plugins."io.containerd.cri.v1.runtime".cni]
  bin_dirs = ["{0}/cni"]
  conf_dir = "{0}/conf/cni"
)",
      settings.layout.inside, pause_image, settings.works_around(Workaround::oom_score));
}

Value kubelet_configuration(const Settings& settings) {
  Object configuration{
      {"apiVersion", "kubelet.config.k8s.io/v1beta1"},
      {"authentication",
       Object{{"anonymous", Object{{"enabled", false}}},
              {"webhook", Object{{"enabled", true}}},
              {"x509", Object{{"clientCAFile", in(settings, "pki/ca.crt")}}}}},
      {"authorization", Object{{"mode", "Webhook"}}},
      {"cgroupDriver", "cgroupfs"},
      {"cgroupRoot", settings.cgroup},
      {"clusterDNS", Array{dns_address}},
      {"clusterDomain", "cluster.local"},
      {"containerRuntimeEndpoint", "unix://" + in(settings, "run/containerd.sock")},
      // Amounts, not shares: an evicted pod has no other node to go to, and a tenth of a large disk that is
      // shared with others says nothing about whether this node can work.
      {"evictionHard", Object{{"imagefs.available", "256Mi"},
                              {"imagefs.inodesFree", "1%"},
                              {"memory.available", "100Mi"},
                              {"nodefs.available", "256Mi"},
                              {"nodefs.inodesFree", "1%"}}},
      {"failSwapOn", false},
      // Images come from bundles, not registries: what the kubelet would collect could not be pulled again.
      {"imageGCHighThresholdPercent", 100},
      {"kind", "KubeletConfiguration"},
      {"makeIPTablesUtilChains", false},
      {"podLogsDir", in(settings, "log/pods")},
      {"resolvConf", ""},
      {"serverTLSBootstrap", false},
      {"tlsCertFile", in(settings, "pki/kubelet.crt")},
      {"tlsPrivateKeyFile", in(settings, "pki/kubelet.key")},
  };
  if (settings.works_around(Workaround::cgroup_v1)) configuration.set("failCgroupV1", false);
  if (settings.works_around(Workaround::no_pod_cgroups)) {
    configuration.set("cgroupsPerQOS", false);
    configuration.set("enforceNodeAllocatable", Array{});
  }
  return configuration;
}

Value proxy_configuration(const Settings& settings) {
  return Object{
      {"apiVersion", "kubeproxy.config.k8s.io/v1alpha1"},
      {"clientConnection", Object{{"kubeconfig", in(settings, "conf/proxy.conf")}}},
      {"clusterCIDR", pod_cidr},
      // The node's conntrack table belongs to the machine: kube-proxy leaves its size alone.
      {"conntrack", Object{{"maxPerCore", 0}, {"min", 0}}},
      {"hostnameOverride", settings.node_name},
      {"kind", "KubeProxyConfiguration"},
      {"mode", "nftables"},
  };
}

Value pod_network(const Settings& settings) {
  Array ranges;
  ranges.emplace_back(Array{Object{{"subnet", node_pod_cidr}}});
  const Object ipam{{"type", "host-local"},
                    {"dataDir", in(settings, "data/ipam")},
                    {"ranges", std::move(ranges)},
                    {"routes", Array{Object{{"dst", "0.0.0.0/0"}}}}};
  return Object{{"cniVersion", "1.0.0"},
                {"name", "holdfast"},
                {"plugins", Array{Object{{"type", "bridge"},
                                         {"bridge", pod_bridge},
                                         {"isGateway", true},
                                         {"hairpinMode", true},
                                         {"ipMasq", false},
                                         {"ipam", ipam}},
                                  Object{{"type", "portmap"},
                                         {"backend", "nftables"},
                                         {"capabilities", Object{{"portMappings", true}}}}}}};
}

std::string corefile(const Settings& settings) {
  const std::string elsewhere =
      settings.dns_forward.empty()
          // Nothing is asked outside: a name that the cluster does not know does not exist.
          ? "    template ANY ANY {\n        rcode NXDOMAIN\n    }\n"
          : fmt::format("    forward . {}\n    cache 30\n    loop\n", settings.dns_forward);
  // Two blocks because `template` stands before `kubernetes` in CoreDNS's fixed order of plugins.
  return "cluster.local:53 in-addr.arpa:53 ip6.arpa:53 {\n    errors\n    health {\n        lameduck 5s\n    }\n"
         "    ready\n    kubernetes cluster.local in-addr.arpa ip6.arpa {\n        pods insecure\n"
         "        ttl 30\n    }\n    prometheus :9153\n    cache 30\n    reload\n    loadbalance\n}\n"
         ".:53 {\n    errors\n" +
         elsewhere + "}\n";
}

Object named(std::string_view name, std::string_view name_space) {
  Object metadata{{"labels", Object{{"k8s-app", "kube-dns"}}}, {"name", name}};
  if (!name_space.empty()) metadata.set("namespace", name_space);
  return metadata;
}

Object probe(std::string_view path, int port, int period_seconds) {
  return Object{{"failureThreshold", 5},
                {"httpGet", Object{{"path", path}, {"port", port}}},
                {"periodSeconds", period_seconds}};
}

Object port(std::string_view name, int number, std::string_view protocol) {
  return Object{{"name", name}, {"port", number}, {"protocol", protocol}};
}

Object container_port(std::string_view name, int number, std::string_view protocol) {
  return Object{{"containerPort", number}, {"name", name}, {"protocol", protocol}};
}

Object dns_container() {
  return Object{
      {"args", Array{"-conf", "/etc/coredns/Corefile"}},
      {"image", coredns_image},
      {"imagePullPolicy", "IfNotPresent"},
      {"livenessProbe", probe("/health", 8080, 10)},
      {"name", "coredns"},
      {"ports", Array{container_port("dns", 53, "UDP"), container_port("dns-tcp", 53, "TCP"),
                      container_port("metrics", 9153, "TCP")}},
      {"readinessProbe", probe("/ready", 8181, 1)},
      {"resources", Object{{"limits", Object{{"memory", "170Mi"}}},
                           {"requests", Object{{"cpu", "10m"}, {"memory", "30Mi"}}}}},
      {"securityContext", Object{{"allowPrivilegeEscalation", false},
                                 {"capabilities", Object{{"add", Array{"NET_BIND_SERVICE"}},
                                                         {"drop", Array{"ALL"}}}},
                                 {"readOnlyRootFilesystem", true}}},
      {"volumeMounts", Array{Object{{"mountPath", "/etc/coredns"}, {"name", "config"}}}}};
}

Object dns_deployment(const Settings& settings) {
  const Object labels{{"k8s-app", "kube-dns"}};
  const Object config{{"configMap", Object{{"name", "coredns"}}}, {"name", "config"}};
  const Object pod{{"containers", Array{dns_container()}},
                   {"dnsPolicy", "Default"},
                   {"priorityClassName", "system-cluster-critical"},
                   {"serviceAccountName", "coredns"},
                   {"tolerations", Array{Object{{"operator", "Exists"}}}},
                   {"volumes", Array{config}}};
  // Another Corefile starts another pod: the reload of a mounted one takes up to two minutes.
  const Object annotations{{"holdfast.dev/corefile", crypto::sha256(corefile(settings)).hex()}};
  return Object{{"apiVersion", "apps/v1"},
                {"kind", "Deployment"},
                {"metadata", named("coredns", "kube-system")},
                {"spec", Object{{"replicas", 1},
                                {"selector", Object{{"matchLabels", labels}}},
                                {"template", Object{{"metadata", Object{{"annotations", annotations},
                                                                        {"labels", labels}}},
                                                    {"spec", pod}}}}}};
}

Array dns_rights() {
  const Array verbs{"list", "watch"};
  const Object role{
      {"apiVersion", "rbac.authorization.k8s.io/v1"},
      {"kind", "ClusterRole"},
      {"metadata", named("system:coredns", "")},
      {"rules", Array{Object{{"apiGroups", Array{""}},
                             {"resources", Array{"endpoints", "services", "pods", "namespaces"}},
                             {"verbs", verbs}},
                      Object{{"apiGroups", Array{"discovery.k8s.io"}},
                             {"resources", Array{"endpointslices"}},
                             {"verbs", verbs}}}}};
  const Object binding{{"apiVersion", "rbac.authorization.k8s.io/v1"},
                       {"kind", "ClusterRoleBinding"},
                       {"metadata", named("system:coredns", "")},
                       {"roleRef", Object{{"apiGroup", "rbac.authorization.k8s.io"},
                                          {"kind", "ClusterRole"},
                                          {"name", "system:coredns"}}},
                       {"subjects", Array{Object{{"kind", "ServiceAccount"},
                                                 {"name", "coredns"},
                                                 {"namespace", "kube-system"}}}}};
  return Array{role, binding};
}

}  // namespace

std::vector<ConfigurationFile> render_configuration(const Settings& settings) {
  if (settings.simulated) {
    return {{"kwok.yaml", settings.stages.empty() ? render_stages() : settings.stages}};
  }
  return {{"containerd.toml", containerd_configuration(settings)},
          {"kubelet.json", json::write_indented(kubelet_configuration(settings))},
          {"proxy.json", json::write_indented(proxy_configuration(settings))},
          {"cni/10-holdfast.conflist", json::write_indented(pod_network(settings))},
          // Our own images come from bundles only: nobody outside is asked for one that is missing.
          {"registry/holdfast.local/hosts.toml", "server = \"http://127.0.0.1:9\"\n"}};
}

std::string render_firewall() {
  return fmt::format(
      "add table ip holdfast-node\n"
      "delete table ip holdfast-node\n"
      "table ip holdfast-node {{\n"
      "  chain postrouting {{\n"
      "    type nat hook postrouting priority srcnat; policy accept;\n"
      "    ip saddr {} ip daddr != {} oifname != \"{}\" masquerade\n"
      "  }}\n"
      "}}\n",
      node_pod_cidr, pod_cidr, pod_bridge);
}

Value render_dns(const Settings& settings) {
  Array items{Object{{"apiVersion", "v1"},
                     {"kind", "ServiceAccount"},
                     {"metadata", named("coredns", "kube-system")}},
              Object{{"apiVersion", "v1"},
                     {"data", Object{{"Corefile", corefile(settings)}}},
                     {"kind", "ConfigMap"},
                     {"metadata", named("coredns", "kube-system")}},
              dns_deployment(settings),
              Object{{"apiVersion", "v1"},
                     {"kind", "Service"},
                     {"metadata", named("kube-dns", "kube-system")},
                     {"spec", Object{{"clusterIP", dns_address},
                                     {"ports", Array{port("dns", 53, "UDP"), port("dns-tcp", 53, "TCP"),
                                                     port("metrics", 9153, "TCP")}},
                                     {"selector", Object{{"k8s-app", "kube-dns"}}}}}}};
  for (auto& each : dns_rights()) items.push_back(std::move(each));
  return Object{{"apiVersion", "v1"}, {"items", std::move(items)}, {"kind", "List"}};
}

Value render_simulated_node(const Settings& settings) {
  const Object capacity{{"cpu", "32"}, {"memory", "256Gi"}, {"pods", "10000"}};
  return Object{
      {"apiVersion", "v1"},
      {"kind", "Node"},
      {"metadata", Object{{"annotations", Object{{"kwok.x-k8s.io/node", "fake"},
                                                 {"node.alpha.kubernetes.io/ttl", "0"}}},
                          {"labels", Object{{"kubernetes.io/arch", "amd64"},
                                            {"kubernetes.io/hostname", settings.node_name},
                                            {"kubernetes.io/os", "linux"},
                                            {"type", "kwok"}}},
                          {"name", settings.node_name}}},
      {"status", Object{{"allocatable", capacity}, {"capacity", capacity}}}};
}

}  // namespace holdfast::node
