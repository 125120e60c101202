// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/printer.h"

#include <algorithm>

#include "gotmpl/complex.h"
#include "gotmpl/go_text.h"
#include "gotmpl/host_object.h"
#include "gotmpl/print.h"
#include "gotmpl/unicode.h"

namespace holdfast::gotmpl {
namespace {

// Go would overflow its stack on a map that holds itself.
constexpr int depth_max = 100;
// Padding beyond this is dropped; the run's output limit refuses the text right after.
constexpr std::size_t out_bytes_max = std::size_t{256} << 20;

// "[1 22 255]", written into place: a digit at a time took most of the rendering of such charts.
void append_numbers(std::string& out, std::string_view bytes) {
  constexpr std::size_t widest = 4;
  const std::size_t before = out.size();
  out.resize(before + bytes.size() * widest + 2);
  char* at = out.data() + before;
  *at++ = '[';
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i > 0) *at++ = ' ';
    const unsigned number = static_cast<unsigned char>(bytes[i]);
    if (number >= 100) *at++ = static_cast<char>('0' + number / 100);
    if (number >= 10) *at++ = static_cast<char>('0' + number / 10 % 10);
    *at++ = static_cast<char>('0' + number % 10);
  }
  *at++ = ']';
  out.resize(static_cast<std::size_t>(at - out.data()));
}

bool is_pointer(const Datum& value) { return value.type() != nullptr && value.type()->kind == "ptr"; }

constexpr std::string_view lower_digits = "0123456789abcdefx";
constexpr std::string_view upper_digits = "0123456789ABCDEFX";

}  // namespace

void Printer::print(const Datum& value, char32_t verb, int depth) {
  if (verb == 'T' && depth == 0 && !complaining_) {
    pad(cut(value.is_nil() ? "<nil>" : value.type_name()));
    return;
  }
  if (verb == 'p' && depth == 0 && !value.is_nil()) return print_address(value, verb);
  switch (value.kind()) {
    case Kind::none:
    case Kind::nil:
      if (depth > 0 && flags_.go_syntax) {
        out_ += "interface {}(nil)";
      } else if (depth > 0) {
        out_ += "<nil>";  // no width counts inside
      } else if (verb == 'v') {
        pad("<nil>");
      } else {
        bad_verb(value, verb);
      }
      return;
    case Kind::boolean:
      if (verb == 't' || verb == 'v') {
        pad(value.boolean() ? "true" : "false");
      } else {
        bad_verb(value, verb);
      }
      return;
    case Kind::integer:
    case Kind::int64:
    case Kind::uint8:
    case Kind::uint64:
      print_integer(value, verb);
      return;
    case Kind::float64:
      print_float(value, verb);
      return;
    case Kind::string:
      print_text(value, verb);
      return;
    case Kind::bytes:
    case Kind::list:
    case Kind::dict:
    case Kind::structure:
    case Kind::object:
      if (depth > depth_max || out_.size() > out_bytes_max) {
        out_ += "...";
        stopped_ = true;
      } else {
        print_boxed(value, verb, depth);
      }
      return;
  }
}

void Printer::print_boxed(const Datum& value, char32_t verb, int depth) {
  if (value.host() != nullptr) return print_object(value, verb, depth);
  if (value.kind() == Kind::bytes) return print_bytes(value, verb, depth);
  if (value.kind() == Kind::list) return print_list(value, verb, depth);
  if (depth > 0 && is_pointer(value)) return print_address(value, verb);
  print_members(value, verb, depth);
}

void Printer::print_object(const Datum& value, char32_t verb, int depth) {
  const HostObject& host = *value.host();
  if (value.kind_name() == "complex128") return print_complex(value, verb);
  // Its String is for the verbs of texts only, and not for what complains about a verb.
  const bool text = std::u32string_view(U"vsxXq").find(verb) != std::u32string_view::npos;
  const bool integer = value.kind_name() == "int64" || value.kind_name() == "int";
  const Datum structure = host.structure();
  const bool other = integer || !structure.is_none();
  if (!other || (text && !complaining_ && !flags_.go_syntax)) return print_text(Datum(host.print()), verb);
  if (integer && std::u32string_view(U"vdboOxXcqU").find(verb) == std::u32string_view::npos) return bad_verb(value, verb);
  if (integer) return print_integer(Datum::int64(host.number()), verb);
  if (depth > 0 && is_pointer(value)) return print_address(value, verb);
  print_members(structure, verb, depth);
}

// Go's heap begins there. What it prints for an address is another one in each run, and this program
// has to print the same every time.
void Printer::print_address(const Datum& value, char32_t verb) {
  constexpr std::uint64_t heap = 0xc000000000;
  const bool has_address = is_pointer(value) || value.kind() == Kind::dict || value.kind() == Kind::list ||
                           value.kind() == Kind::bytes;
  if (!has_address || std::u32string_view(U"vpbodxX").find(verb) == std::u32string_view::npos)
    return bad_verb(value, verb);
  const std::uint64_t address = value.type()->is_nil ? 0 : heap;
  if (verb != 'v' && verb != 'p') return print_integer(Datum::uint64(address), verb);
  if (verb == 'v' && address == 0 && !flags_.go_syntax) return pad("<nil>");
  const bool shown = flags_.go_syntax && verb == 'v';
  if (shown) out_ += fmt::format("({})(", value.type_name());
  const VerbFlags before = flags_;
  flags_.sharp = shown || !flags_.sharp;
  flags_.go_syntax = false;
  if (shown && address == 0) {
    out_ += "nil";
  } else {
    integer(address, Sign::without, {16}, 'v');
  }
  flags_ = before;
  if (shown) out_ += ')';
}

void Printer::print_list(const Datum& value, char32_t verb, int depth) {
  if (flags_.go_syntax) out_ += value.type_name();
  if (flags_.go_syntax && value.type()->is_nil) {
    out_ += "(nil)";
    return;
  }
  out_ += flags_.go_syntax ? '{' : '[';
  bool first = true;
  for (const Datum& item : value.items()) {
    if (stopped_) break;
    if (!first) out_ += flags_.go_syntax ? ", " : " ";
    first = false;
    print(item, verb, depth + 1);
  }
  out_ += flags_.go_syntax ? '}' : ']';
}

void Printer::print_members(const Datum& value, char32_t verb, int depth) {
  bool structure = value.kind() == Kind::structure;
  // The outermost pointer is followed, those inside are addresses.
  const bool pointer = is_pointer(value);
  if (pointer) out_ += '&';
  if (flags_.go_syntax) {
    out_ += value.type_name().substr(pointer ? 1 : 0);
    if (value.type()->is_nil) {
      out_ += "(nil)";
      return;
    }
    out_ += '{';
  } else {
    out_ += structure ? "{" : "map[";
  }
  bool named = !structure || flags_.go_syntax || flags_.field_names;
  bool first = true;
  auto member = [&](std::string_view name, const Datum& held) {
    if (stopped_) return;
    if (!first) out_ += flags_.go_syntax ? ", " : " ";
    first = false;
    if (named && structure) {
      out_ += name;
    } else if (named) {
      print_text(Datum(name), verb);
    }
    if (named) out_ += ':';
    print(held, verb, depth + 1);
  };
  std::span<const Field> fields = value.type()->fields;
  for (const Field& field : fields) member(field.name, *value.find(field.name));
  if (fields.empty()) {
    for (const Dict::Entry& entry : value.dict()->entries()) member(entry.key, entry.value);
  }
  out_ += flags_.go_syntax || structure ? '}' : ']';
}

void Printer::print_text(const Datum& value, char32_t verb) {
  std::string_view text = value.text();
  switch (verb) {
    case 'v':
      if (flags_.go_syntax) {
        quoted(text);
      } else {
        pad(cut(text));
      }
      return;
    case 's':
      pad(cut(text));
      return;
    case 'x':
    case 'X':
      hex(text, verb == 'X' ? Letters::upper : Letters::lower);
      return;
    case 'q':
      quoted(text);
      return;
    default:
      bad_verb(value, verb);
  }
}

void Printer::print_bytes(const Datum& value, char32_t verb, int depth) {
  if (verb == 's' || verb == 'q' || verb == 'x' || verb == 'X') {
    print_text(value, verb);
    return;
  }
  // Charts print whole files this way when a context becomes a key of a dict.
  if (!flags_.go_syntax && !flags_.has_width && !flags_.has_precision && !flags_.plus &&
      !flags_.space && (verb == 'v' || verb == 'd')) {
    append_numbers(out_, value.text());
    return;
  }
  std::vector<Datum> items;
  for (char c : value.text()) items.push_back(Datum::uint8(static_cast<std::uint8_t>(c)));
  static constexpr Type outermost{"[]byte", "slice"}, inner{"[]uint8", "slice"};
  print_list(Datum::of_list(std::move(items), depth == 0 ? outermost : inner), verb, depth);
}

void Printer::print_integer(const Datum& value, char32_t verb) {
  auto bits = static_cast<std::uint64_t>(value.integer());
  Sign sign = value.is_signed() ? Sign::with : Sign::without;
  switch (verb) {
    case 'v':
      if (flags_.go_syntax && sign == Sign::without) {
        std::swap(flags_.sharp, flags_.go_syntax);
        integer(bits, sign, {16}, verb);
        std::swap(flags_.sharp, flags_.go_syntax);
        return;
      }
      integer(bits, sign, {10}, verb);
      return;
    case 'd':
      integer(bits, sign, {10}, verb);
      return;
    case 'b':
      integer(bits, sign, {2}, verb);
      return;
    case 'o':
    case 'O':
      integer(bits, sign, {8}, verb);
      return;
    case 'x':
    case 'X':
      integer(bits, sign, {16, verb == 'X' ? Letters::upper : Letters::lower}, verb);
      return;
    case 'c': {
      std::string text;
      append_rune(text, static_cast<char32_t>(std::min<std::uint64_t>(bits, 0x110000)));
      pad(text);
      return;
    }
    case 'q':
      quoted_rune(bits);
      return;
    case 'U':
      unicode(bits);
      return;
    default:
      bad_verb(value, verb);
  }
}

void Printer::print_float(const Datum& value, char32_t verb) {
  switch (verb) {
    case 'v':
      real(value.real(), 'g', -1);
      return;
    case 'g':
    case 'G':
      real(value.real(), static_cast<char>(verb), -1);
      return;
    case 'f':
    case 'F':
      real(value.real(), 'f', 6);
      return;
    case 'e':
    case 'E':
      real(value.real(), static_cast<char>(verb), 6);
      return;
    case 'b':
    case 'x':
    case 'X':
      real(value.real(), static_cast<char>(verb), -1);
      return;
    default:
      bad_verb(value, verb);
  }
}

void Printer::print_complex(const Datum& value, char32_t verb) {
  if (std::u32string_view(U"vbgGxXfFeE").find(verb) == std::u32string_view::npos) return bad_verb(value, verb);
  const auto& number = static_cast<const Complex&>(*value.host());
  out_ += '(';
  print_float(Datum(number.real()), verb);
  const bool plus = std::exchange(flags_.plus, true);
  print_float(Datum(number.imaginary()), verb);
  flags_.plus = plus;
  out_ += "i)";
}

void Printer::bad_verb(const Datum& value, char32_t verb) {
  out_ += "%!";
  append_rune(out_, verb);
  out_ += '(';
  if (value.is_nil()) {
    out_ += "<nil>";
  } else {
    out_ += value.type_name();
    out_ += '=';
    complaining_ = true;
    print(value, 'v');
    complaining_ = false;
  }
  out_ += ')';
}

void Printer::integer(std::uint64_t bits, Sign sign, Base base, char32_t verb) {
  bool negative = sign == Sign::with && static_cast<std::int64_t>(bits) < 0;
  if (negative) bits = 0 - bits;
  int wanted = flags_.has_precision ? flags_.precision : 0;
  if (flags_.has_precision && wanted == 0 && bits == 0) {
    bool zero = std::exchange(flags_.zero, false);
    padding(flags_.width);
    flags_.zero = zero;
    return;
  }
  if (!flags_.has_precision && flags_.zero && !flags_.minus && flags_.has_width) {
    wanted = flags_.width - (negative || flags_.plus || flags_.space ? 1 : 0);
  }
  std::string_view digits = base.letters == Letters::upper ? upper_digits : lower_digits;
  std::string text;  // from the right
  do {
    text += digits[bits % base.radix];
    bits /= base.radix;
  } while (bits > 0);
  while (static_cast<int>(text.size()) < wanted) text += '0';
  if (flags_.sharp && base.radix == 2) text += "b0";
  if (flags_.sharp && base.radix == 8 && text.back() != '0') text += '0';
  if (flags_.sharp && base.radix == 16) {
    text += digits[16];
    text += '0';
  }
  if (verb == 'O') text += "o0";
  if (negative || flags_.plus || flags_.space) text += negative ? '-' : flags_.plus ? '+' : ' ';
  std::reverse(text.begin(), text.end());
  bool zero = std::exchange(flags_.zero, false);
  pad(text);
  flags_.zero = zero;
}

void Printer::unicode(std::uint64_t rune) {
  int digits = flags_.has_precision ? std::max(flags_.precision, 4) : 4;
  std::string text = fmt::format("U+{:0{}X}", rune, digits);
  if (flags_.sharp && rune <= 0x10FFFF && is_print(static_cast<char32_t>(rune))) {
    text += " '";
    append_rune(text, static_cast<char32_t>(rune));
    text += '\'';
  }
  bool zero = std::exchange(flags_.zero, false);
  pad(text);
  flags_.zero = zero;
}

void Printer::quoted_rune(std::uint64_t rune) {
  std::string text;
  append_rune(text, static_cast<char32_t>(std::min<std::uint64_t>(rune, 0x110000)));
  if (text == "'") {
    pad("'\\''");
    return;
  }
  if (text == "\"") {
    pad("'\"'");
    return;
  }
  std::string literal = quote(text, flags_.plus ? Quoting::ascii : Quoting::plain);
  literal.front() = literal.back() = '\'';
  pad(literal);
}

void Printer::real(double value, char format, int precision) {
  if (flags_.has_precision) precision = flags_.precision;
  std::string text = format_float(value, format, precision);
  if (text[0] != '-' && text[0] != '+') text = "+" + text;
  if (flags_.space && text[0] == '+' && !flags_.plus) text[0] = ' ';
  if (text[1] == 'I' || text[1] == 'N') {
    bool zero = std::exchange(flags_.zero, false);
    if (text[1] == 'N' && !flags_.space && !flags_.plus) text.erase(0, 1);
    pad(text);
    flags_.zero = zero;
    return;
  }
  if (flags_.sharp && format != 'b') text = sharp_float(std::move(text), format, precision);
  if (!flags_.plus && text[0] == '+') {
    pad(std::string_view(text).substr(1));
    return;
  }
  auto size = static_cast<int>(text.size());
  if (flags_.zero && !flags_.minus && flags_.has_width && flags_.width > size) {
    out_ += text[0];
    padding(flags_.width - size);
    out_.append(text, 1);
    return;
  }
  pad(text);
}

// '#' keeps the decimal point and the trailing zeros.
std::string Printer::sharp_float(std::string text, char format, int precision) const {
  int digits = 0;
  if (format == 'g' || format == 'G' || format == 'x') digits = precision < 0 ? 6 : precision;
  std::string tail;
  const bool hexadecimal = format == 'x' || format == 'X';
  if (std::size_t mark = text.find_first_of(hexadecimal ? "pP" : "eE"); mark != std::string::npos) {
    tail = text.substr(mark);
    text.resize(mark);
  }
  bool point = false;
  bool significant = false;
  for (char c : std::string_view(text).substr(1)) {
    if (c == '.') {
      point = true;
      continue;
    }
    significant |= c != '0';
    if (significant) --digits;
  }
  if (!point) {
    if (text.size() == 2 && text[1] == '0') --digits;
    text += '.';
  }
  if (digits > 0) text.append(static_cast<std::size_t>(digits), '0');
  return text + tail;
}

void Printer::quoted(std::string_view text) {
  text = cut(text);
  bool raw = flags_.sharp && std::none_of(text.begin(), text.end(), [](char c) {
    return c == '`' || c == 0x7F || (static_cast<unsigned char>(c) < ' ' && c != '\t');
  });
  if (raw) {
    pad(fmt::format("`{}`", text));
  } else {
    pad(quote(text, flags_.plus ? Quoting::ascii : Quoting::plain));
  }
}

void Printer::hex(std::string_view bytes, Letters letters) {
  if (flags_.has_precision) {
    bytes = bytes.substr(0, static_cast<std::size_t>(std::max(flags_.precision, 0)));
  }
  std::string_view digits = letters == Letters::upper ? upper_digits : lower_digits;
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (flags_.space && i > 0) text += ' ';
    if (flags_.sharp && (i == 0 || flags_.space)) {
      text += '0';
      text += digits[16];
    }
    auto byte = static_cast<unsigned char>(bytes[i]);
    text += digits[byte >> 4];
    text += digits[byte & 0xF];
  }
  pad(text);
}

void Printer::pad(std::string_view text) {
  if (!flags_.has_width || flags_.width == 0) {
    out_ += text;
    return;
  }
  std::int64_t missing = flags_.width - static_cast<std::int64_t>(count_runes(text));
  if (!flags_.minus) padding(missing);
  out_ += text;
  if (flags_.minus) padding(missing);
}

void Printer::padding(std::int64_t count) {
  if (count <= 0 || out_.size() > out_bytes_max) return;
  out_.append(static_cast<std::size_t>(count), flags_.zero && !flags_.minus ? '0' : ' ');
}

// The first `precision` runes.
std::string_view Printer::cut(std::string_view text) const {
  if (!flags_.has_precision) return text;
  std::string_view rest = text;
  for (int i = 0; i < flags_.precision && !rest.empty(); ++i) {
    rest.remove_prefix(decode_rune(rest).size);
  }
  return text.substr(0, text.size() - rest.size());
}

void append_value(std::string& out, const Datum& value) { Printer(out).print(value, 'v'); }

std::string print_value(const Datum& value) {
  std::string out;
  append_value(out, value);
  return out;
}

}  // namespace holdfast::gotmpl
