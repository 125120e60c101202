// SPDX-License-Identifier: Apache-2.0
#include "crypto/random.h"

#include "crypto/openssl_error.h"

#include <openssl/rand.h>

namespace holdfast::crypto {

Result<std::string> random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
    return openssl_failure("the system gave no random bytes");
  }
  return bytes;
}

}  // namespace holdfast::crypto
