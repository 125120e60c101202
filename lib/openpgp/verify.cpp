// SPDX-License-Identifier: Apache-2.0
#include "openpgp/verify.h"

#include "base/handle.h"

#include <fcntl.h>
#include <rnp/rnp.h>
#include <rnp/rnp_err.h>

#include <memory>

namespace holdfast::openpgp {
namespace {

using Ring = Handle<rnp_ffi_st, ::rnp_ffi_destroy>;
using Input = Handle<rnp_input_st, ::rnp_input_destroy>;
using Operation = Handle<rnp_op_verify_st, ::rnp_op_verify_destroy>;
using Key = Handle<rnp_key_handle_st, ::rnp_key_handle_destroy>;
using SignatureHandle = Handle<rnp_signature_handle_st, ::rnp_signature_handle_destroy>;
using Text = Handle<char, ::rnp_buffer_destroy>;

Input input_of(std::string_view bytes) {
  rnp_input_t raw = nullptr;
  ::rnp_input_from_memory(&raw, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size(), false);
  return Input(raw);
}

Result<Ring> ring_of(const std::vector<std::string>& keys) {
  rnp_ffi_t raw = nullptr;
  if (::rnp_ffi_create(&raw, "GPG", "GPG") != RNP_SUCCESS) return failure(Code::internal, "librnp does not start");
  Ring ring(raw);
  // The library's own words go to standard error otherwise. It closes the descriptor.
  ::rnp_ffi_set_log_fd(ring.get(), ::open("/dev/null", O_WRONLY | O_CLOEXEC));
  for (const auto& key : keys) {
    const auto input = input_of(key);
    ::rnp_import_keys(ring.get(), input.get(), RNP_LOAD_SAVE_PUBLIC_KEYS | RNP_LOAD_SAVE_PERMISSIVE, nullptr);
  }
  return ring;
}

std::string key_id_of(rnp_op_verify_signature_t signature) {
  rnp_signature_handle_t raw = nullptr;
  if (::rnp_op_verify_signature_get_handle(signature, &raw) != RNP_SUCCESS) return {};
  const SignatureHandle handle(raw);
  char* id = nullptr;
  if (::rnp_signature_get_keyid(handle.get(), &id) != RNP_SUCCESS || id == nullptr) return {};
  return Text(id).get();
}

// The key that `key` is a subkey of; null where it is none, or where that is not in the ring.
Key primary_of(rnp_ffi_t ring, rnp_key_handle_t key) {
  char* grip = nullptr;
  if (::rnp_key_get_primary_grip(key, &grip) != RNP_SUCCESS || grip == nullptr) return Key();
  const Text primary_grip(grip);
  rnp_key_handle_t raw = nullptr;
  ::rnp_locate_key(ring, "grip", primary_grip.get(), &raw);
  return Key(raw);
}

std::string primary_id_of(rnp_ffi_t ring, rnp_op_verify_signature_t signature) {
  rnp_key_handle_t raw = nullptr;
  ::rnp_op_verify_signature_get_key(signature, &raw);
  const Key key(raw);
  if (key == nullptr) return {};
  const Key primary = primary_of(ring, key.get());
  char* id = nullptr;
  if (primary == nullptr || ::rnp_key_get_keyid(primary.get(), &id) != RNP_SUCCESS || id == nullptr) return {};
  return Text(id).get();
}

// GnuPG calls a signature bad once its key has expired or was revoked, however old it is.
Verdict judge_key(rnp_ffi_t ring, const rnp_key_handle_t key, WallTime now) {
  bool revoked = false;
  if (::rnp_key_is_revoked(key, &revoked) != RNP_SUCCESS || revoked) return Verdict::revoked_key;
  std::uint64_t until = 0;
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  const bool known = ::rnp_key_valid_till64(key, &until) == RNP_SUCCESS;
  if (!known || until < static_cast<std::uint64_t>(seconds)) return Verdict::expired_key;
  char* grip = nullptr;
  if (::rnp_key_get_primary_grip(key, &grip) != RNP_SUCCESS || grip == nullptr) return Verdict::good;
  ::rnp_buffer_destroy(grip);
  const Key primary = primary_of(ring, key);
  if (primary == nullptr) return Verdict::missing_key;
  return judge_key(ring, primary.get(), now);
}

// The library reads the first armoured block and no further. Git also knows signatures of SSH and
// X.509, of which it would only complain aloud.
bool is_one_block(std::string_view signature) {
  constexpr std::string_view begin = "-----BEGIN PGP SIGNATURE-----", end = "-----END PGP SIGNATURE-----";
  const auto last = signature.find(end);
  if (!signature.starts_with(begin) || last == std::string_view::npos) return false;
  return signature.substr(last + end.size()).find_first_not_of(" \r\n") == std::string_view::npos &&
         signature.find(begin, begin.size()) == std::string_view::npos;
}

Verdict judge(rnp_ffi_t ring, rnp_op_verify_signature_t signature, WallTime now) {
  rnp_key_handle_t raw = nullptr;
  ::rnp_op_verify_signature_get_key(signature, &raw);
  const Key key(raw);
  const auto status = ::rnp_op_verify_signature_get_status(signature);
  if (status == RNP_ERROR_KEY_NOT_FOUND || key == nullptr) return Verdict::missing_key;
  if (status == RNP_ERROR_SIGNATURE_EXPIRED) return Verdict::expired_signature;
  const auto about_key = judge_key(ring, key.get(), now);
  if (about_key != Verdict::good) return about_key;
  return status == RNP_SUCCESS ? Verdict::good : Verdict::bad;
}

}  // namespace

std::string_view verdict_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::good: return "signed";
    case Verdict::bad: return "bad signature";
    case Verdict::expired_signature: return "expired signature";
    case Verdict::expired_key: return "signed with expired key";
    case Verdict::revoked_key: return "signed with revoked key";
    case Verdict::missing_key: return "signed with key not in keyring";
  }
  std::unreachable();
}

Result<Signature> verify_detached(const std::vector<std::string>& keys, std::string_view payload,
                                  std::string_view signature, WallTime now) {
  if (!is_one_block(signature)) return Signature{};
  const auto ring = TRY(ring_of(keys));
  const auto data = input_of(payload), apart = input_of(signature);
  rnp_op_verify_t raw = nullptr;
  if (::rnp_op_verify_detached_create(&raw, ring.get(), data.get(), apart.get()) != RNP_SUCCESS) {
    return Signature{};
  }
  const Operation operation(raw);
  // Its verdict over all signatures is not ours: each is looked at.
  static_cast<void>(::rnp_op_verify_execute(operation.get()));
  std::size_t count = 0;
  ::rnp_op_verify_get_signature_count(operation.get(), &count);
  if (count != 1) return Signature{};
  rnp_op_verify_signature_t one = nullptr;
  if (::rnp_op_verify_get_signature_at(operation.get(), 0, &one) != RNP_SUCCESS) return Signature{};
  return Signature{.verdict = judge(ring.get(), one, now), .key_id = key_id_of(one), .primary_id = primary_id_of(ring.get(), one)};
}

}  // namespace holdfast::openpgp
