// SPDX-License-Identifier: Apache-2.0
// Helm's functions that reach into the run: include, tpl, required, fail, lookup. Mirrors Helm 4.3.1
// pkg/engine/engine.go; and Sprig's defaults.go and reflect.go.
#include "gotmpl/convert.h"
#include "gotmpl/execution.h"

namespace holdfast::gotmpl {
namespace {

Result<Datum> include(Call& call) {
  auto value = TRY(call.execution->include(call.text(0), call[1]));
  return Datum(std::move(value));
}

Result<Datum> tpl(Call& call) {
  auto value = TRY(call.execution->tpl(call.text(0), call[1]));
  return Datum(value);
}

Result<Datum> required(Call& call) {
  bool missing = call[1].is_nil() || (call[1].is_string() && call[1].text().empty());
  if (missing) return call_failure(call.text(0));
  return std::move(call[1]);
}

Result<Datum> fail(Call& call) { return call_failure(call.text(0)); }

Result<Datum> lookup(Call& call) {
  const Lookup& find = call.execution->environment().lookup;
  if (!find) return Datum::new_dict();
  std::vector<std::string> question;
  for (std::size_t i = 0; i < 4; ++i) question.push_back(call.text(i));
  Value found = TRY(find(question));
  if (!found.is_object()) return Datum::new_dict();
  return Datum::from_value(std::move(found), Datum::Numbers::exact);
}

Result<Datum> default_value(Call& call) {
  bool given = call.count() > 1 && call[1].truth();
  return std::move(call[given ? 1 : 0]);
}

Result<Datum> empty(Call& call) { return Datum(!call[0].truth()); }

Result<Datum> coalesce(Call& call) {
  for (Datum& value : call.arguments) {
    if (value.truth()) return std::move(value);
  }
  return Datum::nil();
}

Result<Datum> all(Call& call) {
  for (const Datum& value : call.arguments) {
    if (!value.truth()) return Datum(false);
  }
  return Datum(true);
}

Result<Datum> any(Call& call) {
  for (const Datum& value : call.arguments) {
    if (value.truth()) return Datum(true);
  }
  return Datum(false);
}

Result<Datum> ternary(Call& call) { return std::move(call[call[2].boolean() ? 0 : 1]); }

std::string_view type_of(const Datum& value) {
  return value.is_nil() ? "<nil>" : value.type_name();
}

std::string_view kind_of(const Datum& value) {
  return value.is_nil() ? "invalid" : value.kind_name();
}

Result<Datum> type_of_value(Call& call) { return Datum(type_of(call[0])); }
Result<Datum> kind_of_value(Call& call) { return Datum(kind_of(call[0])); }
Result<Datum> type_is(Call& call) { return Datum(call.text(0) == type_of(call[1])); }
Result<Datum> kind_is(Call& call) { return Datum(call.text(0) == kind_of(call[1])); }
Result<Datum> type_is_like(Call& call) {
  std::string_view type = type_of(call[1]);
  return Datum(call.text(0) == type || "*" + call.text(0) == type);
}

Result<Datum> deep_equal_values(Call& call) { return Datum(deep_equal(call[0], call[1])); }
Result<Datum> copy(Call& call) {
  if (call[0].is_nil()) return call_failure("reflect: call of reflect.Value.Type on zero Value");
  return deep_copy(call[0]);
}
Result<Datum> hello(Call&) { return Datum("Hello!"); }
Result<Datum> no_host(Call&) { return Datum(""); }

constexpr Function rows[] = {
    {"include", "sa", include},         {"tpl", "sa", tpl},
    {"required", "sa", required},       {"fail", "s", fail},
    {"lookup", "ssss", lookup},         {"default", "aa*", default_value},
    {"empty", "a", empty},              {"coalesce", "a*", coalesce},
    {"all", "a*", all},                 {"any", "a*", any},
    {"ternary", "aab", ternary},        {"typeOf", "a", type_of_value},
    {"kindOf", "a", kind_of_value},     {"typeIs", "sa", type_is},
    {"kindIs", "sa", kind_is},          {"typeIsLike", "sa", type_is_like},
    {"deepEqual", "aa", deep_equal_values}, {"deepCopy", "a", copy},
    {"mustDeepCopy", "a", copy},        {"hello", "", hello},
    {"getHostByName", "s", no_host},
};

}  // namespace

std::span<const Function> template_functions() { return rows; }

}  // namespace holdfast::gotmpl
