// SPDX-License-Identifier: Apache-2.0
// The cluster's own authorities and every certificate of its components, made in this process.
// Authorities live ten years, leaves one; a leaf is made again when it misses a name, was signed by
// another authority, or ends within 30 days. Private keys are files of mode 0600.
#pragma once

#include <string>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/x509.h"

namespace holdfast::node {

struct CertificateNames {
  std::string node;                        // the Node's name
  std::vector<std::string> dns_names;      // of the API server, beside Kubernetes' own
  std::vector<std::string> ip_addresses;   // of the API server and the kubelet
};

// Brings `folder` up to date. Returns whether anything was made.
Result<bool> make_certificates(const std::string& folder, const CertificateNames& names,
                               const Clock& clock);

// A client of the API server: certificate and key in one file, embedded.
struct ConfigClient {
  std::string server;
  std::string folder;  // of the certificates
  std::string client;  // "admin", "scheduler", …: <folder>/<client>.crt and .key
};
Result<Secret> render_kubeconfig(const ConfigClient& client);

// The same for a client whose certificate is brought up to date first: signed by the authority "ca" of the
// folder, for `subject`.
Result<Secret> client_kubeconfig(const ConfigClient& client, const crypto::Subject& subject, const Clock& clock);

}  // namespace holdfast::node
