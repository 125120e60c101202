// SPDX-License-Identifier: Apache-2.0
// The --set grammar: "a.b=1,c={x,y},d[0].e=v,f=null" into values. Pure.
// Mirrors helm 4.3 pkg/strvals/parser.go.
#pragma once

#include "base/result.h"
#include "gotmpl/templates.h"
#include "value/value.h"

#include <functional>
#include <string>
#include <string_view>

namespace holdfast::helm {

enum class SetKind {
  typed,    // --set: true, false, null and integers are what they look like
  text,     // --set-string: everything is text
  literal,  // --set-literal: one key, all that follows the first '=' is text
  json,     // --set-json: values are JSON; in Helm 4 a whole object without a key merges
};

// Writes the assignments of `text` into `values`. Lists of `values` are edited in place, as those
// of -f files are. Refuses with Code::chart_values.
Result<> set_values(Object& values, std::string_view text, SetKind kind,
                    gotmpl::Flavor flavor = gotmpl::Flavor::helm4);

// --set-file key=<content>: the key's grammar, the content as text.
Result<> set_text(Object& values, std::string_view key, std::string content);

// --set-file: as --set-string, each value being the path of a file whose content it becomes.
using FileReader = std::function<Result<std::string>(std::string_view path)>;
Result<> set_files(Object& values, std::string_view text, const FileReader& read,
                   gotmpl::Flavor flavor = gotmpl::Flavor::helm4);

}  // namespace holdfast::helm
