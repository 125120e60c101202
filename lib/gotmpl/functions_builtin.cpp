// SPDX-License-Identifier: Apache-2.0
// The functions of Go 1.26 text/template/funcs.go (`slice` is Sprig's).
#include "gotmpl/advice.h"
#include "gotmpl/ast.h"
#include "gotmpl/convert.h"
#include "gotmpl/execution.h"
#include "gotmpl/host_object.h"
#include "gotmpl/print.h"
#include "gotmpl/signature.h"
#include "gotmpl/unicode.h"

namespace holdfast::gotmpl {
namespace {

enum class Basic { none, boolean, complex, integer, real, text, natural };

Basic basic_kind(const Datum& value) {
  switch (value.kind()) {
    case Kind::boolean: return Basic::boolean;
    case Kind::integer:
    case Kind::int64: return Basic::integer;
    case Kind::uint8:
    case Kind::uint64: return Basic::natural;
    case Kind::float64: return Basic::real;
    case Kind::string: return Basic::text;
    case Kind::object:
      if (value.kind_name() == "complex128") return Basic::complex;
      return value.kind_name() == "int64" || value.kind_name() == "int" ? Basic::integer
                                                                        : Basic::none;
    case Kind::none: case Kind::nil: case Kind::bytes: case Kind::list: case Kind::dict:
    case Kind::structure: return Basic::none;
  }
  std::unreachable();
}

// Of named integers (time.Duration, time.Month) the number behind.
std::int64_t integer_of(const Datum& value) {
  return value.host() != nullptr ? value.host()->number() : value.integer();
}

std::unexpected<Error> incompatible(const Datum& left, const Datum& right) {
  auto refused = call_failure(fmt::format("incompatible types for comparison: {} and {}",
                                          left.type_name(), right.type_name()));
  return failure(advised(std::move(refused).error(), advice_on_comparison(left, right)));
}

// Signed against unsigned: −1, 0 or 1.
int compare_mixed(std::int64_t left, std::uint64_t right) {
  if (left < 0) return -1;
  auto natural = static_cast<std::uint64_t>(left);
  return natural < right ? -1 : natural > right ? 1 : 0;
}

Result<bool> equal_boxed(const Datum& left, const Datum& right) {
  if (left.is_nil() || right.is_nil()) return left.is_nil() && right.is_nil();
  if (left.kind_name() != right.kind_name()) {
    return call_failure(fmt::format("non-comparable types {}: {}, {}: {}", sprintf("%s", {&left, 1}),
                                    left.type_name(), right.type_name(), print_value(right)));
  }
  if (left.kind() == Kind::list || left.kind() == Kind::dict || left.kind() == Kind::bytes) {
    return call_failure(fmt::format("non-comparable type {}: {}",
                                    sprintf("%s", {&right, 1}), right.type_name()));
  }
  return deep_equal(left, right);
}

Result<bool> equal(const Datum& left, const Datum& right) {
  Basic left_kind = basic_kind(left);
  Basic right_kind = basic_kind(right);
  if (left_kind != right_kind) {
    if (left_kind == Basic::integer && right_kind == Basic::natural) {
      return compare_mixed(integer_of(left), static_cast<std::uint64_t>(right.integer())) == 0;
    }
    if (left_kind == Basic::natural && right_kind == Basic::integer) {
      return compare_mixed(integer_of(right), static_cast<std::uint64_t>(left.integer())) == 0;
    }
    if (!left.is_nil() && !right.is_nil()) return incompatible(left, right);
    return false;
  }
  switch (left_kind) {
    case Basic::boolean: return left.boolean() == right.boolean();
    case Basic::integer: return integer_of(left) == integer_of(right);
    case Basic::natural: return left.integer() == right.integer();
    case Basic::real: return left.real() == right.real();
    case Basic::text: return left.text() == right.text();
    case Basic::complex: return left.host()->equals(*right.host());
    case Basic::none: return equal_boxed(left, right);
  }
  std::unreachable();
}

Result<bool> less(const Datum& left, const Datum& right) {
  Basic left_kind = basic_kind(left);
  Basic right_kind = basic_kind(right);
  if (left_kind == Basic::none || right_kind == Basic::none) {
    return call_failure("invalid type for comparison");
  }
  if (left_kind != right_kind) {
    if (left_kind == Basic::integer && right_kind == Basic::natural) {
      return compare_mixed(integer_of(left), static_cast<std::uint64_t>(right.integer())) < 0;
    }
    if (left_kind == Basic::natural && right_kind == Basic::integer) {
      return compare_mixed(integer_of(right), static_cast<std::uint64_t>(left.integer())) > 0;
    }
    return incompatible(left, right);
  }
  switch (left_kind) {
    case Basic::integer: return integer_of(left) < integer_of(right);
    case Basic::natural:
      return static_cast<std::uint64_t>(left.integer()) < static_cast<std::uint64_t>(right.integer());
    case Basic::real: return left.real() < right.real();
    case Basic::text: return left.text() < right.text();
    case Basic::boolean:
    case Basic::complex:
    case Basic::none: return call_failure("invalid type for comparison");
  }
  std::unreachable();
}

Result<Datum> eq(Call& call) {
  if (call.count() < 2) return call_failure("missing argument for comparison");
  for (std::size_t i = 1; i < call.count(); ++i) {
    bool same = TRY(equal(call[0], call[i]));
    if (same) return Datum(true);
  }
  return Datum(false);
}

Result<Datum> ne(Call& call) {
  auto value = TRY(equal(call[0], call[1]));
  return Datum(!value);
}
Result<Datum> lt(Call& call) {
  auto value = TRY(less(call[0], call[1]));
  return Datum(value);
}

Result<bool> less_or_equal(Call& call) {
  bool before = TRY(less(call[0], call[1]));
  if (before) return true;
  return equal(call[0], call[1]);
}

Result<Datum> le(Call& call) {
  auto value = TRY(less_or_equal(call));
  return Datum(value);
}
Result<Datum> gt(Call& call) {
  auto value = TRY(less_or_equal(call));
  return Datum(!value);
}
Result<Datum> ge(Call& call) {
  auto value = TRY(less(call[0], call[1]));
  return Datum(!value);
}

Result<Datum> logical_not(Call& call) { return Datum(!call[0].truth()); }

Result<Datum> len(Call& call) {
  const Datum& item = call[0];
  switch (item.kind()) {
    case Kind::none:
      return call_failure("reflect: call of reflect.Value.Type on zero Value");
    case Kind::nil:
      return call_failure("len of nil pointer");
    case Kind::string:
    case Kind::bytes:
      return Datum::integer(static_cast<std::int64_t>(item.text().size()));
    case Kind::list:
      return Datum::integer(static_cast<std::int64_t>(item.items().size()));
    case Kind::dict:
      return Datum::integer(static_cast<std::int64_t>(item.dict()->size()));
    case Kind::boolean: case Kind::integer: case Kind::int64: case Kind::uint8: case Kind::uint64:
    case Kind::float64: case Kind::structure: case Kind::object:
      return call_failure(fmt::format("len of type {}", item.type_name()));
  }
  std::unreachable();
}

std::unexpected<Error> out_of_range(std::string cause, std::size_t size) {
  auto refused = call_failure(std::move(cause));
  return failure(std::move(refused).error().fix(
      size == 0   ? std::string("look first whether it has any: it is empty")
      : size == 1 ? std::string("ask for 0: it has one alone, and counts from 0")
                  : fmt::format("ask for one of 0 to {}: it has {}", size - 1, size)));
}

Result<std::size_t> index_in(const Datum& index, std::size_t size) {
  if (index.is_nil()) return call_failure("cannot index slice/array with nil");
  if (!index.is_signed() && !index.is_unsigned()) {
    return call_failure(
        fmt::format("cannot index slice/array with type {}", index.type_name()));
  }
  if (index.integer() < 0 || static_cast<std::size_t>(index.integer()) > size) {
    return out_of_range(fmt::format("index out of range: {}", index.integer()), size);
  }
  if (static_cast<std::size_t>(index.integer()) == size) {
    return out_of_range("reflect: slice index out of range", size);
  }
  return static_cast<std::size_t>(index.integer());
}

Result<Datum> index_one(const Datum& item, const Datum& index) {
  if (item.kind() == Kind::list) {
    std::size_t at = TRY(index_in(index, item.items().size()));
    return item.items()[at];
  }
  if (item.kind() == Kind::string || item.kind() == Kind::bytes) {
    std::size_t at = TRY(index_in(index, item.text().size()));
    return Datum::uint8(static_cast<std::uint8_t>(item.text()[at]));
  }
  if (item.kind() == Kind::dict) {
    if (index.is_nil()) return call_failure("value is nil; should be of type string");
    if (!index.is_string()) {
      return call_failure(fmt::format("value has type {}; should be string", index.type_name()));
    }
    if (const Datum* member = item.find(index.text())) return *member;
    Kind element = item.type()->element;
    return element == Kind::string ? Datum("")
           : element == Kind::bytes ? Datum::of_bytes({}) : Datum::nil();
  }
  return call_failure(fmt::format("can't index item of type {}", item.type_name()));
}

Result<Datum> index(Call& call) {
  if (call[0].is_nil()) return call_failure("index of untyped nil");
  Datum item = call[0];
  for (std::size_t i = 1; i < call.count(); ++i) {
    if (item.is_nil()) return call_failure("index of nil pointer");
    item = TRY(index_one(item, call[i]));
  }
  return item;
}

Result<Datum> call_value(Call& call) {
  if (call[0].is_nil()) return call_failure("call of nil");
  std::string shown = call.first == nullptr ? print_value(call[0]) : print_node(*call.first);
  return call_failure(fmt::format("non-function {} of type {}", shown, call[0].type_name()));
}

Result<Datum> print(Call& call) { return Datum(sprint(call.arguments)); }
Result<Datum> println(Call& call) { return Datum(sprintln(call.arguments)); }
Result<Datum> printf(Call& call) {
  return Datum(sprintf(call.text(0), call.arguments.subspan(1)));
}

// html, js and urlquery see a missing value as the text of its printing.
std::string joined(Call& call) {
  for (Datum& argument : call.arguments) {
    if (argument.is_nil()) argument = Datum("<no value>");
  }
  return call.count() == 1 && call[0].is_string() ? call.text(0) : sprint(call.arguments);
}

Result<Datum> html(Call& call) {
  std::string out;
  for (char c : joined(call)) {
    switch (c) {
      case '\0': out += "\xEF\xBF\xBD"; break;
      case '"': out += "&#34;"; break;
      case '\'': out += "&#39;"; break;
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      default: out += c;
    }
  }
  return Datum(std::move(out));
}

Result<Datum> js(Call& call) {
  std::string text = joined(call);
  std::string out;
  std::string_view rest = text;
  while (!rest.empty()) {
    Rune rune = decode_rune(rest);
    std::string_view bytes = rest.substr(0, rune.size);
    rest.remove_prefix(rune.size);
    switch (rune.value) {
      case '\\': out += "\\\\"; break;
      case '\'': out += "\\'"; break;
      case '"': out += "\\\""; break;
      case '<': out += "\\u003C"; break;
      case '>': out += "\\u003E"; break;
      case '&': out += "\\u0026"; break;
      case '=': out += "\\u003D"; break;
      default:
        if (rune.value < ' ' || (rune.value >= 0x80 && !is_print(rune.value))) {
          out += fmt::format("\\u{:04X}", static_cast<std::uint32_t>(rune.value));
        } else {
          out += bytes;
        }
    }
  }
  return Datum(std::move(out));
}

Result<Datum> urlquery(Call& call) {
  std::string out;
  for (char c : joined(call)) {
    bool plain = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '-' ||
                 c == '_' || c == '.' || c == '~';
    if (plain) {
      out += c;
    } else if (c == ' ') {
      out += '+';
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return Datum(std::move(out));
}

constexpr Function rows[] = {
    {"and", "vv*", nullptr},    {"or", "vv*", nullptr},   {"not", "v", logical_not},
    {"eq", "vv*", eq},          {"ne", "vv", ne},         {"lt", "vv", lt},
    {"le", "vv", le},           {"gt", "vv", gt},         {"ge", "vv", ge},
    {"len", "v", len},          {"index", "vv*", index},  {"call", "vv*", call_value},
    {"print", "a*", print},     {"println", "a*", println}, {"printf", "sa*", printf},
    {"html", "a*", html},       {"js", "a*", js},         {"urlquery", "a*", urlquery},
};

}  // namespace

std::span<const Function> builtin_functions() { return rows; }

}  // namespace holdfast::gotmpl
