// SPDX-License-Identifier: Apache-2.0
#include "crypto/primitives.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "crypto/certify.h"

namespace holdfast::crypto {
namespace {

TEST(Primitives, DigestsHaveTheirKnownValues) {
  EXPECT_EQ(to_hex(hash_bytes(Hash::sha1, "a")), "86f7e437faa5a7fce15d1ddcb9eaeaea377667b8");
  EXPECT_EQ(to_hex(hash_bytes(Hash::sha256, "")),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(adler32("Wikipedia"), 0x11E60398U);
}

TEST(Primitives, BcryptMakesTheHashOfItsSalt) {
  Result<std::string> hash = bcrypt("U*U", std::string(16, '\0'), 4);
  ASSERT_TRUE(hash.has_value());
  EXPECT_EQ(hash->size(), 60U);
  EXPECT_TRUE(hash->starts_with("$2a$04$"));
}

TEST(Primitives, AesComesBackAsItWent) {
  std::string key(32, 'k');
  std::string vector(16, 'v');
  Result<std::string> cipher = aes256_cbc_encrypt(key, vector, "plain");
  ASSERT_TRUE(cipher.has_value());
  EXPECT_EQ(*aes256_cbc_decrypt(key, vector, *cipher), "plain");
  EXPECT_FALSE(aes256_cbc_decrypt(key, vector, "short").has_value());
}

TEST(Certify, ALeafIsIssuedByItsAuthority) {
  WallTime now{std::chrono::hours(24 * 365 * 50)};
  CertificatePlan authority{"ca", {}, {}, {now, now + std::chrono::hours(24)}, Role::authority};
  std::string ca_key = *make_pem_key(PemKey::rsa2048);
  EXPECT_TRUE(ca_key.starts_with("-----BEGIN RSA PRIVATE KEY-----"));
  Result<std::string> ca = certify(authority, ca_key, {});
  ASSERT_TRUE(ca.has_value()) << ca.error().message();
  CertificatePlan leaf{"web", {"10.0.0.1", "::1"}, {"web.local"}, authority.validity, Role::leaf};
  std::string leaf_key = *make_pem_key(PemKey::ecdsa_p256);
  Result<std::string> certificate = certify(leaf, leaf_key, {*ca, ca_key});
  ASSERT_TRUE(certificate.has_value()) << certificate.error().message();
  EXPECT_TRUE(*is_issued_by(*certificate, *ca));
  Result<CertificateDetails> details = read_certificate(*certificate);
  ASSERT_TRUE(details.has_value());
  EXPECT_EQ(details->dns_names, std::vector<std::string>{"web.local"});
  EXPECT_EQ(details->ip_addresses.size(), 2U);
  EXPECT_FALSE(certify(leaf, "no key", {*ca, ca_key}).has_value());
}

}  // namespace
}  // namespace holdfast::crypto
