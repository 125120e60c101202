// SPDX-License-Identifier: Apache-2.0
// Sprig 3.3.0 regex.go.
#include "gotmpl/execution.h"
#include "gotmpl/go_text.h"
#include "gotmpl/regex.h"

namespace holdfast::gotmpl {
namespace {

// The must… functions give the error as it is, the others panic through regexp.MustCompile.
Result<const regex::Expression*> compile(Call& call) {
  const auto expression = call.execution->patterns().compile(call.text(0));
  if (expression) return *expression;
  if (call.name.starts_with("must")) return call_failure(expression.error());
  const std::string& pattern = call.text(0);
  std::string shown = pattern.find('`') == std::string::npos ? "`" + pattern + "`" : quote(pattern);
  return call_failure(fmt::format("regexp: Compile({}): {}", shown, expression.error()));
}

Result<Datum> match(Call& call) {
  Result<const regex::Expression*> expression = compile(call);
  if (!expression && call.name == "regexMatch") return Datum(false);
  if (!expression) return failure(std::move(expression).error());
  return Datum((*expression)->matches(call.text(1)));
}

Result<Datum> find(Call& call) {
  const regex::Expression* expression = TRY(compile(call));
  std::vector<regex::Match> found = expression->find(call.text(1), 1);
  return found.empty() ? Datum("") : Datum(*found[0].groups[0]);
}

Result<Datum> find_all(Call& call) {
  const regex::Expression* expression = TRY(compile(call));
  std::vector<std::string> texts;
  for (const regex::Match& match : expression->find(call.text(1), call[2].integer())) {
    texts.emplace_back(*match.groups[0]);
  }
  if (texts.empty()) return Datum::of_list({}, nil_string_list_type);
  return Datum::of_strings(std::move(texts));
}

enum class Replacement { pattern, literal };

Result<Datum> replaced(Call& call, Replacement kind) {
  const regex::Expression* expression = TRY(compile(call));
  std::string_view text = call.text(1);
  std::string out;
  std::size_t at = 0;
  for (const regex::Match& match : expression->find(text, -1, regex::Expression::Groups::all)) {
    auto begin = static_cast<std::size_t>(match.groups[0]->data() - text.data());
    out += text.substr(at, begin - at);
    at = begin + match.groups[0]->size();
    if (kind == Replacement::literal) {
      out += call.text(2);
    } else {
      expand(out, call.text(2), *expression, match);
    }
    TRY(call.execution->reserve_bytes(out.size()));
  }
  out += text.substr(at);
  return Datum(std::move(out));
}

Result<Datum> replace_all(Call& call) { return replaced(call, Replacement::pattern); }
Result<Datum> replace_literal(Call& call) { return replaced(call, Replacement::literal); }

Result<Datum> split(Call& call) {
  const regex::Expression* expression = TRY(compile(call));
  std::string_view text = call.text(1);
  std::int64_t limit = call[2].integer();
  std::vector<std::string> parts;
  if (limit == 0) return Datum::of_list({}, nil_string_list_type);
  if (!call.text(0).empty() && text.empty()) return Datum::of_strings({""});
  std::size_t begin = 0;
  std::size_t end = 0;
  for (const regex::Match& match : expression->find(text, limit)) {
    if (limit > 0 && static_cast<std::int64_t>(parts.size()) == limit - 1) break;
    end = static_cast<std::size_t>(match.groups[0]->data() - text.data());
    std::size_t after = end + match.groups[0]->size();
    if (after != 0) parts.emplace_back(text.substr(begin, end - begin));
    begin = after;
  }
  if (end != text.size()) parts.emplace_back(text.substr(begin));
  return Datum::of_strings(std::move(parts));
}

Result<Datum> quoted(Call& call) { return Datum(quote_meta(call.text(0))); }

constexpr Function rows[] = {
    {"regexMatch", "ss", match},
    {"mustRegexMatch", "ss", match},
    {"regexFind", "ss", find},
    {"mustRegexFind", "ss", find},
    {"regexFindAll", "ssi", find_all},
    {"mustRegexFindAll", "ssi", find_all},
    {"regexReplaceAll", "sss", replace_all},
    {"mustRegexReplaceAll", "sss", replace_all},
    {"regexReplaceAllLiteral", "sss", replace_literal},
    {"mustRegexReplaceAllLiteral", "sss", replace_literal},
    {"regexSplit", "ssi", split},
    {"mustRegexSplit", "ssi", split},
    {"regexQuoteMeta", "s", quoted},
};

}  // namespace

std::span<const Function> regex_functions() { return rows; }

}  // namespace holdfast::gotmpl
