// SPDX-License-Identifier: Apache-2.0
#include "git/signature.h"

#include "base/ascii.h"
#include "base/text.h"

namespace holdfast::git {
namespace {

constexpr std::string_view signature_header = "gpgsig ";
constexpr std::string_view armour = "\n-----BEGIN PGP SIGNATURE-----";
constexpr std::string_view other_header = "gpgsig-sha256 ";

std::string person_of(std::string_view line) {
  const auto close = line.find('>');
  return std::string(line.substr(0, close == std::string_view::npos ? 0 : close + 1));
}

}  // namespace

Result<SignedCommit> split_signed(std::string_view content) {
  SignedCommit out;
  bool in_signature = false;
  std::size_t at = 0;
  while (at < content.size()) {
    const auto end = content.find('\n', at);
    if (end == std::string_view::npos) return failure(Code::git_object, "the commit's header does not end");
    const auto line = content.substr(at, end - at);
    at = end + 1;
    if (in_signature && line.starts_with(' ')) {
      out.signature += line.substr(1);
      out.signature += '\n';
      continue;
    }
    in_signature = line.starts_with(signature_header);
    if (line.starts_with(other_header) || (in_signature && !out.signature.empty())) {
      return failure(Code::git_object, "the commit has more than one signature");
    }
    if (in_signature) {
      out.signature = line.substr(signature_header.size());
      out.signature += '\n';
      continue;
    }
    if (line.starts_with("author ")) out.author = person_of(line.substr(7));
    out.payload += line;
    out.payload += '\n';
    if (line.empty()) break;
  }
  out.payload += content.substr(at);
  return out;
}

Result<SignedCommit> split_signed_tag(std::string_view content) {
  const auto header = content.find("\n\n");
  if (header == std::string_view::npos) return failure(Code::git_object, "the tag's header does not end");
  SignedCommit out;
  for (const auto line : split(content.substr(0, header), '\n')) {
    if (line.starts_with("tagger ")) out.author = person_of(line.substr(7));
  }
  const auto signature = content.find(armour, header + 1);
  out.payload = content.substr(0, signature == std::string_view::npos ? signature : signature + 1);
  if (signature != std::string_view::npos) out.signature = content.substr(signature + 1);
  return out;
}

std::optional<std::string> trailer_of(std::string_view content, std::string_view token) {
  const auto header = content.find("\n\n");
  if (header == std::string_view::npos) return std::nullopt;
  const auto message = trim(content.substr(header + 2));
  const auto last = message.rfind("\n\n");
  if (last == std::string_view::npos) return std::nullopt;  // a subject alone
  for (const auto line : split(message.substr(last + 2), '\n')) {
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && equal_ignoring_case(trim(line.substr(0, colon)), token)) {
      return std::string(trim(line.substr(colon + 1)));
    }
  }
  return std::nullopt;
}

}  // namespace holdfast::git
