// SPDX-License-Identifier: Apache-2.0
// Which commits a project accepts by their signatures: signatureKeys and sourceIntegrity of AppProject.
// What cannot be checked is refused. Pure. Mirrors argoproj/argo-cd 3.6 util/sourceintegrity
// (source_integrity.go, gpg.go), mode "head"; the commit is looked at, not a tag that leads to it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
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

struct SignatureInput {
  const SignatureRule& rule;
  const std::vector<std::string>& keyring;  // armoured, of argocd-gpg-keys-cm
  std::string_view revision;
  std::string_view commit;  // the raw object
  WallTime now;
};

// Refuses with Code::project_denied in upstream's words.
Result<> check_signature(const SignatureInput& input);

}  // namespace holdfast::agent
