// SPDX-License-Identifier: Apache-2.0
// Template text → trees: the file's own and those it defines. Mirrors Go 1.26
// text/template/parse/parse.go, its error texts and the lines they name.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "gotmpl/ast.h"
#include "gotmpl/functions.h"
#include "gotmpl/lexer.h"

namespace holdfast::gotmpl {

struct ParsedFile {
  std::shared_ptr<const Tree> main;
  std::vector<std::shared_ptr<const Tree>> trees;  // main among them, each name once
};

// Refuses with Code::template_syntax at "name:line:column".
Result<ParsedFile> parse_template(std::shared_ptr<Source> source, Names& names,
                                  const FunctionTable& functions);

}  // namespace holdfast::gotmpl
