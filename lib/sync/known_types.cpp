// SPDX-License-Identifier: Apache-2.0
#include "sync/known_types.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <optional>

#include "base/text.h"
#include "sync/application.h"
#include "value/json.h"

namespace holdfast::sync {
namespace {

using Wide = __int128;

// The smallest part of a quantity that Kubernetes keeps.
constexpr int nano_digits = 9;

// Where core/v1 has quantities: maps of them, and single ones.
constexpr std::array<std::string_view, 13> map_fields{"limits", "requests", "overhead", "capacity", "allocatable", "hard", "used",
                                                      "default", "defaultRequest", "max", "min", "maxLimitRequestRatio",
                                                      "allocatedResources"};
constexpr std::array<std::string_view, 2> single_fields{"sizeLimit", "divisor"};

struct Suffix {
  std::string_view text;
  int ten = 0, two = 0;  // powers
};

constexpr std::array<Suffix, 16> suffixes{{{"Ki", 0, 10}, {"Mi", 0, 20}, {"Gi", 0, 30}, {"Ti", 0, 40}, {"Pi", 0, 50}, {"Ei", 0, 60},
                                           {"n", -9, 0}, {"u", -6, 0}, {"m", -3, 0}, {"k", 3, 0}, {"M", 6, 0}, {"G", 9, 0},
                                           {"T", 12, 0}, {"P", 15, 0}, {"E", 18, 0}, {"", 0, 0}}};

std::optional<Suffix> suffix_of(std::string_view text) {
  for (const auto& each : suffixes) {
    if (each.text == text) return each;
  }
  if (text.size() < 2 || (text.front() != 'e' && text.front() != 'E')) return std::nullopt;
  auto digits = text.substr(1);
  if (digits.starts_with('+')) digits.remove_prefix(1);
  int ten = 0;
  const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), ten);
  if (code != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return Suffix{"", ten, 0};
}

std::string decimal(Wide number) {
  if (number == 0) return "0";
  const bool negative = number < 0;
  std::string digits;
  for (Wide rest = negative ? -number : number; rest > 0; rest /= 10) digits += static_cast<char>('0' + static_cast<int>(rest % 10));
  if (negative) digits += '-';
  std::ranges::reverse(digits);
  return digits;
}

bool times(Wide& number, int factor) {
  const Wide most = static_cast<Wide>((static_cast<unsigned __int128>(1) << 126)) / factor;
  if (number > most) return false;
  number *= factor;
  return true;
}

// In billionths, rounded up as Kubernetes does; nothing for what is none or is beyond all measure.
std::optional<Wide> billionths(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const auto end = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto number = text.substr(0, end);
  const auto suffix = suffix_of(text.substr(end));
  const auto point = number.find('.');
  if (!suffix || number.empty() || number == "." || (point != std::string_view::npos && number.find('.', point + 1) != std::string_view::npos)) return std::nullopt;
  int ten = suffix->ten + nano_digits;
  Wide value = 0;
  for (std::size_t i = 0; i < number.size(); ++i) {
    if (number[i] == '.') continue;
    if (!times(value, 10)) return std::nullopt;
    value += number[i] - '0';
    if (point != std::string_view::npos && i > point) --ten;
  }
  for (int i = 0; i < suffix->two; ++i) {
    if (!times(value, 2)) return std::nullopt;
  }
  for (; ten > 0 && value != 0; --ten) {
    if (!times(value, 10)) return std::nullopt;
  }
  for (; ten < 0 && value != 0; ++ten) value = value / 10 + (value % 10 == 0 ? 0 : 1);
  return negative ? -value : value;
}

void put_quantity(Value& value) {
  if (auto text = canonical_quantity(value); !text.empty()) value = std::move(text);
}

void put_duration(Value& value) {
  const auto duration = value.as_string() == nullptr ? std::nullopt : parse_go_duration(*value.as_string());
  if (duration) value = fmt::format("{}ns", duration->count());
}

void put_quantities(Value& map) {
  if (map.as_object() == nullptr) return;
  for (auto& [name, value] : *map.as_object()) put_quantity(value);
}

// Every quantity below an object of a core/v1 type.
void put_all(Value& value) {
  if (auto* items = value.as_array()) {
    for (auto& item : *items) put_all(item);
  }
  if (value.as_object() == nullptr) return;
  for (auto& [name, member] : *value.as_object()) {
    if (std::ranges::find(map_fields, name) != map_fields.end()) put_quantities(member);
    if (std::ranges::find(single_fields, name) != single_fields.end()) put_quantity(member);
    put_all(member);
  }
}

void put_type(std::string_view type, Value& value) {
  if (type == "core/Quantity") return put_quantity(value);
  if (type == "meta/v1/Duration") return put_duration(value);
  if (type == "core/v1/ResourceList") return put_quantities(value);
  put_all(value);
}

void descend(Value& value, std::string_view path, std::string_view type) {
  if (auto* items = value.as_array()) {
    for (auto& item : *items) descend(item, path, type);
    return;
  }
  if (path.empty()) return put_type(type, value);
  const auto dot = path.find('.');
  Value* member = value.as_object() == nullptr ? nullptr : value.find(path.substr(0, dot));
  if (member != nullptr) descend(*member, dot == std::string_view::npos ? std::string_view() : path.substr(dot + 1), type);
}

}  // namespace

const std::vector<KnownType>& builtin_known_types() {
  static const std::vector<KnownType> types{{"argoproj.io", "Rollout", "spec.template.spec", "core/v1/PodSpec"}};
  return types;
}

bool is_known_type(std::string_view type) {
  return type == "core/Quantity" || type == "meta/v1/Duration" || (type.starts_with("core/v1/") && type.size() > 8);
}

std::string canonical_quantity(const Value& value) {
  const bool number = value.is_number();
  if (!number && value.as_string() == nullptr) return {};
  const auto found = billionths(number ? json::write(value) : *value.as_string());
  return found ? decimal(*found) + "n" : std::string();
}

void normalize_known_type(const KnownType& known, Value& object) { descend(object, known.field, known.type); }

}  // namespace holdfast::sync
