// SPDX-License-Identifier: Apache-2.0
// The steps of install(), each check → act → verify. What they share is the run: options, console,
// journal, and what earlier steps found out. Files: deliver.cpp (bundle, machine, images),
// engine.cpp (the engine and the Applications), publish.cpp (the repository and the built-in Git),
// local_agent.cpp (the agent where pods are simulated).
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "bundle/bundle.h"
#include "git/git_tree.h"
#include "install.h"
#include "journal.h"
#include "kube/client.h"

namespace holdfast::bootstrap {

struct Repository {
  std::string folder;
  ClusterSettings cluster;
  std::string commit;
  std::shared_ptr<const git::GitTree> tree;  // of that commit
};

class Installation {
 public:
  Installation(const InstallOptions& run_options, Console& run_console)
      : options(run_options), console(run_console) {}

  // <state>/install/<cluster>.journal; the steps before it are written into it at once.
  Result<> open_journal(std::string bundle_id);

  // Runs `body` as the step `name`, shown under `title`; its text is the step's result. Refusals get the
  // title as context.
  Result<> step(std::string_view name, std::string_view title, std::string_view doing,
                const std::function<Result<std::string>(Step&)>& body);

  // Where the trust root and the accepted epoch lie.
  [[nodiscard]] std::string trust_folder() const;

  const InstallOptions& options;
  Console& console;
  std::optional<bundle::TrustRoot> trust;  // that the bundle was verified with
  node::Report node;           // with Where::node
  std::vector<std::string> agent;  // where pods are simulated: how to start it on this machine
  std::string kubeconfig;      // of the cluster at hand
  GitStorage storage = GitStorage::memory;
  std::string git_host_path;

 private:
  std::optional<Journal> journal_;
  std::vector<std::pair<std::string, std::string>> before_journal_;  // step, result
  std::string bundle_id_;
};

// Nothing where no bundle is given: images then come from where the repository names them.
using GivenBundle = std::optional<bundle::Bundle>;

Result<GivenBundle> verify(Installation& run);
Result<> preflight(Installation& run, const GivenBundle& bundle);
Result<> begin_records(Installation& run, const GivenBundle& bundle);  // the journal, and what was verified
Result<kube::Client> bring_up_cluster(Installation& run, const GivenBundle& bundle);
Result<> deliver_images(Installation& run, kube::Client& client, const GivenBundle& bundle);
Result<Repository> write_repository(Installation& run, kube::Client& client);
Result<> install_engine(Installation& run, kube::Client& client, const Repository& repository);
Result<> publish(Installation& run, kube::Client& client, const Repository& repository);
Result<> apply_root(Installation& run, kube::Client& client, const Repository& repository);
Result<> wait_for_applications(Installation& run, kube::Client& client, const Repository& repository);
void say_what_is_next(const Installation& run, const Repository& repository);

}  // namespace holdfast::bootstrap
