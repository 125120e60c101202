// SPDX-License-Identifier: Apache-2.0
// Sprig 3.3.0 dict.go. set, unset and the merges change their first argument, which is what they
// return. Merging mirrors dario.cat/mergo 1.0.1.
#include "gotmpl/convert.h"
#include "gotmpl/execution.h"
#include "gotmpl/signature.h"

namespace holdfast::gotmpl {
namespace {

enum class Overwrite { no, yes };

// A bound, not an answer: a value with more nodes counts as one that may hold anything.
constexpr int nodes_looked_at = 2000;
constexpr int depth_looked_at = 100;

bool may_reach(const Datum& value, const Datum& wanted, int& nodes, int depth) {
  if (value.same_box(wanted) || ++nodes > nodes_looked_at || depth > depth_looked_at) return true;
  if (value.kind() == Kind::list) {
    for (const Datum& item : value.items()) {
      if (item.kind() >= Kind::list && may_reach(item, wanted, nodes, depth + 1)) return true;
    }
  } else if (const Dict* members = value.dict()) {
    for (const Dict::Entry& entry : members->entries()) {
      if (entry.value.kind() >= Kind::list && may_reach(entry.value, wanted, nodes, depth + 1)) {
        return true;
      }
    }
  }
  return false;
}

// Go lets a map be put into itself; counted references would then never reach zero.
void note_cycle(Call& call, const Datum& target, const Datum& value) {
  int nodes = 0;
  if (value.kind() >= Kind::list && may_reach(value, target, nodes, 0)) {
    call.execution->break_cycle_later(target);
  }
}

Result<> check_writable(const Datum& target) {
  if (target.type() != &nil_dict_type) return {};
  return call_failure("assignment to entry in nil map");
}

Result<Datum> dict(Call& call) {
  Datum result = Datum::new_dict();
  result.dict()->reserve((call.count() + 1) / 2);
  for (std::size_t i = 0; i < call.count(); i += 2) {
    Datum value = i + 1 < call.count() ? std::move(call[i + 1]) : Datum("");
    if (call[i].is_string()) {
      result.dict()->set(call[i].text(), std::move(value));
    } else {
      result.dict()->set(text_of(call[i]), std::move(value));
    }
  }
  return result;
}

Result<Datum> get(Call& call) {
  const Datum* member = call[0].find(call.text(1));
  return member != nullptr ? *member : Datum("");
}

Result<Datum> set(Call& call) {
  TRY(check_writable(call[0]));
  note_cycle(call, call[0], call[2]);
  call[0].dict()->set(call.text(1), std::move(call[2]));
  return std::move(call[0]);
}

Result<Datum> unset(Call& call) {
  call[0].dict()->erase(call.text(1));
  return std::move(call[0]);
}

Result<Datum> has_key(Call& call) { return Datum(call[0].find(call.text(1)) != nullptr); }

Result<Datum> pluck(Call& call) {
  std::vector<Datum> found;
  for (const Datum& members : call.arguments.subspan(1)) {
    if (const Datum* member = members.find(call.text(0))) found.push_back(*member);
  }
  return Datum::of_list(std::move(found));
}

// In Go their order is random; ours is that of the keys.
Result<Datum> keys(Call& call) {
  std::vector<std::string> names;
  for (const Datum& members : call.arguments) {
    for (const Dict::Entry& entry : members.dict()->entries()) names.push_back(entry.key);
  }
  return Datum::of_strings(std::move(names));
}

Result<Datum> values(Call& call) {
  std::vector<Datum> found;
  for (const Dict::Entry& entry : call[0].dict()->entries()) found.push_back(entry.value);
  return Datum::of_list(std::move(found));
}

Result<Datum> pick(Call& call) {
  Datum result = Datum::new_dict();
  for (const Datum& key : call.arguments.subspan(1)) {
    if (const Datum* member = call[0].find(key.text())) result.dict()->set(key.text(), *member);
  }
  return result;
}

Result<Datum> omit(Call& call) {
  Datum result = Datum::new_dict();
  for (const Dict::Entry& entry : call[0].dict()->entries()) {
    bool dropped = false;
    for (const Datum& key : call.arguments.subspan(1)) dropped = dropped || key.text() == entry.key;
    if (!dropped) result.dict()->set(entry.key, entry.value);
  }
  return result;
}

// mergo's isEmptyValue: what may be filled without overwriting.
bool empty_to_mergo(const Datum& value) {
  return value.kind() != Kind::structure && !value.truth();
}

Result<> merge_into(Dict& target, const Dict& source, Overwrite overwrite, int depth) {
  if (depth > depth_looked_at) return call_failure("the maps to merge are nested too deeply");
  // By index: a shared map may be source and target at different depths.
  for (std::size_t i = 0; i < source.entries().size(); ++i) {
    const std::string key = source.entries()[i].key;
    const Datum value = source.entries()[i].value;
    Datum* present = target.find(key);
    if (present != nullptr && value.kind() == Kind::dict && present->kind() == Kind::dict) {
      if (present->same_box(value)) continue;
      Datum held = *present;
      TRY(merge_into(*held.dict(), *value.dict(), overwrite, depth + 1));
      continue;
    }
    bool taken = overwrite == Overwrite::yes ||
                 (!value.is_nil() && (present == nullptr || empty_to_mergo(*present)));
    if (taken) target.set(key, value);
  }
  return {};
}

Result<Datum> merge_all(Call& call, Overwrite overwrite) {
  Datum target = std::move(call[0]);
  for (const Datum& source : call.arguments.subspan(1)) {
    if (source.dict()->size() == 0) continue;
    // mergo makes the map when it is given none.
    if (target.type() == &nil_dict_type) target = Datum::new_dict();
    if (source.same_box(target)) continue;
    note_cycle(call, target, source);
    TRY(merge_into(*target.dict(), *source.dict(), overwrite, 0));
  }
  return target;
}

Result<Datum> merge(Call& call) { return merge_all(call, Overwrite::no); }
Result<Datum> merge_overwrite(Call& call) { return merge_all(call, Overwrite::yes); }

Result<Datum> dig(Call& call) {
  if (call.count() < 3) return call_failure("dig needs at least three arguments");
  Datum current = call[call.count() - 1];
  std::size_t steps = call.count() - 2;
  for (std::size_t i = 0; i < steps; ++i) {
    if (!call[i].is_string()) {
      return call_failure(fmt::format("interface conversion: interface {{}} is {}, not string",
                                      call[i].is_nil() ? "nil" : call[i].type_name()));
    }
  }
  for (std::size_t i = 0; i < steps; ++i) {
    // A type assertion: a named map such as .Values is none.
    bool plain = current.kind() == Kind::dict &&
                 current.type_name() == any_dict_type.name;
    if (!plain) {
      return call_failure(
          fmt::format("interface conversion: interface {{}} is {}, not map[string]interface {{}}",
                      current.is_nil() ? "nil" : current.type_name()));
    }
    const Datum* member = current.find(call.text(i));
    if (member == nullptr) return std::move(call[call.count() - 2]);
    Datum next = *member;
    current = std::move(next);
  }
  return current;
}

constexpr Function rows[] = {
    {"dict", "a*", dict},
    {"get", "ms", get},
    {"set", "msa", set},
    {"unset", "ms", unset},
    {"hasKey", "ms", has_key},
    {"pluck", "sm*", pluck},
    {"keys", "m*", keys},
    {"values", "m", values},
    {"pick", "ms*", pick},
    {"omit", "ms*", omit},
    {"merge", "mm*", merge},
    {"mustMerge", "mm*", merge},
    {"mergeOverwrite", "mm*", merge_overwrite},
    {"mustMergeOverwrite", "mm*", merge_overwrite},
    {"dig", "a*", dig},
};

}  // namespace

std::span<const Function> dict_functions() { return rows; }

}  // namespace holdfast::gotmpl
