// SPDX-License-Identifier: Apache-2.0
#include "node/machine.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "node/files.h"
#include "node/netlink.h"

namespace holdfast::node {
namespace {

constexpr std::string_view cgroup_root = "/sys/fs/cgroup";

bool has(const Machine& machine, unsigned capability) {
  return (machine.capabilities >> capability & 1U) != 0;
}

// What the probe in its own namespaces found: written by the child as one byte each.
struct Probe {
  char step = 'n';  // 'n' namespaces refused, 'y' made
  char bridge = 'n';
  char nftables = 'n';
  int error = 0;
};

Probe probe_inside() {
  Probe probe;
  if (::unshare(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET) != 0) {
    probe.error = errno;
    return probe;
  }
  probe.step = 'y';
  probe.bridge = add_bridge("probe0") ? 'y' : 'n';
  const int nft = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
  probe.nftables = nft >= 0 ? 'y' : 'n';
  if (nft >= 0) ::close(nft);
  return probe;
}

// Namespaces are made in a child so that the caller keeps its own.
Probe probe_namespaces() {
  std::array<int, 2> ends{};
  Probe probe;
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return probe;
  const pid_t child = ::fork();
  if (child == 0) {
    const Probe found = probe_inside();
    const bool written = ::write(ends[1], &found, sizeof found) == sizeof found;
    ::_exit(written ? 0 : 1);
  }
  ::close(ends[1]);
  if (::read(ends[0], &probe, sizeof probe) != sizeof probe) probe = Probe{};
  ::close(ends[0]);
  if (child > 0) ::waitpid(child, nullptr, 0);
  return probe;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  for (const auto word : split(trim(text), ' ')) {
    if (!word.empty()) words.emplace_back(word);
  }
  return words;
}

std::vector<std::string> v1_controllers(std::string_view proc_mounts) {
  std::vector<std::string> controllers;
  for (const auto line : split(proc_mounts, '\n')) {
    const auto fields = split(line, ' ');
    if (fields.size() < 4 || fields[2] != "cgroup") continue;
    for (const auto option : split(fields[3], ',')) {
      if (!option.starts_with("r") || option == "rdma") controllers.emplace_back(option);
    }
  }
  return controllers;
}

}  // namespace

std::uint64_t parse_effective_capabilities(std::string_view proc_status) {
  for (const auto line : split(proc_status, '\n')) {
    if (!line.starts_with("CapEff:")) continue;
    const auto digits = trim(line.substr(7));
    std::uint64_t bits = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), bits, 16);
    return bits;
  }
  return 0;
}

Cgroups parse_cgroups(std::string_view proc_mounts) {
  bool v1 = false, v2 = false, unified = false;
  for (const auto line : split(proc_mounts, '\n')) {
    const auto fields = split(line, ' ');
    if (fields.size() < 3 || !fields[1].starts_with(cgroup_root)) continue;
    v1 = v1 || fields[2] == "cgroup";
    v2 = v2 || fields[2] == "cgroup2";
    unified = unified || (fields[2] == "cgroup2" && fields[1] == cgroup_root);
  }
  if (unified) return Cgroups::v2;
  if (v1) return v2 ? Cgroups::hybrid : Cgroups::v1;
  return Cgroups::none;
}

Machine look_at_machine() {
  Machine machine;
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) == 0) machine.host_name = name.data();
  machine.root = ::geteuid() == 0;
  machine.capabilities = parse_effective_capabilities(read_file("/proc/self/status").value_or(""));
  const auto mounts = read_file("/proc/mounts").value_or("");
  machine.cgroups = parse_cgroups(mounts);
  machine.controllers = machine.cgroups == Cgroups::v2
                            ? words_of(read_file("/sys/fs/cgroup/cgroup.controllers").value_or(""))
                            : v1_controllers(mounts);
  if (machine.root) {
    const auto probe = probe_namespaces();
    machine.namespaces = probe.step == 'y';
    if (!machine.namespaces) machine.namespaces_cause = ::strerror(probe.error);
    machine.bridge = probe.bridge == 'y';
    machine.nftables = probe.nftables == 'y';
  }
  const auto file_systems = read_file("/proc/filesystems").value_or("");
  machine.overlay = file_systems.contains("\toverlay\n") ||
                    ::access("/sys/module/overlay", F_OK) == 0;
  machine.systemd = trim(read_file("/proc/1/comm").value_or("")) == "systemd" &&
                    ::access("/run/systemd/system", F_OK) == 0;
  machine.ipv4_forwarding_writable = ::access("/proc/sys/net/ipv4/ip_forward", W_OK) == 0;
  return machine;
}

std::vector<std::string> why_no_containers(const Machine& machine) {
  std::vector<std::string> reasons;
  if (!machine.root) {
    reasons.emplace_back("not run as root");
    return reasons;
  }
  constexpr std::array<std::pair<unsigned, std::string_view>, 8> needed = {{
      {CAP_SYS_ADMIN, "CAP_SYS_ADMIN"},
      {CAP_NET_ADMIN, "CAP_NET_ADMIN"},
      {CAP_MKNOD, "CAP_MKNOD"},
      {CAP_SETUID, "CAP_SETUID"},
      {CAP_SETPCAP, "CAP_SETPCAP"},
      {CAP_SYS_CHROOT, "CAP_SYS_CHROOT"},
      {CAP_SYS_PTRACE, "CAP_SYS_PTRACE"},
      {CAP_DAC_OVERRIDE, "CAP_DAC_OVERRIDE"},
  }};
  for (const auto& [bit, name] : needed) {
    if (!has(machine, bit)) reasons.push_back(fmt::format("the capability {} is missing", name));
  }
  if (!machine.namespaces) {
    reasons.push_back(fmt::format("no mount, process and network namespaces can be made: {}",
                                  machine.namespaces_cause));
  } else {
    if (!machine.bridge) reasons.emplace_back("the kernel makes no bridge devices");
    if (!machine.nftables) reasons.emplace_back("the kernel has no nftables");
  }
  if (machine.cgroups == Cgroups::none) {
    reasons.push_back(fmt::format("no cgroup hierarchy is mounted under {}", cgroup_root));
  }
  if (machine.cgroups != Cgroups::none) {
    for (const std::string_view controller : {"cpu", "memory", "pids"}) {
      if (std::ranges::find(machine.controllers, controller) == machine.controllers.end()) {
        reasons.push_back(fmt::format("the cgroup controller {} is missing", controller));
      }
    }
  }
  if (!machine.overlay) reasons.emplace_back("the kernel has no overlay file system");
  if (!machine.ipv4_forwarding_writable) {
    reasons.emplace_back("/proc/sys/net/ipv4/ip_forward cannot be written");
  }
  return reasons;
}

std::vector<std::string> can_run_containers() { return why_no_containers(look_at_machine()); }

std::vector<Workaround> workarounds_for(const Machine& machine) {
  std::vector<Workaround> workarounds;
  if (!has(machine, CAP_SYS_RESOURCE)) workarounds.push_back(Workaround::oom_score);
  if (machine.cgroups == Cgroups::v1 || machine.cgroups == Cgroups::hybrid) {
    workarounds.push_back(Workaround::cgroup_v1);
  }
  if (machine.cgroups == Cgroups::hybrid) workarounds.push_back(Workaround::no_pod_cgroups);
  return workarounds;
}

std::string_view explain(Workaround workaround) {
  switch (workaround) {
    case Workaround::oom_score:
      return "containerd leaves oom_score_adj alone: the capability CAP_SYS_RESOURCE is missing";
    case Workaround::cgroup_v1:
      return "the kubelet accepts cgroup v1: this machine has no unified hierarchy";
    case Workaround::no_pod_cgroups:
      return "no cgroup per pod: cgroup v1 and v2 are mounted side by side (hybrid)";
  }
  std::unreachable();
}

}  // namespace holdfast::node
