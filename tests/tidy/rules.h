// SPDX-License-Identifier: Apache-2.0
// The house rules. Each function looks at what it is given and nothing else, so that the rules can
// be held against small examples. The messages say what to write instead.
#pragma once

#include "source.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::tidy {

// text_rules.cpp: what stands in the text of one file.
void check_opening(const Source& source, Findings& out);      // SPDX line, #pragma once, purpose
void check_try(const Source& source, Findings& out);          // TRY(...) is followed by ';'
void check_constructs(const Source& source, Findings& out);   // words and calls that are banned
void check_error_texts(const Source& source, Findings& out);  // the wording of failures
void check_comments(const Source& source, Findings& out);     // praise, notes to self, dead code

// shape_rules.cpp: lengths, parameters, nesting, names.
void check_file_length(const Source& source, Findings& out);
void check_functions(const Source& source, Findings& out);
void check_names(const Source& source, Findings& out);

// module_rules.cpp: what a module lists, uses and includes.
struct Module {
  std::string name;
  std::string file;                  // its CMakeLists.txt
  std::vector<std::string> sources;  // everything listed, file names
  std::vector<std::string> headers;
  std::vector<std::string> uses;
};

using Modules = std::map<std::string, Module, std::less<>>;

// Nothing when the text holds no holdfast_module(...) call.
std::vector<Module> parse_modules(const std::string& file, std::string_view cmake);
void check_listed(const Module& module, const std::vector<std::string>& present, Findings& out);
void check_includes(const Source& source, const Modules& modules, Findings& out);
void check_door(const Source& source, Findings& out);
// `architecture` is ARCHITECTURE.md: a module may use those of lower layers in its table.
void check_layers(const Modules& modules, std::string_view architecture, Findings& out);

// document_rules.cpp: what the documents say of the project.
struct CodeText {
  std::string_view name;
  std::string_view fix;
};

// `exists` answers for a path from the root, `text` gives a file's content.
struct ProjectView {
  bool (*exists)(const std::string& path);
  std::string (*text)(const std::string& path);
};

void check_document(const std::string& file, std::string_view text, const ProjectView& project,
                    Findings& out);
void check_error_sections(const std::string& file, std::string_view text,
                          const std::vector<CodeText>& codes, Findings& out);

}  // namespace holdfast::tidy
