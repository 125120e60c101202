// SPDX-License-Identifier: Apache-2.0
// Sprig 3.3.0 strings.go and the parts of goutils 1.1.1 it stands on.
#include <algorithm>

#include "gotmpl/convert.h"
#include "gotmpl/execution.h"
#include "gotmpl/go_text.h"
#include "gotmpl/print.h"
#include "gotmpl/unicode.h"

namespace holdfast::gotmpl {
namespace {

std::string join_texts(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out += separator;
    out += parts[i];
  }
  return out;
}

bool space_byte(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view trim_set(std::string_view text, std::string_view cutset) {
  std::u32string set = to_runes(cutset);
  auto cut = [&](char32_t rune) { return set.find(rune) != std::u32string::npos; };
  while (!text.empty() && cut(decode_rune(text).value)) text.remove_prefix(decode_rune(text).size);
  while (!text.empty() && cut(decode_last_rune(text).value)) {
    text.remove_suffix(decode_last_rune(text).size);
  }
  return text;
}

// strings.Replace without a limit: an empty `from` matches before every rune and at the end.
Result<std::string> replaced(Call& call, std::string_view text, std::string_view from,
                             std::string_view to) {
  std::string out;
  if (from.empty()) {
    TRY(call.execution->reserve_bytes(text.size() + (count_runes(text) + 1) * to.size()));
    while (true) {
      out += to;
      if (text.empty()) return out;
      std::size_t size = decode_rune(text).size;
      out += text.substr(0, size);
      text.remove_prefix(size);
    }
  }
  std::size_t at = text.find(from);
  if (at == std::string_view::npos) return std::string(text);
  while (at != std::string_view::npos) {
    out += text.substr(0, at);
    out += to;
    text.remove_prefix(at + from.size());
    TRY(call.execution->reserve_bytes(out.size()));
    at = text.find(from);
  }
  out += text;
  return out;
}

Result<std::string> indented(Call& call, std::string_view prefix) {
  std::int64_t spaces = call[0].integer();
  if (spaces < 0) return call_failure("strings: negative Repeat count");
  const std::string& text = call.text(1);
  auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  std::uint64_t added = 0;
  if (__builtin_mul_overflow(lines, static_cast<std::uint64_t>(spaces), &added)) added = ~0ULL >> 1;
  TRY(call.execution->reserve_bytes(text.size() + added));
  auto pad = static_cast<std::size_t>(spaces);
  std::string out;
  out.reserve(prefix.size() + text.size() + added);
  out += prefix;
  std::string_view rest = text;
  while (true) {
    out.append(pad, ' ');
    std::size_t end = rest.find('\n');
    if (end == std::string_view::npos) break;
    out += rest.substr(0, end + 1);
    rest.remove_prefix(end + 1);
  }
  out += rest;
  return out;
}

Result<Datum> indent(Call& call) {
  auto value = TRY(indented(call, ""));
  return Datum(std::move(value));
}
Result<Datum> nindent(Call& call) {
  auto value = TRY(indented(call, "\n"));
  return Datum(std::move(value));
}

Result<Datum> quote_all(Call& call) {
  std::string out;
  bool first = true;
  for (const Datum& value : call.arguments) {
    if (value.is_nil()) continue;
    if (!first) out += ' ';
    first = false;
    out += value.is_string() ? quote(value.text()) : quote(text_of(value));
  }
  return Datum(std::move(out));
}

Result<Datum> squote(Call& call) {
  std::string out;
  bool first = true;
  for (const Datum& value : call.arguments) {
    if (value.is_nil()) continue;
    if (!first) out += ' ';
    first = false;
    out += '\'';
    append_value(out, value);
    out += '\'';
  }
  return Datum(std::move(out));
}

Result<Datum> cat(Call& call) {
  std::string out;
  for (const Datum& value : call.arguments) {
    if (value.is_nil()) continue;
    if (!out.empty()) out += ' ';
    append_value(out, value);
  }
  return Datum(std::move(out));
}

Result<Datum> trunc(Call& call) {
  const std::string& text = call.text(1);
  auto size = static_cast<std::int64_t>(text.size());
  std::int64_t count = call[0].integer();
  if (count < 0 && size + count > 0) {
    return Datum(std::string_view(text).substr(static_cast<std::size_t>(size + count)));
  }
  if (count >= 0 && size > count) {
    return Datum(std::string_view(text).substr(0, static_cast<std::size_t>(count)));
  }
  return std::move(call[1]);
}

Result<Datum> trim_text(Call& call) { return Datum(trim_space(call.text(0))); }
Result<Datum> trim_all(Call& call) { return Datum(trim_set(call.text(1), call.text(0))); }

Result<Datum> trim_suffix(Call& call) {
  std::string_view text = call.text(1);
  if (!text.ends_with(call.text(0))) return std::move(call[1]);
  return Datum(text.substr(0, text.size() - call.text(0).size()));
}

Result<Datum> trim_prefix(Call& call) {
  std::string_view text = call.text(1);
  if (!text.starts_with(call.text(0))) return std::move(call[1]);
  return Datum(text.substr(call.text(0).size()));
}

Result<Datum> upper(Call& call) { return Datum(upper_text(call.text(0))); }
Result<Datum> lower(Call& call) { return Datum(lower_text(call.text(0))); }
Result<Datum> contains(Call& call) {
  return Datum(call.text(1).find(call.text(0)) != std::string::npos);
}
Result<Datum> has_prefix(Call& call) { return Datum(call.text(1).starts_with(call.text(0))); }
Result<Datum> has_suffix(Call& call) { return Datum(call.text(1).ends_with(call.text(0))); }
Result<Datum> replace(Call& call) {
  auto value = TRY(replaced(call, call.text(2), call.text(0), call.text(1)));
  return Datum(std::move(value));
}
Result<Datum> plural(Call& call) { return std::move(call[call[2].integer() == 1 ? 0 : 1]); }
Result<Datum> to_string(Call& call) {
  if (call[0].is_string()) return std::move(call[0]);
  return Datum(text_of(call[0]));
}
Result<Datum> to_strings(Call& call) { return Datum::of_strings(texts_of(call[0])); }

Result<Datum> repeat(Call& call) {
  std::int64_t count = call[0].integer();
  if (count < 0) return call_failure("strings: negative Repeat count");
  const std::string& text = call.text(1);
  std::uint64_t size = 0;
  if (__builtin_mul_overflow(text.size(), static_cast<std::uint64_t>(count), &size)) {
    return call_failure("strings: Repeat output length overflow");
  }
  TRY(call.execution->reserve_bytes(size));
  std::string out;
  out.reserve(size);
  if (!text.empty()) {
    for (std::int64_t i = 0; i < count; ++i) out += text;
  }
  return Datum(std::move(out));
}

Result<Datum> substr(Call& call) {
  std::int64_t start = call[0].integer();
  std::int64_t end = call[1].integer();
  std::string_view text = call.text(2);
  auto size = static_cast<std::int64_t>(text.size());
  auto outside = [&](std::string range) {
    return call_failure("runtime error: slice bounds out of range " + range);
  };
  if (start < 0) {
    if (end < 0) return outside(fmt::format("[:{}]", end));
    if (end > size) return outside(fmt::format("[:{}] with length {}", end, size));
    return Datum(text.substr(0, static_cast<std::size_t>(end)));
  }
  if (end < 0 || end > size) {
    if (start > size) return outside(fmt::format("[{}:{}]", start, size));
    return Datum(text.substr(static_cast<std::size_t>(start)));
  }
  if (start > end) return outside(fmt::format("[{}:{}]", start, end));
  return Datum(text.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(end - start)));
}

std::string abbreviated(std::string_view text, std::int64_t offset, std::int64_t width) {
  auto size = static_cast<std::int64_t>(text.size());
  if (size <= width) return std::string(text);
  offset = std::min(offset, size);
  if (size - offset < width - 3) offset = size - (width - 3);
  auto keep = static_cast<std::size_t>(width - 3);
  if (offset <= 4) return std::string(text.substr(0, keep)) + "...";
  if (offset + width - 3 < size) {
    return "..." + abbreviated(text.substr(static_cast<std::size_t>(offset)), 0, width - 3);
  }
  return "..." + std::string(text.substr(text.size() - keep));
}

Result<Datum> abbrev(Call& call) {
  if (call[0].integer() < 4) return std::move(call[1]);
  return Datum(abbreviated(call.text(1), 0, call[0].integer()));
}

Result<Datum> abbrev_both(Call& call) {
  std::int64_t left = call[0].integer();
  std::int64_t right = call[1].integer();
  if (right < 4 || (left > 0 && right < 7)) return std::move(call[2]);
  return Datum(abbreviated(call.text(2), left, right));
}

// Bytes, not runes, are looked at.
Result<Datum> no_space(Call& call) {
  std::string out;
  bool found = false;
  for (char c : call.text(0)) {
    auto byte = static_cast<unsigned char>(c);
    bool space = space_byte(c) || byte == 0x85 || byte == 0xA0;
    found = found || space;
    if (!space) append_rune(out, byte);
  }
  return found ? Datum(std::move(out)) : std::move(call[0]);
}

Result<Datum> initials(Call& call) {
  std::string out;
  bool gap = true;
  for (char c : call.text(0)) {
    auto byte = static_cast<unsigned char>(c);
    if (is_space(byte)) {
      gap = true;
    } else if (gap) {
      append_rune(out, byte);
      gap = false;
    }
  }
  return Datum(std::move(out));
}

// goutils.WrapCustom: words are cut at `width` bytes when `cut_words`.
std::string wrapped(std::string_view text, std::int64_t width, std::string_view line_end,
                    bool cut_words) {
  std::string out;
  std::size_t offset = 0;
  auto wide = static_cast<std::size_t>(std::max<std::int64_t>(width, 1));
  while (text.size() - offset > wide) {
    if (text[offset] == ' ') {
      ++offset;
      continue;
    }
    std::size_t at = text.substr(offset, wide + 1).rfind(' ');
    std::size_t end = at;
    if (at == std::string_view::npos && cut_words) {
      out += text.substr(offset, wide);
      out += line_end;
      offset += wide;
      continue;
    }
    if (at == std::string_view::npos) {
      std::size_t next = text.find(' ', offset + wide);
      if (next == std::string_view::npos) {
        out += text.substr(offset);
        return out;
      }
      end = next - offset;
    }
    out += text.substr(offset, end);
    out += line_end;
    offset += end + 1;
  }
  out += text.substr(offset);
  return out;
}

Result<Datum> wrap(Call& call) {
  return Datum(wrapped(call.text(1), call[0].integer(), "\n", false));
}

Result<Datum> wrap_with(Call& call) {
  const std::string& line_end = call.text(1);
  std::int64_t lines = static_cast<std::int64_t>(call.text(2).size()) /
                           std::max<std::int64_t>(call[0].integer(), 1) + 1;
  TRY(call.execution->reserve_bytes(call.text(2).size() +
                                    static_cast<std::uint64_t>(lines) * line_end.size()));
  return Datum(wrapped(call.text(2), call[0].integer(), line_end.empty() ? "\n" : line_end, true));
}

// strings.SplitN; n < 0 is all.
std::vector<std::string> split_text(std::string_view text, std::string_view separator,
                                    std::int64_t n) {
  std::vector<std::string> parts;
  if (n == 0) return parts;
  while (n < 0 || static_cast<std::int64_t>(parts.size()) + 1 < n) {
    std::size_t at = separator.empty() ? (text.empty() ? 0 : decode_rune(text).size)
                                       : text.find(separator);
    if (separator.empty() && at >= text.size()) break;
    if (at == std::string_view::npos) break;
    parts.emplace_back(text.substr(0, at));
    text.remove_prefix(at + separator.size());
  }
  if (!separator.empty() || !text.empty()) parts.emplace_back(text);
  return parts;
}

Datum numbered(std::vector<std::string> parts) {
  Datum result = Datum::new_dict(string_dict_type);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    result.dict()->set(fmt::format("_{}", i), Datum(std::move(parts[i])));
  }
  return result;
}

Result<Datum> split_list(Call& call) {
  return Datum::of_strings(split_text(call.text(1), call.text(0), -1));
}
Result<Datum> split_numbered(Call& call) {
  return numbered(split_text(call.text(1), call.text(0), -1));
}
Result<Datum> split_n(Call& call) {
  return numbered(split_text(call.text(2), call.text(0), call[1].integer()));
}

Result<Datum> join(Call& call) { return Datum(join_texts(texts_of(call[1]), call.text(0))); }

Result<Datum> sort_alpha(Call& call) {
  if (call[0].is_nil()) return Datum::of_strings({"<nil>"});
  std::vector<std::string> texts;
  if (call[0].kind() == Kind::list || call[0].kind() == Kind::bytes) {
    texts = texts_of(call[0]);
    std::sort(texts.begin(), texts.end());
  } else {
    texts.push_back(text_of(call[0]));
  }
  return Datum::of_strings(std::move(texts));
}

constexpr Function rows[] = {
    {"indent", "is", indent},           {"nindent", "is", nindent},
    {"quote", "a*", quote_all},         {"squote", "a*", squote},
    {"cat", "a*", cat},                 {"trunc", "is", trunc},
    {"trim", "s", trim_text},           {"trimAll", "ss", trim_all},
    {"trimall", "ss", trim_all},        {"trimSuffix", "ss", trim_suffix},
    {"trimPrefix", "ss", trim_prefix},  {"upper", "s", upper},
    {"lower", "s", lower},              {"contains", "ss", contains},
    {"hasPrefix", "ss", has_prefix},    {"hasSuffix", "ss", has_suffix},
    {"replace", "sss", replace},        {"plural", "ssi", plural},
    {"toString", "a", to_string},       {"toStrings", "a", to_strings},
    {"repeat", "is", repeat},           {"substr", "iis", substr},
    {"abbrev", "is", abbrev},           {"abbrevboth", "iis", abbrev_both},
    {"nospace", "s", no_space},         {"initials", "s", initials},
    {"wrap", "is", wrap},               {"wrapWith", "iss", wrap_with},
    {"splitList", "ss", split_list},    {"split", "ss", split_numbered},
    {"splitn", "sis", split_n},         {"join", "sa", join},
    {"sortAlpha", "a", sort_alpha},
};

}  // namespace

std::span<const Function> string_functions() { return rows; }

}  // namespace holdfast::gotmpl
