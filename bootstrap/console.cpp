// SPDX-License-Identifier: Apache-2.0
#include "console.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <thread>

#include "base/files.h"
#include "base/text.h"
#include "value/json.h"

namespace holdfast::bootstrap {
namespace {

constexpr auto repaint_every = std::chrono::seconds(1);
constexpr auto reason_every = std::chrono::seconds(10);
constexpr int name_width = 13;
constexpr int line_width = 70;

bool locale_is_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): main thread, at start
    if (value == nullptr || *value == '\0') continue;
    const std::string_view locale = value;
    return locale.contains("UTF-8") || locale.contains("utf8");
  }
  return false;
}

}  // namespace

Console::Console(int out, int err, Output output, const Clock& clock)
    : out_(out),
      err_(err),
      output_(output),
      clock_(clock),
      terminal_(output == Output::text && ::isatty(out) == 1),
      utf8_(locale_is_utf8()) {}

void Console::write(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && fd == out_ && lost_ == 0 && errno != EPIPE) lost_ = errno;
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

void Console::line(std::string_view text) {
  if (!is_json()) write(out_, fmt::format("{}\n", text));
}

void Console::text(std::string_view text) { write(out_, text); }

Console::Answer Console::ask(std::string_view question) {
  if (!terminal_ || ::isatty(STDIN_FILENO) != 1) return Answer::nobody;
  line(fmt::format("{} [y/N]", question));
  std::array<char, 16> answer{};
  const ssize_t size = ::read(STDIN_FILENO, answer.data(), answer.size());
  return size > 0 && (answer[0] == 'y' || answer[0] == 'Y') ? Answer::yes : Answer::no;
}

Result<> Console::check_output() const {
  if (lost_ == 0) return {};
  errno = lost_;
  return failure(system_failure(Code::file_unwritable, "the output could not be written"));
}

void Console::note(std::string_view text) {
  if (is_json()) {
    data(Object{{"note", text}});
  } else {
    write(out_, fmt::format("   {}\n", text));
  }
}

void Console::note_beside(std::string_view text) {
  write(err_, is_json() ? json::write(Object{{"note", text}}, json::Escape::plain) + "\n" : fmt::format("{}\n", text));
}

void Console::data(const Value& value) {
  if (!is_json()) return;
  Value shown = value;
  if (simulated_ && shown.is_object()) shown["simulated"] = true;
  write(out_, json::write(shown, json::Escape::plain) + "\n");
}

void Console::error(const Error& error, std::string_view changed) {
  if (!is_json()) {
    write(err_, render_error(simulated_ ? Error(error).at("a simulated cluster") : error, changed));
    return;
  }
  Array where, because;
  for (const auto& line : error.where()) where.emplace_back(line);
  for (const auto& line : error.causes()) because.emplace_back(line);
  Object shape{{"code", row_of(error.code()).name},
               {"what", error.what()},
               {"where", std::move(where)},
               {"because", std::move(because)},
               {"fix", error.fix_line()}};
  if (!changed.empty()) shape.set("changed", changed);
  if (!error.context().empty()) shape.set("while", error.context());
  if (simulated_) shape.set("simulated", true);
  write(err_, json::write(Object{{"error", std::move(shape)}}, json::Escape::plain) + "\n");
}

// What the painter thread and the worker share.
struct Step::Shown {
  struct State {
    std::string reason;
    std::string told;  // of the reasons, to a pipe
    SteadyTime printed{};
    bool ended = false;
  };

  Guarded<State> state;
  std::condition_variable_any changed;
  std::jthread painter;  // last: it stops before the rest goes
};

Step::Step(Console& console, std::string name, std::string doing)
    : console_(console),
      name_(std::move(name)),
      started_(console.clock().steady()),
      shown_(std::make_unique<Shown>()) {
  shown_->state.lock()->reason = doing;
  if (!console_.is_terminal()) {
    if (!console_.is_json()) console_.line(fmt::format("{}: {}{}", name_, doing, console_.mark()));
    shown_->state.lock()->printed = started_;
    return;
  }
  shown_->painter = std::jthread([this](const std::stop_token& stop) {
    const auto sign = console_.is_utf8() ? "•" : "..";
    while (!stop.stop_requested()) {
      auto state = shown_->state.lock();
      if (state->ended) return;
      const auto elapsed = console_.clock().steady() - started_;
      console_.write(console_.out_, fmt::format("\r\x1b[K {} {:<{}} {:<{}} {}", sign, name_, name_width,
                                                printable(state->reason, 90), line_width - name_width - 8,
                                                format_duration(elapsed)));
      shown_->changed.wait_for(state.mutex(), stop, repaint_every, [&] { return state->ended; });
    }
  });
}

void Step::waiting(std::string_view reason) {
  const auto now = console_.clock().steady();
  auto state = shown_->state.lock();
  if (state->reason != reason) state->reason = reason;
  if (console_.is_terminal() || state->told == reason || now - state->printed < reason_every) return;
  state->told = reason;
  state->printed = now;
  if (console_.is_json()) {
    console_.data(Object{{"step", name_}, {"waiting", reason}});
  } else {
    console_.line(fmt::format("{}: waiting for {}{}", name_, printable(reason, 200), console_.mark()));
  }
}

void Step::done(std::string_view result) {
  {
    auto state = shown_->state.lock();
    state->ended = true;
  }
  shown_->changed.notify_all();
  shown_->painter = {};
  const auto elapsed = console_.clock().steady() - started_;
  const auto seconds = std::chrono::duration<double>(elapsed).count();
  if (console_.is_json()) {
    console_.data(Object{{"step", name_}, {"result", result}, {"seconds", seconds}});
    return;
  }
  const auto sign = console_.is_utf8() ? "✓" : "[ok]";
  const auto start = console_.is_terminal() ? "\r\x1b[K" : "";
  const auto shown = fmt::format("{}{}", result, console_.mark());
  console_.line(fmt::format("{} {} {:<{}} {:<{}} {:>8}", start, sign, name_, name_width, shown,
                            line_width - name_width - 4, format_duration(elapsed)));
}

Step::~Step() {
  {
    auto state = shown_->state.lock();
    if (state->ended) return;
    state->ended = true;
  }
  shown_->changed.notify_all();
  shown_->painter = {};
  if (console_.is_json()) {
    console_.data(Object{{"step", name_}, {"result", "stopped"}});
    return;
  }
  const auto sign = console_.is_utf8() ? "✗" : "[!!]";
  const auto start = console_.is_terminal() ? "\r\x1b[K" : "";
  console_.line(fmt::format("{} {} {:<{}} stopped{}", start, sign, name_, name_width, console_.mark()));
}

}  // namespace holdfast::bootstrap
