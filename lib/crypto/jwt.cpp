// SPDX-License-Identifier: Apache-2.0
#include "crypto/jwt.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>

#include "base/handle.h"
#include "base/text.h"
#include "crypto/openssl_error.h"

namespace holdfast::crypto {
namespace {

using Key = Handle<EVP_PKEY, EVP_PKEY_free>;
using Context = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;
using Bio = Handle<BIO, BIO_free_all>;

constexpr std::size_t key_bytes_max = std::size_t{64} << 10;

// An encrypted PEM must not make OpenSSL ask for a pass phrase on the terminal.
int no_pass_phrase(char*, int, int, void*) { return -1; }

Result<Key> read_rsa_key(const Secret& key_pem) {
  const std::string& pem = key_pem.reveal();
  if (pem.size() > key_bytes_max) {
    return failure(Code::wrong_type, "the private key has {} bytes, the limit is {}", pem.size(), key_bytes_max);
  }
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_pass_phrase, nullptr));
  if (!key) return openssl_failure("the private key is none in PEM, or has a pass phrase", Code::wrong_type);
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) return failure(Code::wrong_type, "the private key is not RSA's");
  return key;
}

// Of RFC 7515: the alphabet of URLs, not padded.
std::string to_base64url(std::string_view bytes) {
  std::string text = to_base64(bytes);
  while (text.ends_with('=')) text.pop_back();
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

}  // namespace

Result<Secret> make_jwt(std::string_view header, std::string_view claims, const Secret& key_pem) {
  const Key key = TRY(read_rsa_key(key_pem));
  std::string text = fmt::format("{}.{}", to_base64url(header), to_base64url(claims));
  const Context context(EVP_MD_CTX_new());
  std::string signature(static_cast<std::size_t>(std::max(EVP_PKEY_get_size(key.get()), 0)), '\0');
  std::size_t size = signature.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     reinterpret_cast<const unsigned char*>(text.data()), text.size()) != 1) {
    return openssl_failure("the private key signs nothing", Code::wrong_type);
  }
  signature.resize(size);
  return Secret(text + "." + to_base64url(signature));
}

}  // namespace holdfast::crypto
