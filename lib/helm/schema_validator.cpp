// SPDX-License-Identifier: Apache-2.0
#include "helm/schema_validator.h"

#include "base/text.h"
#include "value/pointer.h"

#include <algorithm>
#include <fmt/format.h>

namespace holdfast::helm {
namespace {

constexpr std::uint64_t steps_max = 5'000'000;  // schemas applied
constexpr int depth_max = 300;                  // schemas applied inside one another
constexpr std::size_t problems_max = 50;

}  // namespace

void Evaluated::add(Evaluated other) {
  members.merge(other.members);
  items.merge(other.items);
  all_members = all_members || other.all_members;
  all_items = all_items || other.all_items;
}

Result<std::vector<SchemaProblem>> SchemaValidator::run(const Value& values) {
  Problems problems;
  Evaluated evaluated;
  check(values, "", document_.root(), problems, evaluated);
  if (exceeded_) {
    return failure(
        Code::limit,
        "values.schema.json asks for more than {} steps or applies schemas deeper than {}",
        steps_max, depth_max);
  }
  if (problems.size() > problems_max) problems.resize(problems_max);
  return problems;
}

SchemaValidator::Problems SchemaValidator::apply_place(const Subject& subject,
                                                       const SchemaPlace& schema) {
  Problems problems;
  Evaluated evaluated;
  check(subject.value, subject.place, schema, problems, evaluated);
  if (problems.empty()) subject.evaluated.add(std::move(evaluated));
  return problems;
}

SchemaValidator::Problems SchemaValidator::apply(const Subject& subject, const Value& schema) {
  return apply_place(subject, {&schema, subject.schema.base});
}

// A member or an item; what was looked at inside it is its own affair.
bool SchemaValidator::check_part(const Subject& subject, const Value& part,
                                 const std::string& token, const Value& schema) {
  Problems problems;
  Evaluated evaluated;
  check(part, fmt::format("{}/{}", subject.place, token), {&schema, subject.schema.base}, problems,
        evaluated);
  const bool good = problems.empty();
  std::ranges::move(problems, std::back_inserter(subject.problems));
  return good;
}

void SchemaValidator::check(const Value& value, const std::string& place, const SchemaPlace& schema,
                            Problems& problems, Evaluated& evaluated) {
  if (++steps_ > steps_max || depth_ >= depth_max) exceeded_ = true;
  if (exceeded_) return;
  const auto entered = document_.enter(schema);
  const Subject subject{.value = value,
                        .place = place,
                        .schema = entered,
                        .problems = problems,
                        .evaluated = evaluated};
  if (const auto* verdict = entered.schema->as_bool()) {
    if (!*verdict) subject.blame("nothing is allowed here");
    return;
  }
  if (!entered.schema->is_object()) return;
  ++depth_;
  const bool new_resource = scope_.empty() || scope_.back() != entered.base;
  if (new_resource) scope_.push_back(entered.base);
  check_references(subject);
  if (since(Draft::v2019) || subject.keyword("$ref") == nullptr) {
    check_any(subject);
    if (value.is_number()) check_number(subject);
    if (value.is_string()) check_text(subject);
    check_combined(subject);
    if (value.is_array()) check_array(subject);
    if (value.is_object()) check_object(subject);
    if (since(Draft::v2019)) check_unevaluated(subject);
  } else if (since(Draft::v6)) {
    check_beside_reference(subject);
  }
  if (new_resource) scope_.pop_back();
  --depth_;
}

// Drafts 6 and 7 say that nothing beside a $ref counts; upstream forgets it for the keywords that are
// theirs (objcompiler.go).
void SchemaValidator::check_beside_reference(const Subject& subject) {
  check_const(subject);
  if (since(Draft::v7)) check_conditional(subject);
  if (subject.value.is_array() && subject.keyword("contains") != nullptr) check_contains(subject);
  if (subject.value.is_object()) check_names(subject);
}

SchemaPlace SchemaValidator::recursive_target(const SchemaPlace& target) const {
  const auto recursive = [](const SchemaPlace& place) {
    const auto* flag = place.schema->find("$recursiveAnchor");
    return flag != nullptr && *flag->as_bool();
  };
  if (!recursive(target)) return target;
  for (const auto* base : scope_) {
    const auto resource = document_.resource(*base);
    if (resource && recursive(resource)) return resource;
  }
  return target;
}

SchemaPlace SchemaValidator::dynamic_target(const SchemaPlace& target,
                                            std::string_view reference) const {
  const auto hash = reference.find('#');
  if (hash == std::string_view::npos) return target;
  const auto name = reference.substr(hash + 1);
  if (target.schema->text({"$dynamicAnchor"}) != name || name.empty()) return target;
  for (const auto* base : scope_) {
    if (const auto found = document_.dynamic_anchor(*base, name)) return found;
  }
  return target;
}

void SchemaValidator::check_references(const Subject& subject) {
  const auto follow = [&](std::string_view key, Draft first, Draft last) {
    if (document_.draft() < first || document_.draft() > last) return;
    const auto* reference = subject.keyword(key);
    if (reference == nullptr) return;
    auto target = document_.resolve(*subject.schema.base, *reference->as_string());
    if (!target)
      return;  // a metaschema: what it judges is a schema inside the values, which nobody renders
    if (key == "$recursiveRef") target = recursive_target(target);
    if (key == "$dynamicRef") target = dynamic_target(target, *reference->as_string());
    std::ranges::move(apply_place(subject, target), std::back_inserter(subject.problems));
  };
  follow("$ref", Draft::v4, Draft::v2020);
  follow("$recursiveRef", Draft::v2019, Draft::v2019);
  follow("$dynamicRef", Draft::v2020, Draft::v2020);
}

void SchemaValidator::check_one_of(const Subject& subject, const Array& schemas) {
  std::vector<std::size_t> matched;
  Problems reasons;
  for (std::size_t i = 0; i < schemas.size(); ++i) {
    auto problems = apply(subject, schemas[i]);
    if (problems.empty()) matched.push_back(i);
    std::ranges::move(problems, std::back_inserter(reasons));
  }
  if (matched.size() == 1) return;
  if (!matched.empty()) {
    subject.blame(fmt::format("oneOf: alternatives {} hold together", fmt::join(matched, ", ")));
    return;
  }
  subject.blame("oneOf: no alternative holds");
  for (auto& reason : reasons) {
    ++reason.depth;
    subject.problems.push_back(std::move(reason));
  }
}

void SchemaValidator::check_combined(const Subject& subject) {
  if (const auto* all = subject.keyword("allOf")) {
    for (const auto& each : *all->as_array())
      std::ranges::move(apply(subject, each), std::back_inserter(subject.problems));
  }
  if (const auto* any = subject.keyword("anyOf")) {
    bool matched = false;
    Problems reasons;
    for (const auto& each : *any->as_array()) {
      auto problems = apply(subject, each);
      matched = matched || problems.empty();
      std::ranges::move(problems, std::back_inserter(reasons));
      // All that hold count where unevaluated members are judged.
      if (matched && !since(Draft::v2019)) break;
    }
    if (!matched) {
      subject.blame("anyOf: no alternative holds");
      for (auto& reason : reasons) {
        ++reason.depth;
        subject.problems.push_back(std::move(reason));
      }
    }
  }
  if (const auto* one = subject.keyword("oneOf")) check_one_of(subject, *one->as_array());
  if (const auto* none = subject.keyword("not")) {
    Evaluated ignored;
    Problems problems;
    check(subject.value, subject.place, {none, subject.schema.base}, problems, ignored);
    if (problems.empty()) subject.blame("not: the value must not be so");
  }
  if (since(Draft::v7)) check_conditional(subject);
}

void SchemaValidator::check_conditional(const Subject& subject) {
  const auto* condition = subject.keyword("if");
  if (condition == nullptr) return;
  const auto* chosen = subject.keyword(apply(subject, *condition).empty() ? "then" : "else");
  if (chosen != nullptr)
    std::ranges::move(apply(subject, *chosen), std::back_inserter(subject.problems));
}

void SchemaValidator::check_items(const Subject& subject) {
  const auto& list = *subject.value.as_array();
  const auto* items = subject.keyword("items");
  const auto* prefix = since(Draft::v2020)                     ? subject.keyword("prefixItems")
                       : items != nullptr && items->is_array() ? items
                                                               : nullptr;
  const auto* rest = since(Draft::v2020) ? items
                     : prefix != nullptr ? subject.keyword("additionalItems")
                                         : items;
  const std::size_t fixed =
      prefix == nullptr ? 0 : std::min(prefix->as_array()->size(), list.size());
  for (std::size_t i = 0; i < fixed; ++i) {
    check_part(subject, list[i], fmt::format("{}", i), (*prefix->as_array())[i]);
    subject.evaluated.items.insert(i);
  }
  if (rest == nullptr) return;
  for (std::size_t i = fixed; i < list.size(); ++i)
    check_part(subject, list[i], fmt::format("{}", i), *rest);
  subject.evaluated.all_items = true;
}

void SchemaValidator::check_contains(const Subject& subject) {
  const auto& list = *subject.value.as_array();
  std::size_t found = 0;
  for (std::size_t i = 0; i < list.size(); ++i) {
    Problems problems;
    Evaluated ignored;
    check(list[i], subject.place, {subject.keyword("contains"), subject.schema.base}, problems,
          ignored);
    if (!problems.empty()) continue;
    ++found;
    if (since(Draft::v2020)) subject.evaluated.items.insert(i);
  }
  const auto* least = since(Draft::v2019) ? subject.keyword("minContains") : nullptr;
  const auto* most = since(Draft::v2019) ? subject.keyword("maxContains") : nullptr;
  const auto count = [](const Value& value) {
    return value.as_int() != nullptr ? static_cast<std::size_t>(*value.as_int()) : std::size_t{1};
  };
  const std::size_t wanted = least == nullptr ? 1 : count(*least);
  if (found < wanted)
    subject.blame(fmt::format("{} items are as \"contains\" wants, not {}", found, wanted));
  if (most != nullptr && found > count(*most))
    subject.blame(
        fmt::format("{} items are as \"contains\" wants, at most {} may be", found, count(*most)));
}

void SchemaValidator::check_names(const Subject& subject) {
  const auto* names = since(Draft::v6) ? subject.keyword("propertyNames") : nullptr;
  if (names == nullptr) return;
  for (const auto& member : *subject.value.as_object())
    check_part(subject, Value(member.key), json::pointer_token(member.key), *names);
}

void SchemaValidator::check_members(const Subject& subject) {
  const auto* properties = subject.keyword("properties");
  const auto* patterns = subject.keyword("patternProperties");
  const auto* additional = subject.keyword("additionalProperties");
  std::vector<std::string> surplus;
  for (const auto& member : *subject.value.as_object()) {
    const auto token = json::pointer_token(member.key);
    bool known = false;
    if (const auto* schema = properties == nullptr ? nullptr : properties->find(member.key)) {
      known = true;
      check_part(subject, member.value, token, *schema);
    }
    if (patterns != nullptr) {
      for (const auto& pattern : *patterns->as_object()) {
        if (!document_.pattern(pattern.key).matches(member.key)) continue;
        known = true;
        check_part(subject, member.value, token, pattern.value);
      }
    }
    if (!known && additional != nullptr) {
      known = true;
      const bool forbidden = additional->as_bool() != nullptr && !*additional->as_bool();
      if (forbidden)
        surplus.push_back(fmt::format("\"{}\"", printable(member.key)));
      else
        check_part(subject, member.value, token, *additional);
    }
    if (known) subject.evaluated.members.insert(member.key);
  }
  if (!surplus.empty())
    subject.blame(
        fmt::format("additional properties {} are not allowed", fmt::join(surplus, ", ")));
}

void SchemaValidator::check_dependencies(const Subject& subject) {
  const auto& object = *subject.value.as_object();
  const auto check_all = [&](std::string_view keyword) {
    const auto* map = subject.keyword(keyword);
    if (map == nullptr) return;
    for (const auto& member : *map->as_object()) {
      if (!object.contains(member.key)) continue;
      if (const auto* needed = member.value.as_array()) {
        for (const auto& name : *needed) {
          if (!object.contains(*name.as_string()))
            subject.blame(fmt::format("property \"{}\" is required, as \"{}\" is there",
                                      printable(*name.as_string()), printable(member.key)));
        }
      } else {
        std::ranges::move(apply(subject, member.value), std::back_inserter(subject.problems));
      }
    }
  };
  check_all("dependencies");
  if (!since(Draft::v2019)) return;
  check_all("dependentRequired");
  check_all("dependentSchemas");
}

void SchemaValidator::check_unevaluated(const Subject& subject) {
  const auto* members = subject.keyword("unevaluatedProperties");
  if (members != nullptr && subject.value.is_object() && !subject.evaluated.all_members) {
    for (const auto& member : *subject.value.as_object()) {
      if (!subject.evaluated.members.contains(member.key))
        check_part(subject, member.value, json::pointer_token(member.key), *members);
    }
    subject.evaluated.all_members = true;
  }
  const auto* items = subject.keyword("unevaluatedItems");
  if (items == nullptr || !subject.value.is_array() || subject.evaluated.all_items) return;
  const auto& list = *subject.value.as_array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (!subject.evaluated.items.contains(i))
      check_part(subject, list[i], fmt::format("{}", i), *items);
  }
  subject.evaluated.all_items = true;
}

}  // namespace holdfast::helm
