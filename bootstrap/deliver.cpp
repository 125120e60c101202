// SPDX-License-Identifier: Apache-2.0
// The bundle becomes a machine that is a cluster and holds the images.
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "archive/stream.h"
#include "base/semver.h"
#include "images.h"
#include "installation.h"
#include "kind.h"
#include "local_agent.h"
#include "verified.h"
#include "version.h"
#include "wait.h"

namespace holdfast::bootstrap {
namespace {

namespace fs = std::filesystem;

std::string this_platform() {
  utsname name{};
  ::uname(&name);
  const std::string_view machine = name.machine;
  if (machine == "x86_64") return "linux/amd64";
  if (machine == "aarch64") return "linux/arm64";
  return fmt::format("linux/{}", machine);
}

std::string megabytes(std::uint64_t bytes) { return fmt::format("{} MB", (bytes + 500'000) / 1'000'000); }

node::Progress progress_of(Console& console, Step& step) {
  return {.waiting = [&step](std::string_view reason) { step.waiting(reason); },
          .note = [&console](std::string_view text) { console.note(text); }};
}

}  // namespace

Result<GivenBundle> verify(Installation& run) {
  GivenBundle opened;
  CHECK(run.options.where == Where::cluster || !run.options.bundle.empty());
  if (run.options.bundle.empty()) return opened;
  const auto body = [&](Step&) -> Result<std::string> {
    run.trust = TRY(bundle::TrustRoot::load(run.trust_folder()));
    bundle::OpenOptions options;
    options.installer_version = version;
    options.platform = this_platform();
    options.now = run.console.clock().wall();
    options.minimum_epoch = TRY(bundle::load_accepted_epoch(run.trust_folder()));
    opened = TRY(bundle::Bundle::open(run.options.bundle, *run.trust, options));
    return fmt::format("{} {}, {}, signed by {}", opened->statement().name, opened->statement().version,
                       megabytes(opened->size()), opened->signers().front().text());
  };
  TRY(run.step("verify", "Verify", "verifying the bundle", body));
  return opened;
}

namespace {

// Space for the unpacked components and as much again for images and the cluster's own data.
Result<> check_disk(const std::string& state_dir, const bundle::Bundle& bundle) {
  fs::path folder = state_dir;
  while (!fs::exists(folder) && folder.has_parent_path() && folder != folder.parent_path()) folder = folder.parent_path();
  struct statvfs status {};
  if (::statvfs(folder.c_str(), &status) != 0) {
    return failure(Error(Code::file_unreadable, "the state folder's file system does not answer").at(folder).because(std::generic_category().message(errno)));
  }
  std::error_code ignored;
  const bool unpacked = fs::exists(fs::path(state_dir) / "node", ignored);
  const std::uint64_t free = std::uint64_t{status.f_bavail} * status.f_frsize;
  const std::uint64_t needed = unpacked ? 64'000'000 : 2 * bundle.statement().limits.expanded;
  if (free >= needed) return {};
  return failure(Error(Code::disk_full, fmt::format("{} are free, {} are needed", megabytes(free), megabytes(needed))).at(state_dir));
}

// The versions that the bundle's maker tested it with; a version of no known form is not held against it.
Result<> check_kubernetes(const kube::Client& client, const bundle::Statement& statement) {
  const auto range = semver::Range::parse(statement.kubernetes);
  const auto version = semver::Version::parse(client.server_version());
  if (statement.kubernetes.empty() || !range || !version || range->contains(*version)) return {};
  return failure(Error(Code::bundle_policy, fmt::format("the bundle is for Kubernetes {}, the cluster runs {}", statement.kubernetes, client.server_version()))
                     .at(client.config().server)
                     .fix("take a bundle that is made for this version of Kubernetes"));
}

Result<> check_cluster(Installation& run, const GivenBundle& bundle) {
  auto config = TRY(kube::load_kubeconfig(run.options.kubeconfig, run.options.context));
  auto client = TRY(kube::Client::connect(std::move(config), run.console.clock(), kube::Absence::refused_at_once));
  if (bundle) TRY(check_kubernetes(client, bundle->statement()));
  const Value review = Object{{"apiVersion", "authorization.k8s.io/v1"},
                              {"kind", "SelfSubjectAccessReview"},
                              {"spec", Object{{"resourceAttributes", Object{{"group", "*"}, {"resource", "*"}, {"verb", "*"}}}}}};
  const auto answer = TRY(client.raw_post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review));
  const auto* status = answer.find_path({"status", "allowed"});
  if (status == nullptr || status->as_bool() == nullptr || !*status->as_bool()) {
    return failure(Error(Code::forbidden, "installing the engine needs an administrator of the cluster")
                       .at(client.config().server)
                       .fix("use a kubeconfig whose user is bound to the ClusterRole cluster-admin"));
  }
  const auto other = client.get({.group = "apps", .version = "v1", .kind = "StatefulSet",
                                 .namespace_ = run.options.repository.cluster.engine_namespace,
                                 .name = "argocd-application-controller"});
  if (other) {
    return failure(Error(Code::object_exists, "the cluster is managed by Argo CD already")
                       .at(fmt::format("StatefulSet {}/argocd-application-controller", run.options.repository.cluster.engine_namespace))
                       .fix("name another cluster; taking over from Argo CD is not part of this version"));
  }
  if (other.error().code() != Code::object_missing) return failure(other.error());
  return {};
}

}  // namespace

Result<> preflight(Installation& run, const GivenBundle& bundle) {
  node::Choice choice;
  const auto body = [&](Step&) -> Result<std::string> {
    TRY(check_name("cluster", run.options.repository.cluster.name));
    TRY(check_repository(run.options.repository));
    if (run.options.where == Where::cluster) {
      TRY(check_cluster(run, bundle));
      return std::string(bundle ? "6 passed" : "5 passed");
    }
    choice = TRY(node::choose(run.options.node));
    if (choice.simulated) run.console.mark_simulated();
    TRY(check_disk(run.options.node.state_dir, *bundle));
    return std::string("4 passed");
  };
  TRY(run.step("preflight", "Check", "checking what the installation needs", body));
  if (choice.simulated) run.console.note("simulated: pods become ready and run nothing; the agent runs on this machine");
  for (const auto& reason : choice.why) run.console.note(fmt::format("no containers: {}", reason));
  return {};
}

Result<> begin_records(Installation& run, const GivenBundle& bundle) {
  TRY(run.open_journal(bundle ? bundle->id().hex() : ""));
  if (!bundle) return {};
  return record_verified(run.options.node.state_dir, *bundle, run.options.bundle, *run.trust, run.console.clock().wall());
}

Result<kube::Client> bring_up_cluster(Installation& run, const GivenBundle& bundle) {
  const auto connect = [&]() -> Result<kube::Client> {
    auto config = TRY(kube::load_kubeconfig(run.kubeconfig, run.options.context));
    return kube::Client::connect(std::move(config), run.console.clock());
  };
  if (run.options.where == Where::cluster) {
    run.kubeconfig = run.options.kubeconfig;
    return connect();
  }
  const auto body = [&](Step& step) -> Result<std::string> {
    const auto components = TRY(node::open_bundle(*bundle));
    run.node = TRY(node::up(run.options.node, *components, run.console.clock(), progress_of(run.console, step)));
    run.kubeconfig = run.node.kubeconfig;
    return fmt::format("Kubernetes {} at {}", run.node.version, run.node.api);
  };
  TRY(run.step("node", "Node", "starting Kubernetes on this machine", body));
  return connect();
}

Result<std::size_t> import_bundle_images(const bundle::Bundle& bundle, const std::string& state_dir, const node::Progress& progress) {
  std::vector<node::ImageArchive> archives;
  for (const auto& item : bundle.items()) {
    if (item.kind != bundle::ItemKind::image) continue;
    archives.push_back({.name = item.name, .write = [&bundle, &item](int fd) {
                          return bundle.write_image_archive(item, archive::sink_to_fd(fd));
                        }});
  }
  TRY(node::import_images(state_dir, archives, progress));
  return archives.size();
}

namespace {

// Into the nodes of a kind cluster; whoever has no access to its containers, or another cluster, must have
// brought the images there before.
Result<std::string> deliver_to_cluster(Installation& run, kube::Client& client, const bundle::Bundle& bundle, Step& step) {
  constexpr const char* else_there = "must be on the cluster's nodes already";
  const auto kind = TRY(client.kind_of("v1", "Node"));
  const auto nodes = TRY(client.list(kind));
  const auto cluster = recognise_kind(nodes.items);
  if (cluster.nodes.empty()) return std::string(else_there);
  MachineRunner runner;
  if (const auto access = check_kind_access(runner, cluster); !access) {
    const Error& error = access.error();
    if (error.code() == Code::kubeconfig) return failure(error);
    run.console.note(fmt::format("kind cluster {}: images are not loaded: {}", cluster.name, error.message()));
    run.console.note(fmt::format("{}; {}", row_of(error.code()).name, error.fix_line()));
    return std::string(else_there);
  }
  const std::string platform = this_platform();
  std::vector<KindImage> images;
  for (const auto& item : bundle.items()) {
    if (item.kind != bundle::ItemKind::image) continue;
    images.push_back({.name = item.name,
                      .digest = fmt::format("sha256:{}", item.manifest.hex()),
                      .architecture = platform.substr(platform.find('/') + 1),
                      .write = [&bundle, &item](int fd) { return bundle.write_image_archive(item, archive::sink_to_fd(fd)); }});
  }
  const auto result = TRY(load_into_kind(runner, cluster, images, [&step](std::string_view reason) { step.waiting(reason); }));
  const auto where = cluster.nodes.size() == 1 ? std::string("its node") : fmt::format("its {} nodes", cluster.nodes.size());
  return fmt::format("{} in kind cluster {}: {} loaded into {}, {} were there", images.size(), cluster.name, result.loaded, where, result.present);
}

}  // namespace

Result<> deliver_images(Installation& run, kube::Client& client, const GivenBundle& bundle) {
  return run.step("images", "Images", "loading images", [&](Step& step) -> Result<std::string> {
    if (!bundle) return std::string("pulled from where the repository names them");
    if (run.options.where == Where::cluster) return deliver_to_cluster(run, client, *bundle, step);
    if (run.node.simulated) {
      run.agent = TRY(unpack_agent(*bundle, run.options.node.state_dir));
      return std::string("none but the agent's, unpacked");
    }
    const auto count = TRY(import_bundle_images(*bundle, run.options.node.state_dir, progress_of(run.console, step)));
    return fmt::format("{} in the node", count);
  });
}

}  // namespace holdfast::bootstrap
