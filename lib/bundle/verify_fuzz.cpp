// SPDX-License-Identifier: Apache-2.0
// Any file: refused. In this process, since a fuzzer does not see into another one. No input can be accepted, since no key that is trusted here ever signed.
#include "bundle/verification.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const auto key = holdfast::crypto::SigningKey::generate().value();
  static const auto trust = holdfast::bundle::TrustRoot::of(key.public_key());
  static const std::string path = fmt::format("/tmp/holdfast-verify-fuzz-{}", ::getpid());
  {
    const holdfast::FileDescriptor file(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    CHECK(::write(file.get(), data, size) == static_cast<ssize_t>(size));
  }
  const auto held = holdfast::bundle::hold_file(path, "/tmp");
  CHECK(held.has_value());
  const auto verified = holdfast::bundle::verify_held(*held, trust, {.threads = 1});
  ::unlink(path.c_str());
  CHECK(!verified.has_value());
  return 0;
}
