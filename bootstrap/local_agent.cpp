// SPDX-License-Identifier: Apache-2.0
#include "local_agent.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "archive/tar_reader.h"
#include "base/files.h"
#include "base/text.h"
#include "node/files.h"
#include "value/json.h"
#include "wait.h"

namespace holdfast::bootstrap {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t config_limit = std::uint64_t{1} << 20;
constexpr std::string_view agent_name = "holdfast-agent";
// Where the agent of a simulated cluster answers: {"data": {"port": "6449"}}.
constexpr std::string_view record_name = "holdfast-simulated";

// Where the parts of an unpacked image lie that starting its program needs.
struct Parts {
  std::string loader, libraries;  // "" for a static program
};

Result<> write_member(const std::string& path, const archive::Entry& entry, const archive::Source& content) {
  TRY(node::make_folder(fs::path(path).parent_path().string(), 0755));
  const FileDescriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0700));
  if (!file) return failure(system_failure(Code::file_unwritable, fmt::format("cannot write \"{}\"", path)));
  TRY(archive::copy(content, archive::sink_to_fd(file.get())));
  if (::fchmod(file.get(), (entry.mode & 0555) | S_IRUSR) == 0 && ::fdatasync(file.get()) == 0) return {};
  return failure(system_failure(Code::file_unwritable, fmt::format("cannot write \"{}\"", path)));
}

// A layer's tar is expanded beside the folder first: its digest is known to be right only at its end.
Result<> unpack_layer(const bundle::Bundle& bundle, const bundle::Part& layer, const std::string& into) {
  if (layer.media_type != bundle::oci::layer_zstd) {
    return failure(Code::bundle_content, "the agent's image has a layer of type \"{}\", wanted: {}",
                   printable(layer.media_type), bundle::oci::layer_zstd);
  }
  const FileDescriptor scratch(::open(into.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  if (!scratch) return failure(system_failure(Code::file_unwritable, fmt::format("cannot write in \"{}\"", into)));
  TRY(bundle.expand(layer.digest, archive::sink_to_fd(scratch.get())));
  struct stat state {};
  ::fstat(scratch.get(), &state);
  const auto source = archive::source_of_range(scratch.get(), 0, static_cast<std::uint64_t>(state.st_size));
  return archive::read_tar(source, {}, [&](const archive::Entry& entry, const archive::Source& content) -> Result<> {
    if (entry.kind == archive::EntryKind::folder) return {};
    return write_member(fmt::format("{}/{}", into, entry.path), entry, content);
  });
}

Result<> unpack(const bundle::Bundle& bundle, const bundle::Item& image, const std::string& root) {
  std::error_code ignored;
  if (fs::is_directory(root, ignored)) return {};
  const std::string beside = root + ".new";
  TRY(node::remove_tree(beside));
  TRY(node::make_folder(beside, 0755));
  for (std::size_t i = 1; i < image.parts.size(); ++i) TRY(unpack_layer(bundle, image.parts[i], beside));
  if (::rename(beside.c_str(), root.c_str()) == 0) return {};
  return failure(system_failure(Code::file_unwritable, fmt::format("cannot write \"{}\"", root)));
}

Parts find_parts(const std::string& root) {
  Parts parts;
  std::error_code problem;
  for (const auto& each : fs::recursive_directory_iterator(root, problem)) {
    const std::string name = each.path().filename().string();
    if (name.starts_with("ld-linux")) parts.loader = each.path().string();
    if (name == "libc.so.6") parts.libraries = each.path().parent_path().string();
  }
  return parts;
}

// The first word of the image's entry point, a path in it.
Result<std::string> program_of(const bundle::Bundle& bundle, const bundle::Item& image) {
  const std::string text = TRY(bundle.read(image.parts.front().digest, config_limit));
  const Value config = TRY(json::parse(text, "the agent's image"));
  const auto* words = config.find_path({"config", "Entrypoint"});
  const auto* list = words == nullptr ? nullptr : words->as_array();
  const auto* first = list == nullptr || list->empty() ? nullptr : list->front().as_string();
  const auto inside = first == nullptr ? std::nullopt : join_inside("", std::string_view(*first).substr(first->starts_with('/') ? 1 : 0));
  if (!inside) return failure(Code::bundle_content, "the agent's image names no program");
  return *inside;
}

std::vector<std::string> texts_at(const Value& object, std::initializer_list<std::string_view> path) {
  std::vector<std::string> texts;
  const auto* found = object.find_path(path);
  if (found == nullptr || !found->is_array()) return texts;
  for (const auto& each : *found->as_array()) {
    if (each.as_string() != nullptr) texts.push_back(*each.as_string());
  }
  return texts;
}

// The pod's own flags, and after them, so that they win, those that are this machine's.
Result<node::LocalProgram> program_like(const Value& deployment, const Installation& run, const ClusterSettings& cluster) {
  const auto* containers = deployment.find_path({"spec", "template", "spec", "containers"});
  if (containers == nullptr || !containers->is_array() || containers->as_array()->size() != 1) {
    return failure(Code::repo_layout, "the Deployment {}/{} has not one container", cluster.engine_namespace, agent_name);
  }
  const auto& state = run.options.node.state_dir;
  const auto& namespace_ = cluster.engine_namespace;
  node::LocalProgram program;
  program.name = agent_name;
  program.argv = run.agent;
  for (auto& flag : texts_at(containers->as_array()->front(), {"args"})) program.argv.push_back(std::move(flag));
  program.argv.push_back(fmt::format("--listen=127.0.0.1:{}", run.node.port_beside));
  program.argv.push_back(fmt::format("--state-dir={}/agent/state", state));
  program.argv.push_back(fmt::format("--git-repository={}/git/{}.git", state, cluster.repository));
  program.user = fmt::format("system:serviceaccount:{}:{}", namespace_,
                             deployment.text({"spec", "template", "spec", "serviceAccountName"}));
  program.groups = {"system:serviceaccounts", "system:serviceaccounts:" + namespace_};
  program.ready_port = run.node.port_beside;
  return program;
}

Result<> record(kube::Client& client, const std::string& namespace_, std::uint16_t port) {
  const Value object = Object{{"apiVersion", "v1"},
                              {"kind", "ConfigMap"},
                              {"metadata", Object{{"name", record_name}, {"namespace", namespace_}}},
                              {"data", Object{{"meaning", "pods of this cluster are simulated: they become ready and run nothing; "
                                                          "the agent is a process of the node's machine"},
                                              {"port", fmt::format("{}", port)}}}};
  TRY(client.apply(object, {.field_manager = "holdfast", .force = kube::Force::yes}));
  return {};
}

}  // namespace

Result<std::vector<std::string>> unpack_agent(const bundle::Bundle& bundle, const std::string& state_dir) {
  const auto images = bundle.items_of("engine", bundle::ItemKind::image);
  if (images.size() != 1 || images.front()->parts.empty()) {
    return failure(Code::bundle_content, "the bundle has {} images of the engine, wanted: one", images.size());
  }
  const auto& image = *images.front();
  const std::string root = fmt::format("{}/agent/{}", state_dir, image.manifest.hex().substr(0, 16));
  TRY(unpack(bundle, image, root), "unpacking the agent");
  const std::string inside = TRY(program_of(bundle, image));
  const std::string program = fmt::format("{}/{}", root, inside);
  const Parts parts = find_parts(root);
  if (parts.loader.empty()) return std::vector<std::string>{program};
  // By its own loader: neither the libraries of this machine nor its C library's version matter.
  return std::vector<std::string>{parts.loader, "--library-path", parts.libraries, program};
}

Result<> run_agent_here(const Installation& run, kube::Client& client, const ClusterSettings& cluster, Step& step) {
  const auto& namespace_ = cluster.engine_namespace;
  const auto deployment = TRY(client.get({.group = "apps", .version = "v1", .kind = "Deployment",
                                          .namespace_ = namespace_, .name = std::string(agent_name)}));
  const auto program = TRY(program_like(deployment, run, cluster));
  TRY(node::make_folder(run.options.node.state_dir + "/agent/state", 0700));
  TRY(node::run_beside(run.options.node.state_dir, program, run.console.clock()));
  TRY(record(client, namespace_, run.node.port_beside));

  const auto transport = TRY(http::make_curl_transport({}));
  const http::Request ready{.url = fmt::format("http://127.0.0.1:{}/readyz", run.node.port_beside)};
  const auto answers = [&]() -> Result<std::string> {
    const auto answer = transport->send(ready);
    if (answer && answer->ok()) return std::string();
    return fmt::format("the agent on this machine ({}/node/log/{}.log)", run.options.node.state_dir, agent_name);
  };
  return wait_for(step, run.console.clock(), run.options.timeout, answers);
}

Result<std::string> find_agent_here(kube::Client& client, const std::string& engine_namespace) {
  if (!client.config().server.starts_with("https://127.0.0.1:")) return std::string();
  const auto found = client.get({.group = "", .version = "v1", .kind = "ConfigMap", .namespace_ = engine_namespace,
                                 .name = std::string(record_name)});
  if (!found) {
    const bool absent = found.error().code() == Code::object_missing || found.error().code() == Code::forbidden;
    return absent ? Result<std::string>(std::string()) : failure(found.error());
  }
  const auto text = found->text({"data", "port"});
  std::uint16_t port = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (code != std::errc{} || end != text.data() + text.size() || port == 0) return std::string();
  return fmt::format("http://127.0.0.1:{}", port);
}

}  // namespace holdfast::bootstrap
