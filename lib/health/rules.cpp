// SPDX-License-Identifier: Apache-2.0
#include "health/rules.h"

#include "base/glob.h"
#include "base/text.h"
#include "value/json.h"
#include "value/pointer.h"

#include <algorithm>
#include <charconv>

namespace holdfast::health {
namespace {

using Found = std::vector<const Value*>;

// What stands at the path, a * for every element; null pointers where the last member is absent.
Found collect(const Value& document, std::string_view path) {
  Found found{&document};
  while (!path.empty()) {
    path.remove_prefix(1);
    const auto end = std::min(path.find('/'), path.size());
    const auto token = path.substr(0, end);
    path.remove_prefix(end);
    const auto key =
        replace_all(replace_all(std::string(token), "~1", "/"), "~0", "~");
    Found next;
    for (const Value* each : found) {
      if (each == nullptr) continue;
      if (token != "*") {
        next.push_back(each->find(key));
      } else if (const auto* list = each->as_array()) {
        for (const auto& element : *list) next.push_back(&element);
      } else if (const auto* map = each->as_object()) {
        for (const auto& [name, member] : *map) next.push_back(&member);
      }
    }
    found = std::move(next);
  }
  return found;
}

bool is_nothing(const Value* value) {
  if (value == nullptr || value->is_null()) return true;
  if (const auto* text = value->as_string()) return text->empty();
  if (const auto* list = value->as_array()) return list->empty();
  const auto* map = value->as_object();
  return map != nullptr && map->empty();
}

// A scalar as people write it; "" for anything else.
std::string text_of(const Value* value) {
  if (value == nullptr || value->is_null() || value->is_array() || value->is_object()) return "";
  return value->is_string() ? *value->as_string() : json::write(*value);
}

double number_of(const Value* value) {
  const auto text = text_of(value);
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

bool one_of(std::string_view words, std::string_view text) {
  return std::ranges::any_of(split(words, '|'), [&](std::string_view word) {
    return word.find('*') == std::string_view::npos ? word == text : glob_match(word, text);
  });
}

class Judge {
 public:
  Judge(const KindRules& kind, const Value& live) : live_(live) {
    for (const auto path : split(kind.conditions, ' ')) {
      for (const Value* list : collect(live, path)) {
        if (list == nullptr || !list->is_array()) continue;
        for (const auto& each : *list->as_array()) {
          const bool current = !older(each.find("observedGeneration"));
          stale_ = stale_ || !current;
          if (current) conditions_.push_back(&each);
        }
      }
    }
  }

  bool holds(std::string_view when) {
    said_.clear();
    constexpr std::string_view conjunction = " and ";
    while (!when.empty()) {
      const auto end = when.find(conjunction);
      if (!term(when.substr(0, end))) return false;
      when = end == std::string_view::npos ? "" : when.substr(end + conjunction.size());
    }
    return true;
  }

  // What the object says of the terms that held.
  [[nodiscard]] std::string said() const {
    if (!said_.empty()) return said_;
    for (const auto* path : {"/status/message", "/status/reason", "/status/phase", "/status/state"}) {
      const auto text = text_of(json::find(live_, path));
      if (!text.empty()) return text;
    }
    return "";
  }

 private:
  bool term(std::string_view text) {
    if (text == "otherwise") return true;
    if (text == "stale") return stale_;
    if (text == "behind") return older(json::find(live_, "/status/observedGeneration"));
    if (text.starts_with("no ")) return !present(text.substr(3));
    if (text.starts_with("has ")) return present(text.substr(4));
    if (!text.starts_with('/')) return condition(text);
    if (const auto less = text.find('<'); less != std::string_view::npos)
      return below(text.substr(0, less), text.substr(less + 1));
    const auto equals = text.find('=');
    const bool negated = text[equals - 1] == '!';
    return value(text.substr(0, negated ? equals - 1 : equals), text.substr(equals + 1), negated);
  }

  bool present(std::string_view what) {
    if (what.starts_with('/')) {
      const auto found = collect(live_, what);
      return std::ranges::any_of(found, [](const Value* each) { return !is_nothing(each); });
    }
    return std::ranges::any_of(
        conditions_, [&](const Value* each) { return each->text({"type"}) == what; });
  }

  bool value(std::string_view path, std::string_view words, bool negated) {
    for (const Value* each : collect(live_, path)) {
      const auto text = text_of(each);
      const bool hit = one_of(words, text);
      if (negated ? hit || text.empty() : !hit) continue;
      if (said_.empty() && !path.starts_with("/spec")) note(text);
      return true;
    }
    return false;
  }

  // A word such as "Failed" is explained by what stands beside it.
  void note(const std::string& text) {
    said_ = text;
    for (const auto* path : {"/status/reason", "/status/message"}) {
      if (auto beside = text_of(json::find(live_, path)); !beside.empty()) said_ = std::move(beside);
    }
  }

  bool below(std::string_view left, std::string_view right) {
    const auto small = collect(live_, left), great = collect(live_, right);
    if (left.find('*') == std::string_view::npos) {
      double sum = 0;
      for (const Value* each : great) sum += number_of(each);
      return number_of(small.front()) < sum;
    }
    for (std::size_t i = 0; i < great.size(); ++i) {
      const Value* beside = i < small.size() ? small[i] : nullptr;
      if (number_of(beside) < number_of(great[i])) return true;
    }
    return false;
  }

  bool condition(std::string_view text) {
    const auto equals = text.find('=');
    const auto bracket = std::min(text.find('('), text.size());
    const auto type = text.substr(0, equals);
    const auto status = text.substr(equals + 1, bracket - equals - 1);
    const auto reasons =
        bracket == text.size() ? "" : text.substr(bracket + 1, text.size() - bracket - 2);
    for (const Value* each : conditions_) {
      if (!one_of(type, each->text({"type"})) || !one_of(status, each->text({"status"}))) continue;
      if (!reasons.empty() && !explains(*each, reasons)) continue;
      const auto message = each->text({"message"});
      if (said_.empty()) said_ = message.empty() ? each->text({"reason"}) : message;
      return true;
    }
    return false;
  }

  static bool explains(const Value& condition, std::string_view reasons) {
    return one_of(reasons, condition.text({"reason"})) ||
           one_of(reasons, condition.text({"message"})) ||
           one_of(reasons, fmt::format("!{}", condition.text({"severity"})));
  }

  bool older(const Value* seen) const {
    // Argo Rollouts notes its generation as text, and before 0.10 a hash.
    const auto digits = text_of(seen);
    const bool number = !digits.empty() && std::ranges::all_of(digits, [](char c) {
      return c >= '0' && c <= '9';
    });
    return number && number_of(seen) < number_of(json::find(live_, "/metadata/generation"));
  }

  const Value& live_;
  Found conditions_;
  bool stale_ = false;
  std::string said_;
};

}  // namespace

std::optional<Health> judge(const KindRules& kind, const Value& live) {
  Judge judge(kind, live);
  for (const auto& rule : kind.rules) {
    if (rule.when.empty()) break;
    if (!judge.holds(rule.when)) continue;
    return Health{rule.status, rule.message.empty() ? judge.said() : std::string(rule.message)};
  }
  return std::nullopt;
}

}  // namespace holdfast::health
