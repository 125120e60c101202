// SPDX-License-Identifier: Apache-2.0
#include "crypto/jwt.h"

#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>

#include "base/handle.h"
#include "base/text.h"
#include "crypto/certify.h"
#include "crypto/x509.h"

namespace holdfast::crypto {
namespace {

std::string from_base64url(std::string_view text) {
  std::string padded(text);
  std::ranges::replace(padded, '-', '+');
  std::ranges::replace(padded, '_', '/');
  while (padded.size() % 4 != 0) padded += '=';
  return from_base64(padded).value();
}

// Said by OpenSSL of the public half.
bool verifies(const std::string& public_pem, std::string_view message, const std::string& signature) {
  const Handle<BIO, BIO_free_all> bio(BIO_new_mem_buf(public_pem.data(), static_cast<int>(public_pem.size())));
  const Handle<EVP_PKEY, EVP_PKEY_free> key(PEM_read_bio_PUBKEY(bio.get(), nullptr, nullptr, nullptr));
  const Handle<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  const auto bytes = [](std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); };
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), bytes(signature), signature.size(), bytes(message), message.size()) == 1;
}

TEST(Jwt, IsSignedByRsaKeysOfBothForms) {
  for (const Secret& key : {Secret(make_pem_key(PemKey::rsa2048).value()), make_key(KeyKind::rsa2048).value()}) {
    const auto token = make_jwt(R"({"alg":"RS256"})", R"({"iss":"12>?"})", key).value();
    const auto parts = split(token.reveal(), '.');
    ASSERT_EQ(parts.size(), 3U);
    EXPECT_EQ(from_base64url(parts[0]), R"({"alg":"RS256"})");
    EXPECT_EQ(from_base64url(parts[1]), R"({"iss":"12>?"})");
    EXPECT_EQ(token.reveal().find_first_of("=+/"), std::string::npos);
    const auto public_pem = public_key_of(key).value();
    const auto signature = from_base64url(parts[2]);
    EXPECT_TRUE(verifies(public_pem, fmt::format("{}.{}", parts[0], parts[1]), signature));
    EXPECT_FALSE(verifies(public_pem, fmt::format("{}.{}x", parts[0], parts[1]), signature));
  }
}

TEST(Jwt, OtherKeysAreRefusedAndNotShown) {
  for (const Secret& key : {Secret("hunter2"), Secret(), make_key(KeyKind::p256).value(), Secret(std::string(70000, 'x'))}) {
    const auto refused = make_jwt("{}", "{}", key);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), Code::wrong_type);
    EXPECT_TRUE(refused.error().message().starts_with("the private key ")) << refused.error().message();
    EXPECT_EQ(refused.error().message().find("hunter2"), std::string::npos);
  }
}

}  // namespace
}  // namespace holdfast::crypto
