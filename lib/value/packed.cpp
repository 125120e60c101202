// SPDX-License-Identifier: Apache-2.0
#include "value/packed.h"

#include <bit>
#include <cstring>

namespace holdfast {
namespace {

// A byte for the kind; then, by kind: nothing, a byte, eight bytes, or a count with so many bytes, values or
// members. Counts have seven bits a byte, the lowest first, and the eighth bit where more follow.
class Packer {
 public:
  void value(const Value& value) {
    out_ += static_cast<char>(value.kind());
    value.visit([&](const auto& held) { this->held(held); });
  }

  [[nodiscard]] const std::string& bytes() const { return out_; }

 private:
  void held(std::monostate) {}
  void held(bool value) { out_ += static_cast<char>(value); }
  void held(std::int64_t value) { word(static_cast<std::uint64_t>(value)); }
  void held(std::uint64_t value) { word(value); }
  void held(double value) { word(std::bit_cast<std::uint64_t>(value)); }
  void held(const std::string& text) {
    count(text.size());
    out_ += text;
  }
  void held(const Array& items) {
    count(items.size());
    for (const auto& item : items) value(item);
  }
  void held(const Object& object) {
    count(object.size());
    for (const auto& member : object) {
      held(member.key);
      value(member.value);
    }
  }

  void count(std::size_t number) {
    for (; number >= 0x80; number >>= 7) out_ += static_cast<char>(number | 0x80);
    out_ += static_cast<char>(number);
  }

  void word(std::uint64_t word) { out_.append(reinterpret_cast<const char*>(&word), sizeof word); }

  std::string out_;
};

// Reads what a Packer wrote, and nothing else ever comes here.
class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}

  Value value() {
    switch (static_cast<Value::Kind>(take(1)[0])) {
      case Value::Kind::null: return {};
      case Value::Kind::boolean: return take(1)[0] != 0;
      case Value::Kind::integer: return static_cast<std::int64_t>(word());
      case Value::Kind::unsigned_integer: return word();
      case Value::Kind::real: return std::bit_cast<double>(word());
      case Value::Kind::string: return text();
      case Value::Kind::array: return array();
      case Value::Kind::object: return object();
    }
    std::unreachable();
  }

 private:
  std::string_view take(std::size_t length) {
    const auto taken = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return taken;
  }

  std::uint64_t word() {
    std::uint64_t word = 0;
    std::memcpy(&word, take(sizeof word).data(), sizeof word);
    return word;
  }

  std::size_t count() {
    std::size_t number = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(take(1)[0]);
      number |= static_cast<std::size_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return number;
    }
  }

  std::string text() { return std::string(take(count())); }

  Value array() {
    Array items;
    const auto size = count();
    items.reserve(size);
    for (std::size_t i = 0; i < size; ++i) items.push_back(value());
    return items;
  }

  Value object() {
    Object members;
    const auto size = count();
    members.reserve(size);
    for (std::size_t i = 0; i < size; ++i) {
      std::string key = text();
      members.append(std::move(key), value());
    }
    return members;
  }

  std::string_view rest_;
};

}  // namespace

Packed::Packed(const Value& value) {
  if (value.is_null()) return;
  Packer packer;
  packer.value(value);
  bytes_ = packer.bytes();  // a copy, which has no room to grow
}

Value Packed::unpack() const { return bytes_.empty() ? Value() : Unpacker(bytes_).value(); }

}  // namespace holdfast
