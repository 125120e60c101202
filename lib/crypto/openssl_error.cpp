// SPDX-License-Identifier: Apache-2.0
#include "crypto/openssl_error.h"

#include <openssl/err.h>

namespace holdfast::crypto {

std::unexpected<Error> openssl_failure(std::string what, Code code) {
  const unsigned long first = ERR_get_error();
  ERR_clear_error();
  Error error(code, std::move(what));
  const char* reason = first == 0 ? nullptr : ERR_reason_error_string(first);
  if (reason != nullptr) error = std::move(error).because(fmt::format("OpenSSL: {}", reason));
  return failure(std::move(error));
}

}  // namespace holdfast::crypto
