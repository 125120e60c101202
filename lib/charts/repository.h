// SPDX-License-Identifier: Apache-2.0
// Where charts are published, and how to get there. It does not know Applications or Secrets.
#pragma once

#include "base/reach.h"
#include "base/secret.h"
#include "http/transport.h"

#include <string>

namespace holdfast::charts {

enum class Kind {
  index,     // a Helm repository: index.yaml over HTTP(S)
  registry,  // an OCI registry: url and chart name a repository in it
};

// Who sees user name and password.
enum class Audience {
  origin,    // the repository's own scheme, host and port, as Helm does
  everyone,  // also the host of another origin that the index names (passCredentials)
};

enum class Wire { tls, plain };  // plain: a registry that speaks HTTP only

struct Repository {
  // "https://host/path" of an index; "host/path" or "oci://host/path" of a registry.
  std::string url;
  Kind kind = Kind::index;
  std::string username;
  Secret password;
  Audience audience = Audience::origin;
  std::string ca_pem;  // trusted instead of the system's authorities
  Secret client_certificate_pem, client_key_pem;
  http::Verify verify = http::Verify::peer;
  Wire wire = Wire::tls;
  std::string proxy, no_proxy;
  Reach reach = Reach::server;
};

// "oci://…" and what has no scheme are registries, as Argo CD and Helm tell them apart.
Kind kind_of(std::string_view url);

}  // namespace holdfast::charts
