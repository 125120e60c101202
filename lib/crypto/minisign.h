// SPDX-License-Identifier: Apache-2.0
// Ed25519 keys and detached signatures in minisign's file formats, both ways: what `minisign -G`
// and `-S` write is read here, what is written here passes `minisign -V`. Mirrors minisign 0.11
// (src/minisign.h, minisign.c): prehashed ("ED", BLAKE2b-512) and legacy ("Ed") signatures.
// It does not know who is trusted.
#pragma once

#include "base/result.h"
#include "base/secret.h"
#include "crypto/digest.h"

#include <array>
#include <compare>
#include <string>
#include <string_view>

namespace holdfast::crypto {

// The eight random bytes that tell keys apart. They are a label, not a proof.
struct KeyId {
  std::array<unsigned char, 8> bytes{};

  auto operator<=>(const KeyId&) const = default;
  [[nodiscard]] std::string text() const;  // 16 upper-case digits, as minisign prints it
};

class PublicKey {
 public:
  // The two lines of a .pub file, or the second line alone. Refuses with Code::trust_root what is
  // none, and points of small order, for which anyone can make signatures.
  static Result<PublicKey> parse(std::string_view text);

  [[nodiscard]] const KeyId& id() const { return id_; }

  [[nodiscard]] std::string base64() const;     // the second line
  [[nodiscard]] std::string file_text() const;  // both
  // SHA-256 of algorithm, id and point: what a person compares.
  [[nodiscard]] Sha256 fingerprint() const;

  bool operator==(const PublicKey&) const = default;

 private:
  friend class SigningKey;
  friend class Signature;

  KeyId id_;
  std::array<unsigned char, 32> point_{};
};

class Signature {
 public:
  // A .minisig file. Only the canonical text is read: to_text() of the result equals `text`.
  // Refuses with Code::bundle_signature.
  static Result<Signature> parse(std::string_view text);

  [[nodiscard]] const KeyId& key_id() const { return key_id_; }

  [[nodiscard]] const std::string& trusted_comment() const { return trusted_comment_; }

  [[nodiscard]] std::string to_text() const;

  // Is this `key`'s signature over exactly `message`, and its trusted comment authentic?
  [[nodiscard]] bool holds(const PublicKey& key, std::string_view message) const;

 private:
  friend class SigningKey;
  enum class Form { legacy, prehashed };

  Form form_ = Form::prehashed;
  KeyId key_id_;
  std::array<unsigned char, 64> bytes_{};
  std::string trusted_comment_;
  std::array<unsigned char, 64> comment_bytes_{};
};

class SigningKey {
 public:
  static Result<SigningKey> generate();
  // A secret key file of minisign. `password` is used only where the file is encrypted; scrypt then
  // takes the memory that the file asks for (1 GiB as minisign makes them), at most 2 GiB.
  // Refuses with Code::file_unreadable.
  static Result<SigningKey> parse(const Secret& text, const Secret& password);
  static bool is_encrypted(const Secret& text);

  [[nodiscard]] const PublicKey& public_key() const { return public_key_; }

  // Unencrypted, as `minisign -G -W` writes it.
  [[nodiscard]] Secret file_text() const;
  // Deterministic: same key, message and comment, same signature.
  [[nodiscard]] Result<Signature> sign(std::string_view message,
                                       const std::string& trusted_comment) const;

 private:
  PublicKey public_key_;
  Secret seed_;  // 32 bytes
};

}  // namespace holdfast::crypto
