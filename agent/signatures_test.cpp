// SPDX-License-Identifier: Apache-2.0
// Policies; signatures of stock gpg are in lib/openpgp/verify_test.cpp and tests/e2e/sources.
#include "agent/signatures.h"

#include <gtest/gtest.h>

#include <array>

namespace holdfast::agent {
namespace {

Value project(const Value& spec) { return Object{{"spec", spec}}; }

Value policy(const std::vector<std::string>& repositories, std::string_view mode) {
  Array repos;
  for (const auto& each : repositories) repos.push_back(Object{{"url", each}});
  return Object{{"repos", repos}, {"gpg", Object{{"mode", std::string(mode)}, {"keys", Array{"AAAA"}}}}};
}

TEST(SignatureRules, AreFoundByRepository) {
  const auto rules = decode_signature_rules(
      project(Object{{"sourceIntegrity", Object{{"git", Object{{"policies", Array{
          policy({"https://git.example.com/*", "!https://git.example.com/open"}, "head"),
          policy({"https://none.example.com/*"}, "none"),
          policy({"https://twice.example.com/*"}, "head"),
          policy({"https://twice.example.com/x"}, "head")}}}}}}}));

  struct Case {
    std::string_view repository, want;
  };

  for (const auto& [repository, want] : std::to_array<Case>({
           {"https://git.example.com/x", "head"},
           {"https://git.example.com/open", "-"},
           {"https://none.example.com/x", "-"},
           {"https://other.example.com/x", "-"},
           {"https://twice.example.com/y", "head"},
           {"https://twice.example.com/x",
            "multiple (2) git source integrity policies found for repo URL: https://twice.example.com/x"},
       })) {
    const auto rule = find_rule(rules, repository);
    EXPECT_EQ(!rule ? rule.error().what() : *rule == nullptr ? "-" : (*rule)->mode, want);
  }
}

TEST(SignatureRules, OldKeysAskForTheHeadOfEveryRepository) {
  const auto rules = decode_signature_rules(
      project(Object{{"signatureKeys", Array{Object{{"keyID", "4AEE18F83AFDEB23"}}}}}));
  ASSERT_EQ(rules.size(), 1);
  EXPECT_EQ((*find_rule(rules, "https://any.example.com/x"))->keys.front(), "4AEE18F83AFDEB23");
  EXPECT_TRUE(decode_signature_rules(project(Object{{"signatureKeys", Array()}})).empty());
}

TEST(Signatures, WhatCannotBeCheckedIsRefused) {
  constexpr std::string_view unsigned_commit = "tree 1\nauthor Ann <a@example.com> 1 +0000\n\nm\n";
  constexpr std::string_view damaged =
      "tree 1\nauthor Ann <a@example.com> 1 +0000\ngpgsig damaged\n\nm\n";

  struct Case {
    std::string_view mode, commit, want;
  };

  for (const auto& [mode, commit, want] : std::to_array<Case>({
           {"head", unsigned_commit, "GIT/GPG: Failed verifying revision abc by 'Ann <a@example.com>': unsigned (key_id=)"},
           {"head", damaged, "GIT/GPG: Failed verifying revision abc by 'Ann <a@example.com>': bad signature (key_id=)"},
           {"strict", unsigned_commit, "GPG mode \"strict\" asks for the whole history, which this engine does not fetch"},
           {"hade", unsigned_commit, "unknown GPG mode \"hade\" configured for GIT source integrity"},
           {"", unsigned_commit, "unknown GPG mode \"\" configured for GIT source integrity"},
       })) {
    const SignatureRule rule{.repositories = {"*"}, .mode = std::string(mode), .keys = {}};
    const auto refused = check_signature({rule, {}, "abc", commit, WallTime()});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().what(), want);
  }
}

}  // namespace
}  // namespace holdfast::agent
