// SPDX-License-Identifier: Apache-2.0
#include "kustomize/selector.h"

#include "base/text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace holdfast::kustomize {

class LabelSelectorReader {
 public:
  explicit LabelSelectorReader(std::string_view text) : text_(text), rest_(text) {}

  Result<LabelSelector> read() {
    LabelSelector selector;
    skip();
    while (!rest_.empty()) {
      selector.requirements_.push_back(TRY(requirement()));
      skip();
      if (rest_.empty()) break;
      if (!take(",")) return unexpected("\",\"");
      skip();
      if (rest_.empty()) return unexpected("a key");
    }
    return selector;
  }

 private:
  using Requirement = LabelSelector::Requirement;
  using Operator = LabelSelector::Operator;

  void skip() {
    while (!rest_.empty() && (rest_.front() == ' ' || rest_.front() == '\t' ||
                              rest_.front() == '\n' || rest_.front() == '\r')) {
      rest_.remove_prefix(1);
    }
  }

  bool take(std::string_view token) {
    if (!rest_.starts_with(token)) return false;
    rest_.remove_prefix(token.size());
    return true;
  }

  std::string word() {
    const auto end = rest_.find_first_of(" \t\n\r,()=!<>");
    const std::string out(rest_.substr(0, end));
    rest_.remove_prefix(out.size());
    return out;
  }

  std::unexpected<Error> unexpected(std::string_view wanted) const {
    const std::string there =
        rest_.empty() ? "ends" : fmt::format("has \"{}\"", printable(rest_, 40));
    return failure(
        Error(Code::kustomization,
              fmt::format("the label selector \"{}\" {} where {} must stand", printable(text_), there, wanted))
            .fix("write it as: key=value,key2 in (a,b),!key3"));
  }

  Result<Requirement> requirement() {
    const bool absent = take("!");
    skip();
    Requirement made{
        .key = word(), .op = absent ? Operator::absent : Operator::exists, .values = {}};
    if (made.key.empty()) return unexpected("a key");
    skip();
    if (absent || rest_.empty() || rest_.front() == ',') return made;
    if (take("==") || take("=")) return with_value(std::move(made), Operator::in);
    if (take("!=")) return with_value(std::move(made), Operator::not_in);
    if (take(">")) return with_value(std::move(made), Operator::greater);
    if (take("<")) return with_value(std::move(made), Operator::less);
    const auto before = rest_;
    const std::string op = word();
    if (op != "in" && op != "notin") {
      rest_ = before;
      return unexpected("an operator");
    }
    made.op = op == "in" ? Operator::in : Operator::not_in;
    skip();
    if (!take("(")) return unexpected("\"(\"");
    do {
      skip();
      made.values.push_back(word());
      skip();
    } while (take(","));
    if (!take(")")) return unexpected("\")\"");
    return made;
  }

  Result<Requirement> with_value(Requirement made, Operator op) {
    skip();
    made.op = op;
    made.values.push_back(word());
    return made;
  }

  std::string_view text_, rest_;
};

Result<LabelSelector> LabelSelector::parse(std::string_view text) {
  return LabelSelectorReader(text).read();
}

bool LabelSelector::matches(const Texts& labels) const {
  const auto number = [](std::string_view text) -> std::optional<std::int64_t> {
    std::int64_t out = 0;
    const auto end = std::from_chars(text.data(), text.data() + text.size(), out);
    if (end.ec != std::errc() || end.ptr != text.data() + text.size()) return std::nullopt;
    return out;
  };
  return std::ranges::all_of(requirements_, [&](const Requirement& wanted) {
    const auto label = labels.find(wanted.key);
    const bool there = label != labels.end();
    const auto among = [&] {
      return std::ranges::find(wanted.values, label->second) != wanted.values.end();
    };
    switch (wanted.op) {
      case Operator::in: return there && among();
      case Operator::not_in: return !there || !among();
      case Operator::exists: return there;
      case Operator::absent: return !there;
      case Operator::greater:
      case Operator::less: {
        if (!there) return false;
        const auto a = number(label->second);
        const auto b = number(wanted.values.front());
        return a && b && (wanted.op == Operator::greater ? *a > *b : *a < *b);
      }
    }
    std::unreachable();
  });
}

Result<Pattern> Pattern::make(std::string_view expression) {
  Pattern pattern;
  if (expression.empty()) return pattern;
  const bool plain = std::ranges::all_of(expression, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
  if (plain) {
    pattern.literal_ = expression;
    return pattern;
  }
  auto compiled = regex::Expression::compile(fmt::format("^(?:{})$", expression));
  if (!compiled) {
    return failure(Error(Code::kustomization,
                         fmt::format("\"{}\" is not a regular expression", printable(expression)))
                       .because(compiled.error()));
  }
  pattern.compiled_ = std::make_shared<const regex::Expression>(*std::move(compiled));
  return pattern;
}

bool Pattern::matches(std::string_view text) const {
  if (compiled_ == nullptr) return literal_.empty() || literal_ == text;
  return compiled_->matches(text);
}

Result<Target> Target::make(const Selector& selector) {
  Target target;
  target.group_ = TRY(Pattern::make(selector.group));
  target.version_ = TRY(Pattern::make(selector.version));
  target.kind_ = TRY(Pattern::make(selector.kind));
  target.name_ = TRY(Pattern::make(selector.name));
  target.space_ = TRY(Pattern::make(selector.space));
  target.labels_ = TRY(LabelSelector::parse(selector.labels));
  target.annotations_ = TRY(LabelSelector::parse(selector.annotations));
  return target;
}

bool Target::fits_kind(const Gvk& gvk) const {
  return group_.matches(gvk.group) && version_.matches(gvk.version) && kind_.matches(gvk.kind);
}

bool Target::fits(const ResourceId& id) const {
  return fits_kind(id.gvk) && name_.matches(id.name) && space_.matches(id.space);
}

bool Target::fits_labels(const Resource& resource) const {
  return (labels_.empty() || labels_.matches(metadata_texts(resource.body, "labels"))) &&
         (annotations_.empty() ||
          annotations_.matches(metadata_texts(resource.body, "annotations")));
}

bool Target::selects(const Resource& resource) const {
  const auto now = resource.id();
  if (!fits_kind(now.gvk)) return false;
  const auto first = resource.original_id();
  return (name_.matches(first.name) || name_.matches(now.name)) &&
         (space_.matches(first.effective_namespace()) ||
          space_.matches(now.effective_namespace())) &&
         fits_labels(resource);
}

std::string describe(const Selector& selector) {
  std::vector<std::string> parts;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) parts.push_back(fmt::format("{} {}", name, value));
  };
  add("group", selector.group);
  add("version", selector.version);
  add("kind", selector.kind);
  add("name", selector.name);
  add("namespace", selector.space);
  add("labels", selector.labels);
  add("annotations", selector.annotations);
  return parts.empty() ? "anything" : fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace holdfast::kustomize
