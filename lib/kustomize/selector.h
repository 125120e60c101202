// SPDX-License-Identifier: Apache-2.0
// Which resources a patch, a replacement or a built-in transformer works on.
// It does not know what is done with them.
// Upstream: kustomize v5.8.1, api/types/selector.go; Kubernetes label selectors.
#pragma once

#include "base/result.h"
#include "kustomize/object.h"
#include "kustomize/resource.h"
#include "regex/expression.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::kustomize {

// As written; every part but the last two is a regular expression when used as a target.
struct Selector {
  std::string group, version, kind, name, space;
  std::string labels, annotations;

  [[nodiscard]] bool is_empty_id() const {
    return group.empty() && version.empty() && kind.empty() && name.empty() && space.empty();
  }
};

// "app=web,tier in (a,b),!old" over labels or annotations.
class LabelSelector {
 public:
  static Result<LabelSelector> parse(std::string_view text);
  [[nodiscard]] bool matches(const Texts& labels) const;

  [[nodiscard]] bool empty() const { return requirements_.empty(); }

 private:
  enum class Operator { in, not_in, exists, absent, greater, less };

  struct Requirement {
    std::string key;
    Operator op;
    std::vector<std::string> values;
  };
  friend class LabelSelectorReader;

  std::vector<Requirement> requirements_;
};

// Go's regular expressions, anchored at both ends; an empty one fits everything.
class Pattern {
 public:
  static Result<Pattern> make(std::string_view expression);
  [[nodiscard]] bool matches(std::string_view text) const;

  // The one text it fits, when it has no operators.
  [[nodiscard]] const std::string* literal() const {
    return literal_.empty() ? nullptr : &literal_;
  }

 private:
  std::string literal_;
  std::shared_ptr<const regex::Expression> compiled_;
};

class Target {
 public:
  static Result<Target> make(const Selector& selector);

  // A patch's or a transformer's view: original or present name and namespace, present kind,
  // labels.
  [[nodiscard]] bool selects(const Resource& resource) const;
  // A replacement's view of one id.
  [[nodiscard]] bool fits(const ResourceId& id) const;
  [[nodiscard]] bool fits_labels(const Resource& resource) const;

  [[nodiscard]] bool has_labels() const { return !labels_.empty() || !annotations_.empty(); }

  [[nodiscard]] const std::string* literal_name() const { return name_.literal(); }

 private:
  [[nodiscard]] bool fits_kind(const Gvk& gvk) const;

  Pattern group_, version_, kind_, name_, space_;
  LabelSelector labels_, annotations_;
};

// For messages: "kind Deployment, name web".
std::string describe(const Selector& selector);

}  // namespace holdfast::kustomize
