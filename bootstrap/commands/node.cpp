// SPDX-License-Identifier: Apache-2.0
#include "commands/node.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "commands/bundle.h"
#include "images.h"
#include "node/files.h"

namespace holdfast::bootstrap {

std::string default_state_dir() {
  const char* named = std::getenv("HOLDFAST_STATE_DIR");  // NOLINT(concurrency-mt-unsafe): main thread, at start
  if (named != nullptr && *named != '\0') return named;
  if (::geteuid() == 0) return std::string(node::default_state_dir);
  const char* state = std::getenv("XDG_STATE_HOME");  // NOLINT(concurrency-mt-unsafe): main thread, at start
  if (state != nullptr && *state == '/') return std::string(state) + "/holdfast";
  const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): main thread, at start
  return std::string(home == nullptr ? "" : home) + "/.local/state/holdfast";
}

Result<std::string> absolute_path(const std::string& path) {
  std::error_code problem;
  const auto whole = std::filesystem::absolute(path, problem).lexically_normal();
  if (problem || path.empty()) return failure(Code::usage, "\"{}\" is no path", path);
  auto text = whole.string();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

namespace {

Result<node::Mode> parse_mode(const std::string& word) {
  if (word == "auto") return node::Mode::automatic;
  if (word == "containers") return node::Mode::containers;
  if (word == "simulated") return node::Mode::simulated;
  return failure(Code::usage, "the mode \"{}\" is not known: auto, containers or simulated", word);
}

Value strings(const std::vector<std::string>& texts) {
  Array array;
  for (const auto& text : texts) array.emplace_back(text);
  return array;
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

Value describe(const node::Report& report) {
  return Object{{"api", report.api},
                {"apiReadySeconds", seconds(report.api_ready)},
                {"kubeconfig", report.kubeconfig},
                {"node", report.node},
                {"nodeReadySeconds", seconds(report.node_ready)},
                {"simulated", report.simulated},
                {"version", report.version},
                {"whySimulated", strings(report.why_simulated)},
                {"workarounds", strings(report.workarounds)}};
}

Value describe(const node::Status& status) {
  Array components;
  for (const auto& each : status.components) {
    components.emplace_back(Object{{"lastExit", each.last_exit},
                                   {"log", each.log},
                                   {"name", each.name},
                                   {"pid", each.pid},
                                   {"restarts", each.restarts},
                                   {"state", each.state}});
  }
  return Object{{"api", status.api},
                {"components", std::move(components)},
                {"installed", status.installed},
                {"kubeconfig", status.kubeconfig},
                {"node", status.node},
                {"ready", status.ready},
                {"simulated", status.simulated},
                {"supervised", status.supervised},
                {"workarounds", strings(status.workarounds)}};
}

void show_status(const node::Status& status, Console& console) {
  console.line(fmt::format("node {}  {}  {}{}", status.node, status.api, status.ready ? "Ready" : "not Ready",
                           status.simulated ? "  simulated: pods run nothing" : ""));
  console.line(fmt::format("kubeconfig {}", status.kubeconfig));
  for (const auto& each : status.components) {
    console.line(fmt::format("  {:<24} {:<20} {}{}", each.name, each.state,
                             each.restarts == 0 ? "" : fmt::format("{} restarts, last: ", each.restarts),
                             each.last_exit));
  }
  for (const auto& each : status.workarounds) console.line(fmt::format("  work-around: {}", each));
}

Result<node::Options> node_options(const NodeUpOptions& options) {
  node::Options wanted;
  wanted.state_dir = TRY(absolute_path(options.state_dir));
  wanted.name = options.name;
  wanted.address = options.address;
  if (options.api_port < 1 || options.api_port > 65000) {
    return failure(Code::usage, "the port {} is not between 1 and 65000", options.api_port);
  }
  wanted.api_port = static_cast<std::uint16_t>(options.api_port);
  wanted.network_namespace = options.network_namespace;
  wanted.dns_forward = options.dns_forward;
  wanted.mode = TRY(parse_mode(options.mode));
  if (!options.stages.empty()) wanted.stages = TRY(node::read_file(options.stages));
  wanted.timeout = std::chrono::seconds(options.timeout_seconds);
  return wanted;
}

Result<> bring_up(const node::Options& wanted, const node::Components& components, Console& console) {
  Step step(console, "Node", "making this machine a Kubernetes node");
  const node::Progress progress{[&step](std::string_view reason) { step.waiting(reason); },
                                [&console](std::string_view text) { console.note(text); }};
  console.begin_changes("what was begun stays: the same command goes on from there");
  const auto report = TRY(node::up(wanted, components, console.clock(), progress));
  if (report.simulated) console.mark_simulated();
  step.done(fmt::format("{} {}", report.node, report.version));
  for (const auto& reason : report.why_simulated) console.note(fmt::format("no containers: {}", reason));
  for (const auto& workaround : report.workarounds) console.note(workaround);
  console.line();
  console.line(fmt::format("  export KUBECONFIG={}", report.kubeconfig));
  console.data(describe(report));
  return {};
}

// What `up` keeps beside the node: its journals, the built-in Git, a simulated cluster's agent. What else is
// in the folder is somebody else's, and then it stays.
Result<> remove_own_folders(const std::string& state_dir) {
  for (const std::string_view folder : {"/install", "/git", "/agent"}) {
    TRY(node::remove_tree(fmt::format("{}{}", state_dir, folder)));
  }
  ::rmdir(state_dir.c_str());
  return {};
}

}  // namespace

Result<> run_node_up(const NodeUpOptions& options, Console& console) {
  const node::Options wanted = TRY(node_options(options));
  if (options.bundle.empty() == options.components.empty()) {
    return failure(Error(Code::usage, "the node's programs come from either --bundle or --components")
                       .fix("holdfast node up --bundle FILE"));
  }
  if (!options.components.empty()) {
    const auto components = TRY(node::open_folder(options.components));
    return bring_up(wanted, *components, console);
  }
  const auto bundle = TRY(open_bundle({options.bundle, options.trust_folder}, console, own_platform()));
  const auto components = TRY(node::open_bundle(bundle));
  TRY(bring_up(wanted, *components, console));
  const auto state = TRY(node::status(wanted.state_dir));
  if (state.simulated) return {};
  Step step(console, "Images", "loading the bundle's images");
  const node::Progress progress{[&step](std::string_view reason) { step.waiting(reason); },
                                [&console](std::string_view text) { console.note(text); }};
  const auto count = TRY(import_bundle_images(bundle, wanted.state_dir, progress));
  step.done(fmt::format("{} in the node", count));
  return {};
}

Result<> run_node_down(const NodeDownOptions& options, Console& console) {
  if (options.data != "keep" && options.data != "remove") {
    return failure(Code::usage, "\"{}\" is neither keep nor remove", options.data);
  }
  node::DownOptions wanted;
  wanted.state_dir = TRY(absolute_path(options.state_dir));
  wanted.data = options.data == "keep" ? node::Data::keep : node::Data::remove;
  if (node::is_simulated(wanted.state_dir)) console.mark_simulated();
  Step step(console, "Node", "taking the node away");
  console.begin_changes("what was stopped stays stopped: the same command goes on from there");
  TRY(node::down(wanted, {[&step](std::string_view reason) { step.waiting(reason); },
                          [&console](std::string_view text) { console.note(text); }}));
  if (wanted.data == node::Data::remove) TRY(remove_own_folders(wanted.state_dir));
  step.done(options.data == "keep" ? "stopped, its data stays" : "removed");
  console.data(Object{{"data", options.data}, {"stateDir", wanted.state_dir}});
  return {};
}

Result<> run_node_status(const NodeStatusOptions& options, Console& console) {
  const std::string state_dir = TRY(absolute_path(options.state_dir));
  const auto status = TRY(node::status(state_dir));
  if (status.simulated) console.mark_simulated();
  if (status.installed) show_status(status, console);
  console.data(describe(status));
  if (!status.installed) {
    return failure(Error(Code::not_healthy, fmt::format("there is no node in \"{}\"", state_dir))
                       .fix(fmt::format("holdfast node up --state-dir {}", state_dir)));
  }
  if (!status.ready) return failure(Code::not_healthy, "the node \"{}\" is not Ready", status.node);
  return {};
}

Result<> run_node_supervise(const NodeStatusOptions& options, Console& console) {
  return node::supervise(options.state_dir, console.clock());
}

}  // namespace holdfast::bootstrap
