// SPDX-License-Identifier: Apache-2.0
#include "crypto/random.h"

#include "base/files.h"

#include <sys/random.h>

#include <cerrno>

namespace holdfast::crypto {

// The kernel's, whose bytes OpenSSL would only stretch: opening that library for a password is 3 MB.
Result<std::string> random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  for (std::size_t filled = 0; filled < count;) {
    const auto got = ::getrandom(bytes.data() + filled, count - filled, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failure(system_failure(Code::internal, "the system gave no random bytes"));
    filled += static_cast<std::size_t>(got);
  }
  return bytes;
}

}  // namespace holdfast::crypto
