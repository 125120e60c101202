// SPDX-License-Identifier: Apache-2.0
// Sprig 3.3.0 crypto.go: certificates, keys, password hashes, AES. Keys come from OpenSSL's own
// generator; salts and vectors from the Environment.
#include <array>

#include "base/text.h"
#include "crypto/certify.h"
#include "crypto/primitives.h"
#include "gotmpl/convert.h"
#include "gotmpl/execution.h"
#include "gotmpl/print.h"

namespace holdfast::gotmpl {
namespace {

const Type certificate_type{"sprig.certificate", "struct"};

Datum certificate_datum(std::string certificate, std::string key) {
  Datum result = Datum::new_structure(certificate_type);
  result.dict()->set("Cert", Datum(std::move(certificate)));
  result.dict()->set("Key", Datum(std::move(key)));
  return result;
}

Result<std::string> random_bytes(Call& call, std::size_t count) {
  std::string bytes(count, '\0');
  TRY(call.execution->fill_random({reinterpret_cast<unsigned char*>(bytes.data()), count}));
  return bytes;
}

Result<std::vector<std::string>> ip_addresses(const Datum& list) {
  std::vector<std::string> addresses;
  for (const Datum& item : list.items()) {
    if (!item.is_string()) {
      return call_failure(fmt::format("error parsing ip: {} is not a string", print_value(item)));
    }
    if (!crypto::is_ip_address(item.text())) {
      return call_failure(fmt::format("error parsing ip: {}", item.text()));
    }
    addresses.push_back(item.text());
  }
  return addresses;
}

Result<std::vector<std::string>> dns_names(const Datum& list) {
  std::vector<std::string> names;
  for (const Datum& item : list.items()) {
    if (!item.is_string()) {
      return call_failure(fmt::format("error processing alternate dns name: {} is not a string",
                                      print_value(item)));
    }
    names.push_back(item.text());
  }
  return names;
}

crypto::Validity validity(Call& call, const Datum& days) {
  WallTime now = call.execution->now();
  // A certificate's end is written with four digits of the year.
  std::int64_t count = std::clamp<std::int64_t>(days.integer(), -100'000, 100'000);
  return {now, now + std::chrono::hours(24 * count)};
}

Result<Datum> certified(const crypto::CertificatePlan& plan, std::string key,
                        const crypto::Issuer& issuer) {
  Result<std::string> certificate = crypto::certify(plan, key, issuer);
  if (!certificate) return call_failure(certificate.error().message());
  return certificate_datum(*std::move(certificate), std::move(key));
}

Result<std::string> new_or_given_key(Call& call, std::size_t index) {
  TRY(call.execution->check_time());
  if (call.count() <= index) return crypto::make_pem_key(crypto::PemKey::rsa2048);
  Result<> good = crypto::check_pem_key(call.text(index));
  if (!good) return call_failure(fmt::format("parsing private key: {}", good.error().what()));
  return call.text(index);
}

Result<Datum> gen_ca(Call& call) {
  std::string key = TRY(new_or_given_key(call, 2));
  crypto::CertificatePlan plan{call.text(0), {}, {}, validity(call, call[1]), crypto::Role::authority};
  return certified(plan, std::move(key), {});
}

Result<crypto::CertificatePlan> leaf_plan(Call& call) {
  crypto::CertificatePlan plan;
  plan.common_name = call.text(0);
  plan.ip_addresses = TRY(ip_addresses(call[1]));
  plan.dns_names = TRY(dns_names(call[2]));
  plan.validity = validity(call, call[3]);
  return plan;
}

Result<Datum> gen_self_signed(Call& call) {
  crypto::CertificatePlan plan = TRY(leaf_plan(call));
  std::string key = TRY(new_or_given_key(call, 4));
  return certified(plan, std::move(key), {});
}

Result<Datum> gen_signed(Call& call) {
  crypto::CertificatePlan plan = TRY(leaf_plan(call));
  std::string key = TRY(new_or_given_key(call, 5));
  const std::string& ca = call[4].find("Cert")->text();
  if (ca.empty()) return call_failure("unable to decode certificate");
  return certified(plan, std::move(key), {ca, call[4].find("Key")->text()});
}

Result<Datum> build_custom(Call& call) {
  std::optional<std::string> certificate = from_base64(call.text(0));
  if (!certificate) return call_failure("unable to decode base64 certificate");
  std::optional<std::string> key = from_base64(call.text(1));
  if (!key) return call_failure("unable to decode base64 private key");
  if (!crypto::check_certificate(*certificate)) return call_failure("unable to decode certificate");
  Result<> good = crypto::check_pem_key(*key);
  if (!good) return call_failure(fmt::format("error parsing private key: {}", good.error().what()));
  return certificate_datum(*std::move(certificate), *std::move(key));
}

Result<Datum> gen_private_key(Call& call) {
  TRY(call.execution->check_time());
  const std::string& kind = call.text(0);
  if (kind.empty() || kind == "rsa") {
    auto value = TRY(crypto::make_pem_key(crypto::PemKey::rsa4096));
    return Datum(value);
  }
  if (kind == "dsa") {
    auto value = TRY(crypto::make_pem_key(crypto::PemKey::dsa2048));
    return Datum(value);
  }
  if (kind == "ecdsa") {
    auto value = TRY(crypto::make_pem_key(crypto::PemKey::ecdsa_p256));
    return Datum(value);
  }
  if (kind == "ed25519") {
    auto value = TRY(crypto::make_pem_key(crypto::PemKey::ed25519));
    return Datum(value);
  }
  return Datum("Unknown type " + kind);
}

// golang.org/x/crypto/bcrypt refuses longer passwords.
constexpr std::size_t password_bytes_max = 72;

Result<std::string> bcrypt_text(Call& call, const std::string& password) {
  if (password.size() > password_bytes_max) {
    return std::string("failed to encrypt string with bcrypt: bcrypt: password length exceeds 72 bytes");
  }
  TRY(call.execution->check_time());
  std::string salt = TRY(random_bytes(call, 16));
  return crypto::bcrypt(password, salt, 10);
}

Result<Datum> bcrypt(Call& call) {
  auto value = TRY(bcrypt_text(call, call.text(0)));
  return Datum(value);
}

Result<Datum> htpasswd(Call& call) {
  if (call.text(0).find(':') != std::string::npos) {
    return Datum(fmt::format("invalid username: {}", call.text(0)));
  }
  std::string hash = TRY(bcrypt_text(call, call.text(1)));
  return Datum(fmt::format("{}:{}", call.text(0), hash));
}

std::string aes_key(const std::string& password) {
  std::string key = password.substr(0, 32);
  key.resize(32, '\0');
  return key;
}

Result<Datum> encrypt_aes(Call& call) {
  if (call.text(1).empty()) return Datum("");
  std::string vector = TRY(random_bytes(call, 16));
  std::string cipher = TRY(crypto::aes256_cbc_encrypt(aes_key(call.text(0)), vector, call.text(1)));
  return Datum(to_base64(vector + cipher));
}

Result<Datum> decrypt_aes(Call& call) {
  if (call.text(1).empty()) return Datum("");
  std::optional<std::string> bytes = from_base64(call.text(1));
  if (!bytes) return call_failure("illegal base64 data at input byte 0");
  if (bytes->size() < 32 || bytes->size() % 16 != 0) {
    return call_failure("crypto/cipher: input not full blocks");
  }
  Result<std::string> text =
      crypto::aes256_cbc_decrypt(aes_key(call.text(0)), bytes->substr(0, 16), bytes->substr(16));
  if (!text) return call_failure("runtime error: slice bounds out of range");
  return Datum(*std::move(text));
}

struct PasswordKind {
  std::string_view name;
  std::span<const std::string_view> templates;
};

constexpr std::string_view maximum_templates[] = {"anoxxxxxxxxxxxxxxxxx", "axxxxxxxxxxxxxxxxxno"};
constexpr std::string_view long_templates[] = {
    "CvcvnoCvcvCvcv", "CvcvCvcvnoCvcv", "CvcvCvcvCvcvno", "CvccnoCvcvCvcv", "CvccCvcvnoCvcv",
    "CvccCvcvCvcvno", "CvcvnoCvccCvcv", "CvcvCvccnoCvcv", "CvcvCvccCvcvno", "CvcvnoCvcvCvcc",
    "CvcvCvcvnoCvcc", "CvcvCvcvCvccno", "CvccnoCvccCvcv", "CvccCvccnoCvcv", "CvccCvccCvcvno",
    "CvcvnoCvccCvcc", "CvcvCvccnoCvcc", "CvcvCvccCvccno", "CvccnoCvcvCvcc", "CvccCvcvnoCvcc",
    "CvccCvcvCvccno"};
constexpr std::string_view medium_templates[] = {"CvcnoCvc", "CvcCvcno"};
constexpr std::string_view short_templates[] = {"Cvcn"};
constexpr std::string_view basic_templates[] = {"aaanaaan", "aannaaan", "aaannaaa"};
constexpr std::string_view pin_templates[] = {"nnnn"};

constexpr PasswordKind password_kinds[] = {
    {"maximum", maximum_templates}, {"long", long_templates},   {"medium", medium_templates},
    {"short", short_templates},     {"basic", basic_templates}, {"pin", pin_templates},
};

std::string_view characters_of(char mark) {
  switch (mark) {
    case 'V': return "AEIOU";
    case 'C': return "BCDFGHJKLMNPQRSTVWXYZ";
    case 'v': return "aeiou";
    case 'c': return "bcdfghjklmnpqrstvwxyz";
    case 'A': return "AEIOUBCDFGHJKLMNPQRSTVWXYZ";
    case 'a': return "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
    case 'n': return "0123456789";
    case 'o': return "@&%?,=[]_:-+*$#!'^~;()/.";
    default: return "AEIOUaeiouBCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz0123456789!@#$%^&*()";
  }
}

std::string big_endian(std::uint64_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
  return bytes;
}

// Master Password's algorithm, as Sprig has it.
Result<Datum> derive_password(Call& call) {
  const PasswordKind* kind = nullptr;
  for (const PasswordKind& row : password_kinds) {
    if (row.name == call.text(1)) kind = &row;
  }
  if (kind == nullptr) {
    return Datum(fmt::format("cannot find password template {}", call.text(1)));
  }
  TRY(call.execution->check_time());
  const std::string name_space = "com.lyndir.masterpassword";
  const std::string& user = call.text(3);
  const std::string& site = call.text(4);
  std::string key = TRY(crypto::scrypt(call.text(2), name_space + big_endian(user.size()) + user,
                                       crypto::ScryptCost{}, 64));
  std::string seed = crypto::hmac_sha256(
      key, name_space + big_endian(site.size()) + site +
               big_endian(static_cast<std::uint64_t>(call[0].integer())));
  auto byte = [&](std::size_t at) { return static_cast<unsigned char>(seed[at]); };
  std::string_view form = kind->templates[byte(0) % kind->templates.size()];
  std::string password;
  for (std::size_t i = 0; i < form.size(); ++i) {
    std::string_view characters = characters_of(form[i]);
    password += characters[byte(i + 1) % characters.size()];
  }
  return Datum(std::move(password));
}

constexpr Function rows[] = {
    {"genCA", "si", gen_ca},
    {"genCAWithKey", "sis", gen_ca},
    {"genSelfSignedCert", "sLLi", gen_self_signed},
    {"genSelfSignedCertWithKey", "sLLis", gen_self_signed},
    {"genSignedCert", "sLLiC", gen_signed},
    {"genSignedCertWithKey", "sLLiCs", gen_signed},
    {"buildCustomCert", "ss", build_custom},
    {"genPrivateKey", "s", gen_private_key},
    {"bcrypt", "s", bcrypt},
    {"htpasswd", "ss", htpasswd},
    {"encryptAES", "ss", encrypt_aes},
    {"decryptAES", "ss", decrypt_aes},
    {"derivePassword", "ussss", derive_password},
};

}  // namespace

std::span<const Function> certificate_functions() { return rows; }

}  // namespace holdfast::gotmpl
