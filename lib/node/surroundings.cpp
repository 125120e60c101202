// SPDX-License-Identifier: Apache-2.0
#include "node/surroundings.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/log.h"
#include "base/text.h"
#include "node/configuration.h"
#include "node/files.h"
#include "node/machine.h"
#include "node/netlink.h"
#include "node/process.h"
#include "value/json.h"

namespace holdfast::node {
namespace {

namespace fs = std::filesystem;

struct MountRequest {
  const char* source;
  const char* target;
  const char* type;
  unsigned long flags;
};

Result<> mount_one(const MountRequest& request) {
  if (::mount(request.source, request.target, request.type, request.flags, nullptr) == 0) return {};
  return failure(Error(Code::node_capability, fmt::format("cannot mount on \"{}\"", request.target))
                     .because(::strerror(errno)));
}

// Makes the folder and each missing parent, noting the topmost one made so that it can be taken back.
Result<> make_mount_point(const std::string& path, const std::string& undo_path) {
  std::vector<std::string> missing;
  for (fs::path each = path; !fs::exists(each); each = each.parent_path()) missing.push_back(each.string());
  if (missing.empty()) return {};
  Undo undo = load_undo(undo_path);
  undo.folders.insert(undo.folders.end(), missing.begin(), missing.end());
  TRY(save_undo(undo_path, undo));
  return make_folder(path, 0755);
}

// Where Kubernetes' programs insist on a path of their own, the path leads into the state folder.
Result<> make_mounts(const Plan& plan) {
  // The host's mounts keep arriving, none of ours leaves; kubelet and containerd share what they mount.
  TRY(mount_one({"none", "/", nullptr, MS_REC | MS_SLAVE}));
  TRY(mount_one({"none", "/", nullptr, MS_REC | MS_SHARED}));
  TRY(mount_one({"proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC}));
  const std::string undo = plan.host + "/undo.json";
  const std::array<std::pair<std::string, std::string>, 4> binds{{
      {plan.host, std::string(node_root)},
      {plan.host + "/data/kubelet", "/var/lib/kubelet"},
      {plan.host + "/run/containers", "/var/log/containers"},
      {plan.host + "/run/cni", "/var/lib/cni"},
  }};
  for (const auto& [source, target] : binds) {
    TRY(make_folder(source, 0755));
    TRY(make_mount_point(target, undo));
    TRY(mount_one({source.c_str(), target.c_str(), nullptr, MS_BIND}));
  }
  return {};
}

Result<> set_kernel(const std::string& path, std::string_view value, const std::string& undo_path) {
  const auto before = read_file(path);
  if (!before || trim(*before) == value) return {};
  Undo undo = load_undo(undo_path);
  if (undo.kernel.emplace(path, std::string(trim(*before))).second) TRY(save_undo(undo_path, undo));
  return write_into(path, value);
}

bool has_address(const std::string& address) {
  const auto addresses = link_addresses();
  return std::ranges::find(addresses, address, &LinkAddress::address) != addresses.end();
}

Result<> make_network(const Plan& plan) {
  const std::string undo = plan.host + "/undo.json";
  TRY(set_link_up("lo"));
  const std::string bridge(node_bridge);
  TRY(add_bridge(bridge));
  if (plan.bridged) TRY(add_address(bridge, plan.address + "/24"));
  TRY(set_link_up(bridge));
  if (!has_address(plan.address)) {
    return failure(Error(Code::node_state, fmt::format("no link carries the node's address {}", plan.address))
                       .fix("run the same command again: it chooses an address anew"));
  }
  // Services' addresses lead to a bridge without ports: the kernel finds a route before kube-proxy's rules
  // translate the packet, and one that no rule knows ends here instead of leaving by the default route.
  TRY(add_link_route(bridge, std::string(service_cidr)));
  TRY(set_kernel("/proc/sys/net/ipv4/ip_forward", "1", undo));
  // Replies between two pods on one bridge must pass the rules that translated the question.
  TRY(set_kernel("/proc/sys/net/bridge/bridge-nf-call-iptables", "1", undo));
  Command nft;
  nft.argv = {plan.inside + "/bin/nft", "-f", "-"};
  nft.input = [](int fd) -> Result<> {
    const std::string rules = render_firewall();
    const bool whole = ::write(fd, rules.data(), rules.size()) == static_cast<ssize_t>(rules.size());
    if (!whole) return failure(Code::node_component, "nft ended early");
    return {};
  };
  TRY(run_checked(nft), "setting the rules for pods");
  return {};
}

Result<> make_cgroups(const Plan& plan) {
  const std::string root = "/sys/fs/cgroup";
  const auto mounts = TRY(read_file("/proc/mounts"));
  if (parse_cgroups(mounts) == Cgroups::v2) {
    TRY(make_folder(root + plan.cgroup, 0755));
    const auto controllers = TRY(read_file(root + "/cgroup.controllers"));
    for (const auto controller : split(trim(controllers), ' ')) {
      // One at a time: a controller that cannot be handed on must not take the others with it.
      for (const std::string& folder : {root, root + plan.cgroup}) {
        const auto enabled = write_into(folder + "/cgroup.subtree_control", fmt::format("+{}", controller));
        if (!enabled) log::debug("controller not handed on", {{"controller", controller}, {"folder", folder}});
      }
    }
    return {};
  }
  std::error_code problem;
  for (const auto& hierarchy : fs::directory_iterator(root, problem)) {
    if (hierarchy.is_directory() && !hierarchy.is_symlink()) {
      TRY(make_folder(hierarchy.path().string() + plan.cgroup, 0755));
    }
  }
  return {};
}

}  // namespace

Undo load_undo(const std::string& path) {
  Undo undo;
  const auto text = read_file(path);
  if (!text) return undo;
  const auto value = json::parse(*text, path);
  if (!value) return undo;
  if (const Value* folders = value->find("folders"); folders != nullptr && folders->as_array() != nullptr) {
    for (const auto& each : *folders->as_array()) undo.folders.emplace_back(each.text({}));
  }
  if (const Value* kernel = value->find("kernel"); kernel != nullptr && kernel->as_object() != nullptr) {
    for (const auto& [key, before] : *kernel->as_object()) undo.kernel.emplace(key, before.text({}));
  }
  return undo;
}

Result<> save_undo(const std::string& path, const Undo& undo) {
  Array folders;
  for (const auto& each : undo.folders) folders.emplace_back(each);
  Object kernel;
  for (const auto& [key, value] : undo.kernel) kernel.set(key, value);
  return write_file(path, json::write_indented(Object{{"folders", folders}, {"kernel", kernel}}), 0600);
}

Result<FileDescriptor> hold_root(const std::string& undo_path) {
  const std::string root(node_root);
  TRY(make_mount_point(root, undo_path));
  FileDescriptor held(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!held || ::flock(held.get(), LOCK_SH | LOCK_NB) != 0) {
    return failure(system_failure(Code::node_state, fmt::format("cannot hold \"{}\"", root)));
  }
  return held;
}

Result<> release_mount_points(const std::string& root, std::vector<std::string> folders) {
  const std::string note = root + "/left-by-others";
  const FileDescriptor held(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const auto noted = read_file(note);
  if (noted) {
    for (const auto line : split(*noted, '\n')) folders.emplace_back(line);
  }
  if (held && ::flock(held.get(), LOCK_EX | LOCK_NB) != 0) {
    std::string lines;
    for (const auto& each : folders) {
      if (each != root && !each.empty()) lines += each + "\n";
    }
    return write_file(note, lines, 0600);
  }
  ::unlink(note.c_str());
  for (const auto& each : folders) ::rmdir(each.c_str());
  ::rmdir(root.c_str());
  return {};
}

Result<> prepare_surroundings(const Plan& plan) {
  TRY(make_mounts(plan));
  TRY(make_cgroups(plan), "making the node's cgroup");
  TRY(make_network(plan), "making the node's network");
  return {};
}

}  // namespace holdfast::node
