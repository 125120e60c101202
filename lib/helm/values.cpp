// SPDX-License-Identifier: Apache-2.0
#include "helm/values.h"

#include "base/text.h"

#include <algorithm>

namespace holdfast::helm {
namespace {

// The map without the members that are null, at every depth of maps.
void drop_nulls(Object& object) {
  std::vector<std::string> nulls;
  for (auto& member : object) {
    if (member.value.is_null()) nulls.push_back(member.key);
    if (auto* inner = member.value.as_object()) drop_nulls(*inner);
  }
  for (const auto& key : nulls)
    object.erase(key);
}

// A chart's default without its nulls, unless those are kept. What is not const is moved from.
template <class AnyValue>
Value default_of(AnyValue& given, Nulls nulls) {
  Value out = std::move(given);
  if (auto* object = out.as_object(); object != nullptr && nulls == Nulls::remove)
    drop_nulls(*object);
  return out;
}

// `defaults` under `user`: a null of the user deletes where the default was not null
// (coalesceTablesFullKey).
template <class AnyObject>
void coalesce_tables(Object& user, AnyObject& defaults, Nulls nulls) {
  for (auto& member : defaults) {
    if (nulls == Nulls::remove && member.value.is_null()) continue;
    auto* mine = user.find(member.key);
    if (mine == nullptr) {
      user.set(member.key, default_of(member.value, nulls));
    } else if (mine->is_null()) {
      if (nulls != Nulls::keep && !member.value.is_null()) user.erase(member.key);
    } else if (mine->is_object() && member.value.is_object()) {
      coalesce_tables(*mine->as_object(), *member.value.as_object(), nulls);
    }
    // A map against something else: the user's stays; Helm only warns.
  }
}

// The names of the subcharts, sorted.
std::vector<std::string_view> subchart_names(const Chart& chart) {
  std::vector<std::string_view> names;
  for (const auto& subchart : chart.subcharts) names.push_back(subchart.name);
  std::ranges::sort(names);
  return names;
}

// The chart's own defaults under the values that reach it (coalesceValues).
template <class AnyChart>
void coalesce_chart(AnyChart& chart, Object& values, Nulls nulls) {
  const auto subcharts = subchart_names(chart);
  for (auto& member : chart.values) {
    auto* mine = values.find(member.key);
    if (mine == nullptr) {
      if (nulls != Nulls::remove || !member.value.is_null())
        values.set(member.key, default_of(member.value, nulls));
    } else if (mine->is_null()) {
      if (nulls != Nulls::keep) values.erase(member.key);
    } else if (mine->is_object() && member.value.is_object()) {
      const auto inside = std::ranges::binary_search(subcharts, member.key) ? Nulls::keep : nulls;
      coalesce_tables(*mine->as_object(), *member.value.as_object(), inside);
    }
  }
}

// The parent's `global` over the subchart's, but nothing over a map or a map over nothing else
// (coalesceGlobals).
void coalesce_globals(Object& subchart, const Object& parent) {
  const auto* from = parent.find("global");
  auto* into = subchart.find("global");
  if ((from != nullptr && !from->is_object()) || (into != nullptr && !into->is_object())) return;
  if (into == nullptr) {
    subchart.set("global", Object());
    into = subchart.find("global");
  }
  if (from == nullptr) return;
  auto& own = *into->as_object();
  for (const auto& member : *from->as_object()) {
    auto* mine = own.find(member.key);
    if (mine != nullptr && mine->is_object()) {
      if (!member.value.is_object()) continue;
      Object merged = *member.value.as_object();
      coalesce_tables(merged, *mine->as_object(), Nulls::keep);
      *mine = std::move(merged);
    } else if (mine == nullptr || !member.value.is_object()) {
      own.set(member.key, member.value);
    }
  }
}

template <class AnyChart>
Result<> coalesce(AnyChart& chart, Object& values, Nulls nulls) {
  coalesce_chart(chart, values, nulls);
  for (auto& subchart : chart.subcharts) {
    auto* section = values.find(subchart.name);
    if (section == nullptr) {
      values.set(subchart.name, Object());
      section = values.find(subchart.name);
    }
    if (!section->is_object()) {
      return failure(Error(Code::chart_values,
                           fmt::format("the values of subchart \"{}\" are no map but {}",
                                       subchart.name, kind_name(section->kind())))
                         .at(chart.name)
                         .fix("give them as a map; what switches it off is its condition"));
    }
    Object inner = std::move(*section->as_object());
    coalesce_globals(inner, values);
    TRY(coalesce(subchart, inner, nulls));
    values.set(subchart.name, std::move(inner));
  }
  return {};
}

}  // namespace

void merge_documents(Object& into, const Object& later) {
  for (const auto& member : later) {
    auto* mine = into.find(member.key);
    if (mine != nullptr && mine->is_object() && member.value.is_object()) {
      merge_documents(*mine->as_object(), *member.value.as_object());
    } else {
      into.set(member.key, member.value);
    }
  }
}

Result<Object> coalesce_values(const Chart& chart, const Object& user, Nulls nulls) {
  Object values = user;
  TRY(coalesce(chart, values, nulls));
  return values;
}

Result<Object> take_values(Chart& chart, const Object& user, Nulls nulls) {
  Object values = user;
  TRY(coalesce(chart, values, nulls));
  return values;
}

void merge_tables(Object& into, const Object& defaults) {
  coalesce_tables(into, defaults, Nulls::keep);
}

const Value* find_value(const Object& values, std::string_view path) {
  const Object* at = &values;
  const Value* found = nullptr;
  for (const auto step : split(path, '.')) {
    if (at == nullptr) return nullptr;
    found = at->find(step);
    if (found == nullptr) return nullptr;
    at = found->as_object();
  }
  return found;
}

}  // namespace holdfast::helm
