// SPDX-License-Identifier: Apache-2.0
#include "agent/signatures.h"

#include <algorithm>

#include "base/glob.h"
#include "base/text.h"
#include "git/signature.h"
#include "openpgp/verify.h"
#include "sync/application.h"

namespace holdfast::agent {
namespace {

// Sixteen capital digits of an id or of a fingerprint; "" for anything else.
std::string short_id(std::string_view key) {
  const bool digits = key.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
  if (!digits || (key.size() != 16 && key.size() != 40)) return {};
  std::string id(key.substr(key.size() - 16));
  std::ranges::transform(id, id.begin(), [](unsigned char c) { return std::toupper(c); });
  return id;
}

bool names(const SignatureRule& rule, std::string_view repository) {
  bool named = false;
  for (const std::string_view pattern : rule.repositories) {
    const bool denies = pattern.starts_with('!');
    if (!glob_match(denies ? pattern.substr(1) : pattern, repository)) continue;
    if (denies) return false;
    named = true;
  }
  return named;
}

std::unexpected<Error> denied(const SignatureInput& input, std::string_view author, std::string_view problem,
                              std::string_view key) {
  return failure(Error(Code::project_denied,
                       fmt::format("GIT/GPG: Failed verifying revision {} by '{}': {} (key_id={})", input.revision,
                                   printable(author), problem, key))
                     .fix("sign the commit with a key that the project names and argocd-gpg-keys-cm holds"));
}

}  // namespace

SignatureRules decode_signature_rules(const Value& project) {
  SignatureRules rules;
  const Value* policies = project.find_path({"spec", "sourceIntegrity", "git", "policies"});
  if (policies != nullptr && policies->as_array() != nullptr) {
    for (const auto& policy : *policies->as_array()) {
      SignatureRule rule;
      const Value* repositories = policy.find("repos");
      if (repositories != nullptr && repositories->as_array() != nullptr) {
        for (const auto& each : *repositories->as_array()) rule.repositories.emplace_back(each.text({"url"}));
      }
      rule.mode = policy.text({"gpg", "mode"});
      rule.keys = sync::strings_of(policy.find_path({"gpg", "keys"}));
      rules.push_back(std::move(rule));
    }
    return rules;
  }
  const Value* keys = project.find_path({"spec", "signatureKeys"});
  if (keys == nullptr || keys->as_array() == nullptr || keys->as_array()->empty()) return rules;
  SignatureRule rule{.repositories = {"*"}, .mode = "head", .keys = {}};
  for (const auto& key : *keys->as_array()) rule.keys.emplace_back(key.text({"keyID"}));
  rules.push_back(std::move(rule));
  return rules;
}

Result<const SignatureRule*> find_rule(const SignatureRules& rules, std::string_view repository) {
  const SignatureRule* found = nullptr;
  std::size_t count = 0;
  for (const auto& rule : rules) {
    if (!names(rule, repository)) continue;
    found = &rule;
    ++count;
  }
  if (count > 1) {
    return failure(Code::project_denied, "multiple ({}) git source integrity policies found for repo URL: {}", count,
                   printable(repository));
  }
  const bool asks = found != nullptr && found->mode != "none";
  return asks ? found : nullptr;
}

Result<> check_signature(const SignatureInput& input) {
  if (input.rule.mode != "head") {
    const bool strict = input.rule.mode == "strict";
    return failure(Error(Code::project_denied,
                         strict ? "GPG mode \"strict\" asks for the whole history, which this engine does not fetch"
                                : fmt::format("unknown GPG mode \"{}\" configured for GIT source integrity",
                                              printable(input.rule.mode)))
                       .fix("set the policy's gpg.mode to head"));
  }
  const auto commit = TRY(git::split_signed(input.commit));
  if (commit.signature.empty()) return denied(input, commit.author, "unsigned", "");
  const auto found =
      TRY(openpgp::verify_detached(input.keyring, commit.payload, commit.signature, input.now));
  if (found.verdict != openpgp::Verdict::good) {
    return denied(input, commit.author, openpgp::verdict_text(found.verdict), found.key_id);
  }
  const bool allowed = std::ranges::any_of(input.rule.keys, [&](const std::string& key) {
    const auto id = short_id(key);
    return !id.empty() && id == short_id(found.key_id);
  });
  return allowed ? Result<>() : denied(input, commit.author, "signed with unallowed key", found.key_id);
}

}  // namespace holdfast::agent
