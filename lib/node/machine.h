// SPDX-License-Identifier: Apache-2.0
// What this machine can do, found out by looking, and the work-arounds that follow from it. Facts are
// read once; every decision is a pure function of them.
// The traps were measured on Kubernetes 1.37.2 and containerd 2.4.2 on cgroup v1, hybrid and v2.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::node {

enum class Cgroups {
  none,
  v1,      // every controller in a hierarchy of its own
  hybrid,  // v1 controllers beside a cgroup2 mount without controllers
  v2,
};

struct Machine {
  std::string host_name;
  bool root = false;
  std::uint64_t capabilities = 0;  // effective, bit = CAP_ number
  Cgroups cgroups = Cgroups::none;
  std::vector<std::string> controllers;  // of cgroup v2's root, or the mounted v1 hierarchies
  bool namespaces = false;               // mount, pid and network namespaces can be made
  std::string namespaces_cause;          // the kernel's words when they cannot
  bool overlay = false;                  // overlayfs is known to the kernel
  bool bridge = false;                   // bridge devices can be made
  bool nftables = false;                 // netlink's nftables answers
  bool systemd = false;                  // is process 1
  bool ipv4_forwarding_writable = false;
};

// Looks at this machine. Makes and drops namespaces in a child process, changes nothing.
Machine look_at_machine();

// What a node with real containers lacks here, one line each; empty when they can run.
std::vector<std::string> why_no_containers(const Machine& machine);

// The same for this machine: the question other modules ask.
std::vector<std::string> can_run_containers();

enum class Workaround {
  oom_score,        // containerd: restrict_oom_score_adj
  cgroup_v1,        // kubelet: failCgroupV1 false
  no_pod_cgroups,   // kubelet: cgroupsPerQOS false, enforceNodeAllocatable []
};

std::vector<Workaround> workarounds_for(const Machine& machine);

// For people: what is switched on and which finding asked for it.
std::string_view explain(Workaround workaround);

// Parsers of the kernel's files, apart so that tests need no kernel.
std::uint64_t parse_effective_capabilities(std::string_view proc_status);
Cgroups parse_cgroups(std::string_view proc_mounts);

}  // namespace holdfast::node
