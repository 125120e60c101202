// SPDX-License-Identifier: Apache-2.0
// Values into structs, as Go's JSON decoder does it: names match in any case, null changes nothing,
// types must fit exactly, unknown names are errors where the tool forbids them.
// It does not know kustomizations.
// Upstream: Go encoding/json as kustomize v5.8.1 uses it (api/types/kustomization.go, Unmarshal).
#pragma once

#include "base/ascii.h"
#include "base/result.h"
#include "kustomize/field_spec.h"
#include "kustomize/object.h"
#include "value/value.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::kustomize {

// A kustomization takes exact types only. Configurations and plugins go through another decoder of
// the tool, which turns numbers and booleans into texts; plugins may hold more than the tool knows.
enum class Decoding { kustomization, configuration, plugin };

class Decoder {
 public:
  // `text` may be empty when the places are not known.
  Decoder(std::string file, std::string_view text, Decoding decoding)
      : file_(std::move(file)), text_(text), decoding_(decoding) {}

  template <class Owner>
  struct Field {
    std::string_view name;
    Result<> (*read)(Decoder&, const Value&, Owner&);
  };

  // A member that `Member` points to.
  template <auto Member, class Owner>
  static Result<> into(Decoder& decoder, const Value& value, Owner& owner) {
    return decoder.read(value, owner.*Member);
  }

  template <class Owner>
  Result<> object(const Value& value, Owner& out, std::span<const Field<Owner>> fields) {
    if (value.is_null()) return {};
    if (!value.is_object()) return wrong_type(value, "a map");
    for (const auto& [key, member] : *value.as_object()) {
      const Field<Owner>* field = find(fields, key);
      const Step step(*this, key);
      if (field == nullptr) {
        if (decoding_ == Decoding::plugin) continue;
        std::vector<std::string_view> known;
        for (const auto& each : fields)
          known.push_back(each.name);
        return unknown_name(key, known);
      }
      TRY(field->read(*this, member, out));
    }
    return {};
  }

  Result<> read(const Value& value, std::string& out);
  Result<> read(const Value& value, bool& out);
  Result<> read(const Value& value, std::int64_t& out);
  Result<> read(const Value& value, Texts& out);
  Result<> read(const Value& value, Value& out);

  template <class T>
  Result<> read(const Value& value, std::optional<T>& out) {
    if (value.is_null()) return {};
    if (!out) out.emplace();
    return read(value, *out);
  }

  template <class T>
  Result<> read(const Value& value, std::vector<T>& out) {
    out.clear();
    if (value.is_null()) return {};
    if (!value.is_array()) return wrong_type(value, "a list");
    const auto& list = *value.as_array();
    out.resize(list.size());
    for (std::size_t i = 0; i < list.size(); ++i) {
      const Step step(*this, std::to_string(i));
      TRY(read(list[i], out[i]));
    }
    return {};
  }

  // Structs bring a free function of this name.
  template <class T>
    requires requires(Decoder& d, const Value& v, T& t) { read_struct(d, v, t); }
  Result<> read(const Value& value, T& out) {
    return read_struct(*this, value, out);
  }

  [[nodiscard]] std::unexpected<Error> wrong_type(const Value& value,
                                                  std::string_view wanted) const;
  [[nodiscard]] std::string place() const;  // "file:line:col" of where the decoder stands
  [[nodiscard]] std::string place_of(const std::string& pointer) const;

 private:
  struct Step {
    Step(Decoder& decoder, std::string_view part);

    ~Step() { decoder_.pointer_.resize(length_); }

    Step(const Step&) = delete;
    Step& operator=(const Step&) = delete;

    Decoder& decoder_;
    std::size_t length_;
  };

  [[nodiscard]] std::unexpected<Error> unknown_name(std::string_view key,
                                                    std::span<const std::string_view> known) const;
  [[nodiscard]] std::string spelling(const Value& value) const;

  template <class Owner>
  static const Field<Owner>* find(std::span<const Field<Owner>> fields, std::string_view key) {
    for (const auto& field : fields) {
      if (field.name == key) return &field;
    }
    for (const auto& field : fields) {
      if (equal_ignoring_case(field.name, key)) return &field;
    }
    return nullptr;
  }

  std::string file_;
  std::string_view text_;
  Decoding decoding_;
  std::string pointer_;
};

}  // namespace holdfast::kustomize
