// SPDX-License-Identifier: Apache-2.0
#include "node/install.h"

#include <fmt/format.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/text.h"
#include "crypto/digest.h"
#include "node/certificates.h"
#include "node/configuration.h"
#include "node/files.h"
#include "node/netlink.h"

namespace holdfast::node {
namespace {

namespace fs = std::filesystem;

// RFC 5737: never routed, never anybody's.
constexpr std::string_view bridged_address = "192.0.2.10";
// Room for etcd, logs and the first images beside the programs.
constexpr std::uint64_t spare_bytes = std::uint64_t{512} << 20;

// A Node's name is a DNS label sequence: lower case, digits, '-', '.'.
std::string node_name_from(std::string_view host_name) {
  std::string name;
  for (const char c : host_name) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool fine = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    name += upper ? static_cast<char>(c - 'A' + 'a') : (fine ? c : '-');
  }
  const auto first = name.find_first_not_of("-.");
  const auto last = name.find_last_not_of("-.");
  return first == std::string::npos ? "node" : name.substr(first, last - first + 1);
}

// The link of the default route first, then any other that is up; loopback and our own links never.
std::string choose_address() {
  const auto preferred = parse_default_link(read_file("/proc/thread-self/net/route").value_or(""));
  std::string any;
  for (const auto& each : link_addresses()) {
    const bool ours = each.link == pod_bridge || each.link == node_bridge;
    if (ours || each.link == "lo" || each.address.starts_with("127.")) continue;
    if (each.address.starts_with("169.254.")) continue;  // the kubelet refuses link-local ones
    if (each.link == preferred) return each.address;
    if (any.empty()) any = each.address;
  }
  return any;
}

Result<> check_disk(const Settings& settings, const Components& components) {
  std::uint64_t wanted = spare_bytes;
  std::error_code ignored;
  if (!fs::exists(settings.layout.host + "/components.json", ignored)) {
    for (const auto& file : components.files()) wanted += file.size;
  }
  struct statvfs state {};
  if (::statvfs(settings.layout.host.c_str(), &state) != 0) return {};
  const auto free = std::uint64_t{state.f_bavail} * state.f_frsize;
  if (free >= wanted) return {};
  return failure(Error(Code::disk_full, fmt::format("the node needs {} MiB of disk and {} MiB are free",
                                                    wanted >> 20, free >> 20))
                     .at(settings.layout.state));
}

// The programs' names in bin/: links to the one Kubernetes binary, and the host's mount and umount, the
// only two that the kubelet calls by name.
Result<> make_links(const Settings& settings) {
  const std::string bin = settings.layout.host + "/bin/";
  const std::array<std::pair<std::string, std::string>, 10> links{{
      {"etcd", "kube"},
      {"kube-apiserver", "kube"},
      {"kube-controller-manager", "kube"},
      {"kube-proxy", "kube"},
      {"kube-scheduler", "kube"},
      {"kubectl", "kube"},
      {"kubelet", "kube"},
      {"kwok", "kube"},
      {"mount", "/bin/mount"},
      {"umount", "/bin/umount"},
  }};
  std::error_code problem;
  for (const auto& [name, target] : links) {
    if (fs::read_symlink(bin + name, problem) == target) continue;
    fs::remove(bin + name, problem);
    fs::create_symlink(target, bin + name, problem);
    if (problem) {
      return failure(Error(Code::file_unwritable, fmt::format("cannot make the link \"{}{}\"", bin, name))
                         .because(problem.message()));
    }
  }
  return {};
}

Result<> write_kubeconfigs(const Settings& settings) {
  const std::string pki = settings.layout.host + "/pki";
  for (const std::string client : {"admin", "controller-manager", "scheduler", "proxy", "kubelet", "kwok"}) {
    const Secret text = TRY(render_kubeconfig({settings.api(), pki, client}));
    TRY(write_file(fmt::format("{}/conf/{}.conf", settings.layout.host, client), text.reveal(), 0600));
    if (client != "admin") continue;
    TRY(write_file(settings.layout.admin_config(), text.reveal(), 0600));
  }
  return {};
}

// One digest over everything that a running node would have to be restarted for.
Result<std::string> generation_of(const Settings& settings, const Plan& plan) {
  crypto::Sha256Stream stream;
  stream.add(render_plan(plan));
  std::vector<std::string> paths{settings.layout.host + "/components.json"};
  for (const std::string folder : {"/conf", "/pki"}) {
    std::error_code problem;
    for (const auto& each : fs::recursive_directory_iterator(settings.layout.host + folder, problem)) {
      // A program beside the node is restarted alone.
      const bool own = each.path().parent_path().filename() != "beside";
      if (own && each.is_regular_file()) paths.push_back(each.path().string());
    }
  }
  std::ranges::sort(paths);
  for (const auto& path : paths) {
    stream.add(path);
    const std::string content = TRY(read_file(path));
    stream.add(content);
  }
  return stream.finish().hex();
}

}  // namespace

std::string pods_cgroup(const std::string& state_dir) {
  return "/holdfast-" + crypto::sha256(state_dir).hex().substr(0, 8);
}

Result<Settings> decide(const Options& options, const Machine& machine) {
  const auto missing = why_no_containers(machine);
  if (options.mode == Mode::containers && !missing.empty()) {
    return failure(Error(Code::node_capability, "this machine cannot run containers")
                       .because(fmt::format("{}", fmt::join(missing, "; "))));
  }
  Settings settings;
  settings.simulated = options.mode == Mode::simulated || !missing.empty();
  settings.layout = settings.simulated ? Layout::simulated(options.state_dir) : Layout::containers(options.state_dir);
  settings.node_name = node_name_from(options.name.empty() ? machine.host_name : options.name);
  settings.dns_forward = options.dns_forward;
  settings.stages = options.stages;
  settings.cgroup = pods_cgroup(options.state_dir);
  if (settings.simulated) {
    settings.ports = Ports::simulated(options.api_port);
    settings.address = "127.0.0.1";
    return settings;
  }
  settings.ports = Ports::containers(options.api_port);
  settings.workarounds = workarounds_for(machine);
  settings.address = options.address.empty() ? choose_address() : options.address;
  settings.bridged = settings.address.empty();
  if (settings.bridged) settings.address = bridged_address;
  return settings;
}

Result<Plan> install(const Settings& settings, const Components& components, const Clock& clock,
                     const Progress& progress) {
  const std::string& host = settings.layout.host;
  TRY(check_disk(settings, components));
  progress.waiting("the node's programs to be unpacked");
  TRY(unpack(components, host));
  TRY(make_links(settings));

  progress.waiting("the certificates to be made");
  TRY(make_certificates(host + "/pki", {settings.node_name, {}, {settings.address}}, clock));
  for (const std::string_view folder : {"/conf/cni", "/conf/registry/holdfast.local"}) {
    TRY(make_folder(fmt::format("{}{}", host, folder), 0700));
  }
  TRY(write_kubeconfigs(settings));
  for (const auto& file : render_configuration(settings)) {
    TRY(write_file(fmt::format("{}/conf/{}", host, file.name), file.content, 0600));
  }
  Plan plan = make_plan(settings);
  plan.generation = TRY(generation_of(settings, plan));
  TRY(write_file(settings.layout.plan(), render_plan(plan), 0600));
  return plan;
}

}  // namespace holdfast::node
