// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/json_text.h"

#include <cmath>

#include "base/text.h"
#include "gotmpl/host_object.h"

namespace holdfast::gotmpl {
namespace {

class Writer {
 public:
  explicit Writer(const JsonStyle& style) : style_(style) {}

  Result<> value(const Datum& value, int depth);

  std::string take() { return std::move(out_); }

 private:
  Result<> list(const Datum& value, int depth);
  Result<> members(const Datum& value, int depth);
  Result<> member(std::string_view key, const Datum& value, int depth);

  // What starts an element, with the separator in front of it.
  void open(char separator, int depth) {
    out_ += separator;
    line(depth);
  }

  void line(int depth) {
    if (style_.indent.empty()) return;
    out_ += '\n';
    for (int i = 0; i < depth; ++i) out_ += style_.indent;
  }

  const JsonStyle& style_;
  std::string out_;
  std::size_t nodes_ = 0;
};

Result<> Writer::value(const Datum& value, int depth) {
  if (depth >= datum_levels_max) {
    return failure(Code::limit, "value is nested deeper than {} levels", datum_levels_max);
  }
  if (++nodes_ > datum_nodes_max) {
    return failure(Code::limit, "value has more than {} nodes", datum_nodes_max);
  }
  switch (value.kind()) {
    case Kind::none:
    case Kind::nil: out_ += "null"; return {};
    case Kind::boolean: out_ += value.boolean() ? "true" : "false"; return {};
    case Kind::string: json::append_string(out_, value.text(), style_.escape); return {};
    case Kind::list: return list(value, depth);
    case Kind::dict:
    case Kind::structure: return members(value, depth);
    case Kind::object: {
      const Value held = TRY(value.host()->to_value());
      return this->value(Datum::from_value(held, Datum::Numbers::exact), depth);
    }
    case Kind::integer:
    case Kind::int64:
    case Kind::uint8:
    case Kind::uint64:
    case Kind::float64:
    case Kind::bytes: break;
  }
  const Value scalar = TRY(value.to_value());
  out_ += json::write(scalar);
  return {};
}

Result<> Writer::list(const Datum& value, int depth) {
  if (value.items().empty()) {
    out_ += value.type()->is_nil ? "null" : "[]";
    return {};
  }
  char separator = '[';
  for (const Datum& item : value.items()) {
    open(std::exchange(separator, ','), depth + 1);
    TRY(this->value(item, depth + 1));
  }
  line(depth);
  out_ += ']';
  return {};
}

Result<> Writer::members(const Datum& value, int depth) {
  const Type& type = *value.type();
  if (type.is_nil && value.dict()->size() == 0) {
    out_ += "null";
    return {};
  }
  char separator = '{';
  const auto add = [&](std::string_view key, const Datum& held) -> Result<> {
    open(std::exchange(separator, ','), depth + 1);
    return member(key, held, depth + 1);
  };
  for (const Field& field : type.fields) {
    const Datum& held = *value.find(field.name);
    if (!field.json.empty() && !(field.omit_empty && !held.truth())) TRY(add(field.json, held));
  }
  if (type.fields.empty()) {
    for (const Dict::Entry& entry : value.dict()->entries()) TRY(add(entry.key, entry.value));
  }
  if (separator == '{') {
    out_ += "{}";
    return {};
  }
  line(depth);
  out_ += '}';
  return {};
}

Result<> Writer::member(std::string_view key, const Datum& value, int depth) {
  json::append_string(out_, key, style_.escape);
  out_ += style_.indent.empty() ? ":" : ": ";
  return this->value(value, depth);
}

}  // namespace

Result<std::string> write_json(const Datum& value, const JsonStyle& style) {
  Writer writer(style);
  TRY(writer.value(value, 0));
  return writer.take();
}

}  // namespace holdfast::gotmpl
