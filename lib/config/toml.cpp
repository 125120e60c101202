// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "config/document.h"

#include <toml++/toml.h>

#include <cmath>
#include <sstream>

namespace holdfast::config {
namespace {

constexpr std::size_t bytes_max = std::size_t{4} << 20;  // far above any file that a person writes

Position position_of(const toml::source_position& at) {
  return {.line = static_cast<int>(at.line), .column = static_cast<int>(at.column)};
}

std::string escaped(std::string_view key) {
  return replace_all(replace_all(std::string(key), "~", "~0"), "/", "~1");
}

template <class Printable>
std::string printed(const Printable& held) {
  std::ostringstream out;
  out << held;
  return out.str();
}

class Converter {
 public:
  explicit Converter(Document& document) : document_(document) {}

  // The library's parser bounds the nesting (256), and so this recursion.
  Result<Value> value(const toml::node& node, const std::string& pointer) {
    switch (node.type()) {
      case toml::node_type::table: return table(*node.as_table(), pointer);
      case toml::node_type::array: return array(*node.as_array(), pointer);
      case toml::node_type::string: return Value(node.as_string()->get());
      case toml::node_type::integer: return Value(node.as_integer()->get());
      case toml::node_type::floating_point: return real(node.as_floating_point()->get(), pointer);
      case toml::node_type::boolean: return Value(node.as_boolean()->get());
      case toml::node_type::date: return Value(printed(node.as_date()->get()));
      case toml::node_type::time: return Value(printed(node.as_time()->get()));
      case toml::node_type::date_time: return Value(printed(node.as_date_time()->get()));
      case toml::node_type::none: return Value();
    }
    std::unreachable();
  }

 private:
  Result<Value> table(const toml::table& table, const std::string& pointer) {
    Object out;
    for (const auto& [key, node] : table) {
      const auto inner = pointer + "/" + escaped(key.str());
      document_.positions[inner] = position_of(key.source().begin);
      auto converted = TRY(value(node, inner));
      out.append(std::string(key.str()), std::move(converted));
    }
    out.sort();
    return out;
  }

  Result<Value> array(const toml::array& elements, const std::string& pointer) {
    Array out;
    for (const auto& node : elements) {
      const auto inner = fmt::format("{}/{}", pointer, out.size());
      document_.positions[inner] = position_of(node.source().begin);
      auto converted = TRY(value(node, inner));
      out.push_back(std::move(converted));
    }
    return out;
  }

  Result<Value> real(double held, const std::string& pointer) const {
    if (std::isfinite(held)) return Value(held);
    return failure(
        Error(Code::wrong_type, "inf and nan are not taken here").at(document_.place(pointer)));
  }

  Document& document_;
};

}  // namespace

std::string Document::place(std::string_view pointer) const {
  while (true) {
    const auto found = positions.find(pointer);
    if (found != positions.end()) {
      return fmt::format("{}:{}:{}", name, found->second.line, found->second.column);
    }
    const auto slash = pointer.rfind('/');
    if (slash == std::string_view::npos) return name;
    pointer = pointer.substr(0, slash);
  }
}

Result<Document> parse_toml(std::string_view text, std::string_view name) {
  Document out{.name = std::string(name), .value = {}, .positions = {}};
  if (text.size() > bytes_max) {
    return failure(Error(Code::limit, fmt::format("the text has {} bytes, the limit is {}",
                                                  text.size(), bytes_max))
                       .at(out.name));
  }
  if (find_invalid_utf8(text)) {
    return failure(Error(Code::text_encoding, "the text is not UTF-8").at(out.name));
  }
  const auto parsed = toml::parse(text, name);
  if (!parsed) {
    const auto at = position_of(parsed.error().source().begin);
    return failure(Error(Code::toml_syntax, "the text is not TOML")
                       .at(fmt::format("{}:{}:{}", name, at.line, at.column))
                       .because(std::string(parsed.error().description())));
  }
  out.value = TRY(Converter(out).value(parsed.table(), ""));
  return out;
}

}  // namespace holdfast::config
