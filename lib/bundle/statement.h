// SPDX-License-Identifier: Apache-2.0
// holdfast/statement.json: the one signed object, an in-toto Statement v1 over the three members
// that cover everything else. Parsed only after its signature holds, from the same buffer.
#pragma once

#include "base/result.h"
#include "bundle/closure.h"
#include "crypto/digest.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::bundle {

struct Statement {
  std::string name;
  std::string version;  // semantic version
  std::string channel;
  std::uint64_t security_epoch = 0;
  std::string min_installer;                // "" = any
  std::string upgrade_from;                 // range, "" = any
  std::string issued_at;                    // RFC 3339, "" = not said
  std::vector<std::string> platforms;       // "linux/amd64"
  std::string kubernetes;                   // range, "" = any
  std::string engine_kind, engine_version;  // "" = no engine inside
  std::string engine_digest;                // "sha256:…" of its image's manifest, "" = not said
  std::string previous;                     // "sha256:…" of the statement before, "" = none
  Totals limits;
  crypto::Sha256 index;
  crypto::Sha256 closure;
  crypto::Sha256 layout;

  bool operator==(const Statement&) const = default;

  // Requires: `text` is at most statement_limit bytes and its signature holds. Unknown members of
  // the predicate are left alone. Refuses with Code::bundle_format.
  static Result<Statement> parse(std::string_view text);
  [[nodiscard]] std::string to_text() const;
};

}  // namespace holdfast::bundle
