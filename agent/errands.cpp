// SPDX-License-Identifier: Apache-2.0
#include "agent/errands.h"

#include <algorithm>

#include "base/text.h"

namespace holdfast::agent {
namespace {

SteadyTime now() { return std::chrono::steady_clock::now(); }

}  // namespace

Errands::Errands(CallBack call_back, const ErrandLimits& limits)
    : call_back_(std::move(call_back)), limits_(limits) {}

Errands::~Errands() {
  ending_.request_stop();
  std::vector<std::jthread> threads;
  std::swap(threads, state_.lock()->threads);
  changed_.notify_all();
  threads.clear();
}

Error Errands::awaited(const std::string& place) {
  return Error(Code::answer_awaited, "the answer is still awaited").at(printable(place));
}

void Errands::give_up(const Asked& asked) {
  for (const auto& [question, errand] : asked.errands) errand->given_up = true;
}

Errands::ErrandPtr Errands::begin(const Question& question, const std::function<ErrandPtr()>& make) {
  auto state = state_.lock();
  auto& known = state->looks[question.look].errands[{question.place, question.text}];
  if (known != nullptr) return known;
  known = make();
  known->asker = question.look.asker;
  auto& place = state->places[question.place];
  place.line.push_back(known);
  if (place.line.size() > 1) return known;
  place.since = now();
  state->ready.push_back(question.place);
  if (state->ready.size() > state->idle && state->threads.size() < limits_.threads_max) {
    state->threads.emplace_back([this] { work(ending_.get_token()); });
  }
  changed_.notify_all();
  return known;
}

bool Errands::wait_for(const Question& question, Errand& errand) {
  const auto patience = std::chrono::duration_cast<SteadyTime::duration>(limits_.patience);
  const auto longest = now() + patience;
  auto state = state_.lock();
  while (!errand.done) {
    const auto place = state->places.find(question.place);
    CHECK(place != state->places.end());
    // Whoever asks a place that has kept another waiting learns no more by waiting as well.
    const auto until = std::min(longest, place->second.since + patience);
    if (now() >= until) {
      errand.left = true;
      state->looks[question.look].left = true;
      return false;
    }
    changed_.wait_until(state.mutex(), until);
  }
  return true;
}

Errands::Ended Errands::end_look(const Look& look) {
  auto state = state_.lock();
  const auto found = state->looks.find(look);
  if (found == state->looks.end()) return Ended::answered;
  if (found->second.left) return Ended::awaiting;
  give_up(found->second);
  state->looks.erase(found);
  return Ended::answered;
}

void Errands::end_pass(const std::string& asker) {
  auto state = state_.lock();
  auto look = state->looks.lower_bound(Look{asker, {}});
  while (look != state->looks.end() && look->first.asker == asker) {
    if (std::exchange(look->second.left, false)) {
      ++look;
      continue;
    }
    give_up(look->second);
    look = state->looks.erase(look);
  }
}

void Errands::work(const std::stop_token& stop) {
  auto state = state_.lock();
  while (true) {
    ++state->idle;
    changed_.wait(state.mutex(), stop, [&] { return !state->ready.empty(); });
    --state->idle;
    if (stop.stop_requested()) return;
    const std::string name = state->ready.front();
    state->ready.pop_front();
    const ErrandPtr errand = state->places[name].line.front();
    if (!errand->given_up) {
      state.mutex().unlock();
      errand->run(stop);
      state.mutex().lock();
    }
    errand->done = true;
    const bool calls = errand->left && !errand->given_up;
    auto& place = state->places[name];
    place.line.pop_front();
    place.since = now();
    if (place.line.empty()) {
      state->places.erase(name);
    } else {
      state->ready.push_back(name);
    }
    changed_.notify_all();
    if (!calls) continue;
    state.mutex().unlock();
    call_back_(errand->asker);
    state.mutex().lock();
  }
}

}  // namespace holdfast::agent
