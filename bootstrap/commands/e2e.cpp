// SPDX-License-Identifier: Apache-2.0
#include "commands/e2e.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "attended.h"
#include "base/text.h"
#include "commands/junit.h"
#include "commands/node.h"
#include "git/copy.h"
#include "git/git_tree.h"
#include "git/working.h"
#include "kind.h"
#include "kube/client.h"
#include "node/process.h"
#include "scratch_folder.h"
#include "tree/memory_tree.h"
#include "wait.h"

namespace holdfast::bootstrap {
namespace {

namespace fs = std::filesystem;

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
Result<std::string> copy_of(const RepoInitOptions& repository, const ScratchFolder& folder, Console& progress) {
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
Result<InstallOptions> settled(const E2eOptions& options, const ScratchFolder& folder, Console& progress) {
  InstallOptions install = options.install;
  install.repository.folder = TRY(copy_of(install.repository, folder, progress));
  install.node.state_dir = folder.path("state");
  if (install.where == Where::cluster) install.kubeconfig = folder.path("kubeconfig");
  return install;
}

// From here on there is something to take away: see take_away().
Result<> begin(const InstallOptions& install, Console& progress) {
  std::error_code problem;
  fs::create_directory(install.node.state_dir, problem);
  if (problem) return failure(Error(Code::file_unwritable, "no folder can be made").at(install.node.state_dir).because(problem.message()));
  progress.begin_changes("the cluster of the trial is taken away");
  return {};
}

Result<> make_kind(const InstallOptions& install, const std::string& config, Console& progress) {
  MachineRunner runner;
  const auto& name = install.repository.cluster.name;
  const bool taken = TRY(has_kind_cluster(runner, name));
  if (taken) return failure(kind_name_taken(name));
  TRY(begin(install, progress));
  Step step(progress, "kind", "making a cluster");
  TRY(create_kind_cluster(runner, name, config, install.kubeconfig));
  step.done(fmt::format("cluster {}", name));
  return {};
}

// The trial up to its report, in a process that may be ended anywhere.
int try_and_report(const E2eOptions& options, const ScratchFolder& folder, Console& progress, Console& console) {
  const auto tried = [&]() -> Result<Trial> {
    const InstallOptions install = TRY(settled(options, folder, progress));
    const bool node = install.where == Where::node;
    TRY(node ? begin(install, progress) : make_kind(install, options.kind_config, progress));
    return try_repository(install, node ? install.node.state_dir + "/admin.conf" : install.kubeconfig, progress);
  }();
  if (tried) console.text(junit(options.install.repository.cluster.name, tried->cases));
  const auto told = tried ? console.check_output() : Result<>(failure(tried.error()));
  if (told) return static_cast<int>(tried->failed ? Exit::differences : Exit::ok);
  console.error(told.error(), progress.changed());
  return static_cast<int>(row_of(told.error().code()).exit);
}

// Whatever there is of it. After a trial that was ended in the middle we look several times: what an engine
// was asked for by a client that is dead may appear a moment later.
Result<> take_kind_away(const std::string& name, const ScratchFolder& folder, int looks, Console& progress) {
  constexpr auto between = std::chrono::milliseconds(500);
  MachineRunner runner;
  for (int look = 0; look < looks; ++look) {
    if (look > 0) node::pause_for(between);
    const bool there = TRY(has_kind_cluster(runner, name));
    if (!there) continue;
    Step step(progress, "kind", "taking the cluster away");
    TRY(delete_kind_cluster(runner, name, folder.path("kubeconfig")));
    step.done("removed");
  }
  return {};
}

Result<> take_away(const E2eOptions& options, const ScratchFolder& folder, const Attended& trial, Console& progress) {
  const auto state = folder.path("state");
  std::error_code ignored;
  if (!fs::exists(state, ignored)) return {};
  if (options.install.where == Where::node) return run_node_down({.state_dir = state, .data = "remove"}, progress);
  const bool in_the_middle = trial.asked != 0 || trial.exit >= 128;
  return take_kind_away(options.install.repository.cluster.name, folder, in_the_middle ? 4 : 1, progress);
}

}  // namespace

Result<> run_e2e(const E2eOptions& options, Console& console) {
  std::error_code ignored;
  if (const auto& folder = options.install.repository.folder; !fs::is_directory(folder, ignored)) {
    return failure(Error(Code::repo_layout, "there is no repository").at(folder).fix("name one that exists: --repo DIR"));
  }
  if (options.install.where == Where::node && options.install.bundle.empty()) {
    return failure(Error(Code::usage, "a node is made from a bundle").fix("name one: --bundle FILE"));
  }
  Console progress(STDERR_FILENO, STDERR_FILENO, Output::text, console.clock());
  // For kubeconfig, journal and a node, whose sockets need a short path.
  const ScratchFolder folder = TRY(ScratchFolder::make_in("/tmp", "hf-e2e"));
  const Attended trial = TRY(attend([&] { return try_and_report(options, folder, progress, console); }));
  TRY(take_away(options, folder, trial, progress));
  if (trial.asked != 0) {
    return failure(Error(Code::stopped, "the trial was stopped").because(::strsignal(trial.asked)).fix("run the same command again"));
  }
  if (trial.exit >= 128) return failure(Error(Code::internal, "the trial ended by itself").because(::strsignal(trial.exit - 128)));
  console.leave_with(static_cast<Exit>(trial.exit));
  return {};
}

}  // namespace holdfast::bootstrap
