// SPDX-License-Identifier: Apache-2.0
#include "agent/crew.h"

#include <algorithm>

namespace holdfast::agent {
namespace {

SteadyTime now() { return std::chrono::steady_clock::now(); }

}  // namespace

Crew::Crew(const CrewLimits& limits, Take take, Pass pass, std::stop_token stop)
    : limits_(limits), take_(std::move(take)), pass_(std::move(pass)), stop_(std::move(stop)) {
  {
    auto state = state_.lock();
    state->places = limits_.workers;
    for (std::size_t i = 0; i < limits_.workers; ++i) start_worker(*state);
  }
  watcher_ = std::jthread([this] { watch(); });
}

Crew::~Crew() {
  watcher_.join();  // after which nobody starts workers
  std::vector<std::jthread> threads;
  std::swap(threads, state_.lock()->threads);
  threads.clear();
}

void Crew::start_worker(State& state) {
  state.threads.emplace_back([this, number = state.threads.size()] { work(number); });
}

void Crew::work(std::size_t number) {
  while (take_place()) {
    const auto key = take_(stop_);
    if (!key) return;
    begin(number);
    pass_(*key);
    end(number);
  }
}

bool Crew::take_place() {
  auto state = state_.lock();
  ++state->waiting;
  free_.wait(state.mutex(), stop_, [&] { return state->places > 0; });
  --state->waiting;
  if (stop_.stop_requested()) return false;
  --state->places;
  return true;
}

void Crew::begin(std::size_t number) {
  auto state = state_.lock();
  if (state->since.empty()) begun_.notify_all();
  state->since[number] = now();
}

void Crew::end(std::size_t number) {
  auto state = state_.lock();
  if (state->since.erase(number) == 0) return;  // another one has its place
  ++state->places;
  free_.notify_one();
}

void Crew::watch() {
  auto state = state_.lock();
  while (!stop_.stop_requested()) {
    if (state->since.empty()) {
      begun_.wait(state.mutex(), stop_, [&] { return !state->since.empty(); });
      continue;
    }
    const auto oldest = std::ranges::min_element(state->since, {}, [](const auto& each) { return each.second; });
    const auto due = oldest->second + std::chrono::duration_cast<SteadyTime::duration>(limits_.patience);
    if (now() < due) {
      begun_.wait_until(state.mutex(), stop_, due, [] { return false; });
      continue;
    }
    state->since.erase(oldest);
    ++state->places;
    free_.notify_one();
    if (state->waiting == 0 && state->threads.size() < limits_.threads_max) start_worker(*state);
  }
}

}  // namespace holdfast::agent
