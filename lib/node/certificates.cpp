// SPDX-License-Identifier: Apache-2.0
// Subjects and usages are kubeadm's (Kubernetes 1.37, cmd/kubeadm/app/phases/certs/certlist.go).
#include "node/certificates.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "crypto/x509.h"
#include "node/files.h"

namespace holdfast::node {
namespace {

constexpr auto day = std::chrono::hours(24);
constexpr auto authority_life = 3650 * day;
constexpr auto leaf_life = 365 * day;
constexpr auto renew_before = 30 * day;
constexpr auto backdate = std::chrono::hours(1);  // clocks that lag

struct Leaf {
  std::string file;
  std::string authority;
  crypto::Subject subject;
  crypto::Purpose purpose;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
};

std::vector<Leaf> leaves(const CertificateNames& names) {
  using crypto::Purpose;
  std::vector<std::string> api_names{"localhost", "kubernetes", "kubernetes.default",
                                     "kubernetes.default.svc",
                                     "kubernetes.default.svc.cluster.local", names.node};
  api_names.insert(api_names.end(), names.dns_names.begin(), names.dns_names.end());
  std::vector<std::string> api_addresses{"127.0.0.1", "10.96.0.1"};
  api_addresses.insert(api_addresses.end(), names.ip_addresses.begin(), names.ip_addresses.end());
  const std::vector<std::string> loopback{"127.0.0.1"};
  const auto client = [](std::string file, std::string name, std::vector<std::string> groups = {}) {
    return Leaf{std::move(file), "ca", {std::move(name), std::move(groups)}, Purpose::client, {}, {}};
  };
  return {
      {"apiserver", "ca", {"kube-apiserver", {}}, Purpose::server, api_names, api_addresses},
      client("apiserver-kubelet", "kube-apiserver-kubelet-client", {"system:masters"}),
      client("admin", "kubernetes-admin", {"system:masters"}),
      client("controller-manager", "system:kube-controller-manager"),
      client("scheduler", "system:kube-scheduler"),
      client("proxy", "system:kube-proxy"),
      client("kwok", "holdfast:kwok", {"system:masters"}),
      {"kubelet", "ca", {"system:node:" + names.node, {"system:nodes"}}, Purpose::client_and_server,
       {names.node}, names.ip_addresses},
      {"etcd-server", "etcd-ca", {"etcd", {}}, Purpose::client_and_server, {"localhost"}, loopback},
      {"etcd-client", "etcd-ca", {"kube-apiserver-etcd-client", {}}, Purpose::client, {}, {}},
      {"front-proxy", "front-proxy-ca", {"front-proxy-client", {}}, Purpose::client, {}, {}},
  };
}

struct Files {
  std::string certificate, key;
};

Files files_of(const std::string& folder, const std::string& name) {
  return {fmt::format("{}/{}.crt", folder, name), fmt::format("{}/{}.key", folder, name)};
}

std::optional<crypto::Certified> load(const Files& files) {
  const auto certificate = read_file(files.certificate);
  auto key = read_file(files.key);
  if (!certificate || !key) return std::nullopt;
  return crypto::Certified{*certificate, Secret(*std::move(key))};
}

// The key first: a certificate without its key is then never found.
Result<> save(const Files& files, const crypto::Certified& made) {
  TRY(write_file(files.key, made.key_pem.reveal(), 0600));
  TRY(write_file(files.certificate, made.certificate_pem, 0644));
  return {};
}

bool holds_all(std::vector<std::string> there, const std::vector<std::string>& wanted) {
  return std::ranges::all_of(wanted, [&](const auto& each) {
    return std::ranges::find(there, each) != there.end();
  });
}

bool is_good(const crypto::Certified& found, const crypto::Certified& authority, const Leaf& leaf,
             WallTime now) {
  const auto details = crypto::read_certificate(found.certificate_pem);
  if (!details || details->validity.until < now + renew_before) return false;
  if (details->subject.common_name != leaf.subject.common_name) return false;
  if (!holds_all(details->dns_names, leaf.dns_names)) return false;
  if (!holds_all(details->ip_addresses, leaf.ip_addresses)) return false;
  const auto issued = crypto::is_issued_by(found.certificate_pem, authority.certificate_pem);
  const auto paired = crypto::is_key_of(found.key_pem, found.certificate_pem);
  return issued && *issued && paired && *paired;
}

struct Made {
  crypto::Certified certified;
  bool is_new;
};

Result<Made> authority(const std::string& folder, const std::string& name, WallTime now) {
  const auto files = files_of(folder, name);
  if (auto found = load(files)) {
    const auto paired = crypto::is_key_of(found->key_pem, found->certificate_pem);
    if (paired && *paired) return Made{*std::move(found), false};
  }
  auto made = TRY(crypto::make_ca({"holdfast " + name, {}}, {now - backdate, now + authority_life}));
  TRY(save(files, made));
  return Made{std::move(made), true};
}

Result<bool> service_account_key(const std::string& folder) {
  const Files files{folder + "/service-account.pub", folder + "/service-account.key"};
  if (read_file(files.key) && read_file(files.certificate)) return false;
  const Secret key = TRY(crypto::make_key(crypto::KeyKind::rsa2048));
  const std::string published = TRY(crypto::public_key_of(key));
  TRY(write_file(files.key, key.reveal(), 0600));
  TRY(write_file(files.certificate, published, 0644));
  return true;
}

// Brings one leaf up to date. Returns whether it was made.
Result<bool> make_leaf(const std::string& folder, const crypto::Certified& authority, const Leaf& leaf, WallTime now) {
  const auto files = files_of(folder, leaf.file);
  const auto found = load(files);
  if (found && is_good(*found, authority, leaf, now)) return false;
  const auto issued = TRY(
      crypto::issue(authority, {leaf.subject, leaf.dns_names, leaf.ip_addresses, leaf.purpose,
                                {now - backdate, now + leaf_life}}),
      "making the certificate \"{}\"", leaf.file);
  TRY(save(files, issued));
  return true;
}

}  // namespace

Result<bool> make_certificates(const std::string& folder, const CertificateNames& names,
                               const Clock& clock) {
  TRY(make_folder(folder, 0700));
  const auto now = clock.wall();
  bool changed = TRY(service_account_key(folder));
  for (const std::string name : {"ca", "etcd-ca", "front-proxy-ca"}) {
    const Made made = TRY(authority(folder, name, now), "making the authority \"{}\"", name);
    changed = changed || made.is_new;
    for (const auto& leaf : leaves(names)) {
      if (leaf.authority != name) continue;
      const bool issued = TRY(make_leaf(folder, made.certified, leaf, now));
      changed = changed || issued;
    }
  }
  return changed;
}

Result<Secret> render_kubeconfig(const ConfigClient& client) {
  const auto files = files_of(client.folder, client.client);
  const auto authority = TRY(read_file(client.folder + "/ca.crt"));
  const auto certificate = TRY(read_file(files.certificate));
  const std::string key_text = TRY(read_file(files.key));
  const Secret key(key_text);
  return Secret(fmt::format(R"(apiVersion: v1
kind: Config
clusters:
- name: holdfast
  cluster:
    server: {}
    certificate-authority-data: {}
users:
- name: {}
  user:
    client-certificate-data: {}
    client-key-data: {}
contexts:
- name: holdfast
  context:
    cluster: holdfast
    user: {}
current-context: holdfast
)",
                            client.server, to_base64(authority), client.client, to_base64(certificate),
                            to_base64(key.reveal()), client.client));
}

Result<Secret> client_kubeconfig(const ConfigClient& client, const crypto::Subject& subject, const Clock& clock) {
  const auto now = clock.wall();
  const Made made = TRY(authority(client.folder, "ca", now));
  const Leaf leaf{client.client, "ca", subject, crypto::Purpose::client, {}, {}};
  TRY(make_leaf(client.folder, made.certified, leaf, now));
  return render_kubeconfig(client);
}

}  // namespace holdfast::node
