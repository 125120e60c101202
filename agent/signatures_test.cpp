// SPDX-License-Identifier: Apache-2.0
// Policies; signatures of stock gpg are in lib/openpgp/verify_test.cpp and tests/e2e/sources.
#include "agent/signatures.h"

#include <gtest/gtest.h>

#include <algorithm>
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

TEST(SignatureRules, NoSpellingOfAUrlLeadsAroundARule) {
  const SignatureRules rules{{.repositories = {"https://git.example.com/team/*", "!https://git.example.com/team/open"}, .mode = "head", .keys = {}},
                             {.repositories = {"git@ssh.example.com:team/x.git"}, .mode = "head", .keys = {}}};
  const auto ruled = [&](std::string_view url) { return *find_rule(rules, url) != nullptr; };
  EXPECT_TRUE(ruled("https://git.example.com/team/x"));
  EXPECT_TRUE(ruled("https://GIT.example.com/team/x"));
  EXPECT_TRUE(ruled("HTTPS://git.example.com/Team/x.git"));
  EXPECT_TRUE(ruled("ssh://git@ssh.example.com/team/x"));
  EXPECT_FALSE(ruled("https://git.example.com/other/x"));
  EXPECT_FALSE(ruled("https://git.example.com/team/open"));
}

TEST(SignatureRules, OldKeysAskForTheHeadOfEveryRepository) {
  const auto rules = decode_signature_rules(
      project(Object{{"signatureKeys", Array{Object{{"keyID", "4AEE18F83AFDEB23"}}}}}));
  ASSERT_EQ(rules.size(), 1);
  EXPECT_EQ((*find_rule(rules, "https://any.example.com/x"))->keys.front(), "4AEE18F83AFDEB23");
  EXPECT_TRUE(decode_signature_rules(project(Object{{"signatureKeys", Array()}})).empty());
}

TEST(SignatureRules, AModeThatNobodyKnowsIsRefused) {
  const auto depth = [](std::string_view mode) { return depth_of({.repositories = {"*"}, .mode = std::string(mode), .keys = {}}); };
  EXPECT_EQ(*depth("head"), SignatureDepth::head);
  EXPECT_EQ(*depth("strict"), SignatureDepth::history);
  EXPECT_EQ(depth("hade").error().what(), "unknown GPG mode \"hade\" configured for GIT source integrity");
  EXPECT_EQ(depth("").error().what(), "unknown GPG mode \"\" configured for GIT source integrity");
}

class Problems : public testing::Test {
 protected:
  const SignatureRule rule{.repositories = {"*"}, .mode = "head", .keys = {"4AEE18F83AFDEB23"}};
  const std::vector<std::string> keyring;
  const SignatureInput input{rule, keyring, WallTime()};
  SignatureProblems problems;
};

TEST_F(Problems, AreToldInUpstreamsWords) {
  EXPECT_TRUE(problems.verdict());
  ASSERT_TRUE(problems.look_at(input, {"abc", "tree 1\nauthor Ann <a@example.com> 1 +0000\n\nm\n"}));
  ASSERT_TRUE(problems.look_at(input, {"def", "tree 1\nauthor Ann <a@example.com> 1 +0000\ngpgsig damaged\n\nm\n"}));
  ASSERT_TRUE(problems.look_at(input, {"v1", "object 1\ntagger Bob <b@example.com> 1 +0000\n\nm\n", SignedObject::Kind::tag}));
  EXPECT_EQ(problems.verdict().error().what(),
            "GIT/GPG: Failed verifying revision abc by 'Ann <a@example.com>': unsigned (key_id=)\n"
            "GIT/GPG: Failed verifying revision def by 'Ann <a@example.com>': bad signature (key_id=)\n"
            "GIT/GPG: Failed verifying revision v1 by 'Bob <b@example.com>': unsigned (key_id=)");
}

TEST_F(Problems, AreTenAtMost) {
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(problems.full(), i >= 10);
    ASSERT_TRUE(problems.look_at(input, {"abc", "tree 1\n\nm\n"}));
  }
  EXPECT_EQ(std::ranges::count(problems.verdict().error().what(), '\n'), 9);
}

TEST(Seals, StandInTheLastParagraph) {
  EXPECT_TRUE(is_seal("tree 1\n\nsubject\n\nArgocd-gpg-seal: all of it was read\nSigned-off-by: Ann\n"));
  EXPECT_FALSE(is_seal("tree 1\n\nsubject\n\nArgocd-gpg-seal: quoted\n\nbody\n"));
}

TEST_F(Problems, AnAcceptedHistoryIsRememberedForItsRuleAndKeys) {
  AcceptedHistories accepted;
  accepted.note(input, "abc");
  EXPECT_TRUE(accepted.holds(input, "abc"));
  EXPECT_FALSE(accepted.holds(input, "def"));
  const std::vector<std::string> more{"another key"};
  EXPECT_FALSE(accepted.holds({rule, more, WallTime()}, "abc"));
  const SignatureRule fewer{.repositories = {"*"}, .mode = "strict", .keys = {}};
  EXPECT_FALSE(accepted.holds({fewer, keyring, WallTime()}, "abc"));
  EXPECT_FALSE(accepted.holds({rule, keyring, WallTime() + std::chrono::hours(1)}, "abc"));
}

}  // namespace
}  // namespace holdfast::agent
