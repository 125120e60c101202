// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/convert.h"

#include <cmath>
#include <limits>

#include "gotmpl/go_text.h"
#include "gotmpl/host_object.h"
#include "gotmpl/print.h"

namespace holdfast::gotmpl {

const Type int_list_type{"[]int", "slice", Kind::integer};
const Type nested_list_type{"[][]interface {}", "slice", Kind::list};

namespace {

// "1.00" is 1 to cast: zeros after a point are cut.
std::string_view without_zero_decimals(std::string_view text) {
  bool zero = false;
  for (std::size_t i = text.size(); i > 0; --i) {
    if (text[i - 1] == '.') {
      if (zero) return text.substr(0, i - 1);
      // cast goes on past a bare point.
    } else if (text[i - 1] == '0') {
      zero = true;
    } else {
      return text;
    }
  }
  return text;
}

// What a comparison or copy may still visit: shared maps make small data stand for huge trees.
struct Budget {
  int depth = 256;
  std::size_t nodes = 1'000'000;

  [[nodiscard]] bool enter() {
    if (depth == 0 || nodes == 0) return false;
    --depth;
    --nodes;
    return true;
  }
  void leave() { ++depth; }
};

bool equal_within(const Datum& left, const Datum& right, Budget& budget);

bool equal_members(const Dict& left, const Dict& right, Budget& budget) {
  if (left.type != right.type || left.size() != right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    const Dict::Entry& a = left.entries()[i];
    const Dict::Entry& b = right.entries()[i];
    if (a.key != b.key || !equal_within(a.value, b.value, budget)) return false;
  }
  return true;
}

bool equal_items(const Datum& left, const Datum& right, Budget& budget) {
  if (left.type() != right.type() || left.items().size() != right.items().size()) return false;
  for (std::size_t i = 0; i < left.items().size(); ++i) {
    if (!equal_within(left.items()[i], right.items()[i], budget)) return false;
  }
  return true;
}

bool equal_containers(const Datum& left, const Datum& right, Budget& budget) {
  if (left.same_box(right)) return true;
  if (!budget.enter()) return false;
  bool same = left.kind() == Kind::list ? equal_items(left, right, budget)
                                        : equal_members(*left.dict(), *right.dict(), budget);
  budget.leave();
  return same;
}

bool equal_within(const Datum& left, const Datum& right, Budget& budget) {
  if (left.is_nil() && right.is_nil()) return true;
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case Kind::none:
    case Kind::nil:
      return true;
    case Kind::boolean:
      return left.boolean() == right.boolean();
    case Kind::integer:
    case Kind::int64:
    case Kind::uint8:
    case Kind::uint64:
      return left.integer() == right.integer();
    case Kind::float64:
      return left.real() == right.real();
    case Kind::string:
    case Kind::bytes:
      return left.text() == right.text();
    case Kind::list:
    case Kind::dict:
    case Kind::structure:
      return equal_containers(left, right, budget);
    case Kind::object:
      return left.host()->equals(*right.host());
  }
  std::unreachable();
}

Result<Datum> copy_within(const Datum& value, Budget& budget) {
  if (value.kind() != Kind::list && value.dict() == nullptr) return value;
  if (!budget.enter()) return failure(Code::limit, "the value to copy is too deep or too large");
  Datum copy;
  if (value.kind() == Kind::list) {
    std::vector<Datum> items;
    items.reserve(value.items().size());
    for (const Datum& item : value.items()) {
      Datum element = TRY(copy_within(item, budget));
      items.push_back(std::move(element));
    }
    copy = Datum::of_list(std::move(items), *value.type());
  } else {
    const Dict& members = *value.dict();
    copy = value.kind() == Kind::dict ? Datum::new_dict(*members.type)
                                      : Datum::new_structure(*members.type);
    copy.dict()->reserve(members.size());
    for (const Dict::Entry& entry : members.entries()) {
      Datum member = TRY(copy_within(entry.value, budget));
      copy.dict()->set(entry.key, std::move(member));
    }
  }
  budget.leave();
  return copy;
}

}  // namespace

std::string text_of(const Datum& value) {
  if (value.kind() == Kind::string || value.kind() == Kind::bytes) return value.text();
  return print_value(value);
}

std::int64_t truncate_to_int64(double value) {
  if (value >= -9223372036854775808.0 && value < 9223372036854775808.0) {
    return static_cast<std::int64_t>(value);
  }
  return std::numeric_limits<std::int64_t>::min();
}

std::int64_t int64_of(const Datum& value) {
  switch (value.kind()) {
    case Kind::boolean:
      return value.boolean() ? 1 : 0;
    case Kind::integer:
    case Kind::int64:
    case Kind::uint8:
    case Kind::uint64:
      return value.integer();
    case Kind::float64:
      return truncate_to_int64(value.real());
    case Kind::string: {
      ParsedInteger number = parse_integer(without_zero_decimals(value.text()), 0);
      return number.status == Parsed::ok ? number.value : 0;
    }
    case Kind::none:
    case Kind::nil:
    case Kind::bytes:
    case Kind::list:
    case Kind::dict:
    case Kind::structure:
      return 0;
    case Kind::object:
      // cast knows time.Month and time.Weekday, but not time.Duration.
      return value.kind_name() == "int" ? value.host()->number() : 0;
  }
  std::unreachable();
}

double float64_of(const Datum& value) {
  if (value.kind() == Kind::float64) return value.real();
  if (value.kind() == Kind::string) return parse_float(value.text()).value_or(0);
  if (value.kind() == Kind::uint64) {
    return static_cast<double>(static_cast<std::uint64_t>(value.integer()));
  }
  return static_cast<double>(int64_of(value));
}

bool deep_equal(const Datum& left, const Datum& right) {
  Budget budget;
  return equal_within(left, right, budget);
}

Result<Datum> deep_copy(const Datum& value) {
  Budget budget;
  return copy_within(value, budget);
}

std::optional<std::vector<Datum>> elements_of(const Datum& value) {
  if (value.kind() == Kind::list) return value.items();
  if (value.kind() != Kind::bytes) return {};
  std::vector<Datum> items;
  items.reserve(value.text().size());
  for (char c : value.text()) items.push_back(Datum::uint8(static_cast<std::uint8_t>(c)));
  return items;
}

std::vector<std::string> texts_of(const Datum& value) {
  std::vector<std::string> texts;
  if (std::optional<std::vector<Datum>> items = elements_of(value)) {
    texts.reserve(items->size());
    for (const Datum& item : *items) {
      if (!item.is_nil()) texts.push_back(text_of(item));
    }
  } else if (!value.is_nil()) {
    texts.push_back(text_of(value));
  }
  return texts;
}

}  // namespace holdfast::gotmpl
