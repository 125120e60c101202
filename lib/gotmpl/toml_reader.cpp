// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/toml_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "gotmpl/go_text.h"
#include "gotmpl/toml_scalar.h"
#include "gotmpl/unicode.h"

namespace holdfast::gotmpl {

const Type toml_tables_type{"[]map[string]interface {}", "slice", Kind::dict};

namespace {

constexpr std::size_t depth_max = 100;  // of values in values, and parts of a key
using Key = std::vector<std::string>;

std::string path_of(const Key& key) {
  std::string out;
  for (const std::string& part : key) {
    if (&part != &key.front()) out += '.';
    out += toml_key(part);
  }
  return out;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  Datum run() {
    if (document()) return root_;
    Datum refused = Datum::new_dict();
    const std::string last = last_key();
    const std::string key = last.empty() ? "" : fmt::format(" (last key {})", quote(last));
    refused.dict()->set("Error", Datum(fmt::format("toml: line {}{}: {}", text_.complaint_line(), key, text_.complaint())));
    return refused;
  }

 private:
  bool document() {
    while (true) {
      const char32_t c = text_.next();
      if (is_blank(c) || is_line_end(c)) continue;
      if (c == '#') {
        if (!comment()) return false;
        continue;
      }
      if (c == end_of_text) return true;
      if (c == '[') {
        if (!header()) return false;
      } else {
        text_.back();
        if (!pair(context_)) return false;
        current_.clear();
      }
      if (!end_of_item()) return false;
    }
  }

  bool comment() {
    char32_t c = text_.next();
    while (!is_line_end(c) && c != end_of_text && c != wrong_rune) c = text_.next();
    text_.back();
    return c != wrong_rune;
  }

  bool end_of_item() {
    char32_t c = text_.next();
    while (is_blank(c)) c = text_.next();
    if (c == '#') return comment();
    if (is_line_end(c)) return true;
    if (c == end_of_text) {
      text_.back();
      return true;
    }
    return text_.fail(fmt::format(
        "expected a top-level item to end with a newline, comment, or EOF, but got {} instead", quoted_rune(c)));
  }

  // "[a.b]" or "[[a.b]]", behind the first bracket.
  bool header() {
    const bool list = text_.accept('[');
    Key key;
    while (true) {
      text_.skip_blanks();
      const char32_t c = text_.peek();
      if (c == ']' || c == end_of_text) return text_.fail("unexpected end of table name (table names cannot be empty)");
      if (c == '.') return text_.fail("unexpected table separator (table names cannot be empty)");
      if (!name(key)) return false;
      text_.skip_blanks();
      const char32_t after = text_.next();
      if (after == ']') break;
      if (after != '.') {
        return text_.fail(fmt::format("expected '.' or ']' to end table name, but got {} instead", quoted_rune(after)));
      }
    }
    if (list) {
      const char32_t c = text_.next();
      if (c != ']') {
        return text_.fail(
            fmt::format("expected end of table array name delimiter ']', but got {} instead", quoted_rune(c)));
      }
    }
    return open(key, list);
  }

  // One part of a key; the first says where the item is.
  bool name(Key& key) {
    const char32_t first = text_.peek();
    std::string part;
    if (first == '"' || first == '\'') {
      text_.next();
      if (!scalar_.name(part, first)) return false;
    } else {
      const auto begin = text_.at();
      while (is_bare(text_.next())) {
      }
      text_.back();
      part = text_.from(begin);
    }
    if (!text_.complaint().empty()) return false;
    if (key.empty()) item_line_ = text_.line();
    key.push_back(std::move(part));
    return context_.size() + key.size() <= depth_max || text_.fail("keys are nested too deeply");
  }

  bool key_of_pair(Key& key) {
    text_.skip_blanks();
    const char32_t first = text_.peek();
    if (first == '=' || first == end_of_text) return text_.fail("unexpected '=': key name appears blank");
    if (first == '.') return text_.fail("unexpected '.': keys cannot start with a '.'");
    while (true) {
      text_.skip_blanks();
      const char32_t c = text_.peek();
      if (!key.empty() && (c == '=' || c == end_of_text)) return text_.fail("unexpected '='");
      if (!key.empty() && c == '.') return text_.fail("unexpected '.'");
      if (!name(key)) return false;
      text_.skip_blanks();
      const char32_t after = text_.next();
      if (after == '=') return true;
      if (after == '.') continue;
      if (after == end_of_text) return text_.fail("unexpected EOF; expected key separator '='");
      const std::string message = fmt::format("expected '.' or '=', but got {} instead", quoted_rune(after));
      return after == '\n' ? text_.fail_in_line_before(message) : text_.fail(message);
    }
  }

  // "a.b = 1" into the table of the context, which is `outer` again afterwards.
  bool pair(const Key outer, Datum* into = nullptr) {
    Key key;
    if (!key_of_pair(key)) return false;
    current_ = key.back();
    for (std::size_t i = 0; i + 1 < key.size(); ++i) {
      Key inner = context_;
      inner.push_back(key[i]);
      implicit_.insert(path_of(inner));
      if (!open(inner, false)) return false;
    }
    Datum held;
    if (!value(held, false) || !set(current_, held)) return false;
    arrays_[path_with(current_)] = held.kind() == Kind::list;
    if (into != nullptr && !put(*into, key, held)) return false;
    context_ = outer;
    return true;
  }

  // Into an inline table's own map.
  bool put(Datum table, const Key& key, Datum held) {
    for (std::size_t i = 0; i + 1 < key.size(); ++i) {
      const Datum* inner = table.find(key[i]);
      if (inner != nullptr && inner->kind() != Kind::dict) return refuse(fmt::format("{} is not a table", quote(path_of(context_))));
      Datum next = inner != nullptr ? *inner : Datum::new_dict();
      table.dict()->set(key[i], next);
      table = std::move(next);
    }
    table.dict()->set(key.back(), std::move(held));
    return true;
  }

  bool value(Datum& out, bool in_array) {
    if (++depth_ > depth_max) return text_.fail("values are nested too deeply");
    const bool read = value_within(out, in_array);
    --depth_;
    return read;
  }

  bool value_within(Datum& out, bool in_array) {
    char32_t c = text_.next();
    while (is_blank(c)) c = text_.next();
    if (is_decimal(c)) {
      text_.back();
      return scalar_.number(out);
    }
    switch (c) {
      case '[': return array(out);
      case '{': return inline_table(out, in_array);
      case '"':
      case '\'': return scalar_.string(out, c);
      case '.': return text_.fail("floats must start with a digit, not '.'");
      case '-':
      case '+': return scalar_.signed_number(out);
      case 'i':
      case 'n': {
        const auto begin = text_.at() - 1;
        if ((text_.accept('n') && text_.accept('f')) || (text_.accept('a') && text_.accept('n')))
          return scalar_.real(out, std::string(text_.from(begin)));
        break;
      }
      default: break;
    }
    if (c != wrong_rune && is_letter(c)) {
      text_.back();
      return scalar_.boolean(out);
    }
    if (c == end_of_text) return text_.fail("unexpected EOF; expected value");
    const std::string message = fmt::format("expected value but found {} instead", quoted_rune(c));
    return c == '\n' ? text_.fail_in_line_before(message) : text_.fail(message);
  }

  bool array(Datum& out) {
    arrays_[path_with(current_)] = true;
    std::vector<Datum> items;
    const auto item = [&] { return value(items.emplace_back(), true); };
    const auto item_follows = [] { return true; };
    if (!between_commas(']', "expected a comma (',') or array terminator (']'), but got {}", item, item_follows)) return false;
    out = Datum::of_list(std::move(items));
    return true;
  }

  bool inline_table(Datum& out, bool in_array) {
    const Key outer = context_;
    const std::string outer_key = current_;
    Key own = outer;
    own.push_back(std::exchange(current_, {}));
    context_ = own;
    implicit_.insert(path_of(own));
    if (!open(own, in_array)) return false;
    const Key inside = context_;
    out = Datum::new_dict();
    const auto item = [&] { return pair(inside, &out); };
    const auto item_follows = [&] {
      text_.skip_blanks();
      return text_.peek() != '}';
    };
    if (!between_commas('}', "expected a comma or an inline table terminator '}}', but got {} instead", item, item_follows)) return false;
    context_ = outer;
    current_ = outer_key;
    return true;
  }

  // The items up to `close`. `item` reads one; after a comma `item_follows` says whether another is read next.
  // `complaint` is what to say of a character that is neither a comma nor `close`.
  template <class Item, class ItemFollows>
  bool between_commas(char32_t close, fmt::format_string<std::string> complaint, const Item& item, const ItemFollows& item_follows) {
    bool more = true;
    while (true) {
      const char32_t c = text_.next();
      if (is_blank(c) || is_line_end(c)) continue;
      if (c == '#') {
        if (!comment()) return false;
        continue;
      }
      if (c == close) return true;
      if (more) {
        if (c == ',') return text_.fail("unexpected comma");
        text_.back();
        if (!item()) return false;
        more = false;
      } else if (c == ',') {
        more = item_follows();
      } else {
        return text_.fail(fmt::format(complaint, shown_or_end(c)));
      }
    }
  }

  // Of the item that is read.
  bool refuse(std::string message) { return text_.fail_at(item_line_, std::move(message)); }

  std::string path_with(const std::string& key) const {
    Key path = context_;
    path.push_back(key);
    return path_of(path);
  }

  [[nodiscard]] std::string last_key() const {
    if (current_.empty()) return path_of(context_);
    return context_.empty() ? current_ : path_of(context_) + "." + current_;
  }

  // Makes the table of that path the context, with those above it; of a list its next table.
  bool open(const Key& key, bool list) {
    Datum table = root_;
    Key above;
    for (std::size_t i = 0; i + 1 < key.size(); ++i) {
      above.push_back(key[i]);
      if (table.find(key[i]) == nullptr) {
        implicit_.insert(path_of(above));
        table.dict()->set(key[i], Datum::new_dict());
      }
      if (!enter(table, key[i])) return refuse(fmt::format("Key '{}' was already created as a hash.", path_of(above)));
    }
    context_ = above;
    if (!list) {
      if (!set(key.back(), Datum::new_dict())) return false;
    } else {
      if (table.find(key.back()) == nullptr) table.dict()->set(key.back(), Datum::of_list({}, toml_tables_type));
      const Datum* tables = table.find(key.back());
      if (tables->type() != &toml_tables_type) {
        return refuse(fmt::format("Key '{}' was already created and cannot be used as an array.", path_of(key)));
      }
      tables->list()->items.push_back(Datum::new_dict());
    }
    context_.push_back(key.back());
    return true;
  }

  // To the table that the key holds, or the last of its tables.
  static bool enter(Datum& table, const std::string& key) {
    const Datum held = *table.find(key);
    const bool tables = held.type() == &toml_tables_type;
    if (!tables && held.kind() != Kind::dict) return false;
    table = tables ? held.items().back() : held;
    return true;
  }

  // A key of the context's table, which may have been made implicitly and once.
  bool set(const std::string& key, const Datum& held) {
    Datum table = root_;
    Key path;
    for (const std::string& part : context_) {
      path.push_back(part);
      if (!enter(table, part)) return refuse(fmt::format("Key '{}' has already been defined.", path_of(path)));
    }
    path.push_back(key);
    const std::string name = path_of(path);
    if (table.find(key) == nullptr) {
      table.dict()->set(key, held);
      return true;
    }
    if (implicit_.erase(name) == 0) return refuse(fmt::format("Key '{}' has already been defined.", name));
    if (arrays_[name]) table.dict()->set(key, held);
    return true;
  }

  TomlText text_;
  TomlScalar scalar_{text_};
  Datum root_ = Datum::new_dict();
  Key context_;
  std::string current_;              // the key whose value is read
  std::set<std::string> implicit_;   // tables that a longer key made
  std::map<std::string, bool> arrays_;
  int item_line_ = 1;
  std::size_t depth_ = 0;
};

}  // namespace

Datum read_toml(std::string_view text) {
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF")) {
    text.remove_prefix(2);
  } else if (text.starts_with("\xEF\xBB\xBF")) {
    text.remove_prefix(3);
  }
  constexpr std::size_t looked_at = 6;
  if (text.substr(0, looked_at).contains('\0')) {
    Datum refused = Datum::new_dict();
    refused.dict()->set("Error", Datum("toml: line 1: files cannot contain NULL bytes; probably using UTF-16; TOML files must be UTF-8"));
    return refused;
  }
  return Reader(text).run();
}

std::string toml_quoted(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    switch (c) {
      case '\t': out += "\\t"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\b': out += "\\b"; break;
      case '\f': out += "\\f"; break;
      default:
        if (static_cast<unsigned char>(c) < ' ' || c == 0x7F) {
          out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
        } else {
          out += c;
        }
    }
  }
  return out + "\"";
}

std::string toml_key(std::string_view key) {
  const auto bare = [](char c) { return is_bare(static_cast<unsigned char>(c)); };
  return !key.empty() && std::ranges::all_of(key, bare) ? std::string(key) : toml_quoted(key);
}

}  // namespace holdfast::gotmpl
