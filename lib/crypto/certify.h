// SPDX-License-Identifier: Apache-2.0
// Certificates over keys that come as PEM text, in the older forms (PKCS #1, SEC 1): what charts make
// for themselves. Our own certificates come from x509.h. It does not know templates.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "crypto/x509.h"

namespace holdfast::crypto {

enum class PemKey { rsa2048, rsa4096, dsa2048, ecdsa_p256, ed25519 };

// PKCS #1 for RSA, SEC 1 for ECDSA, OpenSSL's own form for DSA, PKCS #8 for Ed25519.
Result<std::string> make_pem_key(PemKey kind);

// Refuses with Code::wrong_type when the text is no private key.
Result<> check_pem_key(std::string_view pem);
Result<> check_certificate(std::string_view pem);

enum class Role { leaf, authority };

struct CertificatePlan {
  std::string common_name;
  std::vector<std::string> ip_addresses;
  std::vector<std::string> dns_names;
  Validity validity;
  Role role = Role::leaf;
};

// Signed by the issuer, or by its own key when `issuer_pem` is empty.
struct Issuer {
  std::string_view certificate_pem;
  std::string_view key_pem;
};
Result<std::string> certify(const CertificatePlan& plan, std::string_view key_pem,
                            const Issuer& issuer);

bool is_ip_address(const std::string& text);

}  // namespace holdfast::crypto
