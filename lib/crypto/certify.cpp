// SPDX-License-Identifier: Apache-2.0
#include "crypto/certify.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/dsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <chrono>

#include "base/handle.h"
#include "crypto/openssl_error.h"
#include "crypto/random.h"

namespace holdfast::crypto {
namespace {

using Key = Handle<EVP_PKEY, EVP_PKEY_free>;
using KeyContext = Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using Certificate = Handle<X509, X509_free>;
using Bio = Handle<BIO, BIO_free_all>;
using Extension = Handle<X509_EXTENSION, X509_EXTENSION_free>;
using Number = Handle<BIGNUM, BN_free>;

// An encrypted PEM must not make OpenSSL ask for a pass phrase on the terminal.
int no_pass_phrase(char*, int, int, void*) { return -1; }

constexpr std::size_t pem_bytes_max = std::size_t{1} << 20;

Result<Bio> reader_of(std::string_view pem) {
  if (pem.size() > pem_bytes_max) {
    return failure(Code::limit, "the PEM text is {} bytes, the limit is {}", pem.size(), pem_bytes_max);
  }
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

Result<Key> read_key(std::string_view pem) {
  Bio bio = TRY(reader_of(pem));
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_pass_phrase, nullptr));
  if (!key) return openssl_failure("no PEM data in input", Code::wrong_type);
  return key;
}

Result<Certificate> read_x509(std::string_view pem) {
  Bio bio = TRY(reader_of(pem));
  Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, no_pass_phrase, nullptr));
  if (!certificate) return openssl_failure("unable to decode certificate", Code::wrong_type);
  return certificate;
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

Result<Key> generate_dsa() {
  KeyContext parameters(EVP_PKEY_CTX_new_from_name(nullptr, "DSA", nullptr));
  EVP_PKEY* made = nullptr;
  if (!parameters || EVP_PKEY_paramgen_init(parameters.get()) != 1 ||
      EVP_PKEY_CTX_set_dsa_paramgen_bits(parameters.get(), 2048) != 1 ||
      EVP_PKEY_paramgen(parameters.get(), &made) != 1) {
    return openssl_failure("no DSA parameters could be made");
  }
  Key group(made);
  KeyContext context(EVP_PKEY_CTX_new_from_pkey(nullptr, group.get(), nullptr));
  EVP_PKEY* key = nullptr;
  if (!context || EVP_PKEY_keygen_init(context.get()) != 1 ||
      EVP_PKEY_keygen(context.get(), &key) != 1) {
    return openssl_failure("no DSA key could be made");
  }
  return Key(key);
}

Result<Key> generate(PemKey kind) {
  Key key;
  switch (kind) {
    case PemKey::rsa2048: key = Key(EVP_RSA_gen(2048U)); break;
    case PemKey::rsa4096: key = Key(EVP_RSA_gen(4096U)); break;
    case PemKey::ecdsa_p256: key = Key(EVP_EC_gen("P-256")); break;
    case PemKey::ed25519: key = Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); break;
    case PemKey::dsa2048: return generate_dsa();
  }
  if (!key) return openssl_failure("no key could be made");
  return key;
}

Result<> set_serial(X509* certificate) {
  const std::string bytes = TRY(random_bytes(16));
  Number number(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), 16, nullptr));
  if (!number || BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) == nullptr) {
    return openssl_failure("no serial number could be set");
  }
  return {};
}

std::time_t seconds_of(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

Result<> set_names(X509* certificate, const CertificatePlan& plan) {
  X509_NAME* name = X509_get_subject_name(certificate);
  const auto* bytes = reinterpret_cast<const unsigned char*>(plan.common_name.data());
  bool named = plan.common_name.empty() ||
               X509_NAME_add_entry_by_NID(name, NID_commonName, MBSTRING_UTF8, bytes,
                                          static_cast<int>(plan.common_name.size()), -1, 0) == 1;
  if (!named) return openssl_failure("the common name does not fit a certificate", Code::wrong_type);
  if (ASN1_TIME_set(X509_getm_notBefore(certificate), seconds_of(plan.validity.from)) == nullptr ||
      ASN1_TIME_set(X509_getm_notAfter(certificate), seconds_of(plan.validity.until)) == nullptr) {
    return openssl_failure("the validity does not fit a certificate", Code::wrong_type);
  }
  return {};
}

Result<> add_extension(X509* certificate, X509V3_CTX& context, int nid, const std::string& value) {
  Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) {
    return openssl_failure("an extension does not fit a certificate", Code::wrong_type);
  }
  return {};
}

// Built as structures: names from a chart must not reach OpenSSL's own configuration syntax.
Result<> add_alternative_names(X509* certificate, const CertificatePlan& plan) {
  if (plan.dns_names.empty() && plan.ip_addresses.empty()) return {};
  Handle<GENERAL_NAMES, GENERAL_NAMES_free> names(sk_GENERAL_NAME_new_null());
  auto add = [&](int type, std::string_view bytes) {
    Handle<GENERAL_NAME, GENERAL_NAME_free> name(GENERAL_NAME_new());
    ASN1_STRING* text = ASN1_STRING_type_new(type == GEN_DNS ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);
    ASN1_STRING_set(text, bytes.data(), static_cast<int>(bytes.size()));
    GENERAL_NAME_set0_value(name.get(), type, text);
    sk_GENERAL_NAME_push(names.get(), name.release());
  };
  for (const std::string& dns : plan.dns_names) add(GEN_DNS, dns);
  for (const std::string& ip : plan.ip_addresses) {
    unsigned char bytes[16];
    bool v4 = ::inet_pton(AF_INET, ip.c_str(), bytes) == 1;
    if (!v4 && ::inet_pton(AF_INET6, ip.c_str(), bytes) != 1) {
      return failure(Code::wrong_type, "'{}' is no IP address", ip);
    }
    add(GEN_IPADD, {reinterpret_cast<const char*>(bytes), v4 ? std::size_t{4} : std::size_t{16}});
  }
  if (X509_add1_ext_i2d(certificate, NID_subject_alt_name, names.get(), 0, X509V3_ADD_DEFAULT) != 1) {
    return openssl_failure("the alternative names do not fit a certificate", Code::wrong_type);
  }
  return {};
}

Result<> add_extensions(X509* certificate, X509* issuer, const CertificatePlan& plan) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  bool authority = plan.role == Role::authority;
  TRY(add_extension(certificate, context, NID_key_usage,
                    authority ? "critical,digitalSignature,keyEncipherment,keyCertSign"
                              : "critical,digitalSignature,keyEncipherment"));
  TRY(add_extension(certificate, context, NID_ext_key_usage, "serverAuth,clientAuth"));
  TRY(add_extension(certificate, context, NID_basic_constraints,
                    authority ? "critical,CA:TRUE" : "critical,CA:FALSE"));
  if (authority) TRY(add_extension(certificate, context, NID_subject_key_identifier, "hash"));
  if (issuer != certificate && X509_get0_subject_key_id(issuer) != nullptr) {
    TRY(add_extension(certificate, context, NID_authority_key_identifier, "keyid"));
  }
  return add_alternative_names(certificate, plan);
}

}  // namespace

Result<std::string> make_pem_key(PemKey kind) {
  const Key key = TRY(generate(kind));
  const Bio bio(BIO_new(BIO_s_secmem()));
  int written = 0;
  if (bio && kind == PemKey::ed25519) {
    written = PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  } else if (bio) {
    written = PEM_write_bio_PrivateKey_traditional(bio.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                                   nullptr);
  }
  if (written != 1) return openssl_failure("the private key could not be written as PEM");
  return text_of(bio.get());
}

Result<> check_pem_key(std::string_view pem) {
  TRY(read_key(pem));
  return {};
}

Result<> check_certificate(std::string_view pem) {
  TRY(read_x509(pem));
  return {};
}

Result<std::string> certify(const CertificatePlan& plan, std::string_view key_pem,
                            const Issuer& issuer) {
  const Key key = TRY(read_key(key_pem));
  bool own = issuer.certificate_pem.empty();
  Certificate parent;
  Key signer;
  if (!own) {
    parent = TRY(read_x509(issuer.certificate_pem));
    signer = TRY(read_key(issuer.key_pem));
  }
  const Certificate certificate(X509_new());
  if (!certificate || X509_set_version(certificate.get(), 2) != 1 ||
      X509_set_pubkey(certificate.get(), key.get()) != 1) {
    return openssl_failure("no certificate could be made");
  }
  TRY(set_serial(certificate.get()));
  TRY(set_names(certificate.get(), plan));
  X509* from = own ? certificate.get() : parent.get();
  if (X509_set_issuer_name(certificate.get(), X509_get_subject_name(from)) != 1) {
    return openssl_failure("no issuer could be set");
  }
  TRY(add_extensions(certificate.get(), from, plan));
  EVP_PKEY* signing = own ? key.get() : signer.get();
  // Ed25519 signs the text itself and takes no digest.
  const EVP_MD* digest = EVP_PKEY_is_a(signing, "ED25519") == 1 ? nullptr : EVP_sha256();
  if (X509_sign(certificate.get(), signing, digest) == 0) {
    return openssl_failure("the certificate could not be signed", Code::wrong_type);
  }
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_X509(bio.get(), certificate.get()) != 1) {
    return openssl_failure("the certificate could not be written as PEM");
  }
  return text_of(bio.get());
}

bool is_ip_address(const std::string& text) {
  unsigned char bytes[16];
  return ::inet_pton(AF_INET, text.c_str(), bytes) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

}  // namespace holdfast::crypto
