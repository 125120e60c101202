// SPDX-License-Identifier: Apache-2.0
// What a command tells its user: one line per step with its time, what it waits for, results as text
// or JSON. Logging is something else (base/log.h). On a terminal the running step is repainted each
// second; a pipe gets one line at the start, one when the reason changes (at most every 10 s), one at
// the end. Thread-safe for one running step, and for another thread that ends the program with an error.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/result.h"
#include "value/value.h"

namespace holdfast::bootstrap {

enum class Output { text, json };

class Console;

// A running step. Ends as done, or as stopped when it is destroyed without done().
class Step {
 public:
  Step(Console& console, std::string name, std::string doing);
  ~Step();
  Step(const Step&) = delete;
  Step& operator=(const Step&) = delete;

  // Names what the step waits for; cheap when it did not change. Every wait calls this.
  void waiting(std::string_view reason);
  // "✓ Images  9 loaded  6.2 s"
  void done(std::string_view result);

 private:
  struct Shown;
  Console& console_;
  std::string name_;
  SteadyTime started_;
  std::unique_ptr<Shown> shown_;
};

class Console {
 public:
  // Writes results to `out` and errors to `err` (file descriptors, not owned).
  Console(int out, int err, Output output, const Clock& clock);

  // A line of text for people; nothing in JSON mode.
  void line(std::string_view text = {});
  // Text that was asked for as it is (--help), in JSON mode too.
  void text(std::string_view text);
  // A note under the running step: "   HF-N…", "   text"; {"note": …} in JSON mode.
  void note(std::string_view text);
  // The same beside the result, on the error stream: what the result cannot say in its own form.
  void note_beside(std::string_view text);
  // The command's result for programs: one JSON document in JSON mode, nothing otherwise.
  void data(const Value& value);
  void error(const Error& error, std::string_view changed);

  // A command that found what it was to tell by its exit code.
  void leave_with(Exit exit) { exit_ = exit; }
  [[nodiscard]] Exit exit() const { return exit_; }

  // Call before the first change: `left` is what an error says of the world from here on.
  void begin_changes(std::string left) { *changed_.lock() = std::move(left); }
  [[nodiscard]] std::string changed() const { return *changed_.lock(); }

  // A question that whoever is there answers with y or not; nobody is where one of input and output is no
  // terminal.
  enum class Answer { yes, no, nobody };
  [[nodiscard]] Answer ask(std::string_view question);

  // Everything written to `out` has arrived. Refuses with Code::disk_full or Code::file_unwritable; a
  // reader that has gone (head, less) has seen what it wanted.
  [[nodiscard]] Result<> check_output() const;

  // From here on "simulated" stands in every output: the cluster's pods do not run.
  void mark_simulated() { simulated_ = true; }
  [[nodiscard]] bool is_simulated() const { return simulated_; }

  [[nodiscard]] bool is_json() const { return output_ == Output::json; }
  [[nodiscard]] bool is_terminal() const { return terminal_; }
  [[nodiscard]] bool is_utf8() const { return utf8_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }

 private:
  friend class Step;
  void write(int fd, std::string_view text);
  [[nodiscard]] std::string_view mark() const { return simulated_ ? ", simulated" : ""; }

  int out_;
  int err_;
  Output output_;
  const Clock& clock_;
  bool terminal_;
  bool utf8_;
  std::atomic<bool> simulated_ = false;
  Exit exit_ = Exit::ok;
  int lost_ = 0;  // errno of the first write to `out` that failed
  mutable Guarded<std::string> changed_{"nothing was changed"};
};

}  // namespace holdfast::bootstrap
