// SPDX-License-Identifier: Apache-2.0
// Which commits a project accepts by their signatures: signatureKeys and sourceIntegrity of AppProject.
// What cannot be checked is refused. Mirrors argoproj/argo-cd 3.6 util/sourceintegrity
// (source_integrity_git.go, gpg.go).
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/result.h"
#include "value/value.h"

namespace holdfast::agent {

struct SignatureRule {
  std::vector<std::string> repositories;  // globs; "!…" leaves out
  std::string mode;                       // "none", "head", "strict"
  std::vector<std::string> keys;          // ids of 16 or 40 digits
};

using SignatureRules = std::vector<SignatureRule>;

// Of an AppProject object.
SignatureRules decode_signature_rules(const Value& project);

// The rule for a repository; null when none asks for anything. Refuses with Code::project_denied when
// several rules name it.
Result<const SignatureRule*> find_rule(const SignatureRules& rules, std::string_view repository);

// The modes that look at signatures: the commit or the annotated tag that was asked for; or that and
// everything before it, back to commits that seal what was before them.
enum class SignatureDepth { head, history };

// Refuses with Code::project_denied a mode that nobody knows.
Result<SignatureDepth> depth_of(const SignatureRule& rule);

// Does the commit vouch for what was before it? `object` is the raw commit.
bool is_seal(std::string_view object);

struct SignatureInput {
  const SignatureRule& rule;
  const std::vector<std::string>& keyring;  // armoured, of argocd-gpg-keys-cm
  WallTime now;
};

struct SignedObject {
  std::string_view name;    // of the tag, or the commit's id
  std::string_view object;  // as it is stored
  enum class Kind { commit, tag } kind = Kind::commit;
};

// What is not as the rule wants it, in upstream's words; of one key once, of all at most ten.
class SignatureProblems {
 public:
  // Refuses with Code::git_object what is damaged or ambiguous.
  Result<> look_at(const SignatureInput& input, const SignedObject& signed_object);
  [[nodiscard]] bool full() const;
  // Refuses with Code::project_denied when there are any.
  [[nodiscard]] Result<> verdict() const;

 private:
  std::vector<std::string> problems_;
  std::set<std::string> reported_keys_;
};

// Commits that were accepted with all that was before them, so that the next look verifies only what is
// new. They are forgotten after a while, because keys expire. Thread-safe.
class AcceptedHistories {
 public:
  bool holds(const SignatureInput& input, std::string_view commit);
  void note(const SignatureInput& input, std::string_view commit);

 private:
  Guarded<std::map<std::string, WallTime>> accepted_;
};

}  // namespace holdfast::agent
