// SPDX-License-Identifier: Apache-2.0
#include "crypto/minisign.h"

#include "base/text.h"

#include <gtest/gtest.h>

#include <vector>

namespace holdfast::crypto {
namespace {

// Made by minisign 0.11 for this test: `minisign -G -W`, then -S and -S -l over "hello\n".
constexpr std::string_view stock_public =
    "untrusted comment: minisign public key E67ED073CD778B04\n"
    "RWQEi3fNc9B+5gdsqwamykxwSR1WkWaV3iEQOgWd6MQhjwg/3/RVR3Ov\n";
constexpr std::string_view stock_secret =
    "untrusted comment: minisign encrypted secret key\n"
    "RWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABIt3zXPQfuZ0K5qWsbWl"
    "hoAC8D3RaDI/bhTVAYwi0Pm5YsoAhb7nVgdsqwamykxwSR1WkWaV3iEQOgWd6MQhjwg/3/RVR3OvAAAAAAAAAAAAAAAA"
    "AAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
// The same key under the pass phrase "horse", with a scrypt cost fit for a test.
constexpr std::string_view stock_encrypted =
    "untrusted comment: minisign encrypted secret key\n"
    "RWRTY0IyAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8AgAAAAAAAAAAAEAAAAAAApLlx8BqMntmAeb26pstE"
    "le4LQah36mfvJ6Pb3+38QhjT9bqc9+geeGVxIrkJhfqFdHBE6w2Ge7DcDcLaWvR2DqTVj1hxGx8B7+iA0d2OPIZ3BMOU"
    "3jZbHIeWUoCQ3LSOnio2fRrWRqU=\n";
constexpr std::string_view stock_prehashed =
    "untrusted comment: signature from minisign secret key\n"
    "RUQEi3fNc9B+5pQIhnOdGHMZO589goqCdZVQzMtLQMqllOuivJrHk8lNcIpDZvn7tgbJFhW04HcBwCHAV03hBhsgh+0h"
    "ow7dDQU=\n"
    "trusted comment: timestamp:1795476386\tfile:m\thashed\n"
    "DDtnIJv5m+gkGJ8Dw76gPuzUK9vMxbmJGeeEGgd0lyuffObxHOd6Yipb16T4lDb0vctTNDg8fTJ5w/L2rP9tDw==\n";
constexpr std::string_view stock_legacy =
    "untrusted comment: signature from minisign secret key\n"
    "RWQEi3fNc9B+5nSCsn7Ka7eSYjRYa6ZBWUcvIJ9EA9a3K/0pNREtwTGTlQ3DdJ1wrFtuEBL7EbmJWB51P3sXOVjddqrn"
    "azQDCAs=\n"
    "trusted comment: timestamp:1795476386\tfile:m\n"
    "BQMUx9plvXnR5AT+/UTcZ+aIyRJ4Ao36BBaF9RjiHQeyRqWgwQDTJTiS/VocU+IEkJoJ0dbXXZPzW3aIc3zUBQ==\n";

TEST(Minisign, ReadsKeysAndSignaturesOfTheStockProgram) {
  const auto key = PublicKey::parse(stock_public).value();
  EXPECT_EQ(key.id().text(), "E67ED073CD778B04");
  EXPECT_EQ(key.file_text(), stock_public);
  EXPECT_EQ(PublicKey::parse(key.base64()).value(), key);
  for (const auto text : {stock_prehashed, stock_legacy}) {
    const auto signature = Signature::parse(text).value();
    EXPECT_EQ(signature.key_id(), key.id());
    EXPECT_EQ(signature.to_text(), text);
    EXPECT_TRUE(signature.holds(key, "hello\n"));
    EXPECT_FALSE(signature.holds(key, "hello"));
  }
}

TEST(Minisign, WritesSecretKeysAsTheStockProgramDoes) {
  const auto key = SigningKey::parse(Secret(std::string(stock_secret)), Secret()).value();
  EXPECT_EQ(key.public_key().file_text(), stock_public);
  EXPECT_EQ(key.file_text().reveal(), stock_secret);
}

TEST(Minisign, OpensEncryptedKeysWithTheirPassPhraseOnly) {
  const Secret file{std::string(stock_encrypted)};
  EXPECT_TRUE(SigningKey::is_encrypted(file));
  EXPECT_FALSE(SigningKey::is_encrypted(Secret(std::string(stock_secret))));
  EXPECT_EQ(SigningKey::parse(file, Secret("horse")).value().public_key().file_text(),
            stock_public);
  EXPECT_EQ(SigningKey::parse(file, Secret("cow")).error().message(),
            "the pass phrase does not open the secret key");
}

TEST(Minisign, SignsDeterministicallyAndVerifies) {
  const auto key = SigningKey::generate().value();
  const auto signature = key.sign("message", "holdfast-core 1.0.0").value();
  EXPECT_EQ(signature.to_text(), key.sign("message", "holdfast-core 1.0.0").value().to_text());
  EXPECT_TRUE(signature.holds(key.public_key(), "message"));
  const auto other = SigningKey::generate().value();
  EXPECT_FALSE(signature.holds(other.public_key(), "message"));
  const auto again = SigningKey::parse(key.file_text(), Secret()).value();
  EXPECT_EQ(again.public_key(), key.public_key());
}

TEST(Minisign, ASignatureWithAnyBitFlippedIsRefused) {
  const auto key = PublicKey::parse(stock_public).value();
  for (const auto text : {stock_prehashed, stock_legacy}) {
    for (std::size_t bit = 0; bit < text.size() * 8; ++bit) {
      std::string changed(text);
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
      const auto signature = Signature::parse(changed);
      EXPECT_FALSE(signature && signature->holds(key, "hello\n")) << "bit " << bit;
    }
  }
}

TEST(Minisign, RefusesKeysThatAreNone) {
  const auto point = [](std::string_view hex) {
    std::string bytes = "Ed12345678";
    for (std::size_t i = 0; i < hex.size(); i += 2) {
      bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    }
    return to_base64(bytes);
  };
  const std::vector<std::string> refused = {
      "",
      "RWQ",
      "untrusted comment: only one line",
      "RUQEi3fNc9B+5gdsqwamykxwSR1WkWaV3iEQOgWd6MQhjwg/3/RVR3Ov",
      point("0100000000000000000000000000000000000000000000000000000000000000"),
      point("0000000000000000000000000000000000000000000000000000000000000080"),
      point("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"),
      point("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"),
  };
  for (const auto& text : refused) {
    const auto key = PublicKey::parse(text);
    ASSERT_FALSE(key.has_value()) << text;
    EXPECT_EQ(key.error().code(), Code::trust_root);
  }
}

}  // namespace
}  // namespace holdfast::crypto
