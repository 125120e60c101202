// SPDX-License-Identifier: Apache-2.0
#include "commands/e2e.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "base/text.h"
#include "commands/junit.h"
#include "commands/node.h"
#include "git/copy.h"
#include "git/git_tree.h"
#include "git/working.h"
#include "kind.h"
#include "kube/client.h"
#include "tree/memory_tree.h"
#include "wait.h"

namespace holdfast::bootstrap {
namespace {

namespace fs = std::filesystem;

// Where the trial's own things lie: kubeconfig, journal, a node. Short, since a node's sockets are below.
class Folder {
 public:
  static Result<Folder> make() {
    std::string name = "/tmp/hf-e2e-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) return failure(Code::file_unwritable, "no folder can be made in /tmp");
    return Folder(name);
  }
  Folder(Folder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  Folder& operator=(Folder&&) = delete;
  ~Folder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }

  [[nodiscard]] std::string path(std::string_view name) const { return fmt::format("{}/{}", path_, name); }

 private:
  explicit Folder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

Result<std::vector<Value>> applications(kube::Client& client, const std::string& in_namespace) {
  const auto kind = TRY(client.kind_of("argoproj.io/v1alpha1", "Application"));
  auto list = TRY(client.list(kind, {.namespace_ = in_namespace}));
  return std::move(list.items);
}

// install() waits for what the root names; applications of applications come after.
Result<> wait_for_all(kube::Client& client, const InstallOptions& options, Console& progress) {
  Step step(progress, "All", "waiting for applications of applications");
  const auto question = [&]() -> Result<std::string> {
    const auto all = TRY(applications(client, options.repository.cluster.engine_namespace));
    for (const auto& each : all) {
      const auto result = application_case(each);
      if (!result.failure.empty()) return fmt::format("{} {}", result.name, result.failure);
    }
    return std::string();
  };
  TRY(wait_for(step, progress.clock(), options.timeout, question));
  step.done("every application is synced and healthy");
  return {};
}

TestCase failed_case(std::string name, const Error& error, Duration took) {
  return {.group = "cluster",
          .name = std::move(name),
          .seconds = std::chrono::duration<double>(took).count(),
          .failure = error.message(),
          .details = render_error(error, "the cluster of the trial is taken away")};
}

struct Trial {
  std::vector<TestCase> cases;
  bool failed = false;
};

// The cluster is there. Whatever comes of it is a case, not a refusal.
Trial try_repository(const InstallOptions& options, const std::string& kubeconfig, Console& progress) {
  Trial trial;
  const auto started = progress.clock().steady();
  auto result = install(options, progress);
  const auto took = progress.clock().steady() - started;
  auto config = kube::load_kubeconfig(kubeconfig, "");
  auto client = config ? kube::Client::connect(*std::move(config), progress.clock()) : Result<kube::Client>(failure(config.error()));
  if (client && result) result = wait_for_all(*client, options, progress);
  if (client) {
    if (const auto all = applications(*client, options.repository.cluster.engine_namespace)) {
      for (const auto& each : *all) trial.cases.push_back(application_case(each));
    }
  }
  const auto fell = [](const TestCase& each) { return !each.failure.empty(); };
  // A wait that ended is told by the Applications that it waited for.
  if (!result && std::ranges::none_of(trial.cases, fell)) {
    trial.cases.insert(trial.cases.begin(), failed_case("up", result.error(), took));
  } else if (result) {
    trial.cases.insert(trial.cases.begin(), TestCase{"cluster", "up", std::chrono::duration<double>(took).count(), {}, {}});
  }
  if (!result) progress.error(result.error(), "the cluster of the trial is taken away");
  trial.failed = std::ranges::any_of(trial.cases, fell);
  return trial;
}

// HEAD's files as one commit of a repository of the trial's own: CI services check out one commit, often on
// no branch, and the user's repository is not written to. A cluster that follows another Git server sees
// what is published there.
Result<std::string> copy_of(const RepoInitOptions& repository, const Folder& folder, Console& progress) {
  const auto state = TRY(git::inspect_working(repository.folder));
  if (!state.head) return failure(Error(Code::repo_layout, "the repository has no commit").at(repository.folder));
  if (!state.uncommitted.empty()) {
    progress.note(fmt::format("{} files are not committed and do not count, {} first", state.uncommitted.size(), printable(state.uncommitted.front())));
  }
  const auto tree = TRY(git::GitTree::open(state.repository, *state.head));
  const auto cluster = TRY(read_cluster(*tree, repository.cluster.name));
  if (!cluster.git_url.empty()) return repository.folder;
  const git::CommitText text{.author_name = "holdfast", .author_email = "holdfast@localhost", .time = progress.clock().wall(),
                             .message = fmt::format("trial of {}\n", state.head->hex())};
  const auto copy = folder.path("repository");
  TRY(git::copy_commit(state.repository, *state.head, copy, cluster.branch, text));

  // The folder that holds the Git of the machine where it runs for good is not the trial's.
  const auto path = TRY(tree->real_path(fmt::format("cluster/{}/cfg/argo-cd/values.yaml", cluster.name)));
  const auto values = TRY(tree->read(path));
  auto changed = replace_all(values, "storage: host\n", "storage: memory\n");
  if (changed == values) return copy;
  progress.note("the built-in Git of the trial keeps the repository in memory, not in a folder of the host");
  TRY(git::commit_working(copy, tree::MemoryTree(Files{{path, std::move(changed)}}), text));
  return copy;
}

// Nobody looks at a journal of a trial, or goes on with one.
Result<InstallOptions> settled(const E2eOptions& options, const Folder& folder, Console& progress) {
  InstallOptions install = options.install;
  install.repository.folder = TRY(copy_of(install.repository, folder, progress));
  install.node.state_dir = folder.path("state");
  if (install.where == Where::cluster) install.kubeconfig = folder.path("kubeconfig");
  return install;
}

Result<Trial> on_kind(const InstallOptions& install, const std::string& kind_config, Console& progress) {
  const auto& name = install.repository.cluster.name;
  MachineRunner runner;
  {
    Step step(progress, "kind", "making a cluster");
    TRY(create_kind_cluster(runner, name, kind_config, install.kubeconfig));
    step.done(fmt::format("cluster {}", name));
  }
  Trial trial = try_repository(install, install.kubeconfig, progress);
  Step step(progress, "kind", "taking the cluster away");
  TRY(delete_kind_cluster(runner, name, install.kubeconfig));
  step.done("removed");
  return trial;
}

Result<Trial> on_node(const InstallOptions& install, Console& progress) {
  Trial trial = try_repository(install, install.node.state_dir + "/admin.conf", progress);
  TRY(run_node_down({.state_dir = install.node.state_dir, .data = "remove"}, progress));
  return trial;
}

}  // namespace

Result<> run_e2e(const E2eOptions& options, Console& console) {
  const auto& repository = options.install.repository;
  std::error_code ignored;
  if (!fs::is_directory(repository.folder, ignored)) {
    return failure(Error(Code::repo_layout, "there is no repository").at(repository.folder).fix("name one that exists: --repo DIR"));
  }
  const bool node = options.install.where == Where::node;
  if (node && options.install.bundle.empty()) {
    return failure(Error(Code::usage, "a node is made from a bundle").fix("name one: --bundle FILE"));
  }
  Console progress(STDERR_FILENO, STDERR_FILENO, Output::text, console.clock());
  const Folder folder = TRY(Folder::make());
  const InstallOptions install = TRY(settled(options, folder, progress));
  const Trial trial = TRY(node ? on_node(install, progress) : on_kind(install, options.kind_config, progress));
  console.text(junit(repository.cluster.name, trial.cases));
  if (trial.failed) console.leave_with(Exit::differences);
  return {};
}

}  // namespace holdfast::bootstrap
