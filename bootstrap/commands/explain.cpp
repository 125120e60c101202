// SPDX-License-Identifier: Apache-2.0
#include "commands/explain.h"

#include "base/text.h"
#include "embedded.h"

namespace holdfast::bootstrap {
namespace {

// The part of docs/errors.md under "## CODE", up to the next heading of that level.
std::string_view section_of(std::string_view document, std::string_view code) {
  const std::string heading = fmt::format("## {}", code);
  const auto start = document.find(heading);
  if (start == std::string_view::npos) return {};
  const auto end = document.find("\n## ", start);
  return trim(document.substr(start, end == std::string_view::npos ? end : end - start));
}

// "A file or folder does not exist": the section's first words, in bold.
std::string_view title_of(std::string_view section) {
  const auto start = section.find("**") + 2;
  return section.substr(start, section.find(".**", start) - start);
}

Result<> list_codes(Console& console) {
  Array codes;
  for (const auto& row : all_codes()) {
    const auto title = title_of(section_of(embedded_docs().front().content, row.name));
    console.line(fmt::format("{}  {}", row.name, title));
    codes.emplace_back(Object{{"code", row.name}, {"title", title}, {"fix", row.fix}});
  }
  console.data(codes);
  return {};
}

// As people type them: "hf-e-1001" and "1001" are HF-E-1001.
std::string code_name(std::string_view typed) {
  std::string name(typed);
  for (char& c : name) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  const bool number = name.find_first_not_of("0123456789") == std::string::npos;
  return number ? "HF-E-" + name : name;
}

}  // namespace

Result<> run_explain(const ExplainOptions& options, Console& console) {
  if (options.code.empty()) return list_codes(console);
  const auto name = code_name(options.code);
  const auto* row = find_code(name);
  if (row == nullptr) {
    std::vector<std::string_view> known;
    for (const auto& each : all_codes()) known.push_back(each.name);
    auto error = Error(Code::usage, fmt::format("there is no code \"{}\"", printable(options.code)))
                     .fix("list them all: holdfast explain");
    if (const auto close = nearest(name, known)) error = std::move(error).at(fmt::format("the nearest is {}", *close));
    return failure(std::move(error));
  }
  const auto text = section_of(embedded_docs().front().content, row->name);
  console.line(text);
  console.data(Object{{"code", row->name}, {"fix", row->fix}, {"text", text}});
  return {};
}

}  // namespace holdfast::bootstrap
