// SPDX-License-Identifier: Apache-2.0
// toToml, mustToToml and fromToml: the encoder of BurntSushi/toml 1.6.0 (encode.go) on a template's
// values.
#include <cmath>

#include "gotmpl/convert.h"
#include "gotmpl/execution.h"
#include "gotmpl/go_text.h"
#include "gotmpl/host_object.h"
#include "gotmpl/toml_reader.h"

namespace holdfast::gotmpl {
namespace {

constexpr int depth_max = 100;

class TomlWriter {
 public:
  Result<std::string> run(const Datum& root) {
    if (root.kind() == Kind::dict) {
      TRY(members(root, {}, 0));
    } else {
      TRY(element(root, 0));
    }
    return std::move(out_);
  }

 private:
  using Key = std::vector<std::string_view>;

  static bool is_table(const Datum& value) {
    return value.kind() == Kind::dict || value.kind() == Kind::structure;
  }

  Result<bool> is_table_list(const Datum& value) {
    if (value.kind() != Kind::list || value.items().empty()) return false;
    bool all = true;
    for (const Datum& item : value.items()) {
      if (item.is_nil()) return call_failure("toml: cannot encode array with nil element");
      all = all && is_table(item);
    }
    return all;
  }

  void line_end() {
    if (!out_.empty()) out_ += '\n';
  }

  void indent(const Key& key) { out_.append(2 * (key.size() - 1), ' '); }

  static std::string path_text(const Key& key) {
    std::string out;
    for (std::string_view part : key) {
      if (!out.empty()) out += '.';
      out += toml_key(part);
    }
    return out;
  }

  // What is no table first, then the tables; each in the order of the keys.
  Result<> members(const Datum& table, const Key& key, int depth) {
    if (depth > depth_max) return call_failure("the value is nested too deeply for TOML");
    for (bool tables : {false, true}) {
      for (const Dict::Entry& entry : table.dict()->entries()) {
        if (entry.value.is_nil()) continue;
        bool list = TRY(is_table_list(entry.value));
        if ((list || is_table(entry.value)) != tables) continue;
        Key inner = key;
        inner.push_back(entry.key);
        TRY(member(entry.value, inner, list, depth));
      }
    }
    return {};
  }

  Result<> member(const Datum& value, const Key& key, bool table_list, int depth) {
    if (table_list) {
      for (const Datum& item : value.items()) {
        line_end();
        indent(key);
        out_ += fmt::format("[[{}]]\n", path_text(key));
        TRY(members(item, key, depth + 1));
      }
      return {};
    }
    if (is_table(value)) {
      if (key.size() == 1) line_end();
      indent(key);
      out_ += fmt::format("[{}]\n", path_text(key));
      return members(value, key, depth + 1);
    }
    indent(key);
    out_ += toml_key(key.back()) + " = ";
    TRY(element(value, depth + 1));
    out_ += '\n';
    return {};
  }

  Result<> element(const Datum& value, int depth) {
    if (depth > depth_max) return call_failure("the value is nested too deeply for TOML");
    switch (value.kind()) {
      case Kind::none:
      case Kind::nil:
        return call_failure("toml: cannot encode array with nil element");
      case Kind::boolean:
        out_ += value.boolean() ? "true" : "false";
        return {};
      case Kind::integer:
      case Kind::int64:
      case Kind::uint8:
      case Kind::uint64:
        out_ += fmt::format("{}", value.integer());
        return {};
      case Kind::float64:
        number(value.real());
        return {};
      case Kind::string:
        out_ += toml_quoted(value.text());
        return {};
      case Kind::bytes:
      case Kind::list:
        return array(*elements_of(value), depth);
      case Kind::dict:
      case Kind::structure:
        return inline_table(value, depth);
      case Kind::object: {
        Value document = TRY(value.host()->to_value());
        out_ += document.is_string() ? *document.as_string() : value.host()->print();
        return {};
      }
    }
    std::unreachable();
  }

  void number(double value) {
    if (std::isnan(value)) {
      out_ += "nan";
    } else if (std::isinf(value)) {
      out_ += value > 0 ? "+inf" : "-inf";
    } else {
      std::string text = format_float(value);
      out_ += text;
      if (text.find_first_of(".e") == std::string::npos) out_ += ".0";
    }
  }

  Result<> array(const std::vector<Datum>& items, int depth) {
    out_ += '[';
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out_ += ", ";
      TRY(element(items[i], depth + 1));
    }
    out_ += ']';
    return {};
  }

  // As members, with commas that count what is nil, too: upstream leaves one at the end.
  Result<> inline_table(const Datum& table, int depth) {
    std::vector<const Dict::Entry*> all, tables;
    for (const Dict::Entry& entry : table.dict()->entries()) {
      bool list = TRY(is_table_list(entry.value));
      (list || is_table(entry.value) ? tables : all).push_back(&entry);
    }
    all.insert(all.end(), tables.begin(), tables.end());
    out_ += '{';
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i]->value.is_nil()) continue;
      out_ += toml_key(all[i]->key) + " = ";
      TRY(element(all[i]->value, depth + 1));
      if (i + 1 < all.size()) out_ += ", ";
    }
    out_ += '}';
    return {};
  }

  std::string out_;
};

Result<Datum> must_to_toml(Call& call) {
  if (call[0].is_nil()) return call_failure("reflect: call of reflect.Value.Type on zero Value");
  auto value = TRY(TomlWriter().run(call[0]));
  return Datum(std::move(value));
}

Result<Datum> to_toml(Call& call) {
  if (call[0].is_nil()) return must_to_toml(call);
  Result<std::string> text = TomlWriter().run(call[0]);
  return Datum(text ? *std::move(text) : text.error().what());
}

Result<Datum> from_toml(Call& call) { return read_toml(call.text(0)); }

constexpr Function rows[] = {
    {"toToml", "a", to_toml},
    {"fromToml", "s", from_toml},
};

constexpr Function helm4_rows[] = {{"mustToToml", "a", must_to_toml}};

}  // namespace

std::span<const Function> toml_functions() { return rows; }
std::span<const Function> toml_functions_of_helm4() { return helm4_rows; }

}  // namespace holdfast::gotmpl
