// SPDX-License-Identifier: Apache-2.0
#include "node/plan.h"

#include <fmt/format.h>

#include "node/files.h"
#include "value/json.h"

namespace holdfast::node {
namespace {

using Arguments = std::vector<std::string>;

PlannedComponent etcd(const Settings& s) {
  const std::string pki = s.layout.inside + "/pki";
  const std::string client = fmt::format("https://127.0.0.1:{}", s.ports.etcd);
  const std::string peer = fmt::format("https://127.0.0.1:{}", s.ports.etcd_peer);
  Arguments argv{s.layout.program("etcd"),
                 "--data-dir=" + s.layout.inside + "/data/etcd",
                 "--listen-client-urls=" + client,
                 "--advertise-client-urls=" + client,
                 "--listen-peer-urls=" + peer,
                 "--initial-advertise-peer-urls=" + peer,
                 "--initial-cluster=default=" + peer,
                 "--client-cert-auth",
                 "--peer-client-cert-auth",
                 "--log-level=warn"};
  for (const std::string side : {"", "peer-"}) {
    argv.push_back(fmt::format("--{}trusted-ca-file={}/etcd-ca.crt", side, pki));
    argv.push_back(fmt::format("--{}cert-file={}/etcd-server.crt", side, pki));
    argv.push_back(fmt::format("--{}key-file={}/etcd-server.key", side, pki));
  }
  // A simulated cluster is thrown away with the machine's next start: its writes need not reach the disk.
  if (s.simulated) argv.emplace_back("--unsafe-no-fsync");
  return {"etcd", argv, {}, s.ports.etcd, ""};
}

PlannedComponent api_server(const Settings& s) {
  const std::string pki = s.layout.inside + "/pki/";
  Arguments argv{s.layout.program("kube-apiserver"),
                 "--advertise-address=" + s.address,
                 "--allow-privileged=true",
                 "--authorization-mode=Node,RBAC",
                 "--client-ca-file=" + pki + "ca.crt",
                 "--enable-admission-plugins=NodeRestriction",
                 fmt::format("--etcd-servers=https://127.0.0.1:{}", s.ports.etcd),
                 "--etcd-cafile=" + pki + "etcd-ca.crt",
                 "--etcd-certfile=" + pki + "etcd-client.crt",
                 "--etcd-keyfile=" + pki + "etcd-client.key",
                 "--kubelet-client-certificate=" + pki + "apiserver-kubelet.crt",
                 "--kubelet-client-key=" + pki + "apiserver-kubelet.key",
                 "--kubelet-preferred-address-types=InternalIP",
                 "--profiling=false",
                 "--proxy-client-cert-file=" + pki + "front-proxy.crt",
                 "--proxy-client-key-file=" + pki + "front-proxy.key",
                 "--requestheader-allowed-names=front-proxy-client",
                 "--requestheader-client-ca-file=" + pki + "front-proxy-ca.crt",
                 "--requestheader-extra-headers-prefix=X-Remote-Extra-",
                 "--requestheader-group-headers=X-Remote-Group",
                 "--requestheader-username-headers=X-Remote-User",
                 fmt::format("--secure-port={}", s.ports.api),
                 "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
                 "--service-account-key-file=" + pki + "service-account.pub",
                 "--service-account-signing-key-file=" + pki + "service-account.key",
                 fmt::format("--service-cluster-ip-range={}", service_cidr),
                 "--tls-cert-file=" + pki + "apiserver.crt",
                 "--tls-private-key-file=" + pki + "apiserver.key"};
  if (s.simulated) {
    argv.emplace_back("--bind-address=127.0.0.1");
    argv.emplace_back("--endpoint-reconciler-type=none");  // it refuses a loopback address
  }
  return {"kube-apiserver", argv, {"etcd"}, s.ports.api, ""};
}

// The controller manager's own 20 a second are for a shared API server: an Application's Deployment costs about
// eight writes, so 100 of them would wait 26 s for nothing. The API server's priorities guard it, and the
// kubelet and the scheduler may ask as often.
PlannedComponent controller_manager(const Settings& s) {
  const std::string pki = s.layout.inside + "/pki/";
  return {"kube-controller-manager",
          {s.layout.program("kube-controller-manager"), "--allocate-node-cidrs",
           "--bind-address=127.0.0.1", fmt::format("--cluster-cidr={}", pod_cidr),
           "--cluster-signing-cert-file=" + pki + "ca.crt",
           "--cluster-signing-key-file=" + pki + "ca.key",
           "--kube-api-burst=200", "--kube-api-qps=100",
           "--kubeconfig=" + s.layout.inside + "/conf/controller-manager.conf",
           "--leader-elect=false", "--profiling=false", "--root-ca-file=" + pki + "ca.crt",
           fmt::format("--secure-port={}", s.ports.controller_manager),
           "--service-account-private-key-file=" + pki + "service-account.key",
           "--use-service-account-credentials"},
          {"kube-apiserver"},
          0,
          ""};
}

PlannedComponent scheduler(const Settings& s) {
  return {"kube-scheduler",
          {s.layout.program("kube-scheduler"), "--bind-address=127.0.0.1",
           "--kubeconfig=" + s.layout.inside + "/conf/scheduler.conf", "--leader-elect=false",
           "--profiling=false", fmt::format("--secure-port={}", s.ports.scheduler)},
          {"kube-apiserver"},
          0,
          ""};
}

PlannedComponent containerd(const Settings& s) {
  return {"containerd",
          {s.layout.program("containerd"), "--config", s.layout.inside + "/conf/containerd.toml"},
          {},
          0,
          s.layout.inside + "/run/containerd.sock"};
}

PlannedComponent kubelet(const Settings& s) {
  return {"kubelet",
          {s.layout.program("kubelet"), "--config=" + s.layout.inside + "/conf/kubelet.json",
           "--hostname-override=" + s.node_name,
           "--kubeconfig=" + s.layout.inside + "/conf/kubelet.conf", "--node-ip=" + s.address},
          {"containerd", "kube-apiserver"},
          0,
          ""};
}

PlannedComponent proxy(const Settings& s) {
  return {"kube-proxy",
          {s.layout.program("kube-proxy"), "--config=" + s.layout.inside + "/conf/proxy.json"},
          {"kube-apiserver"},
          0,
          ""};
}

PlannedComponent kwok(const Settings& s) {
  return {"kwok",
          {s.layout.program("kwok"), "--config=" + s.layout.inside + "/conf/kwok.yaml",
           "--kubeconfig=" + s.layout.inside + "/conf/kwok.conf",
           "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
           "--node-lease-duration-seconds=40", "--cidr=10.244.0.0/16",
           fmt::format("--server-address=127.0.0.1:{}", s.ports.kwok)},
          {"kube-apiserver"},
          0,
          ""};
}

Value strings(const std::vector<std::string>& texts) {
  Array array;
  for (const auto& text : texts) array.emplace_back(text);
  return array;
}

std::vector<std::string> strings_at(const Value& value, std::string_view key) {
  std::vector<std::string> texts;
  const Value* found = value.find(key);
  if (found == nullptr || found->as_array() == nullptr) return texts;
  for (const auto& each : *found->as_array()) {
    if (each.as_string() != nullptr) texts.push_back(*each.as_string());
  }
  return texts;
}

bool flag_at(const Value& value, std::string_view key) {
  const Value* found = value.find(key);
  return found != nullptr && found->as_bool() != nullptr && *found->as_bool();
}

PlannedComponent parse_component(const Value& value) {
  PlannedComponent component;
  component.name = value.text({"name"});
  component.argv = strings_at(value, "argv");
  component.after = strings_at(value, "after");
  component.ready_socket = value.text({"readySocket"});
  component.stamp = value.text({"stamp"});
  const Value* port = value.find("readyPort");
  if (port != nullptr && port->as_int() != nullptr) {
    component.ready_port = static_cast<std::uint16_t>(*port->as_int());
  }
  return component;
}

Value describe(const std::vector<PlannedComponent>& components) {
  Array described;
  for (const auto& each : components) {
    described.emplace_back(Object{{"name", each.name},
                                  {"argv", strings(each.argv)},
                                  {"after", strings(each.after)},
                                  {"readyPort", int{each.ready_port}},
                                  {"readySocket", each.ready_socket},
                                  {"stamp", each.stamp}});
  }
  return described;
}

std::vector<PlannedComponent> parse_components(const Value& value) {
  std::vector<PlannedComponent> components;
  const Value* found = value.find("components");
  if (found == nullptr || found->as_array() == nullptr) return components;
  for (const auto& each : *found->as_array()) components.push_back(parse_component(each));
  return components;
}

std::string path_of_beside(const std::string& host) { return host + "/beside.json"; }

}  // namespace

Plan make_plan(const Settings& settings) {
  Plan plan;
  plan.simulated = settings.simulated;
  plan.host = settings.layout.host;
  plan.inside = settings.layout.inside;
  plan.node_name = settings.node_name;
  plan.api = settings.api();
  plan.address = settings.address;
  plan.bridged = settings.bridged;
  plan.cgroup = settings.cgroup;
  for (const auto workaround : settings.workarounds) plan.workarounds.emplace_back(explain(workaround));
  plan.components = {etcd(settings), api_server(settings), controller_manager(settings),
                     scheduler(settings)};
  if (settings.simulated) {
    plan.components.push_back(kwok(settings));
  } else {
    plan.components.push_back(containerd(settings));
    plan.components.push_back(kubelet(settings));
    plan.components.push_back(proxy(settings));
  }
  return plan;
}

std::string render_plan(const Plan& plan) {
  return json::write_indented(Object{{"simulated", plan.simulated},
                                     {"host", plan.host},
                                     {"inside", plan.inside},
                                     {"nodeName", plan.node_name},
                                     {"api", plan.api},
                                     {"address", plan.address},
                                     {"bridged", plan.bridged},
                                     {"cgroup", plan.cgroup},
                                     {"generation", plan.generation},
                                     {"workarounds", strings(plan.workarounds)},
                                     {"components", describe(plan.components)}});
}

Result<Plan> parse_plan(std::string_view text) {
  const Value value = TRY(json::parse(text, "plan.json"));
  Plan plan;
  plan.simulated = flag_at(value, "simulated");
  plan.host = value.text({"host"});
  plan.inside = value.text({"inside"});
  plan.node_name = value.text({"nodeName"});
  plan.api = value.text({"api"});
  plan.address = value.text({"address"});
  plan.bridged = flag_at(value, "bridged");
  plan.cgroup = value.text({"cgroup"});
  plan.generation = value.text({"generation"});
  plan.workarounds = strings_at(value, "workarounds");
  plan.components = parse_components(value);
  if (plan.host.empty() || plan.components.empty()) {
    return failure(Code::node_state, "the node's plan is incomplete");
  }
  return plan;
}

std::vector<PlannedComponent> load_beside(const std::string& host) {
  const auto text = read_file(path_of_beside(host));
  if (!text) return {};
  const auto value = json::parse(*text, path_of_beside(host));
  return value ? parse_components(*value) : std::vector<PlannedComponent>();
}

Result<> save_beside(const std::string& host, const std::vector<PlannedComponent>& programs) {
  return write_file(path_of_beside(host), json::write_indented(Object{{"components", describe(programs)}}), 0600);
}

}  // namespace holdfast::node
