// SPDX-License-Identifier: Apache-2.0
// holdfast/closure.txt: one line per blob, in the order of the blobs, which is the order of their
// digests. "sha256:<hex> <size> <role> <expanded size or ->", nothing else, no JSON.
#pragma once

#include "base/result.h"
#include "crypto/digest.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::bundle {

enum class Role {
  manifest,
  config,
  layer,
  source,
  chart,
  template_,
  sbom,
  attestation,
  binary,
  doc,
};

std::string_view role_name(Role role);
std::optional<Role> parse_role(std::string_view name);

struct ClosureLine {
  crypto::Sha256 digest;
  std::uint64_t size = 0;
  Role role = Role::doc;
  std::optional<std::uint64_t> expanded;  // of compressed content of ours

  bool operator==(const ClosureLine&) const = default;
};

// What the statement repeats, so that limits are known before the closure is read.
struct Totals {
  std::uint64_t blobs = 0;
  std::uint64_t bytes = 0;
  std::uint64_t largest = 0;
  std::uint64_t expanded = 0;  // sum over the lines that have one

  bool operator==(const Totals&) const = default;
};

class Closure {
 public:
  // `lines` in any order, each digest once.
  static Closure of(std::vector<ClosureLine> lines);
  // Refuses with Code::bundle_format everything but the canonical text.
  static Result<Closure> parse(std::string_view text);

  [[nodiscard]] const std::vector<ClosureLine>& lines() const { return lines_; }

  [[nodiscard]] const ClosureLine* find(const crypto::Sha256& digest) const;
  [[nodiscard]] std::string to_text() const;
  // Refuses with Code::bundle_format when a sum passes 2^63.
  [[nodiscard]] Result<Totals> totals() const;

 private:
  std::vector<ClosureLine> lines_;  // sorted by digest
};

}  // namespace holdfast::bundle
