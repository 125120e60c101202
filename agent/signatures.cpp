// SPDX-License-Identifier: Apache-2.0
#include "agent/signatures.h"

#include <algorithm>
#include <fmt/format.h>

#include "base/glob.h"
#include "base/text.h"
#include "crypto/digest.h"
#include "git/signature.h"
#include "openpgp/verify.h"
#include "sync/application.h"
#include "sync/project.h"

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

// sourceRepos takes a repository by any spelling of its URL, so no spelling may lead around a rule; what a
// rule leaves out it leaves out to the letter, as upstream.
bool names(const SignatureRule& rule, std::string_view repository) {
  bool named = false;
  const auto plain = sync::normalize_repository(repository);
  for (const std::string_view pattern : rule.repositories) {
    const bool denies = pattern.starts_with('!');
    if (denies && glob_match(pattern.substr(1), repository)) return false;
    if (denies) continue;
    named = named || glob_match(pattern, repository) || glob_match(sync::normalize_repository(pattern), plain);
  }
  return named;
}

constexpr std::string_view seal_trailer = "Argocd-gpg-seal";
constexpr std::size_t problems_max = 10;
constexpr auto acceptance_lasts = std::chrono::hours(1);

bool is_allowed(const SignatureRule& rule, const openpgp::Signature& found) {
  const auto signer = short_id(found.key_id), primary = short_id(found.primary_id);
  return std::ranges::any_of(rule.keys, [&](const std::string& key) {
    const auto id = short_id(key);
    return !id.empty() && (id == signer || id == primary);
  });
}

// Another rule or another key ring accepts other commits.
std::string acceptance_key(const SignatureInput& input, std::string_view commit) {
  std::string text;
  for (const auto& key : input.rule.keys) text += key + "\n";
  for (const auto& key : input.keyring) text += fmt::format("{}\n{}", key.size(), key);
  return fmt::format("{} {}", commit, crypto::sha256(text).text());
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

Result<SignatureDepth> depth_of(const SignatureRule& rule) {
  if (rule.mode == "head") return SignatureDepth::head;
  if (rule.mode == "strict") return SignatureDepth::history;
  return failure(Error(Code::project_denied, fmt::format("unknown GPG mode \"{}\" configured for GIT source integrity",
                                                         printable(rule.mode)))
                     .fix("set the policy's gpg.mode to none, head or strict"));
}

bool is_seal(std::string_view object) { return git::trailer_of(object, seal_trailer).has_value(); }

Result<> SignatureProblems::look_at(const SignatureInput& input, const SignedObject& signed_object) {
  const bool tag = signed_object.kind == SignedObject::Kind::tag;
  const auto parts = TRY(tag ? git::split_signed_tag(signed_object.object) : git::split_signed(signed_object.object));
  openpgp::Signature found;
  std::string problem = "unsigned";
  if (!parts.signature.empty()) {
    found = TRY(openpgp::verify_detached(input.keyring, parts.payload, parts.signature, input.now));
    problem.clear();
    if (found.verdict != openpgp::Verdict::good) {
      problem = openpgp::verdict_text(found.verdict);
    } else if (!is_allowed(input.rule, found)) {
      problem = "signed with unallowed key";
    }
  }
  if (problem.empty() || full()) return {};
  if (!tag && !found.key_id.empty() && !reported_keys_.insert(found.key_id).second) return {};
  problems_.push_back(fmt::format("GIT/GPG: Failed verifying revision {} by '{}': {} (key_id={})", printable(signed_object.name),
                                  printable(parts.author), problem, found.key_id));
  return {};
}

bool SignatureProblems::full() const { return problems_.size() >= problems_max; }

Result<> SignatureProblems::verdict() const {
  if (problems_.empty()) return {};
  return failure(Error(Code::project_denied, fmt::format("{}", fmt::join(problems_, "\n")))
                     .fix("sign with a key that the project names and argocd-gpg-keys-cm holds; "
                          "what is older is vouched for by a signed commit with the trailer Argocd-gpg-seal"));
}

bool AcceptedHistories::holds(const SignatureInput& input, std::string_view commit) {
  auto accepted = accepted_.lock();
  const auto found = accepted->find(acceptance_key(input, commit));
  return found != accepted->end() && input.now - found->second < acceptance_lasts;
}

void AcceptedHistories::note(const SignatureInput& input, std::string_view commit) {
  auto accepted = accepted_.lock();
  std::erase_if(*accepted, [&](const auto& each) { return input.now - each.second >= acceptance_lasts; });
  (*accepted)[acceptance_key(input, commit)] = input.now;
}

}  // namespace holdfast::agent
