// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/pretty_yaml.h"

#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "gotmpl/convert.h"
#include "gotmpl/function.h"
#include "gotmpl/go_text.h"
#include "gotmpl/host_object.h"
#include "gotmpl/print.h"
#include "gotmpl/unicode.h"
#include "yaml/key_order.h"
#include "yaml/scalar.h"

namespace holdfast::gotmpl {
namespace {

constexpr int depth_max = 100;
constexpr std::size_t simple_key_bytes_max = 128;

enum class Style { plain, single_quoted, double_quoted, literal };

bool breaks(char32_t rune) {
  return rune == '\n' || rune == '\r' || rune == 0x85 || rune == 0x2028 || rune == 0x2029;
}

// go-yaml's is_printable: nothing above U+FFFF.
bool printable_rune(char32_t rune) {
  return rune == '\n' || (rune >= 0x20 && rune <= 0x7E) || rune == 0x85 ||
         (rune >= 0xA0 && rune <= 0xD7FF) || (rune >= 0xE000 && rune <= 0xFFFD && rune != 0xFEFF);
}

// What the text allows (yaml_emitter_analyze_scalar).
struct Analysis {
  bool plain = true;
  bool single = true;
  bool literal = true;
};

bool indicator(std::u32string_view text, std::size_t at) {
  char32_t rune = text[at];
  auto blank = [&](std::size_t i) {
    return i >= text.size() || text[i] == ' ' || text[i] == '\t' || breaks(text[i]);
  };
  if (at == 0) {
    if (std::u32string_view(U"#,[]{}&*!|>'\"%@`").find(rune) != std::u32string_view::npos) return true;
    return (rune == '?' || rune == ':' || rune == '-') && blank(1);
  }
  if (rune == ':') return blank(at + 1);
  return rune == '#' && blank(at - 1);
}

Analysis analyze(std::u32string_view text) {
  Analysis result;
  bool document_mark = text.starts_with(U"---") || text.starts_with(U"...");
  bool indicators = document_mark;
  bool special = false;
  bool tab = false;
  bool line_break = false;
  bool break_space = false;
  bool space_break = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    char32_t rune = text[i];
    indicators = indicators || indicator(text, i);
    tab = tab || rune == '\t';
    special = special || (!printable_rune(rune) && rune != '\t');
    line_break = line_break || breaks(rune);
    if (i == 0) continue;
    break_space = break_space || (rune == ' ' && breaks(text[i - 1]));
    space_break = space_break || (breaks(rune) && text[i - 1] == ' ');
  }
  auto edge = [](char32_t rune) { return rune == ' ' || breaks(rune); };
  bool edges = !text.empty() && (edge(text.front()) || edge(text.back()));
  result.plain = !edges && !break_space && !space_break && !tab && !special && !line_break && !indicators;
  result.single = !break_space && !space_break && !tab && !special;
  result.literal = !space_break && !special && (text.empty() || text.back() != ' ');
  return result;
}

// YAML 1.1 words that 1.2 reads as text; go-yaml quotes them for older readers.
bool old_boolean(std::string_view text) {
  static constexpr std::string_view words[] = {"y",  "Y",  "yes", "Yes", "YES", "on",
                                               "On", "ON", "n",   "N",   "no",  "No",
                                               "NO", "off", "Off", "OFF"};
  return std::find(std::begin(words), std::end(words), text) != std::end(words);
}

class Writer {
 public:
  Result<std::string> run(const Datum& root) {
    TRY(node(root, 0, 0));
    if (!out_.ends_with('\n')) out_ += '\n';
    return std::move(out_);
  }

 private:
  enum class Place { value, key };

  void indent(int columns) { out_.append(static_cast<std::size_t>(columns), ' '); }

  // `column` is where the lines of this node's own children start.
  Result<> node(const Datum& value, int column, int depth) {
    if (depth > depth_max) return call_failure("the value is nested too deeply for YAML");
    if (value.dict() != nullptr && value.dict()->size() > 0) return mapping(value, column, depth);
    if (std::optional<std::vector<Datum>> items = elements_of(value); items && !items->empty()) {
      return sequence(*items, column, depth);
    }
    scalar(value, column, Place::value);
    return {};
  }

  Result<> mapping(const Datum& value, int column, int depth) {
    std::vector<const Dict::Entry*> entries;
    for (const Dict::Entry& entry : value.dict()->entries()) entries.push_back(&entry);
    std::sort(entries.begin(), entries.end(), [](const Dict::Entry* a, const Dict::Entry* b) {
      return yaml::key_less(a->key, b->key);
    });
    bool first = true;
    for (const Dict::Entry* entry : entries) {
      if (!first) indent(column);
      first = false;
      bool simple = entry->key.size() <= simple_key_bytes_max && entry->key.find('\n') == std::string::npos;
      if (!simple) out_ += "? ";
      scalar(Datum(entry->key), column, simple ? Place::key : Place::value);
      if (!simple) {
        line_end();
        indent(column);
      }
      out_ += ':';
      TRY(child(entry->value, column + 2, depth));
      line_end();
    }
    return {};
  }

  // After "key:": on the same line, or below it when it has lines of its own.
  Result<> child(const Datum& value, int column, int depth) {
    bool lines = (value.dict() != nullptr && value.dict()->size() > 0) ||
                 (value.kind() == Kind::list && !value.items().empty()) ||
                 (value.kind() == Kind::bytes && !value.text().empty());
    if (lines) {
      out_ += '\n';
      indent(column);
    } else {
      out_ += ' ';
    }
    return node(value, lines ? column : column - 2, depth + 1);
  }

  Result<> sequence(const std::vector<Datum>& items, int column, int depth) {
    bool first = true;
    for (const Datum& item : items) {
      if (!first) indent(column);
      first = false;
      out_ += "- ";
      bool scalar_item = item.dict() == nullptr && item.kind() != Kind::list;
      TRY(node(item, scalar_item ? column : column + 2, depth + 1));
      line_end();
    }
    return {};
  }

  void line_end() {
    if (!out_.ends_with('\n')) out_ += '\n';
  }

  void scalar(const Datum& value, int column, Place place) {
    if (value.is_nil()) {
      out_ += "null";
    } else if (value.kind() == Kind::string) {
      text(value.text(), column, place);
    } else if (value.kind() == Kind::float64) {
      number(value.real());
    } else if (value.dict() != nullptr) {
      out_ += "{}";
    } else if (value.kind() == Kind::list || value.kind() == Kind::bytes) {
      out_ += "[]";
    } else if (value.kind() == Kind::object) {
      // A time stands as it is, where a text of its looks would be quoted.
      const auto held = value.host()->to_value();
      const bool time = value.type_name() == "time.Time" && held && held->is_string();
      if (time) {
        out_ += *held->as_string();
      } else {
        text(value.host()->print(), column, place);
      }
    } else {
      append_value(out_, value);
    }
  }

  void number(double value) {
    if (std::isnan(value)) {
      out_ += ".nan";
    } else if (std::isinf(value)) {
      out_ += value > 0 ? ".inf" : "-.inf";
    } else {
      out_ += format_float(value);
    }
  }

  void text(const std::string& value, int column, Place place) {
    if (find_invalid_utf8(value)) {
      out_ += "!!binary " + to_base64(value);
      return;
    }
    std::u32string runes = to_runes(value);
    switch (style_of(value, runes, place)) {
      case Style::plain: out_ += value; return;
      case Style::single_quoted: out_ += "'" + replace_all(value, "'", "''") + "'"; return;
      case Style::double_quoted: double_quoted(runes); return;
      case Style::literal: literal(value, column + 2); return;
    }
  }

  static Style style_of(const std::string& value, std::u32string_view runes, Place place) {
    Analysis allowed = analyze(runes);
    if (value.find('\n') != std::string::npos) {
      return allowed.literal && place == Place::value ? Style::literal : Style::double_quoted;
    }
    bool means_text = value == "<<" || yaml::resolve(value, yaml::Dialect::kyaml).kind == yaml::ScalarKind::text;
    if (!means_text || yaml::is_base60(value) || old_boolean(value)) return Style::double_quoted;
    if (allowed.plain && !value.empty()) return Style::plain;
    return allowed.single ? Style::single_quoted : Style::double_quoted;
  }

  void literal(std::string_view value, int column) {
    out_ += '|';
    if (value[0] == ' ' || value[0] == '\n') out_ += '2';
    if (!value.ends_with('\n')) {
      out_ += '-';
    } else if (value.size() == 1 || value[value.size() - 2] == '\n') {
      out_ += '+';
    }
    out_ += '\n';
    while (!value.empty()) {
      std::size_t end = std::min(value.find('\n'), value.size());
      if (end > 0) indent(column);
      out_ += value.substr(0, end);
      out_ += '\n';
      value.remove_prefix(std::min(end + 1, value.size()));
    }
  }

  void double_quoted(std::u32string_view runes) {
    // go-yaml asks the first character for every other: after a byte order mark all are escaped.
    bool all = !runes.empty() && runes[0] == 0xFEFF;
    out_ += '"';
    for (char32_t rune : runes) {
      bool plain = printable_rune(rune) && !breaks(rune) && rune != '"' && rune != '\\' && !all;
      if (plain) {
        append_rune(out_, rune);
      } else {
        escape(rune);
      }
    }
    out_ += '"';
  }

  void escape(char32_t rune) {
    struct Row {
      char32_t rune;
      char letter;
    };
    static constexpr Row rows[] = {{0, '0'},    {7, 'a'},    {8, 'b'},      {9, 't'},     {10, 'n'},
                                   {11, 'v'},   {12, 'f'},   {13, 'r'},     {27, 'e'},    {'"', '"'},
                                   {'\\', '\\'}, {0x85, 'N'}, {0xA0, '_'},  {0x2028, 'L'}, {0x2029, 'P'}};
    for (const Row& row : rows) {
      if (row.rune != rune) continue;
      out_ += '\\';
      out_ += row.letter;
      return;
    }
    auto value = static_cast<std::uint32_t>(rune);
    out_ += rune <= 0xFF     ? fmt::format("\\x{:02X}", value)
            : rune <= 0xFFFF ? fmt::format("\\u{:04X}", value)
                             : fmt::format("\\U{:08X}", value);
  }

  std::string out_;
};

}  // namespace

Result<std::string> write_pretty_yaml(const Datum& value) { return Writer().run(value); }

}  // namespace holdfast::gotmpl
