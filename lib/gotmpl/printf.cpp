// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "gotmpl/print.h"
#include "gotmpl/printer.h"
#include "gotmpl/unicode.h"

namespace holdfast::gotmpl {
namespace {

constexpr int number_max = 1'000'000;  // Go's tooLarge

// Walks the format; arguments are taken one per verb unless "%[n]" says which.
class Formatter {
 public:
  Formatter(std::string_view format, std::span<const Datum> values)
      : format_(format), values_(values) {}

  std::string run() {
    while (at_ < format_.size()) {
      std::size_t percent = std::min(format_.find('%', at_), format_.size());
      out_ += format_.substr(at_, percent - at_);
      at_ = percent + 1;
      if (percent < format_.size()) verb();
    }
    if (!reordered_ && next_ < values_.size()) extra();
    return std::move(out_);
  }

 private:
  struct Number {
    int value = 0;
    bool present = false;
  };

  void verb() {
    VerbFlags flags;
    good_index_ = true;
    after_index_ = false;
    read_flags(flags);
    read_index();
    read_width(flags);
    read_precision(flags);
    if (!after_index_) read_index();
    if (at_ >= format_.size()) {
      out_ += "%!(NOVERB)";
      return;
    }
    Rune rune = decode_rune(format_.substr(at_));
    at_ += rune.size;
    if (rune.value == '%') {
      out_ += '%';
    } else if (!good_index_) {
      complain(rune.value, "BADINDEX");
    } else if (next_ >= values_.size()) {
      complain(rune.value, "MISSING");
    } else {
      if (rune.value == 'v') {
        flags.go_syntax = std::exchange(flags.sharp, false);
        flags.field_names = std::exchange(flags.plus, false);
      }
      Printer(out_, flags).print(values_[next_++], rune.value);
    }
  }

  void complain(char32_t verb, std::string_view what) {
    out_ += "%!";
    append_rune(out_, verb);
    out_ += fmt::format("({})", what);
  }

  void read_flags(VerbFlags& flags) {
    for (; at_ < format_.size(); ++at_) {
      switch (format_[at_]) {
        case '#': flags.sharp = true; break;
        case '0': flags.zero = true; break;
        case '+': flags.plus = true; break;
        case '-': flags.minus = true; break;
        case ' ': flags.space = true; break;
        default: return;
      }
    }
  }

  Number read_number() {
    Number number;
    while (at_ < format_.size() && format_[at_] >= '0' && format_[at_] <= '9') {
      if (number.value > number_max) return {};
      number.value = number.value * 10 + (format_[at_++] - '0');
      number.present = true;
    }
    return number;
  }

  // "[3]" before a width, precision or verb.
  void read_index() {
    if (at_ >= format_.size() || format_[at_] != '[') return;
    reordered_ = true;
    std::size_t close = format_.find(']', at_);
    if (close == std::string_view::npos) {
      good_index_ = false;
      ++at_;
      return;
    }
    ++at_;
    Number number = read_number();
    bool fits = number.present && at_ == close && number.value >= 1 &&
                static_cast<std::size_t>(number.value) <= values_.size();
    at_ = close + 1;
    if (!fits) {
      good_index_ = false;
      return;
    }
    next_ = static_cast<std::size_t>(number.value) - 1;
    after_index_ = true;
  }

  // The next argument as a width or precision.
  Number argument_number() {
    if (next_ >= values_.size()) return {};
    const Datum& value = values_[next_++];
    bool whole = value.is_signed() || value.is_unsigned();
    if (!whole || value.integer() > number_max || value.integer() < -number_max) return {};
    return {static_cast<int>(value.integer()), true};
  }

  void read_width(VerbFlags& flags) {
    if (at_ < format_.size() && format_[at_] == '*') {
      ++at_;
      Number number = argument_number();
      if (!number.present) out_ += "%!(BADWIDTH)";
      flags.has_width = number.present;
      flags.width = number.value;
      if (flags.width < 0) {
        flags.width = -flags.width;
        flags.minus = true;
        flags.zero = false;
      }
      after_index_ = false;
      return;
    }
    Number number = read_number();
    flags.has_width = number.present;
    flags.width = number.value;
    if (after_index_ && number.present) good_index_ = false;
  }

  void read_precision(VerbFlags& flags) {
    if (at_ + 1 >= format_.size() || format_[at_] != '.') return;
    ++at_;
    if (after_index_) good_index_ = false;
    after_index_ = false;
    read_index();
    if (at_ < format_.size() && format_[at_] == '*') {
      ++at_;
      Number number = argument_number();
      if (number.value < 0) number = {};
      if (!number.present) out_ += "%!(BADPREC)";
      flags.has_precision = number.present;
      flags.precision = number.value;
      after_index_ = false;
      return;
    }
    flags.has_precision = true;
    flags.precision = read_number().value;
  }

  void extra() {
    out_ += "%!(EXTRA ";
    for (std::size_t i = next_; i < values_.size(); ++i) {
      if (i > next_) out_ += ", ";
      if (values_[i].is_nil()) {
        out_ += "<nil>";
        continue;
      }
      out_ += values_[i].type_name();
      out_ += '=';
      append_value(out_, values_[i]);
    }
    out_ += ')';
  }

  std::string_view format_;
  std::span<const Datum> values_;
  std::string out_;
  std::size_t at_ = 0;
  std::size_t next_ = 0;
  bool reordered_ = false;
  bool good_index_ = true;
  bool after_index_ = false;
};

}  // namespace

std::string sprintf(std::string_view format, std::span<const Datum> values) {
  return Formatter(format, values).run();
}

std::string sprint(std::span<const Datum> values) {
  std::string out;
  bool text_before = true;
  for (const Datum& value : values) {
    bool text = value.is_string();
    if (!text && !text_before) out += ' ';
    append_value(out, value);
    text_before = text;
  }
  return out;
}

std::string sprintln(std::span<const Datum> values) {
  std::string out;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) out += ' ';
    append_value(out, values[i]);
  }
  return out + "\n";
}

}  // namespace holdfast::gotmpl
