// SPDX-License-Identifier: Apache-2.0
// How a template calls C++: a row per function or method with its Go signature, so that a wrong call
// is refused in Go's words before the C++ runs. Helm's host objects (.Files, .Capabilities) bring
// rows of their own as the methods of a Type.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "gotmpl/datum.h"

namespace holdfast::gotmpl {

class Execution;  // the running template; its services are in execution.h
struct Node;

struct Call {
  std::span<Datum> arguments;  // checked against the signature; may be moved from
  const Datum* self = nullptr;  // the receiver of a method
  Execution* execution = nullptr;
  std::string_view name;  // as the template wrote it
  const Node* first = nullptr;  // the first argument as written; null when it is piped or none

  [[nodiscard]] std::size_t count() const { return arguments.size(); }
  Datum& operator[](std::size_t index) { return arguments[index]; }
  [[nodiscard]] const std::string& text(std::size_t index) const { return arguments[index].text(); }
};

// One letter per parameter, '*' after the last one when it is variadic:
//   s string     i int        l int64       b bool     f float64   a interface {}
//   m map[string]interface {}  L []interface {}         v reflect.Value (a missing value passes)
//   u uint32     B []uint8    S []string    T time.Time   V *semver.Version      C sprig.certificate
//   D time.Duration
struct Function {
  std::string_view name;
  std::string_view signature;
  Result<Datum> (*call)(Call&);
};

// The method of that name; null when the type (or no type) has none.
const Function* find_method(const Type* type, std::string_view name);

// The failure of a function, in the words a template's author sees after "error calling NAME: ".
std::unexpected<Error> call_failure(std::string cause);

}  // namespace holdfast::gotmpl
