// SPDX-License-Identifier: Apache-2.0
#include "crypto/detached.h"

#include "base/handle.h"
#include "base/text.h"
#include "crypto/cms.h"
#include "crypto/openssl_error.h"
#include "crypto/x509.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>

namespace holdfast::crypto {
namespace {

using Key = Handle<EVP_PKEY, EVP_PKEY_free>;
using Certificate = Handle<X509, X509_free>;
using Context = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;
using Bio = Handle<BIO, BIO_free_all>;

constexpr std::array<std::string_view, 3> suffixes = {"minisig", "p7s", "sig"};
constexpr std::size_t text_limit = std::size_t{64} << 10;
constexpr std::string_view certificate_mark = "-----BEGIN CERTIFICATE-----";

const unsigned char* unsigned_bytes(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

Bio memory_of(std::string_view bytes) {
  return Bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

int no_pass_phrase(char*, int, int, void*) {
  return -1;
}

std::string spki_of(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size < 0) return {};
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

// KeyId::text() prints the last byte first.
KeyId id_of(EVP_PKEY* key) {
  const Sha256 digest = sha256(spki_of(key));
  KeyId id;
  std::ranges::reverse_copy(digest.bytes.begin(), digest.bytes.begin() + 8, id.bytes.begin());
  return id;
}

bool is_p256(const EVP_PKEY* key) {
  std::array<char, 32> name{};
  return EVP_PKEY_get_group_name(key, name.data(), name.size(), nullptr) == 1 &&
         std::string_view(name.data()) == "prime256v1";
}

std::unexpected<Error> no_verifier(std::string reason) {
  return failure(Error(Code::trust_root, "this is no public key and no certificate")
                     .because(std::move(reason))
                     .fix("give a .pub file of minisign, or a P-256 public key or a certificate in PEM"));
}

// One line of base64; the line end is the tools' choice.
Result<std::string> ecdsa_bytes(std::string_view text) {
  if (text.ends_with('\n')) text.remove_suffix(1);
  auto bytes = from_base64(text);
  if (bytes && !bytes->empty()) return *std::move(bytes);
  return failure(Code::bundle_signature, "the ECDSA signature is not one line of base64");
}

bool ecdsa_holds(std::string_view pem, std::string_view message, std::string_view signature) {
  const Bio bio = memory_of(pem);
  const Key key(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_pass_phrase, nullptr));
  const Context context(EVP_MD_CTX_new());
  // Only 1 is success: 0 and negative values both mean that nothing was shown.
  return key != nullptr && context != nullptr &&
         EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) == 1 &&
         EVP_DigestVerify(context.get(), unsigned_bytes(signature), signature.size(),
                          unsigned_bytes(message), message.size()) == 1;
}

Result<bool> cms_has_signed(std::string_view anchor_pem, std::string_view message,
                            const DetachedSignature& signature, WallTime now) {
  const CmsSignature cms = TRY(CmsSignature::parse(signature.bytes));
  if (id_of(X509_get0_pubkey(cms.signer())) != signature.key) {
    return failure(Code::bundle_signature, "the CMS signature is not of key {}",
                   signature.key.text());
  }
  const Bio bio = memory_of(anchor_pem);
  const Certificate anchor(PEM_read_bio_X509(bio.get(), nullptr, no_pass_phrase, nullptr));
  if (anchor == nullptr) return openssl_failure("the trusted certificate could not be read");
  const bool leads = TRY(cms.leads_to(anchor.get(), now));
  if (!leads || cms.holds(message)) return leads;
  return failure(Code::bundle_signature, "the signature of key {} does not hold",
                 signature.key.text());
}

}  // namespace

std::string_view scheme_suffix(Scheme scheme) {
  return suffixes.at(static_cast<std::size_t>(scheme));
}

std::optional<Scheme> parse_scheme_suffix(std::string_view suffix) {
  const auto* found = std::ranges::find(suffixes, suffix);
  if (found == suffixes.end()) return std::nullopt;
  return static_cast<Scheme>(found - suffixes.begin());
}

std::optional<KeyId> parse_key_id(std::string_view text) {
  KeyId id;
  if (text.size() != 2 * id.bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool digit = c >= '0' && c <= '9';
    if (!digit && (c < 'A' || c > 'F')) return std::nullopt;
    auto& byte = id.bytes.at(id.bytes.size() - 1 - i / 2);
    byte = static_cast<unsigned char>(byte << 4 | (digit ? c - '0' : c - 'A' + 10));
  }
  return id;
}

Verifier::Verifier(const PublicKey& key)
    : id_(key.id()),
      text_(key.base64()),
      fingerprint_(key.fingerprint()),
      description_("minisign") {}

Result<Verifier> Verifier::parse(std::string_view text) {
  if (text.size() > text_limit) return no_verifier("it is too long");
  if (!text.contains("-----BEGIN ")) {
    const PublicKey key = TRY(PublicKey::parse(text));
    return Verifier(key);
  }
  return text.contains(certificate_mark) ? of_certificate(text) : of_public_key(text);
}

Result<Verifier> Verifier::of_public_key(std::string_view pem) {
  const Bio bio = memory_of(pem);
  const Key key(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_pass_phrase, nullptr));
  if (key == nullptr) return no_verifier("OpenSSL reads no public key from it");
  if (!is_p256(key.get())) return no_verifier("its key is not on the curve P-256");
  const Bio out(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PUBKEY(out.get(), key.get()) != 1) return openssl_failure("no PEM was written");
  Verifier verifier;
  verifier.scheme_ = Scheme::ecdsa;
  verifier.id_ = id_of(key.get());
  verifier.text_ = text_of(out.get());
  verifier.fingerprint_ = sha256(spki_of(key.get()));
  verifier.description_ = "ECDSA P-256";
  return verifier;
}

Result<Verifier> Verifier::of_certificate(std::string_view pem) {
  const auto first = pem.find(certificate_mark);
  if (pem.find(certificate_mark, first + 1) != std::string_view::npos) {
    return no_verifier("it holds several certificates; one is trusted at a time");
  }
  const Bio bio = memory_of(pem);
  const Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, no_pass_phrase, nullptr));
  if (certificate == nullptr) return no_verifier("OpenSSL reads no certificate from it");
  EVP_PKEY* key = X509_get0_pubkey(certificate.get());
  if (key == nullptr || EVP_PKEY_get_security_bits(key) < 112) {
    return no_verifier("the certificate's key is shorter than 112 bits of security");
  }
  const Bio out(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_X509(out.get(), certificate.get()) != 1) {
    return openssl_failure("no PEM was written");
  }
  Verifier verifier;
  verifier.scheme_ = Scheme::cms;
  verifier.id_ = id_of(key);
  verifier.text_ = text_of(out.get());
  const CertificateDetails details = TRY(read_certificate(verifier.text_));
  const auto fingerprint = parse_sha256_hex(details.sha256);
  CHECK(fingerprint);
  verifier.fingerprint_ = *fingerprint;
  verifier.description_ = fmt::format("certificate {}, until {}", printable(details.subject.common_name),
                                      format_rfc3339(details.validity.until));
  return verifier;
}

Result<bool> Verifier::has_signed(std::string_view message, const DetachedSignature& signature,
                                  WallTime now) const {
  if (signature.scheme != scheme_) return false;
  if (scheme_ == Scheme::cms) return cms_has_signed(text_, message, signature, now);
  if (signature.key != id_) return false;
  bool holds = false;
  if (scheme_ == Scheme::minisign) {
    const PublicKey key = TRY(PublicKey::parse(text_));
    const Signature parsed = TRY(Signature::parse(signature.bytes), "key {}", id_.text());
    holds = parsed.key_id() == id_ && parsed.holds(key, message);
  } else {
    const std::string bytes = TRY(ecdsa_bytes(signature.bytes), "key {}", id_.text());
    holds = ecdsa_holds(text_, message, bytes);
  }
  if (holds) return true;
  return failure(Code::bundle_signature, "the signature of key {} does not hold", id_.text());
}

Result<DetachedSignature> read_signature(std::string_view bytes) {
  if (bytes.starts_with("untrusted comment:")) {
    const Signature signature = TRY(Signature::parse(bytes));
    return DetachedSignature{Scheme::minisign, signature.key_id(), std::string(bytes)};
  }
  const CmsSignature cms = TRY(CmsSignature::parse(bytes));
  return DetachedSignature{Scheme::cms, id_of(X509_get0_pubkey(cms.signer())), std::string(bytes)};
}

void prepare_checks() {
  // The configuration file is read once per process, when OpenSSL is first used.
  OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG | OPENSSL_INIT_LOAD_CRYPTO_STRINGS, nullptr);
  Sha256Stream().finish();
}

}  // namespace holdfast::crypto
