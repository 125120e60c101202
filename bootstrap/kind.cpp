// SPDX-License-Identifier: Apache-2.0
#include "kind.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "base/text.h"
#include "node/process.h"

namespace holdfast::bootstrap {
namespace {

constexpr std::string_view provider = "kind://";

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody changes the environment
  return value == nullptr ? "" : value;
}

Result<std::string> find_program(const std::string& name) {
  const std::string folders = variable("PATH");
  for (const auto folder : split(folders, ':')) {
    auto path = fmt::format("{}/{}", folder, name);
    if (!folder.empty() && ::access(path.c_str(), X_OK) == 0) return path;
  }
  return failure(Error(Code::file_missing, fmt::format("there is no program \"{}\"", name)).at("PATH").fix(fmt::format("install {}, or add its folder to PATH", name)));
}

std::string not_ready(const Value& node) {
  const auto* conditions = node.find_path({"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return "it has no conditions yet";
  for (const auto& each : *conditions->as_array()) {
    if (each.text({"type"}) != "Ready") continue;
    if (each.text({"status"}) == "True") return {};
    return fmt::format("{}: {}", each.text({"reason"}), printable(each.text({"message"}), 300));
  }
  return "it has no condition Ready yet";
}

// What an engine's client means: every refusal ends in one of these sentences, docker's or podman's.
Error engine_error(const std::string& engine, const std::string& words) {
  const auto cause = node::last_lines(words, 1);
  if (words.contains("permission denied")) {
    return Error(Code::forbidden, fmt::format("{} does not let this user in", engine))
        .because(cause)
        .fix(engine == "docker" ? "run as root, or join the socket's group: usermod -aG docker USER" : "run it as the user who made the cluster");
  }
  if (words.contains("No such container") || words.contains("no such container") || words.contains("no container with name")) {
    return Error(Code::object_missing, fmt::format("{} has no container for this node", engine))
        .because(cause)
        .fix("run this on the machine where the kind cluster was made, with its DOCKER_HOST or context");
  }
  if (words.contains("is not running") || words.contains("can only create exec sessions on running containers")) {
    return Error(Code::unreachable, "the node's container does not run").because(cause).fix(fmt::format("start it: {} start NODE", engine));
  }
  return Error(Code::unreachable, fmt::format("{} does not answer", engine))
      .because(cause)
      .fix(engine == "docker" ? "start it: systemctl start docker" : "look at: podman info");
}

Result<std::string> in_node(Runner& runner, const KindCluster& cluster, const std::string& node, std::vector<std::string> command) {
  command.insert(command.begin(), {cluster.engine, "exec", node});
  const auto ended = TRY(runner.run(command, {}));
  if (ended.exit == 0) return ended.output;
  return failure(engine_error(cluster.engine, ended.output).at(fmt::format("node {}", node)));
}

// "NAME TYPE DIGEST …" per line, a headline first.
Result<std::map<std::string, std::string>> images_of(Runner& runner, const KindCluster& cluster, const std::string& node) {
  const auto text = TRY(in_node(runner, cluster, node, {"ctr", "-n", "k8s.io", "images", "list"}));
  std::map<std::string, std::string> images;
  for (const auto line : split(text, '\n')) {
    std::vector<std::string_view> words;
    for (const auto word : split(line, ' ')) {
      if (!word.empty()) words.push_back(word);
    }
    if (words.size() > 2 && words[2].starts_with("sha256:")) images.emplace(words[0], words[2]);
  }
  return images;
}

// What the words of `kind` mean; `doing` ends the sentence where they mean nothing known.
Error kind_error(const std::string& name, const std::string& doing, const std::string& words) {
  const auto cause = node::last_lines(words, 3);
  if (words.contains("already exist for a cluster with the name")) return kind_name_taken(name);
  if (words.contains("executable file not found")) {
    return Error(Code::file_missing, "there is neither docker nor podman for kind").at("PATH").because(cause).fix("install docker or podman, or take this machine: --node");
  }
  if (words.contains("Cannot connect to the Docker daemon") || words.contains("permission denied")) {
    return engine_error(words.contains("podman") ? "podman" : "docker", words);
  }
  if (words.contains("failed to pull image")) {
    return Error(Code::unreachable, "kind's node image cannot be pulled").because(cause).fix("name one that is there: --kind-config FILE with nodes[].image");
  }
  if (words.contains("no space left on device")) return Error(Code::disk_full, "there is no space for the cluster's nodes").because(cause);
  return Error(Code::node_component, fmt::format("kind did not {} the cluster \"{}\"", doing, name)).because(cause);
}

// What kind said; refuses where there is none.
Result<Runner::Ended> run_kind(Runner& runner, std::vector<std::string> command) {
  command.insert(command.begin(), "kind");
  auto ended = runner.run(command, {});
  if (!ended && ended.error().code() == Code::file_missing) {
    return failure(std::move(ended).error().fix("install kind (go install sigs.k8s.io/kind@v0.33.0), or take this machine: --node"));
  }
  return ended;
}

Result<> import(Runner& runner, const KindCluster& cluster, const KindNode& node, const KindImage& image) {
  const auto at = fmt::format("node {}", node.name);
  const auto ended = TRY(runner.run({cluster.engine, "exec", "--interactive", node.name, "ctr", "-n", "k8s.io", "images", "import", "--label",
                                     "io.cri-containerd.pinned=pinned", "-"},
                                    image.write), "loading image \"{}\"", image.name);
  if (ended.exit == 0) return {};
  // What it warns of is not why.
  std::string words;
  for (const auto line : split(ended.output, '\n')) {
    if (!line.contains("level=warning")) words += fmt::format("{}\n", line);
  }
  const auto cause = node::last_lines(words, 3);
  if (ended.output.contains("no space left on device")) {
    return failure(Error(Code::disk_full, fmt::format("the node has no space for image \"{}\"", image.name))
                       .at(at)
                       .because(cause)
                       .fix(fmt::format("free space where {} keeps its data ({} system df), then run the same command again", cluster.engine, cluster.engine)));
  }
  return failure(Error(Code::node_component, fmt::format("the node's containerd did not take image \"{}\"", image.name))
                     .at(at)
                     .because(cause)
                     .fix(fmt::format("look at: {} exec {} journalctl -u containerd", cluster.engine, node.name)));
}

Result<> check_node(const KindNode& node, std::span<const KindImage> images, const std::string& engine) {
  if (!node.not_ready.empty()) {
    return failure(Error(Code::not_healthy, fmt::format("node \"{}\" is not Ready", node.name))
                       .because(node.not_ready)
                       .fix(fmt::format("look at: {} exec {} journalctl -u kubelet", engine, node.name)));
  }
  for (const auto& image : images) {
    if (image.architecture == node.architecture) continue;
    return failure(Error(Code::wrong_architecture, fmt::format("image \"{}\" is for {}, the node is {}", image.name, image.architecture, node.architecture))
                       .at(fmt::format("node {}", node.name)));
  }
  return {};
}

}  // namespace

Result<Runner::Ended> MachineRunner::run(const std::vector<std::string>& argv, const Input& input) {
  node::Command command{.argv = argv, .environment = {}, .input = input, .inside = 0, .timeout = std::chrono::minutes(15)};
  command.argv[0] = TRY(find_program(argv[0]));
  for (const auto* name : {"PATH", "HOME", "USER", "LANG", "XDG_RUNTIME_DIR", "DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH",
                           "DOCKER_TLS_VERIFY", "CONTAINER_HOST", "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF", "LD_LIBRARY_PATH",
                           "KIND_EXPERIMENTAL_PROVIDER"}) {
    if (auto value = variable(name); !value.empty()) command.environment.push_back(fmt::format("{}={}", name, value));
  }
  auto finished = TRY(node::run(command));
  return Ended{finished.exit, std::move(finished.output)};
}

Error kind_name_taken(const std::string& name) {
  return Error(Code::object_exists, fmt::format("there is a kind cluster \"{}\" already", name))
      .fix(fmt::format("kind delete cluster --name {}, or name another --cluster", name));
}

Result<bool> has_kind_cluster(Runner& runner, const std::string& name) {
  const auto ended = TRY(run_kind(runner, {"get", "clusters"}));
  if (ended.exit != 0) return failure(kind_error(name, "look for", ended.output));
  const auto lines = split(ended.output, '\n');
  return std::ranges::find(lines, name) != lines.end();
}

Result<> create_kind_cluster(Runner& runner, const std::string& name, const std::string& config, const std::string& kubeconfig) {
  std::vector<std::string> command{"create", "cluster", "--name", name, "--kubeconfig", kubeconfig, "--wait", "180s"};
  if (!config.empty()) command.insert(command.end(), {"--config", config});
  const auto ended = TRY(run_kind(runner, std::move(command)));
  if (ended.exit == 0) return {};
  auto error = kind_error(name, "make", ended.output);
  if (error.code() != Code::node_component) return failure(std::move(error));
  return failure(std::move(error).fix(fmt::format("see it fail: kind create cluster --name {} --retain, then: kind export logs --name {}", name, name)));
}

Result<> delete_kind_cluster(Runner& runner, const std::string& name, const std::string& kubeconfig) {
  const auto ended = TRY(run_kind(runner, {"delete", "cluster", "--name", name, "--kubeconfig", kubeconfig}));
  if (ended.exit == 0) return {};
  return failure(kind_error(name, "remove", ended.output).fix(fmt::format("kind delete cluster --name {}", name)));
}

KindCluster recognise_kind(std::span<const Value> node_objects) {
  KindCluster cluster;
  for (const auto& object : node_objects) {
    const auto id = object.text({"spec", "providerID"});
    if (!id.starts_with(provider)) return {};
    const auto parts = split(id.substr(provider.size()), '/');
    if (parts.size() != 3 || (parts[0] != "docker" && parts[0] != "podman")) return {};
    if (!cluster.nodes.empty() && (cluster.engine != parts[0] || cluster.name != parts[1])) return {};
    cluster.engine = parts[0];
    cluster.name = parts[1];
    cluster.nodes.push_back({.name = std::string(parts[2]),
                             .machine_id = std::string(object.text({"status", "nodeInfo", "machineID"})),
                             .architecture = std::string(object.text({"status", "nodeInfo", "architecture"})),
                             .not_ready = not_ready(object)});
  }
  return cluster;
}

Result<> check_kind_access(Runner& runner, const KindCluster& cluster) {
  for (const auto& node : cluster.nodes) {
    const auto id = TRY(in_node(runner, cluster, node.name, {"cat", "/etc/machine-id"}));
    if (trim(id) == node.machine_id) continue;
    return failure(Error(Code::kubeconfig, fmt::format("the kubeconfig is of another cluster than {}'s container \"{}\"", cluster.engine, node.name))
                       .because(fmt::format("the cluster's node has machine id {}, the container {}", node.machine_id, printable(trim(id))))
                       .fix(fmt::format("take the kubeconfig of this machine's cluster: kind export kubeconfig --name {}", cluster.name)));
  }
  return {};
}

Result<KindLoaded> load_into_kind(Runner& runner, const KindCluster& cluster, std::span<const KindImage> images,
                                  const std::function<void(std::string_view)>& waiting) {
  // Nothing is loaded before every node can take every image.
  for (const auto& node : cluster.nodes) TRY(check_node(node, images, cluster.engine));
  KindLoaded result;
  for (const auto& node : cluster.nodes) {
    const auto there = TRY(images_of(runner, cluster, node.name));
    for (const auto& image : images) {
      const auto found = there.find(image.name);
      if (found != there.end() && found->second == image.digest) {
        ++result.present;
        continue;
      }
      waiting(fmt::format("image {} to be loaded into {}", image.name, node.name));
      TRY(import(runner, cluster, node, image));
      ++result.loaded;
    }
  }
  return result;
}

}  // namespace holdfast::bootstrap
