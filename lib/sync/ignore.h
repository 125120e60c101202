// SPDX-License-Identifier: Apache-2.0
// ignoreDifferences: what is taken out of both sides before they are compared. Pure.
// Mirrors argoproj/argo-cd 3.6 util/argo/normalizers.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "sync/application.h"
#include "sync/jq_path.h"
#include "sync/key.h"
#include "sync/known_types.h"

namespace holdfast::sync {

// Of which objects the status is not compared.
enum class StatusIgnored { all, definitions, none };  // definitions: CustomResourceDefinitions

// What argocd-cm calls equal although it differs.
struct Equalities {
  StatusIgnored status = StatusIgnored::all;
  std::vector<KnownType> known_types = builtin_known_types();
  bool aggregated_rules = false;  // of roles whose rules the cluster puts together
};

// The rules of an Application and of argocd-cm, jq expressions parsed.
class Ignore {
 public:
  // Refuses with Code::application_spec an expression that does not parse.
  static Result<Ignore> make(std::vector<IgnoreRule> rules, Equalities equalities = {});

  // Takes out of both objects what the rules for `key` name; `live` says who manages which field. What is
  // equal by its type is written in one form.
  void normalize(const Key& key, Value& live, Value& predicted) const;
  // Copies into `target` what the rules name in `live` (RespectIgnoreDifferences).
  void respect(const Key& key, const Value& live, Value& target) const;
  [[nodiscard]] bool concerns(const Key& key) const;
  [[nodiscard]] bool ignores_status(const Key& key) const;

 private:
  struct Rule {
    IgnoreRule rule;
    std::vector<JqPath> jq;
  };

  std::vector<Rule> rules_;
  Equalities equalities_;
};

}  // namespace holdfast::sync
