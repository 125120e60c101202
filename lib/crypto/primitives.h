// SPDX-License-Identifier: Apache-2.0
// Small cryptographic functions by name: digests, HMAC, scrypt, bcrypt, AES-CBC. What templates of
// charts ask for; new formats of ours use digest.h and minisign.h instead.
// It does not know templates.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace holdfast::crypto {

enum class Hash { sha1, sha256, sha512 };

// The raw digest.
std::string hash_bytes(Hash hash, std::string_view bytes);
std::uint32_t adler32(std::string_view bytes);
std::string hmac_sha256(std::string_view key, std::string_view message);

struct ScryptCost {
  std::uint64_t n = 32768;
  std::uint64_t r = 8;
  std::uint64_t p = 2;
};
Result<std::string> scrypt(std::string_view password, std::string_view salt, const ScryptCost& cost,
                           std::size_t size);

// "$2a$10$…" of 60 characters; `salt` is 16 bytes.
Result<std::string> bcrypt(const std::string& password, std::string_view salt, int cost);

// CBC with PKCS #7 padding; the key is 32 bytes, the vector 16.
Result<std::string> aes256_cbc_encrypt(std::string_view key, std::string_view vector,
                                       std::string_view text);
Result<std::string> aes256_cbc_decrypt(std::string_view key, std::string_view vector,
                                       std::string_view cipher);

}  // namespace holdfast::crypto
