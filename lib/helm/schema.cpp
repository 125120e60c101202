// SPDX-License-Identifier: Apache-2.0
#include "helm/schema.h"

#include "base/text.h"
#include "helm/schema_format.h"
#include "helm/schema_validator.h"
#include "value/json.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <functional>
#include <unordered_map>

namespace holdfast::helm {
namespace {

int compare_numbers(const Value& a, const Value& b) {
  if (a.as_int() != nullptr && b.as_int() != nullptr)
    return *a.as_int() < *b.as_int() ? -1 : *a.as_int() > *b.as_int() ? 1 : 0;
  const double left = real_of(a), right = real_of(b);
  return left < right ? -1 : left > right ? 1 : 0;
}

bool is_whole(const Value& value) {
  return value.as_real() == nullptr || std::trunc(*value.as_real()) == *value.as_real();
}

// As decimals, so that 0.3 is three times 0.1. Numbers with more than 15 digits fall back to
// division.
bool is_multiple(double value, double of) {
  double scale = 1;
  constexpr double scale_max = 1e12, exact_max = 9e15;
  while (scale < scale_max && (std::abs(std::round(value * scale) - value * scale) > 1e-9 ||
                               std::abs(std::round(of * scale) - of * scale) > 1e-9))
    scale *= 10;
  const double whole = std::round(value * scale), divisor = std::round(of * scale);
  if (std::abs(whole) > exact_max || divisor == 0) return std::fmod(value, of) == 0;
  return std::fmod(whole, divisor) == 0;
}

std::size_t runes(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

std::string shown(const Value& value) {
  if (const auto* text = value.as_string()) return fmt::format("\"{}\"", printable(*text));
  return printable(json::write(value, json::Escape::plain));
}

bool has_type(const Value& value, std::string_view type) {
  return type == type_of(value) || (type == "integer" && value.is_number() && is_whole(value));
}

std::string joined_types(const Value& type) {
  if (const auto* name = type.as_string()) return *name;
  std::vector<std::string_view> names;
  for (const auto& each : *type.as_array())
    names.push_back(*each.as_string());
  std::ranges::sort(names);
  return fmt::format("{}", fmt::join(names, " or "));
}

// The same for what json_equal calls equal.
std::size_t json_hash(const Value& value) {
  if (value.is_number()) return std::hash<double>()(real_of(value));
  if (const auto* text = value.as_string()) return std::hash<std::string>()(*text);
  if (const auto* flag = value.as_bool()) return *flag ? 1 : 2;
  std::size_t hash = static_cast<std::size_t>(value.kind());
  const auto mix = [&](std::size_t more) { hash = (hash ^ more) * 0x9E3779B97F4A7C15; };
  if (const auto* array = value.as_array()) {
    for (const auto& each : *array)
      mix(json_hash(each));
  }
  if (const auto* object = value.as_object()) {
    for (const auto& [key, member] : *object) {
      mix(std::hash<std::string>()(key));
      mix(json_hash(member));
    }
  }
  return hash;
}

}  // namespace

double real_of(const Value& value) {
  if (const auto* whole = value.as_int()) return static_cast<double>(*whole);
  if (const auto* large = value.as_uint()) return static_cast<double>(*large);
  return value.as_real() != nullptr ? *value.as_real() : 0;
}

std::string type_of(const Value& value) {
  return value.is_number() ? std::string("number") : std::string(kind_name(value.kind()));
}

bool json_equal(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return compare_numbers(a, b) == 0;
  if (a.kind() != b.kind()) return false;
  if (const auto* left = a.as_array()) return std::ranges::equal(*left, *b.as_array(), json_equal);
  if (const auto* left = a.as_object()) {
    const auto* right = b.as_object();
    return std::equal(left->begin(), left->end(), right->begin(), right->end(),
                      [](const Member& x, const Member& y) {
                        return x.key == y.key && json_equal(x.value, y.value);
                      });
  }
  return a == b;
}

std::optional<std::pair<std::size_t, std::size_t>> equal_items(const Array& list) {
  std::unordered_map<std::size_t, std::vector<std::size_t>> by_hash;
  std::optional<std::pair<std::size_t, std::size_t>> found;
  for (std::size_t i = 0; i < list.size(); ++i) {
    auto& alike = by_hash[json_hash(list[i])];
    const auto twin = std::ranges::find_if(alike, [&](std::size_t k) { return json_equal(list[k], list[i]); });
    if (twin == alike.end()) {
      alike.push_back(i);
    } else if (!found || *twin < found->first) {
      found.emplace(*twin, i);
    }
  }
  return found;
}

void SchemaValidator::check_const(const Subject& subject) {
  const auto* wanted = since(Draft::v6) ? subject.keyword("const") : nullptr;
  if (wanted != nullptr && !json_equal(subject.value, *wanted))
    subject.blame(fmt::format("the value must be {}", shown(*wanted)));
}

void SchemaValidator::check_any(const Subject& subject) {
  if (const auto* type = subject.keyword("type")) {
    const auto* names = type->as_array();
    const bool good = names != nullptr
                          ? std::ranges::any_of(*names,
                                                [&](const Value& each) {
                                                  return has_type(subject.value, *each.as_string());
                                                })
                          : has_type(subject.value, *type->as_string());
    if (!good)
      subject.blame(fmt::format("got {}, want {}", type_of(subject.value), joined_types(*type)));
  }
  check_const(subject);
  if (const auto* list = subject.keyword("enum");
      list != nullptr && std::ranges::none_of(*list->as_array(), [&](const Value& each) {
        return json_equal(subject.value, each);
      })) {
    std::vector<std::string> names;
    for (const auto& each : *list->as_array())
      names.push_back(shown(each));
    subject.blame(fmt::format("the value must be one of {}", fmt::join(names, ", ")));
  }
  const auto* format = since(Draft::v2019) ? nullptr : subject.keyword("format");
  if (format == nullptr || !subject.value.is_string()) return;
  if (!format_holds(*format->as_string(), *subject.value.as_string()))
    subject.blame(fmt::format("{} is no {}", shown(subject.value), *format->as_string()));
}

void SchemaValidator::check_number(const Subject& subject) {
  const auto bound = [&](std::string_view name, std::string_view exclusive, int sign) {
    const auto* limit = subject.keyword(name);
    const auto* strict = subject.keyword(exclusive);
    const bool flagged = strict != nullptr && strict->as_bool() != nullptr && *strict->as_bool();
    if (limit != nullptr) {
      const int order = compare_numbers(subject.value, *limit) * sign;
      if (order > 0)
        subject.blame(
            fmt::format("{}: got {}, want {}", name, shown(subject.value), shown(*limit)));
      if (order == 0 && flagged)
        subject.blame(
            fmt::format("{}: got {}, want {}", exclusive, shown(subject.value), shown(*limit)));
    }
    if (strict != nullptr && strict->is_number() &&
        compare_numbers(subject.value, *strict) * sign >= 0) {
      subject.blame(
          fmt::format("{}: got {}, want {}", exclusive, shown(subject.value), shown(*strict)));
    }
  };
  bound("minimum", "exclusiveMinimum", -1);
  bound("maximum", "exclusiveMaximum", 1);
  if (const auto* of = subject.keyword("multipleOf");
      of != nullptr && !is_multiple(real_of(subject.value), real_of(*of))) {
    subject.blame(fmt::format("multipleOf: got {}, want {}", shown(subject.value), shown(*of)));
  }
}

namespace {

// "minItems" and its kind; the text of what is wrong, "" for nothing.
std::string size_problem(const Value& schema, std::string_view least, std::string_view most,
                         std::size_t size) {
  const auto* low = schema.find(least);
  if (low != nullptr && static_cast<double>(size) < real_of(*low))
    return fmt::format("{}: got {}, want {}", least, size, shown(*low));
  const auto* high = schema.find(most);
  if (high != nullptr && static_cast<double>(size) > real_of(*high))
    return fmt::format("{}: got {}, want {}", most, size, shown(*high));
  return {};
}

}  // namespace

void SchemaValidator::check_text(const Subject& subject) {
  const auto& text = *subject.value.as_string();
  if (auto problem = size_problem(*subject.schema.schema, "minLength", "maxLength", runes(text));
      !problem.empty())
    subject.blame(std::move(problem));
  const auto* pattern = subject.keyword("pattern");
  if (pattern != nullptr && !document_.pattern(*pattern->as_string()).matches(text)) {
    subject.blame(
        fmt::format("{} does not match the pattern {}", shown(subject.value), shown(*pattern)));
  }
}

void SchemaValidator::check_array(const Subject& subject) {
  const auto& list = *subject.value.as_array();
  if (auto problem = size_problem(*subject.schema.schema, "minItems", "maxItems", list.size());
      !problem.empty())
    subject.blame(std::move(problem));
  const auto* unique = subject.keyword("uniqueItems");
  const auto twins = unique != nullptr && *unique->as_bool() && !exceeded_ ? equal_items(list) : std::nullopt;
  if (twins) subject.blame(fmt::format("items at {} and {} are equal", twins->first, twins->second));
  check_items(subject);
  if (since(Draft::v6) && subject.keyword("contains") != nullptr) check_contains(subject);
}

void SchemaValidator::check_object(const Subject& subject) {
  const auto& object = *subject.value.as_object();
  if (auto problem =
          size_problem(*subject.schema.schema, "minProperties", "maxProperties", object.size());
      !problem.empty())
    subject.blame(std::move(problem));
  if (const auto* required = subject.keyword("required")) {
    std::vector<std::string> missing;
    for (const auto& name : *required->as_array()) {
      if (!object.contains(*name.as_string())) missing.push_back(shown(name));
    }
    if (!missing.empty())
      subject.blame(fmt::format("missing {} {}", missing.size() == 1 ? "property" : "properties",
                                fmt::join(missing, ", ")));
  }
  check_members(subject);
  check_names(subject);
  check_dependencies(subject);
}

Result<std::vector<SchemaProblem>> check_schema(std::string_view schema, const Value& values) {
  const auto document = TRY(SchemaDocument::parse(schema));
  return SchemaValidator(document).run(values);
}

}  // namespace holdfast::helm
