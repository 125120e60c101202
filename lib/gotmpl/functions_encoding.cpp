// SPDX-License-Identifier: Apache-2.0
// JSON, YAML and base-N functions: Helm 4.3.1 pkg/engine/funcs.go and sprig 3.3.0.
#include <algorithm>

#include "base/text.h"
#include "gotmpl/convert.h"
#include "gotmpl/execution.h"
#include "gotmpl/go_text.h"
#include "gotmpl/json_read.h"
#include "gotmpl/json_text.h"
#include "gotmpl/pretty_yaml.h"
#include "gotmpl/signature.h"
#include "gotmpl/unicode.h"
#include "value/json.h"
#include "yaml/yaml.h"

namespace holdfast::gotmpl {
namespace {

std::string without_line_end(std::string text) {
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

// Over a limit a template fails; what an encoder merely cannot express is an empty text to it.
Result<Datum> or_empty(Result<Datum> text) {
  if (text || text.error().code() == Code::limit) return text;
  return Datum("");
}

Result<Datum> must_to_yaml(Call& call) {
  auto value = TRY(call[0].to_value());
  return Datum(without_line_end(yaml::write(value)));
}
Result<Datum> to_yaml(Call& call) { return or_empty(must_to_yaml(call)); }
Result<Datum> to_yaml_pretty(Call& call) {
  auto value = TRY(write_pretty_yaml(call[0]));
  return Datum(without_line_end(value));
}

yaml::Limits yaml_limits() {
  yaml::Limits limits;
  limits.duplicates = yaml::Duplicates::keep_last;
  return limits;
}

// "error converting YAML to JSON: yaml: line 3: …", as sigs.k8s.io/yaml words it. go-yaml counts the
// lines of a parser's complaint from 0 and then never says 0.
std::string unmarshal_error(const Error& error) {
  std::string text = error.causes().empty() ? error.what() : error.causes().front();
  // A number that JSON lacks is found when the document is turned into JSON.
  if (text.ends_with("has no JSON form")) {
    const bool nan = text.find("nan") != std::string::npos || text.find("NaN") != std::string::npos;
    const bool negative = text.find("'-") != std::string::npos;
    return fmt::format("error converting YAML to JSON: json: unsupported value: {}",
                       nan ? "NaN" : negative ? "-Inf" : "+Inf");
  }
  std::string line;
  if (!error.where().empty()) {
    std::vector<std::string_view> parts = split(error.where().front(), ':');
    ParsedInteger number = parts.size() > 1 ? parse_integer(parts[1], 10) : ParsedInteger{};
    // The scanner, unlike the parser, never names the first line.
    const bool unnamed = number.value == 1 && text.starts_with("found ");
    if (number.status == Parsed::ok && number.value > 0 && !unnamed) {
      line = fmt::format("line {}: ", std::max<std::int64_t>(number.value - 1, 1));
    }
  }
  return fmt::format("error converting YAML to JSON: yaml: {}{}", line, text);
}

std::string wrong_shape(const Value& value, std::string_view wanted) {
  static constexpr std::string_view names[] = {"null",   "bool",   "number", "number",
                                               "number", "string", "array",  "object"};
  return fmt::format("json: cannot unmarshal {} into Go value of type {}",
                     names[static_cast<std::size_t>(value.kind())], wanted);
}

Datum error_dict(std::string text) {
  Datum result = Datum::new_dict();
  result.dict()->set("Error", Datum(std::move(text)));
  return result;
}

Datum error_list(std::string text) { return Datum::of_list({Datum(std::move(text))}); }

Datum from(Value value) { return Datum::from_value(std::move(value), Datum::Numbers::as_float64); }

Result<Datum> from_yaml(Call& call) {
  Result<Value> value = yaml::parse_one(call.text(0), "yaml", yaml::Dialect::kube, yaml_limits());
  if (!value) return error_dict(unmarshal_error(value.error()));
  if (value->is_null()) return Datum::new_dict();
  if (value->is_object()) return from(*value);
  return error_dict("error unmarshaling JSON: while decoding JSON: " +
                    wrong_shape(*value, "map[string]interface {}"));
}

Result<Datum> from_yaml_array(Call& call) {
  Result<Value> value = yaml::parse_one(call.text(0), "yaml", yaml::Dialect::kube, yaml_limits());
  if (!value) return error_list(unmarshal_error(value.error()));
  if (value->is_null()) return Datum::of_list({});
  if (value->is_array()) return from(*value);
  return error_list("error unmarshaling JSON: while decoding JSON: " +
                    wrong_shape(*value, "[]interface {}"));
}

Result<Datum> from_json(Call& call) {
  Result<Value> value = parse_json(call.text(0));
  if (!value) return error_dict(value.error().what());
  if (value->is_null()) return Datum::new_dict(nil_dict_type);
  if (value->is_object()) return from(*value);
  return error_dict(wrong_shape(*value, "map[string]interface {}"));
}

Result<Datum> from_json_array(Call& call) {
  Result<Value> value = parse_json(call.text(0));
  if (!value) return error_list(value.error().what());
  if (value->is_null()) return Datum::of_list({}, nil_list_type);
  if (value->is_array()) return from(*value);
  return error_list(wrong_shape(*value, "[]interface {}"));
}

Result<Datum> must_from_json(Call& call) {
  Result<Value> value = parse_json(call.text(0));
  if (!value) return call_failure(value.error().what());
  return from(*value);
}

Result<Datum> must_to_json(Call& call) {
  auto text = TRY(write_json(call[0]));
  return Datum(std::move(text));
}
Result<Datum> must_to_pretty_json(Call& call) {
  auto text = TRY(write_json(call[0], {.indent = "  "}));
  return Datum(std::move(text));
}
Result<Datum> to_json(Call& call) { return or_empty(must_to_json(call)); }
Result<Datum> to_pretty_json(Call& call) { return or_empty(must_to_pretty_json(call)); }
Result<Datum> to_raw_json(Call& call) {
  auto text = TRY(write_json(call[0], {.escape = json::Escape::plain}));
  return Datum(std::move(text));
}

Result<Datum> base64_encode(Call& call) { return Datum(to_base64(call.text(0))); }

// The offset of the byte at which Go's decoder gives up.
std::size_t bad_base64_at(std::string_view text) {
  std::size_t good = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '\n' || c == '\r') continue;
    bool digit = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '+' ||
                 c == '/';
    if (!digit) {
      if (c != '=' || good % 4 < 2) return i;
      std::size_t next = i + 1;
      if (good % 4 == 2) {
        while (next < text.size() && (text[next] == '\n' || text[next] == '\r')) ++next;
        if (next == text.size()) return text.size();
        if (text[next] != '=') return next - 1 + (text[next] == '=' ? 1 : 0);
        ++next;
      }
      while (next < text.size() && (text[next] == '\n' || text[next] == '\r')) ++next;
      return next;
    }
    ++good;
  }
  return text.size() - good % 4 % 4;
}

Result<Datum> base64_decode(Call& call) {
  std::string clean;
  for (char c : call.text(0)) {
    if (c != '\n' && c != '\r') clean += c;
  }
  if (std::optional<std::string> bytes = from_base64(clean)) return Datum(*std::move(bytes));
  return Datum(fmt::format("illegal base64 data at input byte {}", bad_base64_at(call.text(0))));
}

constexpr std::string_view base32_digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

Result<Datum> base32_encode(Call& call) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  for (char c : call.text(0)) {
    bits = (bits << 8 | static_cast<unsigned char>(c)) & 0xFFFF;
    for (held += 8; held >= 5; held -= 5) out += base32_digits[bits >> (held - 5) & 31];
  }
  if (held > 0) out += base32_digits[bits << (5 - held) & 31];
  while (out.size() % 8 != 0) out += '=';
  return Datum(std::move(out));
}

Result<Datum> base32_decode(Call& call) {
  std::string out;
  std::uint32_t bits = 0;
  int held = 0;
  std::size_t digits = 0;
  std::size_t padding = 0;
  const std::string& text = call.text(0);
  auto refused = [](std::size_t at) {
    return Datum(fmt::format("illegal base32 data at input byte {}", at));
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n' || text[i] == '\r') continue;
    if (text[i] == '=' && digits % 8 >= 2) {
      ++padding;
      continue;
    }
    std::size_t value = base32_digits.find(text[i]);
    if (value == std::string_view::npos || padding > 0) return refused(i);
    ++digits;
    bits = (bits << 5 | static_cast<std::uint32_t>(value)) & 0xFFFF;
    held += 5;
    if (held >= 8) {
      held -= 8;
      out += static_cast<char>(bits >> held & 0xFF);
    }
  }
  if ((digits + padding) % 8 != 0) return refused(text.size());
  return Datum(std::move(out));
}

constexpr Function rows[] = {
    {"toYaml", "a", to_yaml},
    {"toYamlPretty", "a", to_yaml_pretty},
    {"fromYaml", "s", from_yaml},
    {"fromYamlArray", "s", from_yaml_array},
    {"toJson", "a", to_json},
    {"mustToJson", "a", must_to_json},
    {"toPrettyJson", "a", to_pretty_json},
    {"mustToPrettyJson", "a", must_to_pretty_json},
    {"toRawJson", "a", to_raw_json},
    {"mustToRawJson", "a", to_raw_json},
    {"fromJson", "s", from_json},
    {"fromJsonArray", "s", from_json_array},
    {"mustFromJson", "s", must_from_json},
    {"b64enc", "s", base64_encode},
    {"b64dec", "s", base64_decode},
    {"b32enc", "s", base32_encode},
    {"b32dec", "s", base32_decode},
};

constexpr Function helm4_rows[] = {{"mustToYaml", "a", must_to_yaml}};

}  // namespace

std::span<const Function> encoding_functions() { return rows; }
std::span<const Function> encoding_functions_of_helm4() { return helm4_rows; }

}  // namespace holdfast::gotmpl
