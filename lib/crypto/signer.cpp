// SPDX-License-Identifier: Apache-2.0
// The signing half of detached.h.
#include "base/handle.h"
#include "base/text.h"
#include "crypto/cms.h"
#include "crypto/detached.h"
#include "crypto/openssl_error.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cstring>

namespace holdfast::crypto {

namespace {

void free_certificates(STACK_OF(X509) * stack) {
  sk_X509_pop_free(stack, X509_free);
}

}  // namespace

struct Signer::Loaded {
  Handle<EVP_PKEY, EVP_PKEY_free> key;
  Handle<X509, X509_free> certificate;  // none: a bare ECDSA signature
  Handle<STACK_OF(X509), free_certificates> others;
};

namespace {

using Bio = Handle<BIO, BIO_free_all>;

std::unexpected<Error> unusable(std::string what) {
  ERR_clear_error();
  return failure(Error(Code::file_unreadable, std::move(what))
                     .fix("give a secret key of minisign, a P-256 key in PEM, or a key and its "
                          "certificate in PEM"));
}

// Hands the pass phrase to OpenSSL, which would ask on the terminal otherwise.
int give_pass_phrase(char* into, int size, int, void* password) {
  const auto& text = static_cast<const Secret*>(password)->reveal();
  if (text.empty() || text.size() > static_cast<std::size_t>(size)) return -1;
  std::memcpy(into, text.data(), text.size());
  return static_cast<int>(text.size());
}

bool belongs(X509* certificate, EVP_PKEY* key) {
  return EVP_PKEY_eq(X509_get0_pubkey(certificate), key) == 1;
}

}  // namespace

Signer::Signer(SigningKey key) : id_(key.public_key().id()), minisign_(std::move(key)) {}

bool Signer::is_encrypted(const Secret& text) {
  return SigningKey::is_encrypted(text) || text.reveal().contains("-----BEGIN ENCRYPTED ") ||
         text.reveal().contains("\nProc-Type: 4,ENCRYPTED");
}

Result<Signer> Signer::of(Loaded loaded) {
  auto* others = loaded.others.get();
  for (int i = 0; i < sk_X509_num(others) && loaded.certificate == nullptr; ++i) {
    if (!belongs(sk_X509_value(others, i), loaded.key.get())) continue;
    loaded.certificate.reset(sk_X509_delete(others, i));
  }
  if (loaded.certificate == nullptr && sk_X509_num(others) > 0) {
    return unusable("none of the certificates belongs to the key");
  }
  // The public half says the key's id, and refuses curves that a bare signature cannot have.
  const Bio out(BIO_new(BIO_s_mem()));
  const bool wrote = loaded.certificate == nullptr
                         ? PEM_write_bio_PUBKEY(out.get(), loaded.key.get()) == 1
                         : PEM_write_bio_X509(out.get(), loaded.certificate.get()) == 1;
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  if (!wrote || size <= 0) return unusable("the key has no public half that can be read");
  const auto verifier = Verifier::parse({data, static_cast<std::size_t>(size)});
  if (!verifier) return unusable(verifier.error().message());
  Signer signer;
  signer.scheme_ = verifier->scheme();
  signer.id_ = verifier->id();
  signer.loaded_ = std::make_shared<const Loaded>(std::move(loaded));
  return signer;
}

Result<Signer> Signer::parse(const Secret& text, const Secret& password) {
  if (!text.reveal().contains("-----BEGIN ")) {
    SigningKey key = TRY(SigningKey::parse(text, password));
    return Signer(std::move(key));
  }
  const std::string& pem = text.reveal();
  const auto open = [&] { return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()))); };
  Loaded loaded;
  auto* given = const_cast<Secret*>(&password);  // OpenSSL's callbacks take void*; it is only read
  loaded.key.reset(PEM_read_bio_PrivateKey(open().get(), nullptr, give_pass_phrase, given));
  if (loaded.key == nullptr) return unusable("no private key could be read from the file");
  loaded.others.reset(sk_X509_new_null());
  const Bio bio = open();
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, give_pass_phrase, given)) {
    sk_X509_push(loaded.others.get(), certificate);
  }
  ERR_clear_error();
  return of(std::move(loaded));
}

Result<Signer> Signer::open(const std::string& uri, const Secret& password) {
  auto* given = const_cast<Secret*>(&password);
  const Handle<UI_METHOD, UI_destroy_method> ui(UI_UTIL_wrap_read_pem_callback(give_pass_phrase, 0));
  const bool ask = password.empty();
  const Handle<OSSL_STORE_CTX, OSSL_STORE_close> store(
      OSSL_STORE_open(uri.c_str(), ask ? UI_OpenSSL() : ui.get(), given, nullptr, nullptr));
  if (store == nullptr) {
    return openssl_failure(fmt::format("OpenSSL opens no key under '{}'", printable(uri)),
                           Code::file_unreadable);
  }
  Loaded loaded;
  loaded.others.reset(sk_X509_new_null());
  while (OSSL_STORE_eof(store.get()) == 0) {
    const Handle<OSSL_STORE_INFO, OSSL_STORE_INFO_free> info(OSSL_STORE_load(store.get()));
    if (info == nullptr) {
      if (OSSL_STORE_error(store.get()) != 0) break;
      continue;
    }
    if (OSSL_STORE_INFO_get_type(info.get()) == OSSL_STORE_INFO_PKEY && loaded.key == nullptr) {
      loaded.key.reset(OSSL_STORE_INFO_get1_PKEY(info.get()));
    } else if (OSSL_STORE_INFO_get_type(info.get()) == OSSL_STORE_INFO_CERT) {
      sk_X509_push(loaded.others.get(), OSSL_STORE_INFO_get1_CERT(info.get()));
    }
  }
  if (loaded.key == nullptr) {
    return openssl_failure(fmt::format("there is no private key under '{}'", printable(uri)),
                           Code::file_unreadable);
  }
  ERR_clear_error();
  return of(std::move(loaded));
}

Result<DetachedSignature> Signer::sign(std::string_view message, const std::string& comment) const {
  DetachedSignature signature{.scheme = scheme_, .key = id_, .bytes = {}};
  if (minisign_) {
    const Signature made = TRY(minisign_->sign(message, comment));
    signature.bytes = made.to_text();
    return signature;
  }
  if (scheme_ == Scheme::cms) {
    signature.bytes = TRY(cms_sign(loaded_->certificate.get(), loaded_->key.get(),
                                   loaded_->others.get(), message));
    return signature;
  }
  const Handle<EVP_MD_CTX, EVP_MD_CTX_free> context(EVP_MD_CTX_new());
  std::string bytes(256, '\0');
  std::size_t size = bytes.size();
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, loaded_->key.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(bytes.data()), &size,
                     reinterpret_cast<const unsigned char*>(message.data()), message.size()) != 1) {
    return openssl_failure("the signature could not be made");
  }
  bytes.resize(size);
  signature.bytes = to_base64(bytes) + "\n";
  return signature;
}

}  // namespace holdfast::crypto
