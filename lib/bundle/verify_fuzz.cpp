// SPDX-License-Identifier: Apache-2.0
// Any file: refused. No input can be accepted, since no key that is trusted here ever signed.
#include "bundle/bundle.h"

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
  const auto bundle = holdfast::bundle::Bundle::open(path, trust, {.threads = 1});
  ::unlink(path.c_str());
  CHECK(!bundle.has_value());
  return 0;
}
