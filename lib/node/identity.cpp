// SPDX-License-Identifier: Apache-2.0
#include "node/identity.h"

#include <fmt/format.h>
#include <signal.h>

#include "node/files.h"
#include "value/json.h"

namespace holdfast::node {
namespace {

std::int64_t number_at(const Value& value, std::string_view key) {
  const Value* found = value.find(key);
  return found != nullptr && found->as_int() != nullptr ? *found->as_int() : 0;
}

}  // namespace

std::optional<Identity> find_supervisor(const Layout& layout) {
  if (!is_locked(layout.supervisor_lock())) return std::nullopt;
  const auto text = read_file(layout.host + "/run/supervisor.json");
  if (!text) return std::nullopt;
  const auto value = json::parse(*text, "supervisor.json");
  if (!value) return std::nullopt;
  Identity identity;
  identity.supervisor = static_cast<pid_t>(number_at(*value, "pid"));
  identity.inner = static_cast<pid_t>(number_at(*value, "inner"));
  identity.network = static_cast<std::uint64_t>(number_at(*value, "network"));
  identity.generation = value->text({"generation"});
  // While its namespaces are taken down, a killed supervisor's first process still holds the lock.
  const bool alive = identity.supervisor > 0 && ::kill(identity.supervisor, 0) == 0 &&
                     (identity.inner == 0 || ::kill(identity.inner, 0) == 0);
  if (!alive) return std::nullopt;
  return identity;
}

std::optional<Plan> find_plan(const Layout& layout) {
  const auto text = read_file(layout.plan());
  if (!text) return std::nullopt;
  auto plan = parse_plan(*text);
  if (!plan) return std::nullopt;
  return *std::move(plan);
}

Command command_in_node(const Plan& plan, const Identity& identity, std::vector<std::string> argv) {
  Command command;
  command.argv = std::move(argv);
  command.environment = {fmt::format("PATH={}/bin", plan.inside), fmt::format("HOME={}/run", plan.inside)};
  command.inside = identity.inner;
  return command;
}

Command kubectl(const Plan& plan, const Identity& identity, std::vector<std::string> arguments) {
  std::vector<std::string> argv{plan.inside + "/bin/kubectl",
                                fmt::format("--kubeconfig={}/conf/admin.conf", plan.inside),
                                "--request-timeout=10s"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return command_in_node(plan, identity, std::move(argv));
}

}  // namespace holdfast::node
