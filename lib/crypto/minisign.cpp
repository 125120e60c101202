// SPDX-License-Identifier: Apache-2.0
#include "crypto/minisign.h"

#include "base/handle.h"
#include "base/text.h"
#include "crypto/blake2b.h"
#include "crypto/openssl_error.h"
#include "crypto/random.h"

#include <openssl/evp.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace holdfast::crypto {
namespace {

using Key = Handle<EVP_PKEY, EVP_PKEY_free>;
using Context = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;

constexpr std::string_view algorithm_legacy = "Ed";
constexpr std::string_view algorithm_prehashed = "ED";
constexpr std::string_view untrusted_prefix = "untrusted comment: ";
constexpr std::string_view trusted_prefix = "trusted comment: ";
constexpr std::string_view signature_comment = "signature from minisign secret key";
constexpr std::string_view secret_comment = "minisign encrypted secret key";

constexpr std::size_t comment_limit = 1024;  // src/minisign.h: COMMENTMAXBYTES
constexpr std::size_t text_limit = 16384;

template <std::size_t size>
std::string_view view(const std::array<unsigned char, size>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), size};
}

template <std::size_t size>
void copy_from(std::string_view from, std::array<unsigned char, size>& to) {
  CHECK(from.size() == size);
  std::memcpy(to.data(), from.data(), size);
}

const unsigned char* unsigned_bytes(std::string_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

bool verify_raw(const std::array<unsigned char, 32>& point, std::string_view message,
                const std::array<unsigned char, 64>& signature) {
  const Key key(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, point.data(), point.size()));
  const Context context(EVP_MD_CTX_new());
  if (key == nullptr || context == nullptr) return false;
  if (EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1) return false;
  // Only 1 is success: 0 and negative values both mean that nothing was shown.
  return EVP_DigestVerify(context.get(), signature.data(), signature.size(),
                          unsigned_bytes(message), message.size()) == 1;
}

Result<> sign_raw(const Secret& seed, std::string_view message,
                  std::array<unsigned char, 64>& signature) {
  const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr,
                                             unsigned_bytes(seed.reveal()), seed.reveal().size()));
  const Context context(EVP_MD_CTX_new());
  std::size_t size = signature.size();
  if (key == nullptr || context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), signature.data(), &size, unsigned_bytes(message),
                     message.size()) != 1) {
    return openssl_failure("the signature could not be made");
  }
  return {};
}

Result<std::array<unsigned char, 32>> point_of(const Secret& seed) {
  const Key key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr,
                                             unsigned_bytes(seed.reveal()), seed.reveal().size()));
  std::array<unsigned char, 32> point{};
  std::size_t size = point.size();
  if (key == nullptr || EVP_PKEY_get_raw_public_key(key.get(), point.data(), &size) != 1) {
    return openssl_failure("the public half of the key could not be computed");
  }
  return point;
}

// RFC 8032 §5.1: the y coordinate is little-endian below 2^255 - 19, its top bit the sign of x.
bool is_canonical(std::array<unsigned char, 32> point) {
  point[31] &= 0x7F;
  if (point[31] != 0x7F) return true;
  const bool all_ones = std::all_of(point.begin() + 1, point.begin() + 31,
                                    [](unsigned char byte) { return byte == 0xFF; });
  return !all_ones || point[0] < 0xED;
}

// The five y coordinates of the eight points whose order divides 8.
bool has_small_order(std::array<unsigned char, 32> point) {
  point[31] &= 0x7F;
  const std::string hex = to_hex(view(point));
  constexpr std::array<std::string_view, 5> small = {
      "0000000000000000000000000000000000000000000000000000000000000000",
      "0100000000000000000000000000000000000000000000000000000000000000",
      "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
      "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
      "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"};
  return std::ranges::find(small, hex) != small.end();
}

// The second line of a key file, or the only line.
std::string_view payload_line(std::string_view text) {
  if (!text.starts_with(untrusted_prefix)) return trim(text.substr(0, text.find('\n')));
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return {};
  const auto rest = text.substr(end + 1);
  return trim(rest.substr(0, rest.find('\n')));
}

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 8; i-- > 0;)
    value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

struct ScryptCost {
  std::uint64_t n;
  std::uint64_t p;
};

// libsodium 1.0.18, crypto_pwhash_scryptsalsa208sha256: pickparams(), with r = 8.
ScryptCost scrypt_cost(std::uint64_t operations, std::uint64_t memory) {
  operations = std::max<std::uint64_t>(operations, 32768);
  const bool few_operations = operations < memory / 32;
  const std::uint64_t n_max = few_operations ? operations / 32 : memory / 1024;
  int log2 = 1;
  while (log2 < 63 && (std::uint64_t{1} << log2) <= n_max / 2)
    ++log2;
  const std::uint64_t n = std::uint64_t{1} << log2;
  const std::uint64_t rp = std::min<std::uint64_t>(operations / 4 / n, 0x3fffffff);
  return {n, few_operations ? 1 : std::max<std::uint64_t>(rp / 8, 1)};
}

Result<std::string> scrypt_stream(const Secret& password, std::string_view salt,
                                  const ScryptCost& cost, std::size_t size) {
  constexpr std::uint64_t memory_limit = std::uint64_t{2} << 30;
  std::string stream(size, '\0');
  if (EVP_PBE_scrypt(password.reveal().data(), password.reveal().size(), unsigned_bytes(salt),
                     salt.size(), cost.n, 8, cost.p, memory_limit,
                     reinterpret_cast<unsigned char*>(stream.data()), size) != 1) {
    return openssl_failure("the key file's pass phrase could not be used", Code::file_unreadable);
  }
  return stream;
}

// A secret key file's bytes (src/minisign.h: SeckeyStruct).
struct Field {
  std::size_t at;
  std::size_t size;

  [[nodiscard]] std::string_view of(std::string_view bytes) const { return bytes.substr(at, size); }
};

namespace secret {
constexpr Field kdf{2, 2}, checksum_kind{4, 2}, salt{6, 32}, operations{38, 8}, memory{46, 8},
    id{54, 8}, seed{62, 32}, point{94, 32}, checksum{126, 32}, checked{54, 72}, hidden{54, 104};
constexpr std::size_t size = 158;
}  // namespace secret

std::unexpected<Error> no_secret_key() {
  return failure(Error(Code::file_unreadable, "this is no secret key of minisign")
                     .fix("make one with: holdfast trust keygen, or minisign -G"));
}

Result<Secret> decrypt(const Secret& file, const Secret& password) {
  std::string bytes = file.reveal();
  const ScryptCost cost = scrypt_cost(little_endian(secret::operations.of(bytes)),
                                      little_endian(secret::memory.of(bytes)));
  const std::string stream =
      TRY(scrypt_stream(password, secret::salt.of(bytes), cost, secret::hidden.size));
  for (std::size_t i = 0; i < stream.size(); ++i) {
    const std::size_t at = secret::hidden.at + i;
    bytes[at] = static_cast<char>(bytes[at] ^ stream[i]);
  }
  Secret opened(std::move(bytes));
  const std::string_view view = opened.reveal();
  const Secret checked(std::string(view.substr(0, 2)) + std::string(secret::checked.of(view)));
  if (blake2b(checked.reveal(), 32) != secret::checksum.of(view)) {
    return failure(Error(Code::file_unreadable, "the pass phrase does not open the secret key")
                       .fix("give the pass phrase that the key was made with"));
  }
  return opened;
}

}  // namespace

std::string KeyId::text() const {
  std::string out;
  for (std::size_t i = bytes.size(); i-- > 0;)
    out += fmt::format("{:02X}", bytes[i]);
  return out;
}

Result<PublicKey> PublicKey::parse(std::string_view text) {
  const auto wrong = [](std::string_view reason) {
    return failure(Error(Code::trust_root, "this is no public key of minisign")
                       .because(std::string(reason))
                       .fix("give the .pub file that `minisign -G` wrote, or its second line"));
  };
  if (text.size() > text_limit) return wrong("it is too long");
  const auto bytes = from_base64(payload_line(text));
  if (!bytes || bytes->size() != 42) return wrong("its second line is not 42 bytes in base64");
  if (!bytes->starts_with(algorithm_legacy)) return wrong("its algorithm is not Ed25519");
  PublicKey key;
  copy_from(std::string_view(*bytes).substr(2, 8), key.id_.bytes);
  copy_from(std::string_view(*bytes).substr(10), key.point_);
  if (!is_canonical(key.point_) || has_small_order(key.point_)) {
    return wrong("its point lets anyone make signatures");
  }
  return key;
}

std::string PublicKey::base64() const {
  return to_base64(std::string(algorithm_legacy) + std::string(view(id_.bytes)) +
                   std::string(view(point_)));
}

std::string PublicKey::file_text() const {
  return fmt::format("{}minisign public key {}\n{}\n", untrusted_prefix, id_.text(), base64());
}

Sha256 PublicKey::fingerprint() const {
  return sha256(std::string(algorithm_legacy) + std::string(view(id_.bytes)) +
                std::string(view(point_)));
}

Result<Signature> Signature::parse(std::string_view text) {
  const auto wrong = [](std::string_view reason) {
    return failure(Error(Code::bundle_signature, "the signature is not in minisign's form")
                       .because(std::string(reason)));
  };
  if (text.size() > text_limit) return wrong("it is too long");
  const auto lines = split(text, '\n');
  if (lines.size() != 5 || !lines[4].empty()) return wrong("it has not four lines");
  if (!lines[2].starts_with(trusted_prefix)) return wrong("its trusted comment is missing");
  const auto bytes = from_base64(lines[1]);
  const auto comment_bytes = from_base64(lines[3]);
  if (!bytes || bytes->size() != 74) return wrong("its second line is not 74 bytes in base64");
  if (!comment_bytes || comment_bytes->size() != 64) {
    return wrong("its fourth line is not 64 bytes in base64");
  }
  Signature signature;
  if (bytes->starts_with(algorithm_legacy)) {
    signature.form_ = Form::legacy;
  } else if (!bytes->starts_with(algorithm_prehashed)) {
    return wrong("its algorithm is not Ed25519");
  }
  copy_from(std::string_view(*bytes).substr(2, 8), signature.key_id_.bytes);
  copy_from(std::string_view(*bytes).substr(10), signature.bytes_);
  signature.trusted_comment_ = lines[2].substr(trusted_prefix.size());
  if (signature.trusted_comment_.size() > comment_limit) return wrong("its comment is too long");
  copy_from(*comment_bytes, signature.comment_bytes_);
  // The first line is under no signature, so it may hold nothing but minisign's own words.
  if (signature.to_text() != text) return wrong("it is not written as minisign writes it");
  return signature;
}

std::string Signature::to_text() const {
  const auto algorithm = form_ == Form::legacy ? algorithm_legacy : algorithm_prehashed;
  const std::string bytes =
      std::string(algorithm) + std::string(view(key_id_.bytes)) + std::string(view(bytes_));
  return fmt::format("{}{}\n{}\n{}{}\n{}\n", untrusted_prefix, signature_comment, to_base64(bytes),
                     trusted_prefix, trusted_comment_, to_base64(view(comment_bytes_)));
}

bool Signature::holds(const PublicKey& key, std::string_view message) const {
  if (key.id() != key_id_) return false;
  const std::string hash = form_ == Form::prehashed ? blake2b(message, 64) : std::string();
  if (!verify_raw(key.point_, form_ == Form::prehashed ? hash : message, bytes_)) return false;
  return verify_raw(key.point_, std::string(view(bytes_)) + trusted_comment_, comment_bytes_);
}

Result<SigningKey> SigningKey::generate() {
  SigningKey key;
  const std::string id = TRY(random_bytes(8));
  copy_from(id, key.public_key_.id_.bytes);
  std::string seed = TRY(random_bytes(32));
  key.seed_ = Secret(std::move(seed));
  key.public_key_.point_ = TRY(point_of(key.seed_));
  return key;
}

bool SigningKey::is_encrypted(const Secret& text) {
  const auto bytes = from_base64(payload_line(text.reveal()));
  return bytes && bytes->size() == secret::size && secret::kdf.of(*bytes) == "Sc";
}

Result<SigningKey> SigningKey::parse(const Secret& text, const Secret& password) {
  if (text.reveal().size() > text_limit) return no_secret_key();
  auto bytes = from_base64(payload_line(text.reveal()));
  if (!bytes || bytes->size() != secret::size) return no_secret_key();
  Secret opened(*std::move(bytes));
  const std::string_view file = opened.reveal();
  if (!file.starts_with(algorithm_legacy) || secret::checksum_kind.of(file) != "B2") {
    return no_secret_key();
  }
  if (secret::kdf.of(file) == "Sc") {
    opened = TRY(decrypt(opened, password));
  } else if (secret::kdf.of(file) != std::string_view("\0\0", 2)) {
    return no_secret_key();
  }
  SigningKey key;
  const std::string_view plain = opened.reveal();
  copy_from(secret::id.of(plain), key.public_key_.id_.bytes);
  key.seed_ = Secret(std::string(secret::seed.of(plain)));
  key.public_key_.point_ = TRY(point_of(key.seed_));
  // The file holds the point as well; one that differs means a damaged file.
  if (view(key.public_key_.point_) != secret::point.of(plain)) return no_secret_key();
  return key;
}

Secret SigningKey::file_text() const {
  std::string bytes(secret::size, '\0');
  const auto put = [&](const Field& field, std::string_view value) {
    bytes.replace(field.at, field.size, value);
  };
  put({0, 2}, algorithm_legacy);
  put(secret::checksum_kind, "B2");
  put(secret::id, view(public_key_.id_.bytes));
  put(secret::seed, seed_.reveal());
  put(secret::point, view(public_key_.point_));
  const Secret plain(std::move(bytes));
  return Secret(
      fmt::format("{}{}\n{}\n", untrusted_prefix, secret_comment, to_base64(plain.reveal())));
}

Result<Signature> SigningKey::sign(std::string_view message,
                                   const std::string& trusted_comment) const {
  CHECK(trusted_comment.size() <= comment_limit);
  CHECK(trusted_comment.find_first_of("\r\n") == std::string::npos);
  Signature signature;
  signature.key_id_ = public_key_.id();
  signature.trusted_comment_ = trusted_comment;
  TRY(sign_raw(seed_, blake2b(message, 64), signature.bytes_));
  TRY(sign_raw(seed_, std::string(view(signature.bytes_)) + trusted_comment,
               signature.comment_bytes_));
  return signature;
}

}  // namespace holdfast::crypto
