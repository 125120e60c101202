// SPDX-License-Identifier: Apache-2.0
#include "value/json.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "base/text.h"
#include "value/json_mistake.h"

namespace holdfast::json {
namespace {

struct List {
  std::string_view name;
  const std::function<void(Value&&)>& each;
};

struct Reader {
  std::string_view name;
  std::string_view text;
  const Limits& limits;
  Duplicates duplicates;
  const List* list = nullptr;
  std::size_t nodes = 0;

  Result<Value> document(simdjson::dom::element root) {
    return root.is_object() ? object(root.get_object().value_unsafe(), list) : value(root);
  }

  Result<Value> value(simdjson::dom::element element) {
    if (++nodes > limits.nodes) {
      return failure(Error(Code::limit, fmt::format("the JSON text has more than {} values", limits.nodes))
                         .at(place_of(name, text, find_mistake(text, limits).value_or(0))));
    }
    using Type = simdjson::dom::element_type;
    switch (element.type()) {
      case Type::NULL_VALUE: return Value();
      case Type::BOOL: return Value(element.get_bool().value_unsafe());
      case Type::INT64: return Value(element.get_int64().value_unsafe());
      case Type::UINT64: return Value(element.get_uint64().value_unsafe());
      case Type::DOUBLE: return Value(element.get_double().value_unsafe());
      case Type::STRING: return Value(element.get_string().value_unsafe());
      case Type::ARRAY: return array(element.get_array().value_unsafe());
      case Type::OBJECT: return object(element.get_object().value_unsafe());
    }
    std::unreachable();
  }

  Result<Value> array(simdjson::dom::array elements) {
    Array out;
    out.reserve(elements.size());
    for (const auto element : elements) {
      Value read = TRY(value(element));
      out.push_back(std::move(read));
    }
    return out;
  }

  Result<> each_of(simdjson::dom::array elements, const List& of) {
    for (const auto element : elements) {
      Value read = TRY(value(element));
      of.each(std::move(read));
    }
    return {};
  }

  // What `apart` names is not in what is returned.
  Result<Value> object(simdjson::dom::object members, const List* apart = nullptr) {
    Object out;
    out.reserve(members.size());
    for (const auto member : members) {
      if (apart != nullptr && member.key == apart->name && member.value.is_array()) {
        TRY(each_of(member.value.get_array().value_unsafe(), *apart));
        continue;
      }
      Value read = TRY(value(member.value));
      out.append(std::string(member.key), std::move(read));
    }
    const auto sorted = out.sort();
    if (!sorted.unique && duplicates == Duplicates::refuse) {
      return failure(Error(Code::json_syntax, fmt::format("key \"{}\" appears twice in one object", printable(sorted.duplicate)))
                         .at(std::string(name)));
    }
    return out;
  }
};

// simdjson keeps its own sentences in data of the library, which a program that opens it on demand
// cannot refer to.
std::string_view cause_of(simdjson::error_code error) {
  switch (static_cast<int>(error)) {
    case simdjson::EMPTY: return "there is nothing in it";
    case simdjson::TAPE_ERROR: return "a comma, colon, bracket or key is missing or one too many";
    case simdjson::UNCLOSED_STRING: return "a string has no closing quote";
    case simdjson::STRING_ERROR: return "a string has an escape that JSON does not know";
    case simdjson::UNESCAPED_CHARS: return "a string has a control character that is not escaped";
    case simdjson::T_ATOM_ERROR: return "a word starts like true and is not true";
    case simdjson::F_ATOM_ERROR: return "a word starts like false and is not false";
    case simdjson::N_ATOM_ERROR: return "a word starts like null and is not null";
    case simdjson::NUMBER_ERROR: return "a number is not written as JSON writes it";
    case simdjson::MEMALLOC: return "there is no memory for it";
    default: return "simdjson does not say why";
  }
}

// simdjson refuses integers beyond 64 bits, which Go reads as float64. Marks them as reals.
std::string widen_integers(std::string_view text) {
  std::string out;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    out += c;
    if (in_string && c == '\\' && i + 1 < text.size()) out += text[++i];
    if (c == '"') in_string = !in_string;
    if (in_string || c < '0' || c > '9') continue;
    const auto end = std::min(text.find_first_not_of("0123456789.eE+-", i), text.size());
    const auto number = text.substr(i, end - i);
    out += number.substr(1);
    std::uint64_t held = 0;
    const auto read = std::from_chars(number.data(), number.data() + number.size(), held);
    if (read.ec == std::errc::result_out_of_range && read.ptr == number.data() + number.size()) {
      out += ".0";
    }
    i = end - 1;
  }
  return out;
}

Result<Value> parse_with(std::string_view text, std::string_view name, const Limits& limits, Duplicates duplicates,
                         const List* list) {
  if (text.size() > limits.bytes) {
    return failure(Error(Code::limit, fmt::format("the JSON text has {} bytes, the limit is {}", text.size(), limits.bytes))
                       .at(std::string(name)));
  }
  simdjson::dom::parser parser(limits.bytes);
  if (parser.allocate(text.size() + 1, static_cast<std::size_t>(limits.depth) + 1) != simdjson::SUCCESS) {
    return failure(Code::limit, "no memory for {} bytes of JSON", text.size());
  }
  simdjson::dom::element root;
  auto error = parser.parse(text.data(), text.size()).get(root);
  std::string widened;
  if (error == simdjson::NUMBER_ERROR) {
    widened = widen_integers(text);
    error = parser.parse(widened).get(root);
  }
  if (error == simdjson::SUCCESS)
    return Reader{.name = name, .text = text, .limits = limits, .duplicates = duplicates, .list = list}.document(root);
  const auto mistake = find_mistake(text, limits);
  const auto where = mistake ? place_of(name, text, *mistake) : std::string(name);
  if (error == simdjson::DEPTH_ERROR)
    return failure(Error(Code::limit, fmt::format("the JSON text is nested deeper than {}", limits.depth)).at(where));
  if (error == simdjson::UTF8_ERROR)
    return failure(Error(Code::text_encoding, "the JSON text is not UTF-8").at(where));
  return failure(Error(Code::json_syntax, "the text is not JSON").at(where).because(std::string(cause_of(error))));
}

}  // namespace

Result<Value> parse(std::string_view text, std::string_view name, const Limits& limits, Duplicates duplicates) {
  return parse_with(text, name, limits, duplicates, nullptr);
}

Result<Value> parse_list(std::string_view text, std::string_view name, std::string_view list,
                         const std::function<void(Value&&)>& each, const Limits& limits) {
  const List given{list, each};
  return parse_with(text, name, limits, Duplicates::keep_last, &given);
}

std::string format_real(double value) {
  // encoding/json floatEncoder (Go 1.26): shortest digits, 'e' form below 1e-6 and from 1e21 on,
  // with the exponent's leading zero removed.
  std::array<char, 400> buffer{};
  const double magnitude = std::fabs(value);
  const bool exponent = magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21);
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 exponent ? std::chars_format::scientific : std::chars_format::fixed).ptr;
  std::string out(buffer.data(), end);
  // From 2^53 on to_chars prints the exact integer, Go the shortest digits and then zeros.
  if (!exponent && magnitude >= 9007199254740992.0) {
    std::array<char, 32> shortest{};
    const auto last = std::to_chars(shortest.data(), shortest.data() + shortest.size(), magnitude,
                                    std::chars_format::scientific).ptr;
    auto place = out.begin() + (value < 0 ? 1 : 0);
    for (const char* at = shortest.data(); at != last && *at != 'e'; ++at) {
      if (*at != '.') *place++ = *at;
    }
    std::fill(place, out.end(), '0');
  }
  if (exponent) {
    const auto at = out.find("e-0");
    if (at != std::string::npos) out.erase(at + 2, 1);
  }
  return out;
}

namespace {

// Writes the character at the start of `text` that may need an escape; returns its length.
std::size_t append_special(std::string& out, std::string_view text) {
  const auto byte = static_cast<unsigned char>(text[0]);
  switch (byte) {
    case '"': out += "\\\""; return 1;
    case '\\': out += "\\\\"; return 1;
    case '\b': out += "\\b"; return 1;
    case '\f': out += "\\f"; return 1;
    case '\n': out += "\\n"; return 1;
    case '\r': out += "\\r"; return 1;
    case '\t': out += "\\t"; return 1;
    default: break;
  }
  if (byte < 0x80 && byte != 0x7F) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", byte);
    return 1;
  }
  if (byte == 0x7F) {
    out += '\x7F';
    return 1;
  }
  const auto end = text.substr(0, 4);
  std::size_t length = 1;
  while (length < end.size() && (static_cast<unsigned char>(end[length]) & 0xC0) == 0x80) ++length;
  if (find_invalid_utf8(text.substr(0, length))) {
    out += "\\ufffd";
    return 1;
  }
  if (text.starts_with("\xE2\x80\xA8") || text.starts_with("\xE2\x80\xA9")) {
    out += text[2] == '\xA8' ? "\\u2028" : "\\u2029";
    return 3;
  }
  out += text.substr(0, length);
  return length;
}

}  // namespace

void append_string(std::string& out, std::string_view text, Escape escape) {
  out += '"';
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool html = escape == Escape::html && (byte == '<' || byte == '>' || byte == '&');
    if (byte >= 0x20 && byte < 0x7F && byte != '"' && byte != '\\' && !html) {
      ++i;
      continue;
    }
    out += text.substr(plain, i - plain);
    i += append_special(out, text.substr(i));
    plain = i;
  }
  out += text.substr(plain);
  out += '"';
}

namespace {

class Writer {
 public:
  Writer(std::string_view indent, Escape escape) : indent_(indent), escape_(escape) {}

  void value(const Value& value, int depth) {
    value.visit([&](const auto& held) { this->held(held, depth); });
  }

  std::string take() { return std::move(out_); }

 private:
  void held(std::monostate, int) { out_ += "null"; }
  void held(bool value, int) { out_ += value ? "true" : "false"; }
  void held(std::int64_t value, int) { fmt::format_to(std::back_inserter(out_), "{}", value); }
  void held(std::uint64_t value, int) { fmt::format_to(std::back_inserter(out_), "{}", value); }
  void held(double value, int) { out_ += format_real(value); }
  void held(const std::string& value, int) { append_string(out_, value, escape_); }

  void held(const Array& array, int depth) {
    if (array.empty()) {
      out_ += "[]";
      return;
    }
    char separator = '[';
    for (const auto& element : array) {
      out_ += std::exchange(separator, ',');
      line(depth + 1);
      value(element, depth + 1);
    }
    line(depth);
    out_ += ']';
  }

  void held(const Object& object, int depth) {
    if (object.empty()) {
      out_ += "{}";
      return;
    }
    char separator = '{';
    for (const auto& member : object) {
      out_ += std::exchange(separator, ',');
      line(depth + 1);
      append_string(out_, member.key, escape_);
      out_ += indent_.empty() ? ":" : ": ";
      value(member.value, depth + 1);
    }
    line(depth);
    out_ += '}';
  }

  void line(int depth) {
    if (indent_.empty()) return;
    out_ += '\n';
    for (int i = 0; i < depth; ++i) out_ += indent_;
  }

  std::string out_;
  std::string_view indent_;
  Escape escape_;
};

}  // namespace

std::string write(const Value& value, Escape escape) { return write_indented(value, "", escape); }

std::string write_indented(const Value& value, std::string_view indent, Escape escape) {
  Writer writer(indent, escape);
  writer.value(value, 0);
  return writer.take();
}

}  // namespace holdfast::json
