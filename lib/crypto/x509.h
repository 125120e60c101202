// SPDX-License-Identifier: Apache-2.0
// Keys and certificates of a cluster's own authorities, made in this process: no openssl program,
// no key in a file of ours or in an argument list. PEM comes out, private keys as Secret. It does
// not know Kubernetes' file names, nor TLS connections.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::crypto {

enum class KeyKind { p256, rsa2048 };

// PKCS#8 PEM ("BEGIN PRIVATE KEY").
Result<Secret> make_key(KeyKind kind);

// The SubjectPublicKeyInfo PEM of a private key ("BEGIN PUBLIC KEY"): what a service account issuer
// publishes.
Result<std::string> public_key_of(const Secret& key_pem);

struct Subject {
  std::string common_name;
  std::vector<std::string> organizations;  // Kubernetes reads groups from these
};

// Whole seconds are kept. Backdate `from` where the peers' clocks may lag.
struct Validity {
  WallTime from;
  WallTime until;
};

struct Certified {
  std::string certificate_pem;
  Secret key_pem;
};

// A self-signed authority: CA:TRUE, keyCertSign, cRLSign, digitalSignature.
Result<Certified> make_ca(const Subject& subject, const Validity& validity,
                          KeyKind kind = KeyKind::p256);

enum class Purpose { client, server, client_and_server };

struct LeafRequest {
  Subject subject;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;  // "10.96.0.1", "::1"
  Purpose purpose = Purpose::client;
  Validity validity;
};

// A new key and its certificate, signed by `ca`. The certificate never outlives the authority's.
Result<Certified> issue(const Certified& ca, const LeafRequest& request,
                        KeyKind kind = KeyKind::p256);

struct CertificateDetails {
  Subject subject;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;
  Validity validity;
  std::string sha256;  // of the DER form, lower-case hex
};

// The first certificate of a PEM text.
Result<CertificateDetails> read_certificate(std::string_view pem);

// Does `certificate_pem` carry a signature of the key in `ca_pem`, and does `key_pem` belong to it?
Result<bool> is_issued_by(std::string_view certificate_pem, std::string_view ca_pem);
Result<bool> is_key_of(const Secret& key_pem, std::string_view certificate_pem);

}  // namespace holdfast::crypto
