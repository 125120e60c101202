// SPDX-License-Identifier: Apache-2.0
#include "kube/config.h"

#include "base/text.h"
#include "http/url.h"
#include "yaml/yaml.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <iterator>

namespace holdfast::kube {
namespace {

constexpr std::size_t file_bytes_max = std::size_t{4} << 20;
constexpr const char* service_account = "/var/run/secrets/kubernetes.io/serviceaccount/";

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::error_code problem;
  const bool folder = std::filesystem::is_directory(path, problem);
  if (!file || folder) {
    return failure(Error(Code::kubeconfig, fmt::format("'{}' cannot be read", path))
                       .because(std::generic_category().message(folder ? EISDIR : errno)));
  }
  std::string out;
  out.resize(file_bytes_max + 1);
  file.read(out.data(), static_cast<std::streamsize>(out.size()));
  out.resize(static_cast<std::size_t>(file.gcount()));
  if (out.size() > file_bytes_max) {
    return failure(Code::limit, "'{}' is larger than {} bytes", path, file_bytes_max);
  }
  return out;
}

// A kubeconfig file and where it stands: paths inside it are relative to its folder.
struct Source {
  std::string path;
  Value value;
};

// An entry of one of the three lists, by name.
struct Entry {
  const Value* value;
  const Source* source;
};

std::vector<std::string> files_of(const std::string& path, const Environment& environment) {
  if (!path.empty()) return {path};
  std::vector<std::string> out;
  if (const auto listed = environment("KUBECONFIG"); listed && !listed->empty()) {
    for (const auto part : split(*listed, ':')) {
      if (!part.empty()) out.emplace_back(part);
    }
    return out;
  }
  if (const auto home = environment("HOME")) out.push_back(*home + "/.kube/config");
  return out;
}

Result<std::vector<Source>> read_sources(const std::string& path, const Environment& environment) {
  const auto files = files_of(path, environment);
  std::vector<Source> sources;
  for (const auto& file : files) {
    // Listed files may be absent, as with kubectl; one that was named must be there.
    if (path.empty() && !std::filesystem::exists(file)) continue;
    if (!std::filesystem::exists(file)) return failure(Code::file_missing, "there is no kubeconfig '{}'", file);
    const std::string text = TRY(read_file(file));
    auto value = yaml::parse_one(text, file, yaml::Dialect::kube);
    if (!value) {
      return failure(Error(Code::kubeconfig, fmt::format("'{}' is no kubeconfig", file))
                         .because(value.error().message()));
    }
    sources.push_back({file, *std::move(value)});
  }
  if (sources.empty()) {
    Error error(Code::no_kubeconfig, "no kubeconfig was found");
    for (const auto& file : files)
      error = std::move(error).at(file);
    return failure(std::move(error));
  }
  return sources;
}

std::vector<std::string_view> names_of(const Source& source, std::string_view list) {
  std::vector<std::string_view> names;
  const auto* entries = source.value.find(list);
  if (entries == nullptr || entries->as_array() == nullptr) return names;
  for (const auto& entry : *entries->as_array()) names.push_back(entry.text({"name"}));
  return names;
}

// The first file that has it wins, as in clientcmd's merging.
Result<Entry> find_entry(const std::vector<Source>& sources, std::string_view list,
                         std::string_view inner, std::string_view name) {
  for (const auto& source : sources) {
    const auto* entries = source.value.find(list);
    if (entries == nullptr || entries->as_array() == nullptr) continue;
    for (const auto& entry : *entries->as_array()) {
      if (entry.text({"name"}) != name) continue;
      if (const auto* value = entry.find(inner); value != nullptr) return Entry{value, &source};
    }
  }
  Error error(Code::kubeconfig,
              fmt::format("no {} '{}' in the kubeconfig", inner, printable(name)));
  std::vector<std::string_view> known;
  for (const auto& source : sources) {
    const auto names = names_of(source, list);
    known.insert(known.end(), names.begin(), names.end());
    error = std::move(error).at(names.empty() ? source.path : printable(fmt::format("{} has: {}", source.path, fmt::join(names, ", "))));
  }
  const auto close = inner == "context" ? nearest(name, known) : std::nullopt;
  if (close) error = std::move(error).fix(fmt::format("did you mean --context {} ?", printable(*close)));
  return failure(std::move(error));
}

std::string current_context(const std::vector<Source>& sources) {
  for (const auto& source : sources) {
    if (const auto name = source.value.text({"current-context"}); !name.empty())
      return std::string(name);
  }
  return "";
}

std::string beside(const Entry& entry, std::string_view path) {
  const std::filesystem::path given(path);
  if (given.is_absolute()) return std::string(path);
  return (std::filesystem::path(entry.source->path).parent_path() / given).string();
}

// "x-data" in base64 wins over the file "x"; "" when there is neither.
Result<std::string> material(const Entry& entry, std::string_view key) {
  const std::string data_key = std::string(key) + "-data";
  if (const auto data = entry.value->text({data_key}); !data.empty()) {
    auto decoded = from_base64(data);
    if (!decoded)
      return failure(Code::kubeconfig, "{} in '{}' is not base64", data_key, entry.source->path);
    return *std::move(decoded);
  }
  const auto path = entry.value->text({key});
  if (path.empty()) return std::string();
  return TRY(read_file(beside(entry, path)), "reading {}", key);
}

bool flag(const Value& value, std::string_view key) {
  const auto* found = value.find(key);
  return found != nullptr && found->as_bool() != nullptr && *found->as_bool();
}

Result<> read_cluster(const Entry& cluster, Config& config) {
  config.server = cluster.value->text({"server"});
  while (config.server.ends_with('/'))
    config.server.pop_back();
  if (!config.server.empty() && config.server.find("://") == std::string::npos) {
    config.server = "https://" + config.server;
  }
  if (const auto url = http::parse_url(config.server); !url) {
    return failure(Error(Code::kubeconfig, "the cluster's server is no URL")
                       .at(cluster.source->path)
                       .because(url.error().message()));
  }
  auto& tls = config.http.tls;
  tls.ca_pem = TRY(material(cluster, "certificate-authority"));
  tls.server_name = cluster.value->text({"tls-server-name"});
  if (flag(*cluster.value, "insecure-skip-tls-verify")) tls.verify = http::Verify::nothing;
  config.http.proxy = cluster.value->text({"proxy-url"});
  return {};
}

Result<> read_user(const Entry& user, Config& config) {
  for (const auto* plugin : {"exec", "auth-provider"}) {
    if (user.value->find(plugin) == nullptr) continue;
    return failure(
        Error(Code::kubeconfig,
              fmt::format("the user's credentials come from a plugin ('{}')", plugin))
            .at(user.source->path)
            .because(fmt::format("Holdfast starts no program named by a kubeconfig: '{}'",
                                 printable(user.value->text({plugin, "command"}))))
            .fix("use a kubeconfig with a client certificate or a token: kubectl create token"));
  }
  for (const auto* key : {"as", "as-uid", "as-groups", "as-user-extra"}) {
    if (user.value->find(key) == nullptr) continue;
    return failure(
        Error(Code::kubeconfig, fmt::format("impersonation ('{}') is not supported", key))
            .at(user.source->path));
  }
  auto& tls = config.http.tls;
  tls.client_certificate_pem = Secret(TRY(material(user, "client-certificate")));
  tls.client_key_pem = Secret(TRY(material(user, "client-key")));
  config.token = Secret(std::string(user.value->text({"token"})));
  // As client-go: a token file wins over the token, which is then only its first value.
  if (const auto path = user.value->text({"tokenFile"}); !path.empty()) {
    config.token_file = beside(user, path);
  }
  config.username = user.value->text({"username"});
  config.password = Secret(std::string(user.value->text({"password"})));
  return {};
}

}  // namespace

Environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
}

Result<Config> load_kubeconfig(const std::string& path, const std::string& context,
                               const Environment& environment) {
  const std::vector<Source> sources = TRY(read_sources(path, environment));
  Config config;
  config.context = context.empty() ? current_context(sources) : context;
  if (config.context.empty()) {
    return failure(
        Error(Code::kubeconfig, "the kubeconfig has no current context")
            .at(sources.front().path)
            .fix("choose one with: kubectl config use-context NAME, or name one with --context"));
  }
  const Entry chosen = TRY(find_entry(sources, "contexts", "context", config.context));
  if (const auto name = chosen.value->text({"namespace"}); !name.empty()) config.namespace_ = name;
  const Entry cluster =
      TRY(find_entry(sources, "clusters", "cluster", chosen.value->text({"cluster"})));
  TRY(read_cluster(cluster, config));
  if (const auto name = chosen.value->text({"user"}); !name.empty()) {
    const Entry user = TRY(find_entry(sources, "users", "user", name));
    TRY(read_user(user, config));
  }
  return config;
}

Result<Config> load_in_cluster(const Environment& environment, const std::string& root) {
  const auto host = environment("KUBERNETES_SERVICE_HOST");
  const auto port = environment("KUBERNETES_SERVICE_PORT");
  if (!host || host->empty() || !port || port->empty()) {
    return failure(Error(Code::no_kubeconfig, "this process does not run in a pod")
                       .because("KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set"));
  }
  Config config;
  config.context = "in-cluster";
  const bool v6 = host->find(':') != std::string::npos;
  config.server = fmt::format("https://{}{}{}:{}", v6 ? "[" : "", *host, v6 ? "]" : "", *port);
  const std::string folder = root + service_account;
  config.http.tls.ca_pem = TRY(read_file(folder + "ca.crt"));
  config.token_file = folder + "token";
  // The Service's address leads nowhere until kube-proxy knows it, and what was sent before is lost for good: only
  // another connection arrives. The peer is near: two lost packets, sent again after 1 and 3 s, are waited for.
  config.http.connect_timeout = std::chrono::seconds(4);
  TRY(read_file(config.token_file));
  if (const auto name = read_file(folder + "namespace"); name && !trim(*name).empty()) {
    config.namespace_ = trim(*name);
  }
  return config;
}

}  // namespace holdfast::kube
