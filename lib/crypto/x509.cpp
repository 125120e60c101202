// SPDX-License-Identifier: Apache-2.0
#include "crypto/x509.h"

#include "base/handle.h"
#include "base/text.h"
#include "crypto/openssl_error.h"
#include "crypto/random.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>

namespace holdfast::crypto {
namespace {

using Key = Handle<EVP_PKEY, EVP_PKEY_free>;
using Certificate = Handle<X509, X509_free>;
using Bio = Handle<BIO, BIO_free_all>;
using Extension = Handle<X509_EXTENSION, X509_EXTENSION_free>;
using Names = Handle<GENERAL_NAMES, GENERAL_NAMES_free>;
using Time = Handle<ASN1_TIME, ASN1_TIME_free>;

// The text a memory BIO holds. Secure memory is wiped by OpenSSL when the BIO goes.
std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

Result<Key> generate(KeyKind kind) {
  Key key(kind == KeyKind::p256 ? EVP_EC_gen("P-256") : EVP_RSA_gen(2048U));
  if (key == nullptr) return openssl_failure("no key could be generated");
  return key;
}

Result<Secret> key_to_pem(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_secmem()));
  if (bio == nullptr ||
      PEM_write_bio_PKCS8PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1) {
    return openssl_failure("the private key could not be written as PEM");
  }
  return Secret(text_of(bio.get()));
}

// An encrypted PEM must not make OpenSSL ask for a pass phrase on the terminal.
int no_pass_phrase(char*, int, int, void*) {
  return -1;
}

Result<Key> key_from_pem(const Secret& pem) {
  const std::string& text = pem.reveal();
  const Bio bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  Key key(bio == nullptr ? nullptr
                         : PEM_read_bio_PrivateKey(bio.get(), nullptr, no_pass_phrase, nullptr));
  if (key == nullptr) return openssl_failure("this is no private key in PEM form");
  return key;
}

Result<Certificate> certificate_from_pem(std::string_view pem) {
  constexpr std::size_t pem_limit = std::size_t{1} << 20;
  if (pem.size() > pem_limit) {
    return failure(Code::limit, "certificate text is {} bytes, the limit is {}", pem.size(),
                   pem_limit);
  }
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Certificate certificate(
      bio == nullptr ? nullptr : PEM_read_bio_X509(bio.get(), nullptr, no_pass_phrase, nullptr));
  if (certificate == nullptr) return openssl_failure("this is no certificate in PEM form");
  return certificate;
}

Result<std::string> certificate_to_pem(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_X509(bio.get(), certificate) != 1) {
    return openssl_failure("the certificate could not be written as PEM");
  }
  return text_of(bio.get());
}

Result<> add_name_entry(X509_NAME* name, int nid, const std::string& text) {
  // X509_NAME_add_entry_by_NID enforces the upper bound of 64 characters of RFC 5280.
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  if (X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, bytes, static_cast<int>(text.size()), -1,
                                 0) != 1) {
    return openssl_failure(
        fmt::format("'{}' is no part of a certificate's subject", printable(text)));
  }
  return {};
}

Result<> set_subject(X509* certificate, const Subject& subject) {
  X509_NAME* name = X509_get_subject_name(certificate);
  for (const auto& organization : subject.organizations) {
    TRY(add_name_entry(name, NID_organizationName, organization));
  }
  TRY(add_name_entry(name, NID_commonName, subject.common_name));
  return {};
}

std::time_t seconds_of(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

Result<> set_validity(X509* certificate, const Validity& validity) {
  if (validity.from >= validity.until) {
    return failure(Code::internal, "a certificate's end {} is not after its start {}",
                   format_rfc3339(validity.until), format_rfc3339(validity.from));
  }
  if (ASN1_TIME_set(X509_getm_notBefore(certificate), seconds_of(validity.from)) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(certificate), seconds_of(validity.until)) == nullptr) {
    return openssl_failure("the certificate's validity could not be set");
  }
  return {};
}

// 127 random bits: positive and unpredictable (CA/Browser Forum asks for at least 64).
Result<> set_serial(X509* certificate) {
  std::string bytes = TRY(random_bytes(16));
  bytes[0] = static_cast<char>(static_cast<unsigned char>(bytes[0]) & 0x7FU);
  const Handle<BIGNUM, BN_free> number(
      BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), 16, nullptr));
  if (number == nullptr ||
      BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) == nullptr) {
    return openssl_failure("the certificate's serial number could not be set");
  }
  return {};
}

// `text` is one of the fixed extension texts below, never input.
Result<> add_extension(X509* certificate, X509* issuer, int nid, const char* text) {
  X509V3_CTX context{};
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, text));
  if (extension == nullptr || X509_add_ext(certificate, extension.get(), -1) != 1) {
    return openssl_failure(fmt::format("certificate extension '{}' could not be added", text));
  }
  return {};
}

Result<> push_name(GENERAL_NAMES* names, int type, const std::string& bytes) {
  Handle<GENERAL_NAME, GENERAL_NAME_free> name(GENERAL_NAME_new());
  Handle<ASN1_STRING, ASN1_STRING_free> text(
      ASN1_STRING_type_new(type == GEN_DNS ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING));
  if (name == nullptr || text == nullptr ||
      ASN1_STRING_set(text.get(), bytes.data(), static_cast<int>(bytes.size())) != 1) {
    return openssl_failure("a certificate's alternative name could not be set");
  }
  GENERAL_NAME_set0_value(name.get(), type, text.release());
  if (sk_GENERAL_NAME_push(names, name.get()) == 0) {
    return openssl_failure("a certificate's alternative name could not be added");
  }
  static_cast<void>(name.release());
  return {};
}

bool is_dns_name(const std::string& name) {
  return !name.empty() && name.size() <= 253 && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '*' || c == '_';
  });
}

// Built as structures: OpenSSL's text form would let a comma in a name add another one.
Result<> add_alternative_names(X509* certificate, const LeafRequest& request) {
  if (request.dns_names.empty() && request.ip_addresses.empty()) return {};
  const Names names(GENERAL_NAMES_new());
  for (const auto& dns : request.dns_names) {
    if (!is_dns_name(dns)) {
      return failure(Code::wrong_type, "'{}' is no DNS name", printable(dns));
    }
    TRY(push_name(names.get(), GEN_DNS, dns));
  }
  for (const auto& address : request.ip_addresses) {
    std::array<char, 16> bytes{};
    std::size_t size = 4;
    if (::inet_pton(AF_INET, address.c_str(), bytes.data()) != 1) {
      size = 16;
      if (::inet_pton(AF_INET6, address.c_str(), bytes.data()) != 1) {
        return failure(Code::wrong_type, "'{}' is no IP address", printable(address));
      }
    }
    TRY(push_name(names.get(), GEN_IPADD, std::string(bytes.data(), size)));
  }
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) !=
      1) {
    return openssl_failure("the certificate's alternative names could not be added");
  }
  return {};
}

const char* usage_text(Purpose purpose) {
  switch (purpose) {
    case Purpose::client: return "clientAuth";
    case Purpose::server: return "serverAuth";
    case Purpose::client_and_server: return "serverAuth,clientAuth";
  }
  std::unreachable();
}

Result<Certificate> start_certificate(const Subject& subject, const Validity& validity,
                                      EVP_PKEY* key) {
  Certificate certificate(X509_new());
  constexpr long version_3 = 2;
  if (certificate == nullptr || X509_set_version(certificate.get(), version_3) != 1 ||
      X509_set_pubkey(certificate.get(), key) != 1) {
    return openssl_failure("no certificate could be made");
  }
  TRY(set_serial(certificate.get()));
  TRY(set_subject(certificate.get(), subject));
  TRY(set_validity(certificate.get(), validity));
  return certificate;
}

Result<> sign(X509* certificate, EVP_PKEY* key) {
  if (X509_sign(certificate, key, EVP_sha256()) <= 0) {
    return openssl_failure("the certificate could not be signed");
  }
  return {};
}

WallTime time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return WallTime(std::chrono::seconds(::timegm(&parts)));
}

std::string utf8_of(const ASN1_STRING* text) {
  unsigned char* bytes = nullptr;
  const int size = ASN1_STRING_to_UTF8(&bytes, text);
  if (size < 0) return {};
  std::string out(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  OPENSSL_free(bytes);
  return out;
}

Subject subject_of(X509* certificate) {
  Subject subject;
  const X509_NAME* name = X509_get_subject_name(certificate);
  for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, i);
    const int nid = OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry));
    const std::string text = utf8_of(X509_NAME_ENTRY_get_data(entry));
    if (nid == NID_commonName) subject.common_name = text;
    if (nid == NID_organizationName) subject.organizations.push_back(text);
  }
  return subject;
}

void read_alternative_names(X509* certificate, CertificateDetails& details) {
  const Names names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  if (names == nullptr) return;
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    int type = 0;
    const auto* text = static_cast<const ASN1_STRING*>(
        GENERAL_NAME_get0_value(sk_GENERAL_NAME_value(names.get(), i), &type));
    if (type == GEN_DNS) details.dns_names.push_back(utf8_of(text));
    if (type != GEN_IPADD) continue;
    const int family = ASN1_STRING_length(text) == 4 ? AF_INET : AF_INET6;
    if (family == AF_INET6 && ASN1_STRING_length(text) != 16) continue;
    std::array<char, INET6_ADDRSTRLEN> address{};
    ::inet_ntop(family, ASN1_STRING_get0_data(text), address.data(), address.size());
    details.ip_addresses.emplace_back(address.data());
  }
}

}  // namespace

Result<Secret> make_key(KeyKind kind) {
  const Key key = TRY(generate(kind));
  return key_to_pem(key.get());
}

Result<std::string> public_key_of(const Secret& key_pem) {
  const Key key = TRY(key_from_pem(key_pem));
  const Bio bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_PUBKEY(bio.get(), key.get()) != 1) {
    return openssl_failure("the public key could not be written as PEM");
  }
  return text_of(bio.get());
}

Result<Certified> make_ca(const Subject& subject, const Validity& validity, KeyKind kind) {
  const Key key = TRY(generate(kind));
  const Certificate certificate = TRY(start_certificate(subject, validity, key.get()));
  X509* raw = certificate.get();
  if (X509_set_issuer_name(raw, X509_get_subject_name(raw)) != 1) {
    return openssl_failure("the certificate's issuer could not be set");
  }
  TRY(add_extension(raw, raw, NID_basic_constraints, "critical,CA:TRUE"));
  TRY(add_extension(raw, raw, NID_key_usage, "critical,digitalSignature,keyCertSign,cRLSign"));
  TRY(add_extension(raw, raw, NID_subject_key_identifier, "hash"));
  TRY(sign(raw, key.get()));
  Certified made;
  made.certificate_pem = TRY(certificate_to_pem(raw));
  made.key_pem = TRY(key_to_pem(key.get()));
  return made;
}

Result<Certified> issue(const Certified& ca, const LeafRequest& request, KeyKind kind) {
  const Certificate issuer = TRY(certificate_from_pem(ca.certificate_pem), "reading the authority");
  const Key issuer_key = TRY(key_from_pem(ca.key_pem), "reading the authority's key");
  const Key key = TRY(generate(kind));
  Validity validity = request.validity;
  validity.until = std::min(validity.until, time_of(X509_get0_notAfter(issuer.get())));
  const Certificate certificate = TRY(start_certificate(request.subject, validity, key.get()));
  X509* raw = certificate.get();
  if (X509_set_issuer_name(raw, X509_get_subject_name(issuer.get())) != 1) {
    return openssl_failure("the certificate's issuer could not be set");
  }
  TRY(add_extension(raw, issuer.get(), NID_basic_constraints, "critical,CA:FALSE"));
  TRY(add_extension(raw, issuer.get(), NID_key_usage, "critical,digitalSignature,keyEncipherment"));
  TRY(add_extension(raw, issuer.get(), NID_ext_key_usage, usage_text(request.purpose)));
  TRY(add_extension(raw, issuer.get(), NID_subject_key_identifier, "hash"));
  TRY(add_extension(raw, issuer.get(), NID_authority_key_identifier, "keyid"));
  TRY(add_alternative_names(raw, request));
  TRY(sign(raw, issuer_key.get()));
  Certified made;
  made.certificate_pem = TRY(certificate_to_pem(raw));
  made.key_pem = TRY(key_to_pem(key.get()));
  return made;
}

Result<CertificateDetails> read_certificate(std::string_view pem) {
  const Certificate certificate = TRY(certificate_from_pem(pem));
  CertificateDetails details;
  details.subject = subject_of(certificate.get());
  details.validity.from = time_of(X509_get0_notBefore(certificate.get()));
  details.validity.until = time_of(X509_get0_notAfter(certificate.get()));
  read_alternative_names(certificate.get(), details);
  std::array<unsigned char, 32> digest{};
  unsigned int size = 0;
  if (X509_digest(certificate.get(), EVP_sha256(), digest.data(), &size) != 1) {
    return openssl_failure("the certificate's digest could not be computed");
  }
  details.sha256 = to_hex({reinterpret_cast<const char*>(digest.data()), size});
  return details;
}

Result<bool> is_issued_by(std::string_view certificate_pem, std::string_view ca_pem) {
  const Certificate certificate = TRY(certificate_from_pem(certificate_pem));
  const Certificate issuer = TRY(certificate_from_pem(ca_pem));
  EVP_PKEY* key = X509_get0_pubkey(issuer.get());
  return key != nullptr && X509_verify(certificate.get(), key) == 1;
}

Result<bool> is_key_of(const Secret& key_pem, std::string_view certificate_pem) {
  const Key key = TRY(key_from_pem(key_pem));
  const Certificate certificate = TRY(certificate_from_pem(certificate_pem));
  return X509_check_private_key(certificate.get(), key.get()) == 1;
}

}  // namespace holdfast::crypto
