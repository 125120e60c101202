// SPDX-License-Identifier: Apache-2.0
// The number literals of a template: ideal constants that become an int, a float or a complex number
// as the place wants. Mirrors Go 1.26 text/template/parse/node.go (newNumber) and exec.go
// (idealConstant).
#pragma once

#include <string>

#include "gotmpl/ast.h"
#include "gotmpl/lexer.h"

namespace holdfast::gotmpl {

// Fills the node; returns why the literal is refused, or "".
std::string read_number(NumberNode& node, const Item& token);

}  // namespace holdfast::gotmpl
