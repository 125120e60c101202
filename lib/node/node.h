// SPDX-License-Identifier: Apache-2.0
// This machine as a single-node Kubernetes: unpack, make certificates, configure, supervise, and
// remove without a trace. Where containers cannot run, the same control plane with kwok in place of
// kubelet and containerd: pods become Running and no program of theirs runs ("simulated").
// It does not know bundles (components.h is its view of one), Git, charts or the engine.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "node/components.h"

namespace holdfast::node {

inline constexpr std::string_view default_state_dir = "/var/lib/holdfast";

enum class Mode {
  automatic,   // containers where this machine can run them, else simulated
  containers,  // or refuse, naming what is missing
  simulated,
};

struct Options {
  std::string state_dir{default_state_dir};
  std::string name;     // of the Node object; empty: this machine's host name
  std::string address;  // IPv4 of the node; empty: chosen, see network.h
  std::uint16_t api_port = 6443;
  std::string network_namespace;  // a name under /run/netns; empty: the caller's own
  std::string dns_forward;        // where CoreDNS sends foreign names; empty: nowhere, NXDOMAIN
  std::string stages;             // simulated: kwok's configuration in place of the built-in one
  Mode mode = Mode::automatic;
  Duration timeout = std::chrono::minutes(3);
};

// What a running command tells: `waiting` names what is waited for (often, cheap), `note` is a line
// a person should read once.
struct Progress {
  std::function<void(std::string_view)> waiting = [](std::string_view) {};
  std::function<void(std::string_view)> note = [](std::string_view) {};
};

// Which kind of node up() would make here: of a folder that holds one, that one; else what `mode` says.
struct Choice {
  bool simulated = false;
  std::vector<std::string> why;  // what this machine lacks for containers; empty when it was asked for
};

// Changes nothing. Refuses with node_capability, or node_state where the folder's node is of the other
// kind.
Result<Choice> choose(const Options& options);

struct Report {
  bool simulated = false;
  std::string kubeconfig;  // of the administrator, mode 0600
  std::string api;         // "https://192.0.2.10:6443"
  std::string node;        // the Node's name
  std::string version;     // of Kubernetes, as the API server says it
  std::vector<std::string> workarounds;     // switched on because this machine needs them
  std::vector<std::string> why_simulated;   // what this machine lacks; empty when containers run
  std::uint16_t port_beside = 0;            // simulated: on loopback, kept free for run_beside()
  Duration api_ready{};                     // since up() began
  Duration node_ready{};
};

// Makes or mends the node and returns when the Node is Ready and cluster DNS answers. Idempotent;
// killed anywhere, the same call converges. Refuses with node_capability, node_component (naming the
// component, its log and its last lines), port_in_use, disk_full, another_run, timed_out.
Result<Report> up(const Options& options, const Components& components, const Clock& clock,
                  const Progress& progress);

enum class Data {
  keep,    // the cluster's own state stays for the next up()
  remove,  // the state folder's node part is gone afterwards
};

struct DownOptions {
  std::string state_dir{default_state_dir};
  Data data = Data::keep;
};

// Leaves no process, mount, interface, network namespace of ours, nft table or cgroup. Idempotent,
// also over the remains of a killed up() or supervisor.
Result<> down(const DownOptions& options, const Progress& progress);

// A program of the caller's that runs on this machine beside a simulated node: started when the API server
// answers, restarted on death, ended by `down`, its output in the node's logs. A folder that keeps its
// data keeps the program too, for the next up().
struct LocalProgram {
  std::string name;
  std::vector<std::string> argv;     // a full path first; "--kubeconfig=FILE" is added
  std::string user;                  // who it is in the cluster
  std::vector<std::string> groups;
  std::uint16_t ready_port = 0;      // on loopback
};

// Idempotent; one that was changed is restarted. Returns when the supervisor was told. Refuses with
// node_state when no simulated node runs from the folder.
Result<> run_beside(const std::string& state_dir, const LocalProgram& program, const Clock& clock);

struct ComponentStatus {
  std::string name;   // "kube-apiserver"
  std::string state;  // "running", "starting", "waiting to restart", "stopped"
  std::int64_t pid = 0;  // as the supervisor sees it; 0 when none runs
  std::int64_t restarts = 0;
  std::string last_exit;  // "exit code 1", "signal 9"; empty while it never ended
  std::string log;        // path
};

struct Status {
  bool installed = false;   // is there a node in the state folder
  bool supervised = false;  // does its supervisor live
  bool simulated = false;
  std::string api;
  std::string kubeconfig;
  std::string node;
  bool ready = false;  // the Node object's condition
  std::vector<std::string> workarounds;
  std::vector<ComponentStatus> components;
};

Result<Status> status(const std::string& state_dir);

// Does the folder hold a simulated node? Asks no process.
bool is_simulated(const std::string& state_dir);

// Loads OCI archives (tar) into the node's containerd, pinned against the kubelet's garbage
// collection. What was imported under this name and digest is left out. Returns how many were loaded.
// A simulated node needs none: does nothing.
struct ImageArchive {
  std::string name;    // "registry.example/hello:1"
  std::string digest;  // of anything that identifies the archive; empty: always imported
  std::function<Result<>(int fd)> write;  // writes the archive to the descriptor
};
Result<int> import_images(const std::string& state_dir, const std::vector<ImageArchive>& images,
                          const Progress& progress);

// The supervisor's body: holds the state folder's supervisor lock, runs the components until
// SIGTERM. For the hidden command `holdfast node supervise` only.
Result<> supervise(const std::string& state_dir, const Clock& clock);

}  // namespace holdfast::node
