// SPDX-License-Identifier: Apache-2.0
// CMS SignedData (RFC 5652) with detached content and one signer, by OpenSSL. Internal to the module.
#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <memory>
#include <string>
#include <string_view>

struct evp_pkey_st;     // OpenSSL's EVP_PKEY
struct stack_st_X509;   // and its STACK_OF(X509)
struct x509_st;         // and its X509

namespace holdfast::crypto {

class CmsSignature {
 public:
  // DER, nothing after it, one signer whose certificate is inside, a digest of the SHA-2 family.
  // Refuses with Code::bundle_signature.
  static Result<CmsSignature> parse(std::string_view der);
  CmsSignature(CmsSignature&&) noexcept;
  CmsSignature& operator=(CmsSignature&&) noexcept;
  ~CmsSignature();

  // Its certificate; lives as long as this.
  [[nodiscard]] x509_st* signer() const;

  // Does the signer's certificate lead to `anchor`? Refuses with Code::bundle_signature when it does
  // but is not valid at `now`, or is not for code signing.
  [[nodiscard]] Result<bool> leads_to(x509_st* anchor, WallTime now) const;
  [[nodiscard]] bool holds(std::string_view message) const;

 private:
  struct State;
  explicit CmsSignature(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// DER of a signature over `message` without signed attributes: no time enters.
Result<std::string> cms_sign(x509_st* certificate, evp_pkey_st* key, stack_st_X509* others,
                             std::string_view message);

}  // namespace holdfast::crypto
