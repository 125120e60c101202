// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <utility>

namespace holdfast::tidy {
namespace {

struct Door {
  std::string_view header;  // prefix of what stands in <>
  std::string_view folder;  // whose .cpp files may include it
};

constexpr auto doors = std::to_array<Door>({
    {"simdjson", "lib/value"},
    {"openssl/", "lib/crypto"},
    {"archive.h", "lib/archive"},
    {"archive_entry.h", "lib/archive"},
    {"zstd.h", "lib/archive"},
    {"zlib.h", "lib/archive"},
    {"curl/", "lib/http"},
    {"yaml.h", "lib/yaml"},
    {"toml++/", "lib/config"},
    {"git2", "lib/git"},
    {"libssh2", "lib/git"},
    {"rnp/", "lib/openpgp"},
    {"re2/", "lib/regex"},
    {"lua", "lib/health"},
    {"CLI/", "bootstrap"},
    {"boost/", "agent"},
});

struct Include {
  std::string text;
  char opener;
  int line;
};

std::vector<Include> includes_of(const Source& source) {
  std::vector<Include> out;
  int line = 0;
  for (auto text : lines_of(source.text)) {
    ++line;
    if (!text.starts_with("#include ")) continue;
    text.remove_prefix(9);
    const char opener = text.empty() ? '\0' : text.front();
    const auto end = text.find(opener == '<' ? '>' : '"', 1);
    if (end != std::string_view::npos)
      out.push_back({std::string(text.substr(1, end - 1)), opener, line});
  }
  return out;
}

// Words of a CMake text, comments gone.
std::vector<std::string> words_of(std::string_view cmake) {
  std::vector<std::string> out;
  for (auto line : lines_of(cmake)) {
    line = line.substr(0, line.find('#'));
    std::string word;
    for (const char c : line) {
      const bool ends =
          std::isspace(static_cast<unsigned char>(c)) != 0 || c == '(' || c == ')' || c == '"';
      if (!ends) word += c;
      if (ends && !word.empty()) out.push_back(std::exchange(word, {}));
      if (c == '(' || c == ')') out.emplace_back(1, c);
    }
    if (!word.empty()) out.push_back(word);
  }
  return out;
}

void collect_uses(const std::string& name, const Modules& modules, std::set<std::string>& out) {
  if (!out.insert(name).second) return;
  const auto found = modules.find(name);
  if (found == modules.end()) return;
  for (const auto& used : found->second.uses)
    collect_uses(used, modules, out);
}

}  // namespace

std::vector<Module> parse_modules(const std::string& file, std::string_view cmake) {
  std::vector<Module> out;
  const auto words = words_of(cmake);
  for (std::size_t i = 0; i + 2 < words.size(); ++i) {
    if (words[i] != "holdfast_module" || words[i + 1] != "(") continue;
    Module module{.name = words[i + 2], .file = file, .sources = {}, .headers = {}, .uses = {}};
    std::string section;
    for (i += 3; i < words.size() && words[i] != ")"; ++i) {
      constexpr auto sections = std::to_array<std::string_view>(
          {"SOURCES", "HEADERS", "TESTS", "FUZZ", "USES", "PRIVATE", "ON_DEMAND"});
      if (std::ranges::find(sections, words[i]) != sections.end()) {
        section = words[i];
      } else if (section == "USES") {
        module.uses.push_back(words[i]);
      } else if (section != "PRIVATE" && section != "ON_DEMAND") {
        module.sources.push_back(words[i]);
        if (section == "HEADERS") module.headers.push_back(words[i]);
      }
    }
    out.push_back(std::move(module));
  }
  return out;
}

void check_listed(const Module& module, const std::vector<std::string>& present, Findings& out) {
  for (const auto& file : present) {
    // A header that is no part of the interface goes with its .cpp.
    const auto twin = file.substr(0, file.rfind('.')) + ".cpp";
    const bool own =
        file.ends_with(".h") && std::ranges::find(module.sources, twin) != module.sources.end();
    if (own || std::ranges::find(module.sources, file) != module.sources.end()) continue;
    out.push_back({module.file, 1, "unlisted", fmt::format("'{}' is not listed", file)});
  }
  for (const auto& file : module.sources) {
    if (std::ranges::find(present, file) != present.end()) continue;
    out.push_back({module.file, 1, "unlisted", fmt::format("'{}' is listed but absent", file)});
  }
}

void check_includes(const Source& source, const Modules& modules, Findings& out) {
  const auto folder = source.folder();
  if (!folder.starts_with("lib/")) return;
  const auto own = folder.substr(4);
  std::set<std::string> reachable;
  collect_uses(own, modules, reachable);
  for (const auto& include : includes_of(source)) {
    if (include.opener != '"') continue;
    const auto module = include.text.substr(0, include.text.find('/'));
    const bool fake = module == "fakes" && source.is_test();
    if (fake || reachable.contains(module)) continue;
    out.push_back({source.path, include.line, "uses",
                   fmt::format("\"{}\" is of module '{}', which '{}' does not name under USES",
                               include.text, module, own)});
  }
}

void check_door(const Source& source, Findings& out) {
  for (const auto& include : includes_of(source)) {
    std::string folders;
    bool allowed = source.path.starts_with("tests/");
    for (const auto& door : doors) {
      if (include.opener != '<' || !include.text.starts_with(door.header)) continue;
      folders += fmt::format("{}{}", folders.empty() ? "" : ", ", door.folder);
      allowed = allowed || source.folder() == door.folder;
    }
    if (folders.empty() || (allowed && !source.is_header())) continue;
    out.push_back(
        {source.path, include.line, "door",
         fmt::format("<{}> may only be included by .cpp files of {}", include.text, folders)});
  }
}

void check_layers(const Modules& modules, std::string_view architecture, Findings& out) {
  std::map<std::string, int, std::less<>> layer_of;
  for (const auto line : lines_of(architecture)) {
    const auto cells = split(line, '|');
    if (cells.size() < 4) continue;
    const auto layer = trim(cells[1]);
    const auto name = trim(cells[2]);
    const bool row = layer.size() == 1 && std::isdigit(static_cast<unsigned char>(layer[0])) != 0 &&
                     name.size() > 2;
    if (row) layer_of.emplace(name.substr(1, name.size() - 2), layer[0] - '0');
  }
  for (const auto& [name, module] : modules) {
    const auto own = layer_of.find(name);
    if (own == layer_of.end()) {
      out.push_back(
          {"ARCHITECTURE.md", 1, "layers", fmt::format("module '{}' is not in the table", name)});
      continue;
    }
    for (const auto& used : module.uses) {
      const auto other = layer_of.find(used);
      if (other == layer_of.end() || other->second < own->second) continue;
      out.push_back({module.file, 1, "layers",
                     fmt::format("'{}' of layer {} uses '{}' of layer {}", name, own->second, used,
                                 other->second)});
    }
  }
}

}  // namespace holdfast::tidy
