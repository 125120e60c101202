// SPDX-License-Identifier: Apache-2.0
// What a Datum of kind object holds. Implemented by whoever has such a value; it does not know templates.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "gotmpl/datum.h"

namespace holdfast::gotmpl {

// A Go value that is reached through methods only (a time, a version).
class HostObject : public Box {
 public:
  virtual ~HostObject() = default;
  [[nodiscard]] virtual const Type& type() const = 0;
  [[nodiscard]] virtual std::string print() const = 0;    // its String method
  [[nodiscard]] virtual Result<Value> to_value() const { return Value(print()); }
  [[nodiscard]] virtual bool truth() const { return true; }
  [[nodiscard]] virtual std::int64_t number() const { return 0; }  // of a named integer type
  // Go's struct, for the verbs of printf that its text is not for; none where nobody knows its fields.
  [[nodiscard]] virtual Datum structure() const { return {}; }
  [[nodiscard]] virtual bool equals(const HostObject& other) const { return this == &other; }

 protected:
  HostObject() = default;
};

}  // namespace holdfast::gotmpl
