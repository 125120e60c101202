// SPDX-License-Identifier: Apache-2.0
// Taking a node away. Processes and mounts end with the supervisor's namespaces; what outlives them has
// fixed names (links, nft tables, a cgroup) or stands in the undo record.
#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/text.h"
#include "node/files.h"
#include "node/identity.h"
#include "node/install.h"
#include "node/machine.h"
#include "node/netlink.h"
#include "node/node.h"
#include "node/process.h"
#include "node/settings.h"
#include "node/surroundings.h"
#include "node/system_unit.h"

namespace holdfast::node {
namespace {

namespace fs = std::filesystem;

constexpr auto stop_within = std::chrono::seconds(15);
constexpr auto poll_every = std::chrono::milliseconds(10);

// The calling thread in another network namespace for a while.
class NetworkScope {
 public:
  static Result<NetworkScope> enter(FileDescriptor target) {
    FileDescriptor own(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (target && ::setns(target.get(), CLONE_NEWNET) != 0) {
      return failure(system_failure(Code::node_capability, "cannot enter the node's network namespace"));
    }
    return NetworkScope(std::move(own));
  }
  NetworkScope(NetworkScope&&) = default;
  NetworkScope& operator=(NetworkScope&&) = default;
  NetworkScope(const NetworkScope&) = delete;
  NetworkScope& operator=(const NetworkScope&) = delete;
  ~NetworkScope() {
    if (own_) ::setns(own_.get(), CLONE_NEWNET);
  }

 private:
  explicit NetworkScope(FileDescriptor own) : own_(std::move(own)) {}
  FileDescriptor own_;
};

Result<> stop_processes(const Layout& layout, const Progress& progress) {
  const auto found = find_supervisor(layout);
  if (found) ::kill(found->supervisor, SIGTERM);
  // Those whose folder was deleted under them hold a lock that nobody finds.
  for (const pid_t stray : supervisors_of(layout.state)) {
    if (!found || stray != found->supervisor) ::kill(stray, SIGTERM);
  }
  const SystemClock clock;
  const auto patience = clock.steady() + stop_within;
  const auto inner_lives = [&found] { return found && found->inner > 0 && ::kill(found->inner, 0) == 0; };
  while (true) {
    const auto living = supervisors_of(layout.state);
    if (living.empty() && !is_locked(layout.supervisor_lock()) && !inner_lives()) return {};
    progress.waiting("the node's processes to end");
    if (clock.steady() > patience) {
      if (found) ::kill(found->supervisor, SIGKILL);
      for (const pid_t each : living) ::kill(each, SIGKILL);
    }
    if (clock.steady() > patience + stop_within) {
      return failure(Error(Code::timed_out, "the node's processes do not end").at(layout.supervisor_lock()));
    }
    pause_for(poll_every);
  }
}

// Deleting a table that may be absent: `add` makes it exist. kube-proxy's, the pods' host ports, ours.
Result<> remove_tables(const Plan& plan, const Progress& progress) {
  const std::string loader = plan.host + "/lib/ld-linux-x86-64.so.2";
  const std::string of_machine = "/usr/sbin/nft";  // where the node's own was deleted by hand
  const bool own = ::access(loader.c_str(), X_OK) == 0;
  if (!own && ::access(of_machine.c_str(), X_OK) != 0) {
    progress.note("the node's nftables rules stay: its folder is gone, and with it nft");
    return {};
  }
  std::string rules;
  for (const std::string_view table : {"ip kube-proxy", "ip6 kube-proxy", "ip cni_hostport",
                                       "ip6 cni_hostport", "ip holdfast-node"}) {
    rules += fmt::format("add table {0}\ndelete table {0}\n", table);
  }
  // The node's mount namespace is gone, and with it the path that nft is tied to: its loader is asked by name.
  Command nft;
  nft.argv = {of_machine, "-f", "-"};
  if (own) nft.argv = {loader, "--library-path", plan.host + "/lib", plan.host + "/bin/nft", "-f", "-"};
  nft.input = [&rules](int fd) -> Result<> {
    if (::write(fd, rules.data(), rules.size()) == static_cast<ssize_t>(rules.size())) return {};
    return failure(Code::node_component, "nft ended early");
  };
  TRY(run_checked(nft), "removing the rules of the node");
  return {};
}

// A pod's link goes with its namespace, a moment after its last process: it is taken away by name, so
// that nothing is left when this returns.
Result<> remove_links() {
  for (const auto& link : bridge_ports(std::string(pod_bridge))) TRY(delete_link(link));
  TRY(delete_link(std::string(pod_bridge)));
  return delete_link(std::string(node_bridge));
}

Result<> restore_kernel(const Undo& undo) {
  for (const auto& [path, value] : undo.kernel) {
    if (!path.starts_with("/proc/sys/net/")) continue;
    if (::access(path.c_str(), W_OK) == 0) TRY(write_into(path, value));
  }
  return {};
}

Result<> remove_network(const Plan& plan, const Undo& undo, const Progress& progress) {
  TRY(remove_links());
  TRY(remove_tables(plan, progress));
  TRY(delete_link_route(std::string(service_cidr)));
  return restore_kernel(undo);
}

void remove_cgroup_folder(const fs::path& folder) {
  std::error_code problem;
  for (const auto& each : fs::directory_iterator(folder, problem)) {
    if (each.is_directory(problem) && !each.is_symlink(problem)) remove_cgroup_folder(each.path());
  }
  // The kernel lets go of the last process's cgroup a moment after it is reaped.
  for (int attempt = 0; attempt < 100 && ::rmdir(folder.c_str()) != 0 && errno == EBUSY; ++attempt) {
    pause_for(poll_every);
  }
}

Result<> remove_cgroups(const Plan& plan) {
  if (!plan.cgroup.starts_with("/holdfast-")) return {};
  const fs::path root = "/sys/fs/cgroup";
  std::error_code problem;
  remove_cgroup_folder(root.string() + plan.cgroup);
  for (const auto& hierarchy : fs::directory_iterator(root, problem)) {
    if (!hierarchy.is_symlink(problem)) remove_cgroup_folder(hierarchy.path().string() + plan.cgroup);
  }
  return {};
}

Result<> remove_files(const Layout& layout, Data data) {
  TRY(remove_tree(layout.host + "/run"));
  TRY(remove_tree(layout.undo()));
  if (data == Data::keep) return {};
  TRY(remove_tree(layout.admin_config()));
  return remove_tree(layout.host);
}

// The plan on disk; where the folder is gone, what follows from its path and from the process that lives.
std::optional<Plan> plan_of(const Layout& layout, pid_t supervisor) {
  auto found = find_plan(layout);
  if (found || supervisor == 0) return found;
  Plan plan;
  plan.host = layout.host;
  plan.cgroup = pods_cgroup(layout.state);
  std::error_code problem;
  const auto name_space = [&](std::string_view kind) {
    return fs::read_symlink(fmt::format("/proc/{}/ns/{}", supervisor, kind), problem);
  };
  plan.simulated = name_space("pid") == name_space("pid_for_children");
  return plan;
}

}  // namespace

Result<> down(const DownOptions& options, const Progress& progress) {
  const Layout layout = Layout::containers(options.state_dir);
  const auto living = supervisors_of(options.state_dir);
  const bool there = ::access(layout.host.c_str(), F_OK) == 0;
  if (!there && living.empty()) return {};
  FileDescriptor lock;
  if (there) lock = TRY(lock_file(layout.command_lock()));

  const auto identity = find_supervisor(layout);
  const pid_t supervisor = identity ? identity->supervisor : (living.empty() ? 0 : living.front());
  const auto plan = plan_of(layout, supervisor);
  FileDescriptor network;
  if (supervisor != 0) {
    network = FileDescriptor(
        ::open(fmt::format("/proc/{}/ns/net", supervisor).c_str(), O_RDONLY | O_CLOEXEC));
  }
  TRY(remove_unit(options.state_dir));
  TRY(stop_processes(layout, progress));
  if (plan && !plan->simulated) {
    progress.waiting("the node's links, rules and cgroups to go");
    const Undo undo = load_undo(layout.undo());
    {
      const auto scope = TRY(NetworkScope::enter(std::move(network)));
      TRY(remove_network(*plan, undo, progress));
    }
    TRY(remove_cgroups(*plan));
    TRY(release_mount_points(std::string(node_root), undo.folders));
  }
  return remove_files(layout, options.data);
}

}  // namespace holdfast::node
