// SPDX-License-Identifier: Apache-2.0
#include "git/signature.h"

namespace holdfast::git {
namespace {

constexpr std::string_view signature_header = "gpgsig ";
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

}  // namespace holdfast::git
