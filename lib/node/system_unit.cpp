// SPDX-License-Identifier: Apache-2.0
#include "node/system_unit.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/text.h"
#include "crypto/digest.h"
#include "node/files.h"
#include "node/node.h"
#include "node/process.h"

namespace holdfast::node {
namespace {

std::string unit_path(const std::string& state_dir) {
  return fmt::format("/etc/systemd/system/{}", unit_name(state_dir));
}

Result<> systemctl(const std::vector<std::string>& arguments) {
  Command command;
  command.argv = {"/usr/bin/systemctl"};
  command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
  command.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  TRY(run_checked(command));
  return {};
}

// systemd's quoting: double quotes, backslash escapes, % doubled; $ only where variables are replaced,
// which is everywhere but in the program's path.
std::string quote(const std::string& text) {
  auto quoted = replace_all(text, "\\", "\\\\");
  quoted = replace_all(quoted, "\"", "\\\"");
  return "\"" + replace_all(quoted, "%", "%%") + "\"";
}

}  // namespace

std::string unit_name(const std::string& state_dir) {
  if (state_dir == default_state_dir) return "holdfast-node.service";
  return fmt::format("holdfast-node-{}.service", crypto::sha256(state_dir).hex().substr(0, 8));
}

std::string render_unit(const std::string& program, const std::string& state_dir) {
  return fmt::format(R"([Unit]
Description=Kubernetes node of Holdfast in {0}
After=network-online.target
Wants=network-online.target

[Service]
Type=exec
ExecStart={1} node supervise --state-dir {2}
Restart=always
RestartSec=2
TimeoutStopSec=30
Delegate=yes
TasksMax=infinity
LimitNOFILE=1048576
OOMScoreAdjust=-900

[Install]
WantedBy=multi-user.target
)",
                     replace_all(state_dir, "%", "%%"), quote(program),
                     replace_all(quote(state_dir), "$", "$$"));
}

Result<> start_unit(const std::string& program, const std::string& state_dir) {
  TRY(write_file(unit_path(state_dir), render_unit(program, state_dir), 0644));
  TRY(systemctl({"daemon-reload"}));
  TRY(systemctl({"enable", "--now", unit_name(state_dir)}));
  return {};
}

Result<> remove_unit(const std::string& state_dir) {
  const auto path = unit_path(state_dir);
  if (::access(path.c_str(), F_OK) != 0) return {};
  TRY(systemctl({"disable", "--now", unit_name(state_dir)}));
  TRY(remove_tree(path));
  return systemctl({"daemon-reload"});
}

}  // namespace holdfast::node
