// SPDX-License-Identifier: Apache-2.0
// Programs beside a simulated node: where pods run nothing, what a pod would have done runs here, with the
// same rights in the cluster and under the node's supervisor.
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>

#include "crypto/digest.h"
#include "node/certificates.h"
#include "node/files.h"
#include "node/identity.h"
#include "node/node.h"

namespace holdfast::node {
namespace {

std::string stamp_of(const Secret& kubeconfig) {
  return crypto::sha256(kubeconfig.reveal()).hex().substr(0, 16);
}

}  // namespace

Result<> run_beside(const std::string& state_dir, const LocalProgram& program, const Clock& clock) {
  const auto layout = Layout::simulated(state_dir);
  const FileDescriptor lock = TRY(lock_file(layout.command_lock()));
  const auto plan = find_plan(layout);
  const auto identity = find_supervisor(layout);
  if (!plan || !plan->simulated || !identity) {
    return failure(Code::node_state, "no simulated node runs from \"{}\"", state_dir);
  }
  for (const std::string_view folder : {"/pki/beside", "/conf/beside"}) {
    TRY(make_folder(fmt::format("{}{}", layout.host, folder), 0700));
  }
  const Secret kubeconfig = TRY(client_kubeconfig(
      {plan->api, layout.host + "/pki", "beside/" + program.name}, {program.user, program.groups}, clock));
  const std::string path = fmt::format("{}/conf/beside/{}.conf", layout.host, program.name);
  TRY(write_file(path, kubeconfig.reveal(), 0600));

  PlannedComponent component{program.name, program.argv, {"kube-apiserver"}, program.ready_port, "", stamp_of(kubeconfig)};
  component.argv.push_back("--kubeconfig=" + path);
  auto programs = load_beside(layout.host);
  std::erase_if(programs, [&](const PlannedComponent& each) { return each.name == program.name; });
  programs.push_back(std::move(component));
  TRY(save_beside(layout.host, programs));
  // Always: an earlier run may have ended between the file and the signal.
  if (::kill(identity->supervisor, SIGHUP) == 0) return {};
  return failure(system_failure(Code::node_component, "the node's supervisor is gone"));
}

}  // namespace holdfast::node
