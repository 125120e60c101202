// SPDX-License-Identifier: Apache-2.0
// BLAKE2b without a key (RFC 7693), any output up to 64 bytes. minisign hashes what it signs with
// 64 bytes of it and checks its key files with 32; OpenSSL 3.0 offers only the 64-byte output.
#pragma once

#include <string>
#include <string_view>

namespace holdfast::crypto {

std::string blake2b(std::string_view bytes, std::size_t output_size);

}  // namespace holdfast::crypto
