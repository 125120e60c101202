// SPDX-License-Identifier: Apache-2.0
#include "node/identity.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/text.h"
#include "node/files.h"
#include "value/json.h"

namespace holdfast::node {
namespace {

std::int64_t number_at(const Value& value, std::string_view key) {
  const Value* found = value.find(key);
  return found != nullptr && found->as_int() != nullptr ? *found->as_int() : 0;
}

// "PROGRAM node supervise --state-dir FOLDER", as start_supervisor() and the systemd unit write it. Of
// one's own user only: anybody can give a process such a command line.
bool serves(const std::string& process, const std::string& state_dir) {
  struct stat owner {};
  if (::stat(process.c_str(), &owner) != 0 || owner.st_uid != ::geteuid()) return false;
  const std::string line = read_file(process + "/cmdline").value_or("");
  const auto words = split(line, '\0');
  return words.size() >= 5 && words[1] == "node" && words[2] == "supervise" && words[3] == "--state-dir" &&
         words[4] == state_dir;
}

// From "PID (NAME) STATE PARENT …"; a name may hold anything, ")" too.
pid_t parent_of(const std::string& process) {
  const std::string text = read_file(process + "/stat").value_or("");
  const auto fields = split(std::string_view(text).substr(std::min(text.size(), text.rfind(')') + 1)), ' ');
  pid_t parent = 0;
  if (fields.size() > 2) std::from_chars(fields[2].data(), fields[2].data() + fields[2].size(), parent);
  return parent;
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

std::vector<pid_t> supervisors_of(const std::string& state_dir) {
  std::vector<pid_t> found;
  std::error_code problem;
  for (const auto& each : std::filesystem::directory_iterator("/proc", problem)) {
    const std::string name = each.path().filename().string();
    pid_t pid = 0;
    const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), pid);
    if (code != std::errc{} || end != name.data() + name.size()) continue;
    if (serves(each.path().string(), state_dir)) found.push_back(pid);
  }
  // The first process of a real node has its supervisor's command line, and ends with it.
  const auto is_inner = [all = found](pid_t pid) {
    return std::ranges::find(all, parent_of(fmt::format("/proc/{}", pid))) != all.end();
  };
  std::erase_if(found, is_inner);
  return found;
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
