// SPDX-License-Identifier: Apache-2.0
// The repository on disk, and its way into the built-in Git.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "base/text.h"
#include "commands/repo_push.h"
#include "git/working.h"
#include "installation.h"
#include "tree/disk_tree.h"
#include "wait.h"

namespace holdfast::bootstrap {
namespace {

namespace fs = std::filesystem;

constexpr unsigned agent_user = 65532;  // templates/cluster: runAsUser

// The folder of the node that holds the built-in Git, for the agent's user alone: that of its pod, or ours
// where it runs on this machine.
Result<std::string> git_folder(const Installation& run) {
  const auto path = run.options.node.state_dir + "/git";
  const auto owner = run.node.simulated ? ::geteuid() : agent_user;
  std::error_code error;
  fs::create_directories(path, error);
  if (!error && (::chown(path.c_str(), owner, run.node.simulated ? ::getegid() : agent_user) != 0 || ::chmod(path.c_str(), S_IRWXU) != 0)) {
    error = std::error_code(errno, std::generic_category());
  }
  if (error) {
    return failure(Error(Code::file_unwritable, "the built-in Git's folder cannot be made").at(path).because(error.message()));
  }
  return path;
}

Result<bool> has_default_storage_class(kube::Client& client) {
  const auto kind = TRY(client.kind_of("storage.k8s.io/v1", "StorageClass"));
  const auto classes = TRY(client.list(kind));
  return std::ranges::any_of(classes.items, [](const Value& object) {
    return object.text({"metadata", "annotations", "storageclass.kubernetes.io/is-default-class"}) == "true";
  });
}

// Where the built-in Git keeps the repository on this cluster.
Result<> choose_storage(const Installation& run, kube::Client& client, ClusterSettings& cluster) {
  if (run.options.where == Where::node) {
    cluster.storage = GitStorage::host;
    cluster.host_path = TRY(git_folder(run));
    return {};
  }
  const bool claim = TRY(has_default_storage_class(client));
  cluster.storage = claim ? GitStorage::claim : GitStorage::memory;
  return {};
}

}  // namespace

Result<Repository> write_repository(Installation& run, kube::Client& client) {
  Repository repository{.folder = run.options.repository.folder, .cluster = {}, .commit = {}, .tree = nullptr};
  const auto body = [&](Step&) -> Result<std::string> {
    RepoInitOptions options = run.options.repository;
    TRY(choose_storage(run, client, options.cluster));
    const auto made = TRY(make_repository(options, run.console.clock()));
    const auto state = TRY(git::inspect_working(options.folder));
    if (!state.head) return failure(Error(Code::repo_layout, "the repository has no commit").at(options.folder));
    if (!state.uncommitted.empty()) {
      run.console.note(fmt::format("{} files are not committed and do not count, {} first", state.uncommitted.size(), printable(state.uncommitted.front())));
    }
    repository.commit = state.head->hex();
    repository.tree = TRY(git::GitTree::open(state.repository, *state.head));
    repository.cluster = TRY(read_cluster(*repository.tree, options.cluster.name));
    const auto id = repository.commit.substr(0, 7);
    return made.existed ? fmt::format("{} is there, at {}", options.folder, id) : fmt::format("{}: {} files, commit {}", options.folder, made.files, id);
  };
  TRY(run.step("repository", "Repository", "writing the cluster repository", body));
  return repository;
}

Result<> publish(Installation& run, kube::Client& client, const Repository& repository) {
  return run.step("publish", "Publish", "publishing the repository", [&](Step& step) -> Result<std::string> {
    if (!repository.cluster.git_url.empty()) return fmt::format("not ours: {}", repository.cluster.git_url);
    PushReport report;
    const auto pushed = [&]() -> Result<std::string> {
      report = TRY(push_repository(client, {.folder = repository.folder, .endpoint = {}, .cluster = repository.cluster}));
      return std::string();
    };
    TRY(wait_for(step, run.console.clock(), run.options.timeout, pushed));
    return report.text;
  });
}

void say_what_is_next(const Installation& run, const Repository& repository) {
  Console& console = run.console;
  const auto& name = repository.cluster.name;
  console.line();
  const auto simulated = console.is_simulated() ? " Its pods are simulated: they run nothing." : "";
  console.line(fmt::format("Cluster {} manages itself from Git.{}", name, simulated));
  console.line(fmt::format("  Use it       export KUBECONFIG={}", run.kubeconfig.empty() ? "your kubeconfig" : run.kubeconfig));
  const auto& namespace_ = repository.cluster.engine_namespace;
  console.line(fmt::format("  Look at it   holdfast app list{}", namespace_ == "argocd" ? "" : " -N " + namespace_));
  if (!run.options.repository.sample.empty()) {
    console.line(fmt::format("  Change it    edit {}/cluster/{}/overlay/hello/values.yaml, commit, then: holdfast repo push --repo {}", repository.folder, name, repository.folder));
  }
  if (run.options.where == Where::node) console.line(fmt::format("  Remove it    holdfast node down --data remove --state-dir {}", run.options.node.state_dir));
  console.data(Object{{"cluster", name}, {"commit", repository.commit}, {"kubeconfig", run.kubeconfig}});
}

}  // namespace holdfast::bootstrap
