// SPDX-License-Identifier: Apache-2.0
#include "crypto/cms.h"

#include "base/handle.h"
#include "crypto/openssl_error.h"

#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <chrono>

namespace holdfast::crypto {
namespace {

void free_certificates(STACK_OF(X509) * stack) {
  sk_X509_pop_free(stack, X509_free);
}

}  // namespace

struct CmsSignature::State {
  Handle<CMS_ContentInfo, CMS_ContentInfo_free> cms;
  Handle<STACK_OF(X509), free_certificates> certificates;
  Handle<X509, X509_free> signer;
};

namespace {

using Bio = Handle<BIO, BIO_free_all>;
using Store = Handle<X509_STORE, X509_STORE_free>;
using StoreContext = Handle<X509_STORE_CTX, X509_STORE_CTX_free>;

constexpr int certificates_limit = 16;
constexpr int chain_limit = 8;
constexpr int security_level = 2;  // 112 bits: RSA of 2048, SHA-2

std::unexpected<Error> wrong(std::string_view reason) {
  return openssl_failure(fmt::format("the CMS signature is not acceptable: {}", reason),
                         Code::bundle_signature);
}

Bio memory_of(std::string_view bytes) {
  return Bio(BIO_new_mem_buf(bytes.data(), static_cast<int>(bytes.size())));
}

bool is_sha2(const X509_ALGOR* algorithm) {
  const ASN1_OBJECT* object = nullptr;
  X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
  constexpr std::array accepted = {NID_sha256, NID_sha384, NID_sha512};
  return std::ranges::find(accepted, OBJ_obj2nid(object)) != accepted.end();
}

// The algorithm that the signer names, which OpenSSL does not look at: it takes the key's own.
bool fits(const X509_ALGOR* algorithm, const X509_ALGOR* digest, EVP_PKEY* key) {
  const ASN1_OBJECT* named = nullptr;
  const ASN1_OBJECT* hash = nullptr;
  X509_ALGOR_get0(&named, nullptr, nullptr, algorithm);
  X509_ALGOR_get0(&hash, nullptr, nullptr, digest);
  const int type = EVP_PKEY_get_base_id(key);
  if (OBJ_obj2nid(named) == type || OBJ_obj2nid(named) == NID_rsassaPss) return type == EVP_PKEY_RSA;
  int signs_hash = NID_undef;
  int signs_with = NID_undef;
  return OBJ_find_sigid_algs(OBJ_obj2nid(named), &signs_hash, &signs_with) == 1 &&
         signs_hash == OBJ_obj2nid(hash) && EVP_PKEY_type(signs_with) == type;
}

// One element of DER and what follows it.
struct Element {
  int tag = -1;
  std::string_view content;
  std::string_view rest;
};

Element first_of(std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const auto* begin = at;
  long size = 0;
  Element element;
  int tag = 0;
  int type = 0;
  const int form = ASN1_get_object(&at, &size, &tag, &type, static_cast<long>(der.size()));
  if ((form & 0x81) != 0) return element;  // an error, or an indefinite length
  element.tag = tag;
  element.content = der.substr(static_cast<std::size_t>(at - begin), static_cast<std::size_t>(size));
  element.rest = der.substr(static_cast<std::size_t>(at - begin) + element.content.size());
  return element;
}

// Are the versions those of RFC 5652 §5.1 and §5.3? OpenSSL neither checks nor shows them.
bool has_right_versions(std::string_view der, bool named_by_key_id) {
  const std::string_view version(named_by_key_id ? "\x03" : "\x01", 1);
  const Element kind = first_of(first_of(der).content);
  const Element signed_data = first_of(first_of(kind.rest).content);
  Element each = first_of(signed_data.content);
  if (each.tag != V_ASN1_INTEGER || each.content != version) return false;
  while (!each.rest.empty() && each.tag != -1) each = first_of(each.rest);
  const Element signer = first_of(each.content);
  const Element number = first_of(signer.content);
  return number.tag == V_ASN1_INTEGER && number.content == version;
}

// What one of OpenSSL's i2d functions gives.
template <class T>
std::string der_of(const T* object, int (*encode)(const T*, unsigned char**)) {
  unsigned char* der = nullptr;
  const int size = encode(object, &der);
  if (size < 0) return {};
  std::string bytes(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return bytes;
}

// What no signature covers and OpenSSL takes loosely must be the only way to write it, so that no
// byte of the file can be changed unseen.
bool is_canonical(CMS_ContentInfo* cms, CMS_SignerInfo* signer, X509* certificate,
                  std::string_view der) {
  ASN1_OCTET_STRING* key_id = nullptr;
  X509_NAME* issuer = nullptr;
  ASN1_INTEGER* serial = nullptr;
  CMS_SignerInfo_get0_signer_id(signer, &key_id, &issuer, &serial);
  const auto name = [](const X509_NAME* each) { return der_of(each, i2d_X509_NAME); };
  if (issuer != nullptr && name(issuer) != name(X509_get_issuer_name(certificate))) return false;
  return der_of<CMS_ContentInfo>(cms, i2d_CMS_ContentInfo) == der &&
         OBJ_obj2nid(CMS_get0_eContentType(cms)) == NID_pkcs7_data &&
         has_right_versions(der, key_id != nullptr);
}

// The chain ends elsewhere: the certificate is of someone that this anchor does not vouch for.
bool ends_elsewhere(int error) {
  constexpr std::array codes = {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
                                X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
                                X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
                                X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
                                X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
                                X509_V_ERR_CERT_SIGNATURE_FAILURE};
  return std::ranges::find(codes, error) != codes.end();
}

// OpenSSL 3.0 has no purpose "code signing"; the extension is looked at here.
bool is_for_code_signing(X509* certificate) {
  const std::uint32_t usage = X509_get_key_usage(certificate);
  const std::uint32_t extended = X509_get_extended_key_usage(certificate);
  return extended != UINT32_MAX && (extended & XKU_CODE_SIGN) != 0 &&
         (usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0;
}

}  // namespace

Result<CmsSignature> CmsSignature::parse(std::string_view der) {
  auto state = std::make_unique<State>();
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const auto* end = at + der.size();
  state->cms.reset(d2i_CMS_ContentInfo(nullptr, &at, static_cast<long>(der.size())));
  CMS_ContentInfo* cms = state->cms.get();
  if (cms == nullptr) return wrong("it is not DER");
  if (at != end) return wrong("bytes follow it");
  if (OBJ_obj2nid(CMS_get0_type(cms)) != NID_pkcs7_signed) return wrong("it is not SignedData");
  if (CMS_is_detached(cms) != 1) return wrong("it carries a content of its own");
  state->certificates.reset(CMS_get1_certs(cms));
  const int count = sk_X509_num(state->certificates.get());
  if (count < 1 || count > certificates_limit) {
    return wrong(fmt::format("not one to {} certificates are inside", certificates_limit));
  }
  auto* signers = CMS_get0_SignerInfos(cms);
  if (sk_CMS_SignerInfo_num(signers) != 1) return wrong("it has not exactly one signer");
  CMS_SignerInfo* signer = sk_CMS_SignerInfo_value(signers, 0);
  if (CMS_set1_signers_certs(cms, state->certificates.get(), 0) != 1) {
    return wrong("the signer's certificate is not inside");
  }
  X509* certificate = nullptr;
  EVP_PKEY* key = nullptr;
  X509_ALGOR* digest = nullptr;
  X509_ALGOR* algorithm = nullptr;
  CMS_SignerInfo_get0_algs(signer, &key, &certificate, &digest, &algorithm);
  if (certificate == nullptr) return wrong("the signer's certificate is not inside");
  if (!is_sha2(digest)) return wrong("its digest is not SHA-256, SHA-384 or SHA-512");
  if (key == nullptr || !fits(algorithm, digest, key)) {
    return wrong("the algorithm that it names is not its key's");
  }
  if (!is_canonical(cms, signer, certificate, der)) return wrong("it is not written as RFC 5652 says");
  X509_up_ref(certificate);
  state->signer.reset(certificate);
  return CmsSignature(std::move(state));
}

CmsSignature::CmsSignature(std::unique_ptr<State> state) : state_(std::move(state)) {}

CmsSignature::CmsSignature(CmsSignature&&) noexcept = default;
CmsSignature& CmsSignature::operator=(CmsSignature&&) noexcept = default;
CmsSignature::~CmsSignature() = default;

X509* CmsSignature::signer() const {
  return state_->signer.get();
}

Result<bool> CmsSignature::leads_to(X509* anchor, WallTime now) const {
  const Store store(X509_STORE_new());
  const StoreContext context(X509_STORE_CTX_new());
  if (store == nullptr || context == nullptr || X509_STORE_add_cert(store.get(), anchor) != 1 ||
      X509_STORE_CTX_init(context.get(), store.get(), signer(), state_->certificates.get()) != 1) {
    return openssl_failure("the certificate could not be checked");
  }
  X509_VERIFY_PARAM* rules = X509_STORE_CTX_get0_param(context.get());
  // The trusted certificate ends the chain, whether it is an authority, one in between, or the
  // signer's own.
  X509_VERIFY_PARAM_set_flags(rules, X509_V_FLAG_PARTIAL_CHAIN);
  X509_VERIFY_PARAM_set_depth(rules, chain_limit);
  X509_VERIFY_PARAM_set_auth_level(rules, security_level);
  X509_VERIFY_PARAM_set_time(
      rules, std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
  if (X509_verify_cert(context.get()) != 1) {
    const int error = X509_STORE_CTX_get_error(context.get());
    if (ends_elsewhere(error)) return false;
    return wrong(fmt::format("the signer's certificate is refused: {}",
                             X509_verify_cert_error_string(error)));
  }
  if (!is_for_code_signing(signer())) {
    return wrong("the signer's certificate is not for code signing");
  }
  return true;
}

bool CmsSignature::holds(std::string_view message) const {
  // A plain memory BIO would be copied by CMS_verify, which forgets its copy when the form is wrong
  // (OpenSSL 3.0.19, crypto/cms/cms_smime.c); a buffer before it prevents that.
  const Bio content(BIO_push(BIO_new(BIO_f_buffer()), memory_of(message).release()));
  // The chain was judged by leads_to().
  return content != nullptr &&
         CMS_verify(state_->cms.get(), nullptr, nullptr, content.get(), nullptr,
                    CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY) == 1;
}

Result<std::string> cms_sign(X509* certificate, EVP_PKEY* key, STACK_OF(X509) * others,
                             std::string_view message) {
  const Bio content = memory_of(message);
  const unsigned flags = CMS_DETACHED | CMS_BINARY | CMS_NOATTR | CMS_NOSMIMECAP;
  const Handle<CMS_ContentInfo, CMS_ContentInfo_free> cms(
      content == nullptr ? nullptr : CMS_sign(certificate, key, others, content.get(), flags));
  std::string der =
      cms == nullptr ? std::string() : der_of<CMS_ContentInfo>(cms.get(), i2d_CMS_ContentInfo);
  if (der.empty()) return openssl_failure("the CMS signature could not be made");
  return der;
}

}  // namespace holdfast::crypto
