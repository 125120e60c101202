// SPDX-License-Identifier: Apache-2.0
#include "bundle/closure.h"

#include "archive/tar_writer.h"
#include "base/text.h"
#include "bundle/profile.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace holdfast::bundle {
namespace {

constexpr std::array<std::string_view, 10> role_names = {
    "manifest", "config", "layer",       "source", "chart",
    "template", "sbom",   "attestation", "binary", "doc"};

// Decimal without sign or leading zeros.
std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  return value;
}

std::optional<ClosureLine> parse_line(std::string_view text) {
  const auto fields = split(text, ' ');
  if (fields.size() != 4) return std::nullopt;
  const auto digest = crypto::parse_sha256(fields[0]);
  const auto size = parse_size(fields[1]);
  const auto role = parse_role(fields[2]);
  if (!digest || !size || !role || *size > archive::tar_size_limit) return std::nullopt;
  ClosureLine line{.digest = *digest, .size = *size, .role = *role, .expanded = std::nullopt};
  if (fields[3] == "-") return line;
  line.expanded = parse_size(fields[3]);
  if (!line.expanded) return std::nullopt;
  return line;
}

}  // namespace

std::string_view role_name(Role role) {
  return role_names.at(static_cast<std::size_t>(role));
}

std::optional<Role> parse_role(std::string_view name) {
  const auto* found = std::ranges::find(role_names, name);
  if (found == role_names.end()) return std::nullopt;
  return static_cast<Role>(found - role_names.begin());
}

Closure Closure::of(std::vector<ClosureLine> lines) {
  Closure closure;
  closure.lines_ = std::move(lines);
  std::ranges::sort(closure.lines_, {}, &ClosureLine::digest);
  return closure;
}

Result<Closure> Closure::parse(std::string_view text) {
  Closure closure;
  std::size_t number = 0;
  const auto wrong = [&](std::string_view reason) {
    return failure(
        Error(Code::bundle_format, fmt::format("the closure is not canonical: {}", reason))
            .at(fmt::format("{}:{}", closure_name, number)));
  };
  while (!text.empty()) {
    ++number;
    const auto end = text.find('\n');
    if (end == std::string_view::npos) return wrong("its last line has no end");
    if (number > blobs_limit) return wrong(fmt::format("more than {} lines", blobs_limit));
    const auto line = parse_line(text.substr(0, end));
    if (!line) return wrong("not 'sha256:<hex> <size> <role> <expanded size or ->'");
    if (!closure.lines_.empty() && closure.lines_.back().digest >= line->digest) {
      return wrong("digests do not rise from line to line");
    }
    closure.lines_.push_back(*line);
    text.remove_prefix(end + 1);
  }
  return closure;
}

const ClosureLine* Closure::find(const crypto::Sha256& digest) const {
  const auto found = std::ranges::lower_bound(lines_, digest, {}, &ClosureLine::digest);
  return found != lines_.end() && found->digest == digest ? &*found : nullptr;
}

std::string Closure::to_text() const {
  std::string text;
  for (const auto& line : lines_) {
    text += fmt::format("{} {} {} {}\n", line.digest.text(), line.size, role_name(line.role),
                        line.expanded ? std::to_string(*line.expanded) : "-");
  }
  return text;
}

Result<Totals> Closure::totals() const {
  Totals totals;
  totals.blobs = lines_.size();
  for (const auto& line : lines_) {
    totals.bytes = TRY(checked_add(totals.bytes, line.size));
    totals.largest = std::max(totals.largest, line.size);
    totals.expanded = TRY(checked_add(totals.expanded, line.expanded.value_or(0)));
  }
  return totals;
}

}  // namespace holdfast::bundle
