// SPDX-License-Identifier: Apache-2.0
// Go's complex128, which only a literal makes. Mirrors Go 1.26 fmt/print.go (fmtComplex).
#pragma once

#include "gotmpl/host_object.h"

namespace holdfast::gotmpl {

class Complex final : public HostObject {
 public:
  Complex(double real, double imaginary) : real_(real), imaginary_(imaginary) {}
  [[nodiscard]] const Type& type() const override;
  [[nodiscard]] std::string print() const override;
  [[nodiscard]] Result<Value> to_value() const override {
    return failure(Code::wrong_type, "json: unsupported type: complex128");
  }
  [[nodiscard]] bool truth() const override { return real_ != 0 || imaginary_ != 0; }
  [[nodiscard]] bool equals(const HostObject& other) const override {
    if (&other.type() != &type()) return false;
    const auto& complex = static_cast<const Complex&>(other);
    return complex.real_ == real_ && complex.imaginary_ == imaginary_;
  }
  [[nodiscard]] double real() const { return real_; }
  [[nodiscard]] double imaginary() const { return imaginary_; }

 private:
  double real_;
  double imaginary_;
};

}  // namespace holdfast::gotmpl
