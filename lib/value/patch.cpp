// SPDX-License-Identifier: Apache-2.0
#include "value/patch.h"

#include "base/text.h"
#include "value/json.h"
#include "value/pointer.h"

#include <algorithm>

namespace holdfast::json {
namespace {

// Chained copies of a document into itself double it each time.
constexpr std::size_t copied_nodes_max = 1'000'000;

std::size_t count_nodes(const Value& value) {
  std::size_t count = 1;
  if (const auto* array = value.as_array()) {
    for (const auto& element : *array)
      count += count_nodes(element);
  }
  if (const auto* object = value.as_object()) {
    for (const auto& member : *object)
      count += count_nodes(member.value);
  }
  return count;
}

// A place in a document: its last token, in the array or object that holds it.
struct Place {
  Value* parent = nullptr;
  std::string last;

  [[nodiscard]] const Value* held() const {
    return find(std::as_const(*parent), std::vector<std::string>{last});
  }
};

class Patcher {
 public:
  explicit Patcher(Value& document) : document_(document) {}

  Result<> apply(const Value& operation) {
    const auto name = operation.text({"op"});
    if (name == "add") return add(operation);
    if (name == "remove") return remove(operation);
    if (name == "replace") return replace(operation);
    if (name == "move") return move(operation);
    if (name == "copy") return copy(operation);
    if (name == "test") return test(operation);
    return failure(Code::patch, "operation '{}' is unknown", printable(name));
  }

 private:
  static Result<std::string> path_in(const Value& operation, std::string_view member) {
    const auto* held = operation.find(member);
    const auto* text = held == nullptr ? nullptr : held->as_string();
    if (text == nullptr) return failure(Code::patch, "'{}' is missing", member);
    return *text;
  }

  static Value value_in(const Value& operation) {
    const auto* held = operation.find("value");
    return held == nullptr ? Value() : *held;
  }

  // The place that the pointer in `member` of the operation names.
  Result<Place> place(const Value& operation, std::string_view member) {
    const auto pointer = TRY(path_in(operation, member));
    auto tokens = TRY(pointer_tokens(pointer));
    if (tokens.empty())
      return failure(Code::patch, "the whole document cannot be the operand here");
    Place out;
    out.last = std::move(tokens.back());
    tokens.pop_back();
    out.parent = find(document_, tokens);
    if (out.parent == nullptr || (!out.parent->is_array() && !out.parent->is_object())) {
      tokens.push_back(out.last);
      return failure(missing(fmt::format("nothing that holds '{}'", printable(pointer)), tokens));
    }
    return out;
  }

  // Says where the way ends, and what is there of a name like it.
  Error missing(std::string what, const std::vector<std::string>& tokens) {
    const Value* at = &document_;
    std::string way;
    for (const auto& token : tokens) {
      const Value* next = find(*at, std::vector<std::string>{token});
      if (next == nullptr) return end_of_way(std::move(what), *at, way, token);
      at = next;
      way += "/" + pointer_token(token);
    }
    return Error(Code::patch, std::move(what));
  }

  static Error end_of_way(std::string what, const Value& at, std::string_view way, std::string_view token) {
    const std::string shown = way.empty() ? "the object" : fmt::format("'{}'", printable(way));
    Error error(Code::patch, std::move(what));
    if (const auto* array = at.as_array())
      return std::move(error).because(fmt::format("{} is a list of {}", shown, array->size()));
    const auto* object = at.as_object();
    if (object == nullptr)
      return std::move(error).because(fmt::format("{} is of type {}", shown, kind_name(at.kind())));
    std::vector<std::string_view> names;
    for (const auto& member : *object)
      names.push_back(member.key);
    error = std::move(error).because(fmt::format("{} has no '{}'", shown, printable(token)));
    const auto near = nearest(token, names);
    if (!near) return error;
    return std::move(error).fix(fmt::format("did you mean '{}/{}'?", way, pointer_token(*near)));
  }

  Result<Place> place_of_value(const Value& operation, std::string_view member) {
    auto out = TRY(place(operation, member));
    if (out.held() != nullptr) return out;
    const auto pointer = TRY(path_in(operation, member));
    const auto tokens = TRY(pointer_tokens(pointer));
    return failure(missing(fmt::format("nothing at '{}'", printable(pointer)), tokens));
  }

  static Result<> insert(const Place& place, Value value) {
    auto* array = place.parent->as_array();
    if (array == nullptr) {
      place.parent->as_object()->set(place.last, std::move(value));
      return {};
    }
    // One more place than elements: the end. -1 is that one.
    const auto index =
        place.last == "-" ? array->size() : array_index(place.last, array->size() + 1);
    if (!index) {
      return failure(Code::patch, "index '{}' is outside of the list of {}", printable(place.last),
                     array->size());
    }
    array->insert(array->begin() + static_cast<std::ptrdiff_t>(*index), std::move(value));
    return {};
  }

  static Value take(const Place& place) {
    if (auto* array = place.parent->as_array()) {
      const auto at =
          array->begin() + static_cast<std::ptrdiff_t>(*array_index(place.last, array->size()));
      Value out = std::move(*at);
      array->erase(at);
      return out;
    }
    auto* object = place.parent->as_object();
    Value out = std::move(*object->find(place.last));
    object->erase(place.last);
    return out;
  }

  Result<> add(const Value& operation) {
    const auto target = TRY(place(operation, "path"));
    return insert(target, value_in(operation));
  }

  Result<> remove(const Value& operation) {
    const auto target = TRY(place_of_value(operation, "path"));
    take(target);
    return {};
  }

  Result<> replace(const Value& operation) {
    const auto path = TRY(path_in(operation, "path"));
    if (path.empty()) {
      document_ = value_in(operation);
      return {};
    }
    const auto target = TRY(place(operation, "path"));
    if (target.parent->is_object()) return insert(target, value_in(operation));
    const auto element = TRY(place_of_value(operation, "path"));
    *find(*element.parent, std::vector<std::string>{element.last}) = value_in(operation);
    return {};
  }

  Result<> move(const Value& operation) {
    const auto from = TRY(place_of_value(operation, "from"));
    auto moved = take(from);
    const auto target = TRY(place(operation, "path"));
    return insert(target, std::move(moved));
  }

  Result<> copy(const Value& operation) {
    auto from = TRY(place(operation, "from"));
    if (!from.parent->is_object()) from = TRY(place_of_value(operation, "from"));
    const Value* held = from.held();
    Value copied = held == nullptr ? Value() : *held;
    copied_nodes_ += count_nodes(copied);
    if (copied_nodes_ > copied_nodes_max) {
      return failure(Code::limit, "more than {} nodes copied", copied_nodes_max);
    }
    const auto target = TRY(place(operation, "path"));
    return insert(target, std::move(copied));
  }

  Result<> test(const Value& operation) {
    const auto path = TRY(path_in(operation, "path"));
    const Value* held = &document_;
    if (!path.empty()) {
      const auto target = TRY(place(operation, "path"));
      held = target.held();
    }
    const Value wanted = value_in(operation);
    if (held == nullptr ? wanted.is_null() : *held == wanted) return {};
    return failure(Error(Code::patch, fmt::format("the value at '{}' is another one", printable(path)))
                       .because(fmt::format("it is {}, the test wants {}",
                                            held == nullptr ? "not there" : shown(*held), shown(wanted))));
  }

  // Not texts and what holds them: they may be secret.
  static std::string shown(const Value& value) {
    const bool harmless = value.is_null() || value.is_number() || value.as_bool() != nullptr;
    return harmless ? write(value) : fmt::format("of type {}", kind_name(value.kind()));
  }

  Value& document_;
  std::size_t copied_nodes_ = 0;
};

}  // namespace

Result<Value> apply_patch(Value document, const Value& patch, std::size_t* failed) {
  const auto* operations = patch.as_array();
  if (operations == nullptr)
    return failure(Code::patch, "a JSON patch is a list, this is of type {}",
                   kind_name(patch.kind()));
  Patcher patcher(document);
  std::size_t number = 0;
  for (const auto& operation : *operations) {
    if (failed != nullptr) *failed = number;
    ++number;
    TRY(patcher.apply(operation), "operation {} ({} {})", number, printable(operation.text({"op"})),
        printable(operation.text({"path"})));
  }
  return document;
}

Value apply_merge_patch(Value document, const Value& patch) {
  const auto* changes = patch.as_object();
  if (changes == nullptr) return patch;
  if (!document.is_object()) document = Object();
  auto& object = *document.as_object();
  for (const auto& change : *changes) {
    if (change.value.is_null()) {
      object.erase(change.key);
      continue;
    }
    auto& held = object[change.key];
    held = apply_merge_patch(std::move(held), change.value);
  }
  return document;
}

Value merge_patch_between(const Value& from, const Value& to) {
  const auto* before = from.as_object();
  const auto* after = to.as_object();
  if (before == nullptr || after == nullptr) return to;
  Object out;
  for (const auto& member : *before) {
    if (!after->contains(member.key)) out.append(member.key, Value());
  }
  for (const auto& member : *after) {
    const auto* held = before->find(member.key);
    if (held != nullptr && *held == member.value) continue;
    const bool inner = held != nullptr && held->is_object() && member.value.is_object();
    out.append(member.key, inner ? merge_patch_between(*held, member.value) : member.value);
  }
  out.sort();
  return out;
}

}  // namespace holdfast::json
