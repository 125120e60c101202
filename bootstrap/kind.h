// SPDX-License-Identifier: Apache-2.0
// A cluster of kind: nodes that are containers of docker or podman on this machine. Recognised by its Node
// objects; the bundle's images go into each node's containerd through the engine's exec, as
// `kind load image-archive` does it, only those that a node has not.
// Mirrors: kind 0.33, pkg/cluster/nodeutils/util.go (LoadImageArchive), spec.providerID of its nodes.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "value/value.h"

namespace holdfast::bootstrap {

// Runs programs of this machine; the tests' has answers of its own.
class Runner {
 public:
  struct Ended {
    int exit = -1;
    std::string output;  // both streams
  };
  // Writes the program's standard input to the descriptor.
  using Input = std::function<Result<>(int fd)>;

  virtual ~Runner() = default;
  // argv[0] is looked up in PATH. Refuses with Code::file_missing when there is no such program, with
  // Code::timed_out, or as `input` does.
  virtual Result<Ended> run(const std::vector<std::string>& argv, const Input& input) = 0;
};

// With this process's PATH and what the engines' clients read from the environment.
class MachineRunner : public Runner {
 public:
  Result<Ended> run(const std::vector<std::string>& argv, const Input& input) override;
};

struct KindNode {
  std::string name;          // of the Node object and of the container
  std::string machine_id;
  std::string architecture;  // "amd64"
  std::string not_ready;     // "KubeletNotReady: …" of a node that is not Ready
};

struct KindCluster {
  std::string engine;  // "docker" or "podman"
  std::string name;
  std::vector<KindNode> nodes;
};

// The cluster whose Node objects these are; without nodes when any of them is not kind's.
KindCluster recognise_kind(std::span<const Value> node_objects);

// Asks the engine for every node's container. Refuses with Code::file_missing (no client),
// Code::unreachable (no engine answers), Code::forbidden (its socket), Code::object_missing (no such
// container) and Code::kubeconfig (a container of that name that is not this node).
Result<> check_kind_access(Runner& runner, const KindCluster& cluster);

struct KindImage {
  std::string name;
  std::string digest;  // "sha256:…" of its manifest
  std::string architecture;
  Runner::Input write;  // an OCI archive
};

struct KindLoaded {
  std::size_t loaded = 0;   // imports over all nodes
  std::size_t present = 0;  // that a node had
};

// Refuses with Code::not_healthy (a node that is not Ready), Code::wrong_architecture, Code::disk_full,
// Code::node_component (containerd's own words).
Result<KindLoaded> load_into_kind(Runner& runner, const KindCluster& cluster, std::span<const KindImage> images,
                                  const std::function<void(std::string_view)>& waiting);

// Whether kind knows a cluster of that name. Refuses with Code::file_missing (no kind, no engine's client),
// Code::unreachable, Code::forbidden, Code::node_component.
Result<bool> has_kind_cluster(Runner& runner, const std::string& name);

Error kind_name_taken(const std::string& name);

// `kind create cluster`, its kubeconfig written to `kubeconfig` alone; `config` is kind's own file or "".
// Refuses as has_kind_cluster does (with Code::unreachable also when an image cannot be pulled), and with
// Code::object_exists (the name) and Code::disk_full.
Result<> create_kind_cluster(Runner& runner, const std::string& name, const std::string& config, const std::string& kubeconfig);
Result<> delete_kind_cluster(Runner& runner, const std::string& name, const std::string& kubeconfig);

}  // namespace holdfast::bootstrap
