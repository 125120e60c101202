// SPDX-License-Identifier: Apache-2.0
#include "node/plan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "node/certificates.h"
#include "node/configuration.h"
#include "node/netlink.h"
#include "value/json.h"

namespace holdfast::node {
namespace {

Settings ordinary() {
  Settings settings;
  settings.layout = Layout::containers("/var/lib/holdfast");
  settings.node_name = "one";
  settings.address = "192.0.2.10";
  settings.ports = Ports::containers(6443);
  settings.cgroup = "/holdfast-01234567";
  return settings;
}

std::string file_named(const Settings& settings, std::string_view name) {
  for (const auto& file : render_configuration(settings)) {
    if (file.name == name) return file.content;
  }
  return "";
}

const PlannedComponent& component_named(const Plan& plan, std::string_view name) {
  return *std::ranges::find(plan.components, name, &PlannedComponent::name);
}

TEST(Plan, SurvivesItsFile) {
  auto plan = make_plan(ordinary());
  plan.generation = "g";
  const auto again = parse_plan(render_plan(plan));
  ASSERT_TRUE(again);
  EXPECT_EQ(render_plan(*again), render_plan(plan));
  EXPECT_EQ(again->components.size(), 7U);
  EXPECT_EQ(component_named(*again, "kubelet").after,
            (std::vector<std::string>{"containerd", "kube-apiserver"}));
}

TEST(Plan, OfASimulatedNodeHasNeitherKubeletNorContainerd) {
  auto settings = ordinary();
  settings.simulated = true;
  settings.layout = Layout::simulated("/s");
  settings.ports = Ports::simulated(17000);
  const auto plan = make_plan(settings);
  std::vector<std::string> names;
  for (const auto& each : plan.components) names.push_back(each.name);
  EXPECT_EQ(names, (std::vector<std::string>{"etcd", "kube-apiserver", "kube-controller-manager",
                                             "kube-scheduler", "kwok"}));
  EXPECT_EQ(component_named(plan, "etcd").ready_port, 17001);
  EXPECT_EQ(settings.ports.beside, 17006);
}

TEST(Plan, NeverCarriesASecret) {
  EXPECT_FALSE(render_plan(make_plan(ordinary())).contains("PRIVATE KEY"));
}

TEST(Plan, RefusesAnUnfinishedFile) {
  EXPECT_FALSE(parse_plan("{\"host\": \"/x\"}"));
  EXPECT_FALSE(parse_plan("{\"host\": \"/x\", \"compo"));
}

TEST(Configuration, SwitchesNoWorkaroundOnByItself) {
  const auto kubelet = json::parse(file_named(ordinary(), "kubelet.json"), "kubelet");
  ASSERT_TRUE(kubelet);
  EXPECT_EQ(kubelet->find("failCgroupV1"), nullptr);
  EXPECT_EQ(kubelet->find("cgroupsPerQOS"), nullptr);
  EXPECT_EQ(kubelet->find("enforceNodeAllocatable"), nullptr);
  EXPECT_EQ(kubelet->text({"cgroupRoot"}), "/holdfast-01234567");
  // A share would evict every pod of a machine whose disk is large and mostly used by others.
  EXPECT_EQ(kubelet->text({"evictionHard", "nodefs.available"}), "256Mi");
  EXPECT_EQ(kubelet->text({"evictionHard", "imagefs.available"}), "256Mi");
  EXPECT_TRUE(file_named(ordinary(), "containerd.toml").contains("restrict_oom_score_adj = false"));
}

TEST(Configuration, SwitchesOnWhatTheMachineAsksFor) {
  auto settings = ordinary();
  settings.workarounds = {Workaround::oom_score, Workaround::cgroup_v1, Workaround::no_pod_cgroups};
  const auto kubelet = json::parse(file_named(settings, "kubelet.json"), "kubelet");
  ASSERT_TRUE(kubelet);
  EXPECT_EQ(*kubelet->find("failCgroupV1"), Value(false));
  EXPECT_EQ(*kubelet->find("cgroupsPerQOS"), Value(false));
  EXPECT_EQ(*kubelet->find("enforceNodeAllocatable"), Value(Array{}));
  EXPECT_TRUE(file_named(settings, "containerd.toml").contains("restrict_oom_score_adj = true"));
}

TEST(Configuration, NestsThePodNetworksRangeAsHostLocalWantsIt) {
  const auto network = json::parse(file_named(ordinary(), "cni/10-holdfast.conflist"), "cni");
  ASSERT_TRUE(network);
  const auto& bridge = network->find("plugins")->as_array()->front();
  EXPECT_EQ(json::write(*bridge.find_path({"ipam", "ranges"})), R"([[{"subnet":"10.244.0.0/24"}]])");
}

TEST(Configuration, AsksNobodyOutsideForNamesUnlessTold) {
  const auto offline = json::write(render_dns(ordinary()));
  EXPECT_TRUE(offline.contains("rcode NXDOMAIN"));
  EXPECT_FALSE(offline.contains("forward"));
  auto settings = ordinary();
  settings.dns_forward = "192.0.2.53";
  EXPECT_TRUE(json::write(render_dns(settings)).contains("forward . 192.0.2.53"));
}

TEST(Netlink, FindsTheLinkOfTheDefaultRoute) {
  const std::string_view table =
      "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
      "eth1\t006433C6\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
      "eth0\t00000000\t016433C6\t0003\t0\t0\t0\t00000000\t0\t0\t0\n";
  EXPECT_EQ(parse_default_link(table), "eth0");
  EXPECT_EQ(parse_default_link(table.substr(0, table.find("eth0"))), "");
  EXPECT_EQ(parse_default_link(""), "");
}

}  // namespace
}  // namespace holdfast::node
