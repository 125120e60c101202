// SPDX-License-Identifier: Apache-2.0
// Questions to servers of sources, asked on threads of their own: a worker waits for an answer as long as
// a good server needs, then goes on with other Applications, and is called back when the answer is there.
// Every place has one thread at most, whoever asks, so a place that is slow holds up nobody but those who
// ask it. The places of one host share few of the threads, so a host that is slow leaves the others theirs;
// waiting hosts take turns. Answers are kept for a look until it has all of them. It does not know what is asked.
#pragma once

#include <compare>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/guarded.h"
#include "base/result.h"

namespace holdfast::agent {

// What is decided together, in one pass of its asker or, while answers are awaited, in several.
struct Look {
  std::string asker;  // who is called back: the queue's key
  std::string name;   // one asker's looks know nothing of each other

  auto operator<=>(const Look&) const = default;
};

struct Question {
  std::string place;  // who is asked: a URL
  std::string text;   // with all else that the answer depends on; one text has one type of answer
  Look look;
};

struct ErrandLimits {
  Duration patience = std::chrono::milliseconds(250);  // of an asker, and with what a place is busy with
  std::size_t threads_max = 64;                        // more hosts at once wait for one another
  std::size_t left_per_thread = 8;                     // a host that has n threads gets another while more than 8 n are left
};

// Thread-safe.
class Errands {
 public:
  using CallBack = std::function<void(const std::string& asker)>;

  // `call_back` is called for those who left without their answer, on any thread.
  explicit Errands(CallBack call_back, const ErrandLimits& limits = {});
  // Stops what is under way and waits for it. Nobody asks any more.
  ~Errands();
  Errands(const Errands&) = delete;
  Errands& operator=(const Errands&) = delete;

  // The answer, or Code::answer_awaited. `errand` may be called after the asker has left: it owns, or refers
  // to what outlives this object.
  template <class T>
  Result<T> ask(const Question& question, std::function<Result<T>(const std::stop_token&)> errand) {
    const auto begun = begin(question, [&] { return std::make_shared<Typed<T>>(std::move(errand)); });
    if (!wait_for(question, *begun)) return failure(awaited(question.place));
    return *static_cast<const Typed<T>&>(*begun).answer;
  }

  enum class Ended { answered, awaiting };
  // Ends a look, as far as it got. Answered: its answers go. Awaiting: it has left a question in this pass, so
  // what it has made is void; it goes on with the same answers in the pass that it is called back to.
  Ended end_look(const Look& look);
  // The asker's pass ends. Looks that it did not go on with are given up, and so are their questions.
  void end_pass(const std::string& asker);

 private:
  struct Errand {
    virtual ~Errand() = default;
    virtual void run(const std::stop_token& stop) = 0;
    std::string asker;
    bool done = false, left = false, given_up = false;  // under the lock
  };

  template <class T>
  struct Typed final : Errand {
    explicit Typed(std::function<Result<T>(const std::stop_token&)> given) : question(std::move(given)) {}

    void run(const std::stop_token& stop) override {
      answer = question(stop);
      question = nullptr;
    }

    std::function<Result<T>(const std::stop_token&)> question;
    std::optional<Result<T>> answer;  // before `done`: of the thread that runs it
  };

  using ErrandPtr = std::shared_ptr<Errand>;

  struct Place {
    std::deque<ErrandPtr> line;  // the first is being asked, or is about to be
    SteadyTime since;            // when the first became the first
  };

  struct Host {
    std::deque<std::string> ready;  // places with a line that nobody is at
    std::size_t busy = 0;           // threads at its places
  };

  struct Asked {
    std::map<std::pair<std::string, std::string>, ErrandPtr> errands;  // by place and text
    bool left = false;                                                 // one of them, in this pass
  };

  struct State {
    std::map<std::string, Place> places;  // with at least one in the line
    std::map<std::string, Host> hosts;    // of those places
    std::deque<std::string> turns;        // hosts with a place that is ready
    std::deque<std::string> given;        // places whose thread is about to begin
    std::map<Look, Asked> looks;
    std::size_t idle = 0, busy = 0;  // threads; busy: those that hosts have
    std::vector<std::jthread> threads;
  };

  static Error awaited(const std::string& place);
  static void give_up(const Asked& asked);
  ErrandPtr begin(const Question& question, const std::function<ErrandPtr()>& make);
  bool wait_for(const Question& question, Errand& errand);
  static void make_ready(State& state, const std::string& place);
  void hand_out(State& state);
  static void end_first(State& state, const std::string& place);
  void work(const std::stop_token& stop);

  CallBack call_back_;
  ErrandLimits limits_;
  std::stop_source ending_;
  Guarded<State> state_;
  std::condition_variable_any changed_;
};

}  // namespace holdfast::agent
