// SPDX-License-Identifier: Apache-2.0
#include "agent/server_secret.h"

#include "base/log.h"
#include "base/text.h"
#include "crypto/random.h"

namespace holdfast::agent {
namespace {

constexpr std::size_t key_bytes = 24;

Result<> make_secret(kube::Client& client, const kube::Identity& identity) {
  const auto held = client.get(identity, kube::Content::metadata);
  if (held) return {};
  if (held.error().code() != Code::object_missing) return failure(Error(held.error()));
  const auto key = TRY(crypto::random_bytes(key_bytes));
  const Value secret = Object{{"apiVersion", "v1"},
                              {"kind", "Secret"},
                              {"metadata", Object{{"labels", Object{{"app.kubernetes.io/part-of", "argocd"}}},
                                                  {"name", identity.name},
                                                  {"namespace", identity.namespace_}}},
                              {"stringData", Object{{"server.secretkey", to_hex(key)}}}};
  const auto made = client.create(secret, {.field_manager = "holdfast-agent", .subresource = {}});
  if (!made && made.error().code() != Code::object_exists) return failure(Error(made.error()));
  return {};
}

}  // namespace

void ensure_server_secret(kube::Client& client, const std::string& namespace_name) {
  const auto made = make_secret(client, {"", "v1", "Secret", namespace_name, "argocd-secret"});
  if (!made) log::warn("Secret argocd-secret is not there, so argocd --core will not start", {{"cause", made.error().message()}});
}

}  // namespace holdfast::agent
