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

// What a null of the user does to a default: it deletes both, or stays to delete a subchart's
// below.
enum class Nulls { remove, keep };

// `defaults` under `user`: a null of the user deletes where the default was not null
// (coalesceTablesFullKey).
void coalesce_tables(Object& user, const Object& defaults, Nulls nulls = Nulls::remove) {
  for (const auto& member : defaults) {
    auto* mine = user.find(member.key);
    if (mine == nullptr) {
      user.set(member.key, member.value);
    } else if (mine->is_null()) {
      if (nulls == Nulls::remove && !member.value.is_null()) user.erase(member.key);
    } else if (mine->is_object() && member.value.is_object()) {
      coalesce_tables(*mine->as_object(), *member.value.as_object(), nulls);
    }
    // A map against something else: the user's stays; Helm only warns.
  }
}

bool is_subchart(const Chart& chart, std::string_view key) {
  return std::ranges::any_of(chart.subcharts, [&](const Chart& each) { return each.name == key; });
}

// The chart's own defaults under the values that reach it (coalesceValues).
void coalesce_chart(const Chart& chart, Object& values) {
  for (const auto& member : chart.values) {
    auto* mine = values.find(member.key);
    if (mine == nullptr) {
      if (member.value.is_null()) continue;
      Value copy = member.value;
      if (auto* object = copy.as_object()) drop_nulls(*object);
      values.set(member.key, std::move(copy));
    } else if (mine->is_null()) {
      values.erase(member.key);
    } else if (mine->is_object() && member.value.is_object()) {
      Object defaults = *member.value.as_object();
      const bool of_subchart = is_subchart(chart, member.key);
      if (!of_subchart) drop_nulls(defaults);
      coalesce_tables(*mine->as_object(), defaults, of_subchart ? Nulls::keep : Nulls::remove);
    }
  }
}

// The parent's `global` over the subchart's (coalesceGlobals).
void coalesce_globals(Object& subchart, const Object& parent) {
  const auto* from = parent.find("global");
  if (from != nullptr && !from->is_object()) return;
  auto& into = subchart["global"];
  if (into.is_null()) into = Object();
  if (!into.is_object() || from == nullptr) return;
  Object merged = *from->as_object();
  coalesce_tables(merged, *into.as_object());
  into = std::move(merged);
}

Result<> coalesce(const Chart& chart, Object& values) {
  coalesce_chart(chart, values);
  for (const auto& subchart : chart.subcharts) {
    auto* section = values.find(subchart.name);
    if (section != nullptr && !section->is_object() && !section->is_null()) {
      return failure(Error(Code::chart_values,
                           fmt::format("the values of subchart \"{}\" are no map", subchart.name))
                         .at(chart.name));
    }
    if (section == nullptr || section->is_null()) {
      values.set(subchart.name, Object());
      section = values.find(subchart.name);
    }
    Object inner = *section->as_object();
    coalesce_globals(inner, values);
    TRY(coalesce(subchart, inner));
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

Result<Object> coalesce_values(const Chart& chart, const Object& user) {
  Object values = user;
  TRY(coalesce(chart, values));
  return values;
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
