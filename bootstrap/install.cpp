// SPDX-License-Identifier: Apache-2.0
#include "install.h"

#include "bundle/trust.h"
#include "installation.h"

namespace holdfast::bootstrap {

Result<> install(const InstallOptions& options, Console& console) {
  Installation run(options, console);

  // Nothing is changed before the bundle is verified and the machine or cluster is checked.
  const auto bundle = TRY(verify(run));
  TRY(preflight(run, bundle));
  TRY(begin_records(run, bundle));
  console.begin_changes("what is done stays done; the same command goes on");

  // From here on there is a cluster, and its nodes hold every image that will be asked for.
  kube::Client client = TRY(bring_up_cluster(run, bundle));
  TRY(deliver_images(run, client, bundle));

  // What is applied from here on is what the repository says.
  const Repository repository = TRY(write_repository(run, client));
  TRY(install_engine(run, client, repository));

  // From here on the agent acts, and Git is the only truth.
  TRY(publish(run, client, repository));
  TRY(apply_root(run, client, repository));
  TRY(wait_for_applications(run, client, repository));

  // Only what worked raises the bar for the next bundle.
  if (bundle) TRY(bundle::record_accepted_epoch(run.trust_folder(), bundle->statement().security_epoch));
  say_what_is_next(run, repository);
  return {};
}

}  // namespace holdfast::bootstrap
