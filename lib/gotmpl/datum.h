// SPDX-License-Identifier: Apache-2.0
// What a template computes with: Go's values as text/template sees them through reflection, so that
// int, int64 and float64 stay apart, a map is shared by reference (`set` is seen everywhere) and a
// missing value differs from a nil one. 16 bytes, copies are a count (not atomic: a Datum belongs to
// one thread). It does not know Helm. Mirrors Go 1.26 reflect, fmt.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "value/value.h"

namespace holdfast::gotmpl {

class Datum;
struct Function;

enum class Kind : std::uint8_t {
  none,        // no value at all: Go's zero reflect.Value, printed "<no value>"
  nil,         // an interface{} that holds nothing
  boolean,
  integer,     // Go's int
  int64,
  uint8,
  uint64,
  float64,
  string,
  bytes,       // []uint8
  list,        // []interface {}, or []string by its type
  dict,        // a map with string keys, by its type
  structure,   // a Go struct with named fields
  object,      // a host object known by its methods alone
};

// A field of a Go struct, in the struct's order.
struct Field {
  std::string_view name;
  std::string_view json = {};  // its key in JSON; "" for a field that is not exported
  bool omit_empty = false;
};

// A Go type as errors, typeOf and kindOf name it. Types are constants of their module and compared
// by address.
struct Type {
  std::string_view name;      // "map[string]interface {}"
  std::string_view kind;      // "map"
  Kind element = Kind::nil;   // what a missing key gives: nil, string ("") or bytes ([])
  std::span<const Function> methods = {};
  bool is_nil = false;        // a nil map or slice: empty, and null in JSON
  std::span<const Field> fields = {};  // of a struct, which holds each; none: sorted by name
};

extern const Type any_list_type;     // []interface {}
extern const Type string_list_type;  // []string
extern const Type nil_list_type;     // the same two as Go's nil slices: empty, and null in JSON
extern const Type nil_string_list_type;
extern const Type any_dict_type;     // map[string]interface {}
extern const Type string_dict_type;  // map[string]string

class Box;      // what is counted
class Text;
class List;
class Dict;
class HostObject;

class Datum {
 public:
  Datum() noexcept = default;
  Datum(bool value) noexcept : kind_(Kind::boolean) { bits_.boolean = value; }
  Datum(int value) noexcept : kind_(Kind::integer) { bits_.integer = value; }
  Datum(double value) noexcept : kind_(Kind::float64) { bits_.real = value; }
  Datum(std::string value);
  Datum(std::string_view value) : Datum(std::string(value)) {}
  Datum(const char* value) : Datum(std::string(value)) {}
  static Datum nil() noexcept { return Datum(Kind::nil, std::int64_t{0}); }
  static Datum integer(std::int64_t value) noexcept { return Datum(Kind::integer, value); }
  static Datum int64(std::int64_t value) noexcept { return Datum(Kind::int64, value); }
  static Datum uint8(std::uint8_t value) noexcept { return Datum(Kind::uint8, value); }
  static Datum uint64(std::uint64_t value) noexcept {
    return Datum(Kind::uint64, static_cast<std::int64_t>(value));
  }
  static Datum of_bytes(std::string value);
  static Datum late_bytes(std::function<std::string()> read);  // made at the first look at them
  static Datum of_list(std::vector<Datum> items, const Type& type = any_list_type);
  static Datum of_strings(std::vector<std::string> items);
  static Datum new_dict(const Type& type = any_dict_type);  // new and empty
  static Datum new_structure(const Type& type);             // new; fill with dict()->set
  static Datum of_object(std::unique_ptr<HostObject> object);

  // Values of a YAML file reach Helm's templates with every number a float64; `exact` keeps integers
  // as int64 (--set). Takes the texts of the value.
  enum class Numbers { as_float64, exact };
  static Datum from_value(Value value, Numbers numbers);

  Datum(const Datum& other) noexcept : bits_(other.bits_), kind_(other.kind_) { retain(); }
  Datum(Datum&& other) noexcept
      : bits_(other.bits_), kind_(std::exchange(other.kind_, Kind::none)) {}
  Datum& operator=(const Datum& other) noexcept {
    Datum copy(other);
    swap(copy);
    return *this;
  }
  Datum& operator=(Datum&& other) noexcept {
    Datum moved(std::move(other));
    swap(moved);
    return *this;
  }
  ~Datum() { release(); }
  void swap(Datum& other) noexcept {
    std::swap(bits_, other.bits_);
    std::swap(kind_, other.kind_);
  }

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is_none() const { return kind_ == Kind::none; }
  [[nodiscard]] bool is_nil() const { return kind_ <= Kind::nil; }  // none or nil
  [[nodiscard]] bool is_string() const { return kind_ == Kind::string; }
  [[nodiscard]] bool is_signed() const { return kind_ == Kind::integer || kind_ == Kind::int64; }
  [[nodiscard]] bool is_unsigned() const { return kind_ == Kind::uint8 || kind_ == Kind::uint64; }

  // Only for the kind asked for.
  [[nodiscard]] bool boolean() const { return bits_.boolean; }
  [[nodiscard]] std::int64_t integer() const { return bits_.integer; }
  [[nodiscard]] double real() const { return bits_.real; }
  [[nodiscard]] const std::string& text() const;   // string or bytes
  [[nodiscard]] std::string take_text() &&;        // the same; a copy only where another holds it, too
  [[nodiscard]] const std::vector<Datum>& items() const;
  [[nodiscard]] List* list() const;                // null when it is none
  [[nodiscard]] Dict* dict() const;                // of a dict or structure, null otherwise
  [[nodiscard]] HostObject* host() const;          // null when it is none
  // Two names of one map, list or object.
  [[nodiscard]] bool same_box(const Datum& other) const {
    return kind_ >= Kind::string && kind_ == other.kind_ && bits_.box == other.bits_.box;
  }

  // Has it other names than this one?
  [[nodiscard]] bool is_shared() const;

  [[nodiscard]] const Type* type() const;               // null for scalars, nil and none
  [[nodiscard]] std::string_view type_name() const;     // "float64", "interface {}", …
  [[nodiscard]] std::string_view kind_name() const;     // "float64", "map", "invalid", …
  // false, 0, "", nil, and what is empty are false.
  [[nodiscard]] bool truth() const;
  // A member of a dict or structure; null when it is neither or has none such.
  [[nodiscard]] const Datum* find(std::string_view key) const;

  // The document it stands for: what toYaml prints. Refuses what encoding/json refuses
  // (NaN, infinities), more than 256 levels and more than 5 million nodes.
  [[nodiscard]] Result<Value> to_value() const;

 private:
  union Bits {
    bool boolean;
    std::int64_t integer = 0;
    double real;
    Box* box;
  };
  Datum(Kind kind, std::int64_t value) noexcept : kind_(kind) { bits_.integer = value; }
  Datum(Kind kind, Box* box) noexcept : kind_(kind) { bits_.box = box; }
  void retain() const noexcept;
  void release() noexcept;
  void free_box() noexcept;
  // Moves out the containers that only this one holds.
  void take_children(std::vector<Datum>& into) noexcept;
  Result<Value> to_value_within(int depth, std::size_t& nodes) const;

  Bits bits_;
  Kind kind_ = Kind::none;
};

// Freed by hand through Datum, never through this class.
class Box {
 protected:
  Box() = default;
  ~Box() = default;

 private:
  friend class Datum;
  std::uint32_t count_ = 1;
};

class Text : public Box {
 public:
  explicit Text(std::string text) : value(std::move(text)) {}
  mutable std::string value;  // of a LateText "" before load()
  bool late = false;          // it is a LateText; lies where the count leaves room
  void load() const;
};

class List final : public Box {
 public:
  List(std::vector<Datum> values, const Type& list_type)
      : items(std::move(values)), type(&list_type) {}
  std::vector<Datum> items;  // not changed once other Datums share it
  const Type* type;
};

// Entries sorted by the bytes of their keys: the order in which Go prints and ranges over a map.
class Dict final : public Box {
 public:
  struct Entry {
    std::string key;
    Datum value;
  };
  explicit Dict(const Type& dict_type) : type(&dict_type) {}

  [[nodiscard]] const Datum* find(std::string_view key) const;
  Datum* find(std::string_view key);
  void set(std::string_view key, Datum value);
  bool erase(std::string_view key);
  void reserve(std::size_t count) { entries_.reserve(count); }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  std::vector<Entry>& entries() { return entries_; }

  const Type* type;

 private:
  std::vector<Entry> entries_;
};

inline void Datum::retain() const noexcept {
  if (kind_ >= Kind::string) ++bits_.box->count_;
}
inline bool Datum::is_shared() const { return kind_ >= Kind::string && bits_.box->count_ > 1; }
inline const std::string& Datum::text() const {
  const auto* text = static_cast<const Text*>(bits_.box);
  if (text->late) [[unlikely]] text->load();
  return text->value;
}
inline const std::vector<Datum>& Datum::items() const {
  return static_cast<const List*>(bits_.box)->items;
}

}  // namespace holdfast::gotmpl
