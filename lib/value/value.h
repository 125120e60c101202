// SPDX-License-Identifier: Apache-2.0
// The one document type: what a manifest, a values file or an API answer is once its syntax is gone.
// Objects are sorted by the bytes of their keys, as Go prints and ranges over maps; the order of the
// source is lost by design. Integers and floating point stay apart, as Kubernetes needs.
// A Value is a regular value: copies are deep, moves are free, nothing is shared inside.
// It does not know where data came from.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace holdfast {

class Value;
struct Member;

using Array = std::vector<Value>;

// Members sorted by key, each key once. Building in key order is O(n), in any other order use
// `append` and `sort`.
class Object {
 public:
  Object() = default;
  Object(std::initializer_list<Member> members);

  [[nodiscard]] const Value* find(std::string_view key) const;
  Value* find(std::string_view key);
  [[nodiscard]] bool contains(std::string_view key) const { return find(key) != nullptr; }
  // The value of `key`, null and new when it was absent.
  Value& operator[](std::string_view key);
  void set(std::string_view key, Value value);
  bool erase(std::string_view key);

  // For readers: append in any order, then sort() once. sort() keeps the last of equal keys and
  // returns the first duplicate key ("" when there is none, which is then not a duplicate).
  void append(std::string key, Value value);
  struct Sorted {
    bool unique;
    std::string duplicate;
  };
  Sorted sort();

  [[nodiscard]] bool empty() const;
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] const Member* begin() const;
  [[nodiscard]] const Member* end() const;
  Member* begin();
  Member* end();
  void reserve(std::size_t count);

  bool operator==(const Object&) const;

 private:
  std::vector<Member> members_;
};

class Value {
 public:
  // The order of the alternatives below.
  enum class Kind : std::uint8_t { null, boolean, integer, unsigned_integer, real, string, array, object };

  Value() noexcept;
  Value(std::nullptr_t);
  Value(bool value);
  Value(int value);
  Value(std::int64_t value);
  // Values that an int64 holds become integers, so that equal numbers are equal.
  Value(std::uint64_t value);
  Value(double value);
  Value(std::string value);
  Value(std::string_view value);
  Value(const char* value);
  Value(Array value);
  Value(Object value);

  [[nodiscard]] Kind kind() const { return static_cast<Kind>(data_.index()); }
  [[nodiscard]] bool is_null() const { return kind() == Kind::null; }
  [[nodiscard]] bool is_string() const { return kind() == Kind::string; }
  [[nodiscard]] bool is_array() const { return kind() == Kind::array; }
  [[nodiscard]] bool is_object() const { return kind() == Kind::object; }
  [[nodiscard]] bool is_number() const { return kind() >= Kind::integer && kind() <= Kind::real; }

  // Null when the value is of another kind.
  [[nodiscard]] const bool* as_bool() const { return std::get_if<bool>(&data_); }
  [[nodiscard]] const std::int64_t* as_int() const { return std::get_if<std::int64_t>(&data_); }
  [[nodiscard]] const std::uint64_t* as_uint() const { return std::get_if<std::uint64_t>(&data_); }
  [[nodiscard]] const double* as_real() const { return std::get_if<double>(&data_); }
  [[nodiscard]] const std::string* as_string() const { return std::get_if<std::string>(&data_); }
  [[nodiscard]] const Array* as_array() const { return std::get_if<Array>(&data_); }
  [[nodiscard]] const Object* as_object() const { return std::get_if<Object>(&data_); }
  Array* as_array() { return std::get_if<Array>(&data_); }
  Object* as_object() { return std::get_if<Object>(&data_); }
  std::string* as_string() { return std::get_if<std::string>(&data_); }

  // A member of an object; null pointer when this is no object or has no such member.
  [[nodiscard]] const Value* find(std::string_view key) const;
  Value* find(std::string_view key);
  // Follows member names: find_path({"spec", "template", "metadata"}).
  [[nodiscard]] const Value* find_path(std::initializer_list<std::string_view> keys) const;
  // The string at that path, or "" (Kubernetes treats an absent string as an empty one).
  [[nodiscard]] std::string_view text(std::initializer_list<std::string_view> keys) const;
  // Makes this an object if it is none, and returns the member, new and null when it was absent.
  Value& operator[](std::string_view key);

  // Calls the callable with a reference to the alternative held.
  template <class Visitor>
  decltype(auto) visit(Visitor&& visitor) const {
    return std::visit(std::forward<Visitor>(visitor), data_);
  }

  bool operator==(const Value&) const = default;

 private:
  std::variant<std::monostate, bool, std::int64_t, std::uint64_t, double, std::string, Array, Object>
      data_;
};

struct Member {
  std::string key;
  Value value;

  bool operator==(const Member&) const = default;
};

// Below Member, because what makes or destroys an Object needs it whole.
inline Value::Value() noexcept = default;
inline Value::Value(std::nullptr_t) {}
inline Value::Value(bool value) : data_(value) {}
inline Value::Value(int value) : data_(std::int64_t{value}) {}
inline Value::Value(std::int64_t value) : data_(value) {}
inline Value::Value(double value) : data_(value) {}
inline Value::Value(std::string value) : data_(std::move(value)) {}
inline Value::Value(std::string_view value) : data_(std::string(value)) {}
inline Value::Value(const char* value) : data_(std::string(value)) {}
inline Value::Value(Array value) : data_(std::move(value)) {}
inline Value::Value(Object value) : data_(std::move(value)) {}

// "null", "boolean", "integer", …, as error messages name a kind ("integer" for both integers).
std::string_view kind_name(Value::Kind kind);

}  // namespace holdfast
