// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/datum.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "gotmpl/function.h"
#include "gotmpl/host_object.h"
#include "gotmpl/json_text.h"

namespace holdfast::gotmpl {

const Type any_list_type{"[]interface {}", "slice"};
const Type string_list_type{"[]string", "slice", Kind::string};
const Type nil_list_type{.name = "[]interface {}", .kind = "slice", .is_nil = true};
const Type nil_string_list_type{
    .name = "[]string", .kind = "slice", .element = Kind::string, .is_nil = true};
const Type any_dict_type{"map[string]interface {}", "map"};
const Type string_dict_type{"map[string]string", "map", Kind::string};

namespace {

constexpr Type bytes_type{"[]uint8", "slice", Kind::uint8};

// Bytes that somebody reads at the first look at them.
class LateText final : public Text {
 public:
  explicit LateText(std::function<std::string()> source) : Text({}), read(std::move(source)) { late = true; }
  mutable std::function<std::string()> read;  // empty once it has been asked
};

auto entry_at(auto& entries, std::string_view key) {
  return std::lower_bound(entries.begin(), entries.end(), key,
                          [](const Dict::Entry& entry, std::string_view wanted) {
                            return entry.key < wanted;
                          });
}

}  // namespace

const Datum* Dict::find(std::string_view key) const {
  // Most maps of charts have fewer than eight keys; comparing sizes first beats a search there.
  if (entries_.size() <= 8) {
    for (const Entry& entry : entries_) {
      if (entry.key == key) return &entry.value;
    }
    return nullptr;
  }
  auto at = entry_at(entries_, key);
  return at != entries_.end() && at->key == key ? &at->value : nullptr;
}

Datum* Dict::find(std::string_view key) {
  return const_cast<Datum*>(std::as_const(*this).find(key));
}

void Dict::set(std::string_view key, Datum value) {
  if (entries_.empty() || entries_.back().key < key) {
    entries_.push_back({std::string(key), std::move(value)});
    return;
  }
  auto at = entry_at(entries_, key);
  if (at->key == key) {
    at->value = std::move(value);
  } else {
    entries_.insert(at, {std::string(key), std::move(value)});
  }
}

bool Dict::erase(std::string_view key) {
  auto at = entry_at(entries_, key);
  if (at == entries_.end() || at->key != key) return false;
  entries_.erase(at);
  return true;
}

const Function* find_method(const Type* type, std::string_view name) {
  if (type == nullptr) return nullptr;
  for (const Function& method : type->methods) {
    if (method.name == name) return &method;
  }
  return nullptr;
}

Datum::Datum(std::string value)
    : Datum(Kind::string, std::make_unique<Text>(std::move(value)).release()) {}

Datum Datum::of_bytes(std::string value) {
  return Datum(Kind::bytes, std::make_unique<Text>(std::move(value)).release());
}

Datum Datum::late_bytes(std::function<std::string()> read) {
  return Datum(Kind::bytes, std::make_unique<LateText>(std::move(read)).release());
}

void Text::load() const {
  const auto read = std::exchange(static_cast<const LateText*>(this)->read, {});
  if (read) value = read();
}

std::string Datum::take_text() && {
  const std::string& read = text();
  return is_shared() ? read : std::move(static_cast<Text*>(bits_.box)->value);
}

Datum Datum::of_list(std::vector<Datum> items, const Type& type) {
  return Datum(Kind::list, std::make_unique<List>(std::move(items), type).release());
}

Datum Datum::of_strings(std::vector<std::string> items) {
  std::vector<Datum> data;
  data.reserve(items.size());
  for (std::string& item : items) data.emplace_back(std::move(item));
  return of_list(std::move(data), string_list_type);
}

Datum Datum::new_dict(const Type& type) {
  return Datum(Kind::dict, std::make_unique<Dict>(type).release());
}

Datum Datum::new_structure(const Type& type) {
  return Datum(Kind::structure, std::make_unique<Dict>(type).release());
}

Datum Datum::of_object(std::unique_ptr<HostObject> object) {
  return Datum(Kind::object, object.release());
}

void Datum::release() noexcept {
  if (kind_ >= Kind::string && --bits_.box->count_ == 0) free_box();
}

void Datum::free_box() noexcept {
  switch (kind_) {
    case Kind::string:
    case Kind::bytes:
      if (auto* text = static_cast<Text*>(bits_.box); text->late) {
        std::unique_ptr<LateText>(static_cast<LateText*>(text)).reset();
      } else {
        std::unique_ptr<Text>(text).reset();
      }
      return;
    case Kind::object:
      std::unique_ptr<HostObject>(static_cast<HostObject*>(bits_.box)).reset();
      return;
    case Kind::list:
    case Kind::dict:
    case Kind::structure:
      break;
    case Kind::none:
    case Kind::nil:
    case Kind::boolean:
    case Kind::integer:
    case Kind::int64:
    case Kind::uint8:
    case Kind::uint64:
    case Kind::float64:
      return;
  }
  // A loop, not recursion: a template can nest maps a million deep.
  std::vector<Datum> pending;
  take_children(pending);
  if (kind_ == Kind::list) {
    std::unique_ptr<List>(static_cast<List*>(bits_.box)).reset();
  } else {
    std::unique_ptr<Dict>(static_cast<Dict*>(bits_.box)).reset();
  }
  while (!pending.empty()) {
    Datum last = std::move(pending.back());
    pending.pop_back();
    last.take_children(pending);
  }
}

void Datum::take_children(std::vector<Datum>& into) noexcept {
  auto take = [&](Datum& child) {
    bool container = child.kind_ >= Kind::list && child.kind_ != Kind::object;
    if (container && child.bits_.box->count_ == 1) into.push_back(std::move(child));
  };
  if (kind_ == Kind::list) {
    for (Datum& item : static_cast<List*>(bits_.box)->items) take(item);
  } else {
    for (Dict::Entry& entry : static_cast<Dict*>(bits_.box)->entries()) take(entry.value);
  }
}

List* Datum::list() const {
  return kind_ == Kind::list ? static_cast<List*>(bits_.box) : nullptr;
}

Dict* Datum::dict() const {
  return kind_ == Kind::dict || kind_ == Kind::structure ? static_cast<Dict*>(bits_.box) : nullptr;
}

HostObject* Datum::host() const {
  return kind_ == Kind::object ? static_cast<HostObject*>(bits_.box) : nullptr;
}

const Type* Datum::type() const {
  switch (kind_) {
    case Kind::bytes:
      return &bytes_type;
    case Kind::list:
      return list()->type;
    case Kind::dict:
    case Kind::structure:
      return dict()->type;
    case Kind::object:
      return &host()->type();
    case Kind::none:
    case Kind::nil:
    case Kind::boolean:
    case Kind::integer:
    case Kind::int64:
    case Kind::uint8:
    case Kind::uint64:
    case Kind::float64:
    case Kind::string:
      return nullptr;
  }
  std::unreachable();
}

std::string_view Datum::type_name() const {
  static constexpr std::string_view scalars[] = {"<nil>", "interface {}", "bool",   "int",   "int64",
                                                 "uint8", "uint64",       "float64", "string"};
  if (const Type* boxed = type()) return boxed->name;
  return scalars[static_cast<std::size_t>(kind_)];
}

std::string_view Datum::kind_name() const {
  if (const Type* boxed = type()) return boxed->kind;
  if (kind_ == Kind::none) return "invalid";
  return kind_ == Kind::nil ? "interface" : type_name();
}

bool Datum::truth() const {
  switch (kind_) {
    case Kind::none:
    case Kind::nil:
      return false;
    case Kind::boolean:
      return boolean();
    case Kind::integer:
    case Kind::int64:
    case Kind::uint8:
    case Kind::uint64:
      return integer() != 0;
    case Kind::float64:
      return real() != 0;
    case Kind::string:
    case Kind::bytes:
      return !text().empty();
    case Kind::list:
      return !items().empty();
    case Kind::dict:
      return dict()->size() > 0;
    case Kind::structure:
      return true;
    case Kind::object:
      return host()->truth();
  }
  std::unreachable();
}

const Datum* Datum::find(std::string_view key) const {
  const Dict* members = dict();
  return members == nullptr ? nullptr : std::as_const(*members).find(key);
}

Datum Datum::from_value(Value value, Numbers numbers) {
  switch (value.kind()) {
    case Value::Kind::null:
      return nil();
    case Value::Kind::boolean:
      return *value.as_bool();
    case Value::Kind::integer:
      if (numbers == Numbers::exact) return int64(*value.as_int());
      return static_cast<double>(*value.as_int());
    case Value::Kind::unsigned_integer:
      return static_cast<double>(*value.as_uint());
    case Value::Kind::real:
      return *value.as_real();
    case Value::Kind::string:
      return std::move(*value.as_string());
    case Value::Kind::array: {
      std::vector<Datum> items;
      items.reserve(value.as_array()->size());
      for (Value& item : *value.as_array()) items.push_back(from_value(std::move(item), numbers));
      return of_list(std::move(items));
    }
    case Value::Kind::object: {
      Datum result = new_dict();
      std::vector<Dict::Entry>& entries = result.dict()->entries();  // in the same order
      entries.reserve(value.as_object()->size());
      for (Member& member : *value.as_object()) {
        entries.push_back({std::move(member.key), from_value(std::move(member.value), numbers)});
      }
      return result;
    }
  }
  std::unreachable();
}

Result<Value> Datum::to_value() const {
  std::size_t nodes = 0;
  return to_value_within(datum_levels_max, nodes);
}

Result<Value> Datum::to_value_within(int depth, std::size_t& nodes) const {
  if (depth <= 0) return failure(Code::limit, "value is nested deeper than {} levels", datum_levels_max);
  // A map may be shared by many names: few maps can stand for very many nodes.
  if (++nodes > datum_nodes_max) return failure(Code::limit, "value has more than {} nodes", datum_nodes_max);
  switch (kind_) {
    case Kind::none:
    case Kind::nil:
      return Value();
    case Kind::boolean:
      return Value(boolean());
    case Kind::integer:
    case Kind::int64:
      return Value(integer());
    case Kind::uint8:
    case Kind::uint64:
      return Value(static_cast<std::uint64_t>(integer()));
    case Kind::float64:
      if (!std::isfinite(real())) {
        return failure(Code::wrong_type, "json: unsupported value: {}",
                       std::isnan(real()) ? "NaN" : real() > 0 ? "+Inf" : "-Inf");
      }
      return Value(real());
    case Kind::string:
      return Value(text());
    case Kind::bytes:
      return Value(to_base64(text()));
    case Kind::list: {
      if (type()->is_nil && items().empty()) return Value();
      Array array;
      array.reserve(items().size());
      for (const Datum& item : items()) {
        Value element = TRY(item.to_value_within(depth - 1, nodes));
        array.push_back(std::move(element));
      }
      return Value(std::move(array));
    }
    case Kind::dict:
    case Kind::structure: {
      if (type()->is_nil && dict()->size() == 0) return Value();
      Object object;
      if (!type()->fields.empty()) {
        for (const Field& field : type()->fields) {
          const Datum& value = *find(field.name);
          if (field.json.empty() || (field.omit_empty && !value.truth())) continue;
          Value member = TRY(value.to_value_within(depth - 1, nodes));
          object.set(field.json, std::move(member));
        }
        return Value(std::move(object));
      }
      object.reserve(dict()->size());
      for (const Dict::Entry& entry : dict()->entries()) {
        Value member = TRY(entry.value.to_value_within(depth - 1, nodes));
        object.append(entry.key, std::move(member));
      }
      return Value(std::move(object));
    }
    case Kind::object:
      return host()->to_value();
  }
  std::unreachable();
}

std::unexpected<Error> call_failure(std::string cause) {
  return std::unexpected<Error>(Error(Code::template_execution, std::move(cause)));
}

}  // namespace holdfast::gotmpl
