// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/advice.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"
#include "gotmpl/signature.h"

namespace holdfast::gotmpl {
namespace {

// What a chart's templates are given, and so what "$" has.
constexpr auto root_names = std::to_array<std::string_view>(
    {"Capabilities", "Chart", "Files", "Release", "Subcharts", "Template", "Values"});

bool is_number(const Datum& value) {
  return value.is_signed() || value.is_unsigned() || value.kind() == Kind::float64;
}

// In the words of who writes YAML.
std::string_view shape_of(const Datum& value) {
  if (value.is_string()) return "a text";
  if (is_number(value)) return "a number";
  if (value.kind() == Kind::boolean) return "true or false";
  if (value.kind() == Kind::list) return "a list";
  if (value.kind() == Kind::dict) return "a map";
  return "no map";
}

std::string_view shape_wanted(char letter) {
  switch (letter) {
    case 's': return "a text";
    case 'i':
    case 'l': return "a whole number";
    case 'f': return "a number";
    case 'b': return "true or false";
    case 'm': return "a map";
    case 'L':
    case 'S': return "a list";
    case 'a':
    case 'v': return "anything";
    default: return parameter_name(letter);
  }
}

// The path up to one of its fields, which is not a part of it: ".Values.web".
std::string before(const PathNode& path, std::size_t step) {
  std::string out;
  if (path.base) out = "(" + print_node(*path.base) + ")";
  if (path.variable != nullptr) out = *path.variable;
  for (std::size_t i = 0; i < step; ++i) out += "." + *path.fields[i];
  return out.empty() ? "." : out;
}

// The map that lacks the last field before `step`, when every one before that is there.
const Datum* owner(const PathNode& path, std::size_t step, const Datum& root) {
  const Datum* at = &root;
  for (std::size_t i = 0; i + 1 < step && at != nullptr; ++i) at = at->find(*path.fields[i]);
  return at != nullptr && at->dict() != nullptr ? at : nullptr;
}

std::string advice_on_nothing(const PathNode& path, std::size_t step, const Datum& root) {
  const std::string whole = before(path, step);
  const Datum* holder = step == 0 ? nullptr : owner(path, step, root);
  if (holder != nullptr) {
    std::vector<std::string_view> known;
    for (const auto& entry : holder->dict()->entries()) known.push_back(entry.key);
    const std::string& missing = *path.fields[step - 1];
    const auto near = nearest(missing, known);
    const std::string above = before(path, step - 1);
    if (near && *near != missing)
      return fmt::format("did you mean \"{}.{}\"?", above == "." ? "" : above, *near);
  }
  const std::string& field = *path.fields[step];
  if (step == 0) return fmt::format("give the template data: \"{}\" is nothing here", whole);
  return fmt::format("set \"{}\", or write \"({}).{}\" where it may be absent", whole, whole, field);
}

}  // namespace

Error advised(Error error, std::string advice) {
  if (advice.empty()) return error;
  return std::move(error).fix(std::move(advice));
}

std::string advice_on_syntax(std::string_view message, std::string_view rest) {
  if (message == "bad character U+002D '-'" && rest.starts_with('.')) {
    constexpr std::string_view of_names =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    const auto end = rest.find_first_not_of(of_names, 1);
    const auto key = rest.substr(1, end == std::string_view::npos ? end : end - 1);
    return fmt::format("write \"index\" for a key with a dash: (index .Values \"{}\")", printable(key));
  }
  struct Row {
    std::string_view message;
    std::string_view advice;
  };
  static constexpr Row rows[] = {
      {"unexpected \"}\" in operand", "end the action with \"}}\""},
      {"unclosed action", "end the action with \"}}\""},
      {"unclosed left paren", "close the bracket before \"}}\""},
      {"unexpected right paren", "take the bracket out, or open it before"},
      {"unterminated quoted string", "close the text with a quote in its line"},
      {"unterminated raw quoted string", "close the text with a backquote"},
      {"unclosed comment", "end the comment with \"*/}}\""},
      {"comment ends before closing delimiter", "leave nothing between \"*/\" and \"}}\""},
      {"unexpected {{end}}", "take it out: nothing is open that it could end"},
      {"unexpected {{else}}", "take it out: no if, with or range is open here"},
      {"missing value for if", "write the condition behind \"if\""},
  };
  for (const Row& row : rows) {
    if (message.starts_with(row.message)) return std::string(row.advice);
  }
  return {};
}

std::string advice_on_member(const PathNode& path, std::size_t step, const Datum& root,
                             const Datum& receiver) {
  const std::string& field = *path.fields[step];
  const bool of_dot = step == 0 && path.type == NodeType::field;
  if (of_dot && std::ranges::find(root_names, field) != root_names.end()) {
    return fmt::format("write \"$.{}\": inside range, with and define \".\" is what they were given", field);
  }
  if (receiver.is_nil()) return advice_on_nothing(path, step, root);
  return fmt::format("make \"{}\" a map that has \"{}\": it is {}", before(path, step), field,
                     shape_of(receiver));
}

std::string advice_on_type(const Datum& value, char letter) {
  const bool whole = letter == 'i' || letter == 'l';
  if (value.is_nil()) {
    if (letter == 's') return "set the value, or give a default: default \"\" (…)";
    return whole ? "set the value, or give a default: default 0 (…) | int" : "";
  }
  if (letter == 's') {
    if (is_number(value) || value.kind() == Kind::boolean) return "make a text of it with \"toString\"";
    if (value.kind() == Kind::dict || value.kind() == Kind::list)
      return fmt::format("make a text of it with \"toYaml\": it is {}", shape_of(value));
    return {};
  }
  if (whole && (is_number(value) || value.is_string()))
    return letter == 'i' ? "make a whole number of it with \"int\": numbers of YAML are float64"
                         : "make a whole number of it with \"int64\": numbers of YAML are float64";
  if (letter == 'b') return "make true or false of it: (eq (toString …) \"true\")";
  if (letter == 'm') return fmt::format("give it a map: this is {}", shape_of(value));
  return {};
}

std::string advice_on_literal(const Node& literal, char letter) {
  if (letter == 's' && literal.type != NodeType::string)
    return fmt::format("put it in quotes: \"{}\"", print_node(literal));
  const bool number = letter == 'i' || letter == 'l' || letter == 'f';
  return number && literal.type == NodeType::string ? "write the number without quotes" : "";
}

std::string advice_on_comparison(const Datum& left, const Datum& right) {
  if (is_number(left) && is_number(right))
    return "compare whole numbers: put \"int\" before the one of the values, which YAML makes a float64";
  const Datum& other = left.is_string() ? right : left;
  if (!left.is_string() && !right.is_string()) return {};
  if (is_number(other)) return "one is a text and one a number: make them alike with \"toString\" or \"int\"";
  return other.kind() == Kind::boolean ? "one is a text and one true or false: write true without quotes" : "";
}

std::string advice_on_range(const Datum& value) {
  if (value.is_string()) return "make it a list, or of a text with commas: splitList \",\" (…)";
  if (value.kind() == Kind::float64) return "make a whole number of it: until (int …)";
  return value.kind() == Kind::boolean ? "make it a list: it is true or false" : "";
}

std::string advice_on_count(const Function& function) {
  const Signature signature(function.signature);
  std::string out;
  for (std::size_t i = 0; i < signature.fixed; ++i)
    out += fmt::format("{}{}", i == 0 ? "" : ", ", shape_wanted(signature.at(i)));
  if (signature.variadic) {
    out += fmt::format("{}{}, as often as you like", out.empty() ? "" : ", ",
                       shape_wanted(signature.at(signature.fixed)));
  }
  return fmt::format("give \"{}\" what it takes: {}", function.name, out.empty() ? "nothing" : out);
}

std::string advice_on_refusal(const Node& call) {
  constexpr std::string_view values = ".Values.";
  if (call.type == NodeType::command) {
    const auto& arguments = static_cast<const CommandNode&>(call).arguments;
    const auto name = print_node(*arguments.back());
    if (arguments.size() == 3 && name.starts_with(values))
      return fmt::format("set \"{}\" in the values", name.substr(values.size()));
  }
  return "give the chart the values that it asks for";
}

}  // namespace holdfast::gotmpl
