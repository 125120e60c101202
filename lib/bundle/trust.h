// SPDX-License-Identifier: Apache-2.0
// Whose signatures count: a small file with public keys, their roles, and how many of each role
// must have signed. It is made on the machine that installs, from keys that came by another way
// than the bundle. It does not know bundles.
#pragma once

#include "base/result.h"
#include "crypto/digest.h"
#include "crypto/detached.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::bundle {

// release: the maker. site: who let the file in. downgrade: who may permit an older epoch.
enum class TrustRole { release, site, downgrade };

std::string_view trust_role_name(TrustRole role);
Result<TrustRole> parse_trust_role(std::string_view name);

struct TrustedKey {
  crypto::Verifier key;
  std::vector<TrustRole> roles;
  std::string note;
};

// What a root is in a chain: a text that a statement of a bundle can never be taken for, nor the
// other way round.
inline constexpr std::string_view trust_root_type = "urn:holdfast:trust-root:v1";

class TrustRoot {
 public:
  // One key with role release and a threshold of one.
  static TrustRoot of(const crypto::Verifier& key, std::string note = {});
  // Refuses with Code::trust_root.
  static Result<TrustRoot> parse(std::string_view text);
  // <folder>/root.json. Refuses with Code::trust_root when it is missing, malformed, or writable by
  // others than its owner.
  static Result<TrustRoot> load(const std::string& folder);
  [[nodiscard]] Result<> save(const std::string& folder) const;

  [[nodiscard]] std::string to_text() const;
  [[nodiscard]] crypto::Sha256 fingerprint() const;  // of to_text()

  [[nodiscard]] std::uint64_t version() const { return version_; }

  [[nodiscard]] const std::vector<TrustedKey>& keys() const { return keys_; }

  [[nodiscard]] std::size_t threshold(TrustRole role) const;

  // Each makes version n + 1.
  Result<> add(TrustedKey key);
  Result<> remove(const crypto::KeyId& id);
  Result<> set_threshold(TrustRole role, std::size_t count);
  // Which bundles are taken; an empty list takes any.
  Result<> accept(std::vector<std::string> names, std::vector<std::string> channels);

  // This root under another version: how a draft becomes the next of a chain.
  [[nodiscard]] TrustRoot as_version(std::uint64_t version) const;

  // The root that follows this one in its chain: of the next version, signed by as many as this one
  // asks for and as many as it asks for itself, and what was revoked stays so. Refuses with
  // Code::trust_root, Code::bundle_signature and Code::bundle_untrusted_key.
  [[nodiscard]] Result<TrustRoot> follow(std::string_view text,
                                         const std::vector<crypto::DetachedSignature>& signatures,
                                         WallTime now) const;

  // Refuses with Code::bundle_policy.
  [[nodiscard]] Result<> check_accepted(std::string_view name, std::string_view channel) const;

  // Keys that were removed: they are never taken again.
  [[nodiscard]] const std::vector<crypto::KeyId>& revoked() const { return revoked_; }

  [[nodiscard]] const std::vector<std::string>& names() const { return names_; }

  [[nodiscard]] const std::vector<std::string>& channels() const { return channels_; }

  // This root, but content with one release signature: for who is about to add one more.
  [[nodiscard]] TrustRoot for_signing() const;

  // Are there enough signatures over `message` for every role that has a threshold? Keys that are
  // not listed do not count; a signature by a listed key that does not hold is refused even if
  // enough others do. A certificate counts once, however many below it signed. Returns the listed
  // keys that signed. Refuses with Code::bundle_signature or Code::bundle_untrusted_key.
  [[nodiscard]] Result<std::vector<crypto::KeyId>> check(
      std::string_view message, const std::vector<crypto::DetachedSignature>& signatures,
      WallTime now, std::string_view what = "bundle") const;

 private:
  [[nodiscard]] Result<const TrustedKey*> signer_of(std::string_view message,
                                                    const crypto::DetachedSignature& signature,
                                                    WallTime now) const;
  [[nodiscard]] Result<> check_thresholds(const std::vector<crypto::KeyId>& signers,
                                          const std::string& unknown, std::string_view what) const;
  [[nodiscard]] const TrustedKey* find(const crypto::KeyId& id) const;

  std::uint64_t version_ = 1;
  std::vector<TrustedKey> keys_;  // sorted by id
  std::map<TrustRole, std::size_t> thresholds_;
  std::vector<crypto::KeyId> revoked_;  // sorted
  std::vector<std::string> names_, channels_;
};

// $XDG_CONFIG_HOME/holdfast/trust or ~/.config/holdfast/trust.
std::string default_trust_folder();

// The highest security epoch that was installed from this trust folder, 0 when none was. A bundle
// of a lower epoch is refused. Recorded only after an installation has ended well; it never sinks.
Result<std::uint64_t> load_accepted_epoch(const std::string& folder);
Result<> record_accepted_epoch(const std::string& folder, std::uint64_t epoch);

}  // namespace holdfast::bundle
