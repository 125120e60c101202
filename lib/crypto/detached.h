// SPDX-License-Identifier: Apache-2.0
// Detached signatures over exact bytes, in the three forms that a stock program can check: minisign
// (`minisign -V`), CMS with an X.509 certificate for code signing (`openssl cms -verify`), and ECDSA
// P-256 over SHA-256 in base64 (`openssl dgst -verify`, and what cosign's key mode writes).
// It does not know who is trusted, nor what was signed.
#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/digest.h"
#include "crypto/minisign.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::crypto {

enum class Scheme { minisign, cms, ecdsa };

// "minisig", "p7s", "sig": how the files are called.
std::string_view scheme_suffix(Scheme scheme);
std::optional<Scheme> parse_scheme_suffix(std::string_view suffix);

struct DetachedSignature {
  Scheme scheme = Scheme::minisign;
  KeyId key;          // of the key that signed; with a certificate, of the key inside it
  std::string bytes;  // the file: text, or DER for CMS
};

// A public key or a certificate that signatures are checked with. The id of a key that is not
// minisign's is the head of the SHA-256 over its SubjectPublicKeyInfo.
class Verifier {
 public:
  Verifier(const PublicKey& key);  // NOLINT(google-explicit-constructor): it is one
  // A minisign .pub file, a P-256 public key or one certificate in PEM. Refuses with
  // Code::trust_root what is none, and keys that are too short.
  static Result<Verifier> parse(std::string_view text);

  [[nodiscard]] Scheme scheme() const { return scheme_; }

  [[nodiscard]] const KeyId& id() const { return id_; }

  // What parse() takes, in one form: the base64 line of minisign, or PEM.
  [[nodiscard]] const std::string& text() const { return text_; }

  [[nodiscard]] const Sha256& fingerprint() const { return fingerprint_; }

  // For people: "minisign", "ECDSA P-256", or the certificate's subject and end.
  [[nodiscard]] const std::string& description() const { return description_; }

  // Did this key, or a certificate that leads to this one, sign exactly `message`? False when the
  // signature is of another key. Refuses with Code::bundle_signature when it claims to be of this
  // one and does not hold, when it is not well-formed, and when a certificate in the chain is not
  // valid at `now` or is not for code signing.
  [[nodiscard]] Result<bool> has_signed(std::string_view message, const DetachedSignature& signature,
                                        WallTime now) const;

  bool operator==(const Verifier&) const = default;

 private:
  Verifier() = default;
  static Result<Verifier> of_public_key(std::string_view pem);
  static Result<Verifier> of_certificate(std::string_view pem);

  Scheme scheme_ = Scheme::minisign;
  KeyId id_;
  std::string text_;
  Sha256 fingerprint_;
  std::string description_;
};

// "E67ED073CD778B04" as KeyId::text() writes it.
std::optional<KeyId> parse_key_id(std::string_view text);

class Signer {
 public:
  Signer(SigningKey key);  // NOLINT(google-explicit-constructor): it is one
  // What the file holds says how it signs: a secret key of minisign; a P-256 key in PEM; a key in PEM
  // and its certificate, with those in between after it where there are any. Refuses with
  // Code::file_unreadable.
  static Result<Signer> parse(const Secret& text, const Secret& password);
  // A key that OpenSSL reaches under a URI, such as "pkcs11:token=site;object=release": one in a
  // hardware module stays there. With a certificate beside it the signature is CMS.
  static Result<Signer> open(const std::string& uri, const Secret& password);
  static bool is_encrypted(const Secret& text);

  [[nodiscard]] const KeyId& id() const { return id_; }

  [[nodiscard]] Scheme scheme() const { return scheme_; }

  // `comment` is used where the form has one. The same bytes each time but with an elliptic curve
  // other than Ed25519, where OpenSSL 3.0 takes a random number.
  [[nodiscard]] Result<DetachedSignature> sign(std::string_view message,
                                               const std::string& comment) const;

 private:
  struct Loaded;
  Signer() = default;
  static Result<Signer> of(Loaded loaded);

  Scheme scheme_ = Scheme::minisign;
  KeyId id_;
  std::optional<SigningKey> minisign_;
  std::shared_ptr<const Loaded> loaded_;
};

// Finds out whose a signature made elsewhere is: of `text` in minisign's or CMS's form from the
// signature itself. A bare ECDSA signature does not say it. Refuses with Code::bundle_signature.
Result<DetachedSignature> read_signature(std::string_view bytes);

// Loads what checks will need (algorithms, error texts), so that nothing is opened afterwards.
void prepare_checks();

}  // namespace holdfast::crypto
