// SPDX-License-Identifier: Apache-2.0
// Sprig 3.3.0 list.go. Lists are copied, never changed.
#include <algorithm>
#include <cmath>

#include "gotmpl/convert.h"
#include "gotmpl/execution.h"

namespace holdfast::gotmpl {
namespace {

constexpr std::string_view nil_panic =
    "runtime error: invalid memory address or nil pointer dereference";

// The elements, or Sprig's complaint "Cannot VERB on type KIND".
Result<std::vector<Datum>> list_of(const Datum& value, std::string_view phrase) {
  if (std::optional<std::vector<Datum>> items = elements_of(value)) return *std::move(items);
  if (value.is_nil()) return call_failure(std::string(nil_panic));
  return call_failure(fmt::format("Cannot {} type {}", phrase, value.kind_name()));
}

Result<Datum> make_list(Call& call) {
  return Datum::of_list({std::move_iterator(call.arguments.begin()),
                         std::move_iterator(call.arguments.end())});
}

Result<Datum> push(Call& call) {
  std::vector<Datum> items = TRY(list_of(call[0], "push on"));
  items.push_back(std::move(call[1]));
  return Datum::of_list(std::move(items));
}

Result<Datum> prepend(Call& call) {
  std::vector<Datum> items = TRY(list_of(call[0], "prepend on"));
  items.insert(items.begin(), std::move(call[1]));
  return Datum::of_list(std::move(items));
}

Result<Datum> first(Call& call) {
  std::vector<Datum> items = TRY(list_of(call[0], "find first on"));
  return items.empty() ? Datum::nil() : std::move(items.front());
}

Result<Datum> last(Call& call) {
  std::vector<Datum> items = TRY(list_of(call[0], "find last on"));
  return items.empty() ? Datum::nil() : std::move(items.back());
}

Result<Datum> rest(Call& call) {
  std::vector<Datum> items = TRY(list_of(call[0], "find rest on"));
  if (!items.empty()) items.erase(items.begin());
  return Datum::of_list(std::move(items));
}

Result<Datum> initial(Call& call) {
  std::vector<Datum> items = TRY(list_of(call[0], "find initial on"));
  if (!items.empty()) items.pop_back();
  return Datum::of_list(std::move(items));
}

Result<Datum> reverse(Call& call) {
  std::vector<Datum> items = TRY(list_of(call[0], "find reverse on"));
  std::reverse(items.begin(), items.end());
  return Datum::of_list(std::move(items));
}

Result<Datum> compact(Call& call) {
  std::vector<Datum> items = TRY(list_of(call[0], "compact on"));
  std::erase_if(items, [](const Datum& item) { return !item.truth(); });
  return Datum::of_list(std::move(items));
}

bool among(std::span<const Datum> items, const Datum& wanted) {
  return std::any_of(items.begin(), items.end(),
                     [&](const Datum& item) { return deep_equal(wanted, item); });
}

Result<Datum> uniq(Call& call) {
  std::vector<Datum> items = TRY(list_of(call[0], "find uniq on"));
  std::vector<Datum> kept;
  for (Datum& item : items) {
    if (!among(kept, item)) kept.push_back(std::move(item));
  }
  return Datum::of_list(std::move(kept));
}

Result<Datum> without(Call& call) {
  std::vector<Datum> items = TRY(list_of(call[0], "find without on"));
  std::erase_if(items, [&](const Datum& item) { return among(call.arguments.subspan(1), item); });
  return Datum::of_list(std::move(items));
}

Result<Datum> has(Call& call) {
  if (call[1].is_nil()) return Datum(false);
  if (call[1].kind() == Kind::list) return Datum(among(call[1].items(), call[0]));
  auto value = TRY(list_of(call[1], "find has on"));
  return Datum(among(value, call[0]));
}

Result<Datum> slice(Call& call) {
  std::optional<std::vector<Datum>> items = elements_of(call[0]);
  if (!items) {
    if (call[0].is_nil()) return call_failure(std::string(nil_panic));
    return call_failure(
        fmt::format("list should be type of slice or array but {}", call[0].kind_name()));
  }
  if (items->empty()) return Datum::nil();
  auto size = static_cast<std::int64_t>(items->size());
  std::int64_t start = call.count() > 1 ? int64_of(call[1]) : 0;
  std::int64_t end = call.count() > 2 ? int64_of(call[2]) : size;
  if (start < 0 || end < start || end > size) {
    return call_failure("reflect.Value.Slice: slice index out of bounds");
  }
  std::vector<Datum> part(items->begin() + start, items->begin() + end);
  if (call[0].kind() != Kind::list) {
    return Datum::of_bytes(call[0].text().substr(static_cast<std::size_t>(start),
                                                 static_cast<std::size_t>(end - start)));
  }
  return Datum::of_list(std::move(part), *call[0].type());
}

Result<Datum> concat(Call& call) {
  std::vector<Datum> all;
  for (const Datum& value : call.arguments) {
    std::optional<std::vector<Datum>> items = elements_of(value);
    if (!items && value.is_nil()) return call_failure(std::string(nil_panic));
    if (!items) {
      return call_failure(fmt::format("Cannot concat type {} as list", value.kind_name()));
    }
    all.insert(all.end(), std::move_iterator(items->begin()), std::move_iterator(items->end()));
    TRY(call.execution->reserve_items(all.size()));
  }
  return Datum::of_list(std::move(all), call.count() == 0 ? nil_list_type : any_list_type);
}

Result<Datum> chunk(Call& call) {
  std::vector<Datum> items = TRY(list_of(call[1], "chunk"));
  std::int64_t size = call[0].integer();
  const auto count = static_cast<std::int64_t>(items.size());
  // What sprig's arithmetic makes of a size below 1.
  if (size < 0 && count == 1 && size != -1) size = 1;
  if (size < 0 && count >= 2 && count - 1 <= -size) return Datum::of_list({}, nested_list_type);
  if (size <= 0) return call_failure("runtime error: makeslice: len out of range");
  std::vector<Datum> chunks;
  for (std::size_t at = 0; at < items.size(); at += static_cast<std::size_t>(size)) {
    std::size_t end = std::min(items.size(), at + static_cast<std::size_t>(size));
    chunks.push_back(Datum::of_list({items.begin() + static_cast<std::ptrdiff_t>(at),
                                     items.begin() + static_cast<std::ptrdiff_t>(end)}));
  }
  return Datum::of_list(std::move(chunks), nested_list_type);
}

constexpr Function rows[] = {
    {"list", "a*", make_list},    {"tuple", "a*", make_list},
    {"append", "aa", push},       {"push", "aa", push},
    {"mustAppend", "aa", push},   {"mustPush", "aa", push},
    {"prepend", "aa", prepend},   {"mustPrepend", "aa", prepend},
    {"first", "a", first},        {"mustFirst", "a", first},
    {"last", "a", last},          {"mustLast", "a", last},
    {"rest", "a", rest},          {"mustRest", "a", rest},
    {"initial", "a", initial},    {"mustInitial", "a", initial},
    {"reverse", "a", reverse},    {"mustReverse", "a", reverse},
    {"compact", "a", compact},    {"mustCompact", "a", compact},
    {"uniq", "a", uniq},          {"mustUniq", "a", uniq},
    {"without", "aa*", without},  {"mustWithout", "aa*", without},
    {"has", "aa", has},           {"mustHas", "aa", has},
    {"slice", "aa*", slice},      {"mustSlice", "aa*", slice},
    {"concat", "a*", concat},     {"chunk", "ia", chunk},
    {"mustChunk", "ia", chunk},
};

}  // namespace

std::span<const Function> list_functions() { return rows; }

}  // namespace holdfast::gotmpl
