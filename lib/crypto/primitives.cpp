// SPDX-License-Identifier: Apache-2.0
#include "crypto/primitives.h"

#include <crypt.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <memory>

#include "base/handle.h"
#include "crypto/digest.h"
#include "crypto/openssl_error.h"

namespace holdfast::crypto {
namespace {

using Cipher = Handle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;

const unsigned char* raw(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* raw(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

Result<std::string> run_cipher(Cipher& context, std::string_view input) {
  std::string out(input.size() + 32, '\0');
  int size = 0;
  int rest = 0;
  if (EVP_CipherUpdate(context.get(), raw(out), &size, raw(input), static_cast<int>(input.size())) != 1 ||
      EVP_CipherFinal_ex(context.get(), raw(out) + size, &rest) != 1) {
    return openssl_failure("AES refuses the text", Code::wrong_type);
  }
  out.resize(static_cast<std::size_t>(size + rest));
  return out;
}

Result<std::string> aes(std::string_view key, std::string_view vector, std::string_view text,
                        int encrypt) {
  CHECK(key.size() == 32 && vector.size() == 16);
  if (text.size() > (std::size_t{1} << 30)) {
    return failure(Code::limit, "the text is {} bytes, the limit is 1 GiB", text.size());
  }
  Cipher context(EVP_CIPHER_CTX_new());
  if (!context || EVP_CipherInit_ex(context.get(), EVP_aes_256_cbc(), nullptr, raw(key), raw(vector),
                                    encrypt) != 1) {
    return openssl_failure("AES is not there");
  }
  return run_cipher(context, text);
}

}  // namespace

std::string hash_bytes(Hash hash, std::string_view bytes) {
  if (hash == Hash::sha256) {
    const auto digest = sha256(bytes).bytes;
    return {digest.begin(), digest.end()};
  }
  const EVP_MD* digest = hash == Hash::sha1 ? EVP_sha1() : EVP_sha512();
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  CHECK(EVP_Digest(bytes.data(), bytes.size(), raw(out), &size, digest, nullptr) == 1);
  out.resize(size);
  return out;
}

std::uint32_t adler32(std::string_view bytes) {
  constexpr std::uint32_t modulus = 65521;
  std::uint32_t low = 1;
  std::uint32_t high = 0;
  for (char c : bytes) {
    low = (low + static_cast<unsigned char>(c)) % modulus;
    high = (high + low) % modulus;
  }
  return high << 16 | low;
}

std::string hmac_sha256(std::string_view key, std::string_view message) {
  std::string out(32, '\0');
  unsigned size = 0;
  CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), raw(message), message.size(),
             raw(out), &size) != nullptr);
  return out;
}

Result<std::string> scrypt(std::string_view password, std::string_view salt, const ScryptCost& cost,
                           std::size_t size) {
  std::string out(size, '\0');
  // Its memory is 128 · n · r bytes: 32 MiB at the usual cost.
  constexpr std::uint64_t memory_max = std::uint64_t{128} << 20;
  if (EVP_PBE_scrypt(password.data(), password.size(), raw(salt), salt.size(), cost.n, cost.r, cost.p,
                     memory_max, raw(out), out.size()) != 1) {
    return openssl_failure("scrypt refuses its parameters", Code::wrong_type);
  }
  return out;
}

Result<std::string> bcrypt(const std::string& password, std::string_view salt, int cost) {
  CHECK(salt.size() == 16);
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  if (crypt_gensalt_rn("$2a$", static_cast<unsigned long>(cost), salt.data(),
                       static_cast<int>(salt.size()), setting, sizeof setting) == nullptr) {
    return failure(Code::wrong_type, "bcrypt refuses the cost {}", cost);
  }
  auto data = std::make_unique<crypt_data>();
  const char* hash = crypt_r(password.c_str(), setting, data.get());
  if (hash == nullptr || hash[0] == '*') return failure(Code::internal, "bcrypt is not there");
  return std::string(hash);
}

Result<std::string> aes256_cbc_encrypt(std::string_view key, std::string_view vector,
                                       std::string_view text) {
  return aes(key, vector, text, 1);
}

Result<std::string> aes256_cbc_decrypt(std::string_view key, std::string_view vector,
                                       std::string_view cipher) {
  return aes(key, vector, cipher, 0);
}

}  // namespace holdfast::crypto
