// SPDX-License-Identifier: Apache-2.0
// What a chart's author can do about the commonest mistakes: the last line of an error, where it can
// be better than its code's own. Nothing ("") where there is nothing better to say. Go has no such
// lines; its causes stay as they are.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "gotmpl/ast.h"
#include "gotmpl/datum.h"
#include "gotmpl/function.h"

namespace holdfast::gotmpl {

// The error with that advice, or as it was.
Error advised(Error error, std::string advice);

// Of what the parser refuses; `rest` is the source from there on.
std::string advice_on_syntax(std::string_view message, std::string_view rest);

// fields[step] was asked of `receiver`, which has none such; `root` is what the path begins with.
std::string advice_on_member(const PathNode& path, std::size_t step, const Datum& root,
                             const Datum& receiver);

// The value is not of the parameter's type.
std::string advice_on_type(const Datum& value, char letter);
// A literal of the wrong kind.
std::string advice_on_literal(const Node& literal, char letter);

// eq, lt and the others of two kinds.
std::string advice_on_comparison(const Datum& left, const Datum& right);

// What range cannot go over.
std::string advice_on_range(const Datum& value);

// The parameters that a function takes.
std::string advice_on_count(const Function& function);

// A chart stopped by itself with `required` or `fail`.
std::string advice_on_refusal(const Node& call);

}  // namespace holdfast::gotmpl
