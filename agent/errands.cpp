// SPDX-License-Identifier: Apache-2.0
#include "agent/errands.h"

#include <algorithm>

#include "access/host.h"
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
  make_ready(*state, question.place);
  hand_out(*state);
  changed_.notify_all();
  return known;
}

void Errands::make_ready(State& state, const std::string& place) {
  const std::string name(access::host_of(place));
  auto& ready = state.hosts[name].ready;
  if (ready.empty()) state.turns.push_back(name);
  ready.push_back(place);
}

// Gives threads to hosts in turn. The more a host has, the more must be left for others before it gets another:
// one alone gets eight of 64, and a host that is silent at all its places leaves the others theirs.
void Errands::hand_out(State& state) {
  if (ending_.stop_requested()) return;
  for (std::size_t refused = 0; refused < state.turns.size();) {
    const std::string name = std::move(state.turns.front());
    state.turns.pop_front();
    Host& host = state.hosts[name];
    const bool gets = host.busy * limits_.left_per_thread < limits_.threads_max - state.busy;
    refused = gets ? 0 : refused + 1;
    if (gets) {
      state.given.push_back(std::move(host.ready.front()));
      host.ready.pop_front();
      ++host.busy;
      ++state.busy;
    }
    if (!host.ready.empty()) state.turns.push_back(name);
    if (state.given.size() > state.idle && state.threads.size() < limits_.threads_max) {
      state.threads.emplace_back([this] { work(ending_.get_token()); });
    }
  }
}

// The first in the line of a place has been asked, or need not be.
void Errands::end_first(State& state, const std::string& place) {
  const auto found = state.places.find(place);
  found->second.line.pop_front();
  found->second.since = now();
  const auto host = state.hosts.find(std::string(access::host_of(place)));
  --host->second.busy;
  --state.busy;
  if (!found->second.line.empty()) {
    make_ready(state, place);
    return;
  }
  state.places.erase(found);
  if (host->second.busy == 0 && host->second.ready.empty()) state.hosts.erase(host);
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
    hand_out(*state);
    changed_.wait(state.mutex(), stop, [&] { return !state->given.empty(); });
    --state->idle;
    if (stop.stop_requested()) return;
    const std::string place = std::move(state->given.front());
    state->given.pop_front();
    const ErrandPtr errand = state->places[place].line.front();
    if (!errand->given_up) {
      state.mutex().unlock();
      errand->run(stop);
      state.mutex().lock();
    }
    errand->done = true;
    const bool calls = errand->left && !errand->given_up;
    end_first(*state, place);
    changed_.notify_all();
    if (!calls) continue;
    state.mutex().unlock();
    call_back_(errand->asker);
    state.mutex().lock();
  }
}

}  // namespace holdfast::agent
