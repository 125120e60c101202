// SPDX-License-Identifier: Apache-2.0
#include "node/machine.h"

#include <gtest/gtest.h>
#include <linux/capability.h>

namespace holdfast::node {
namespace {

constexpr std::string_view hybrid_mounts =
    "tmpfs /sys/fs/cgroup tmpfs rw,relatime,mode=755 0 0\n"
    "cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0\n"
    "cgroup2 /sys/fs/cgroup/unified cgroup2 rw,relatime 0 0\n";
constexpr std::string_view v1_mounts = "cgroup /sys/fs/cgroup/memory cgroup rw,relatime,memory 0 0\n";
constexpr std::string_view v2_mounts =
    "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid,nodev,noexec,relatime,nsdelegate 0 0\n";

Machine ordinary() {
  Machine machine;
  machine.root = true;
  machine.capabilities = ~std::uint64_t{0};
  machine.cgroups = Cgroups::v2;
  machine.controllers = {"cpuset", "cpu", "io", "memory", "pids"};
  machine.namespaces = machine.overlay = machine.bridge = machine.nftables = true;
  machine.systemd = machine.ipv4_forwarding_writable = true;
  return machine;
}

TEST(Machine, TellsTheThreeCgroupLayoutsApart) {
  EXPECT_EQ(parse_cgroups(hybrid_mounts), Cgroups::hybrid);
  EXPECT_EQ(parse_cgroups(v1_mounts), Cgroups::v1);
  EXPECT_EQ(parse_cgroups(v2_mounts), Cgroups::v2);
  EXPECT_EQ(parse_cgroups("proc /proc proc rw 0 0\n"), Cgroups::none);
}

TEST(Machine, ReadsTheEffectiveCapabilities) {
  EXPECT_EQ(parse_effective_capabilities("CapPrm:\t0000000000000000\nCapEff:\t000001fffeffffff\n"),
            0x1fffeffffffULL);
  EXPECT_EQ(parse_effective_capabilities("Name:\tx\n"), 0U);
}

TEST(Machine, NeedsNoWorkaroundWhereNothingIsMissing) {
  EXPECT_TRUE(workarounds_for(ordinary()).empty());
  EXPECT_TRUE(why_no_containers(ordinary()).empty());
}

TEST(Machine, SwitchesOnOnlyTheWorkaroundsThatItsFindingsAskFor) {
  auto machine = ordinary();
  machine.capabilities &= ~(std::uint64_t{1} << CAP_SYS_RESOURCE);
  EXPECT_EQ(workarounds_for(machine), std::vector{Workaround::oom_score});
  machine = ordinary();
  machine.cgroups = Cgroups::v1;
  EXPECT_EQ(workarounds_for(machine), std::vector{Workaround::cgroup_v1});
  machine.cgroups = Cgroups::hybrid;
  EXPECT_EQ(workarounds_for(machine), (std::vector{Workaround::cgroup_v1, Workaround::no_pod_cgroups}));
}

TEST(Machine, NamesEachThingThatContainersLack) {
  auto machine = ordinary();
  machine.root = false;
  EXPECT_EQ(why_no_containers(machine), std::vector<std::string>{"not run as root"});
  machine = ordinary();
  machine.capabilities &= ~(std::uint64_t{1} << CAP_NET_ADMIN);
  machine.namespaces = false;
  machine.namespaces_cause = "Operation not permitted";
  machine.controllers = {"cpu", "memory"};
  EXPECT_EQ(why_no_containers(machine),
            (std::vector<std::string>{
                "the capability CAP_NET_ADMIN is missing",
                "no mount, process and network namespaces can be made: Operation not permitted",
                "the cgroup controller pids is missing"}));
}

TEST(Machine, LooksAtTheMachineItRunsOn) {
  const auto machine = look_at_machine();
  EXPECT_FALSE(machine.host_name.empty());
}

}  // namespace
}  // namespace holdfast::node
