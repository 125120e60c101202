// SPDX-License-Identifier: Apache-2.0
// Measures one process for run.py.
//   helm_bench measure PROGRAM WORDS…    runs a program, prints its CPU time in µs, its peak memory
//                                        in KiB and its exit code
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

namespace {

// A process inherits its parent's peak memory: this program is small, run.py's interpreter is not.
int measure(std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (auto& word : words)
    arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  if (::posix_spawn(&child, arguments[0], &actions, nullptr, arguments.data(), environ) != 0) return 2;
  int status = 0;
  rusage usage{};
  if (::wait4(child, &status, 0, &usage) != child) return 2;
  constexpr long microseconds = 1'000'000;
  const auto cpu = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * microseconds +
                   usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
  fmt::print("{} {} {}\n", cpu, usage.ru_maxrss, WEXITSTATUS(status));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() > 1 && words[0] == "measure") return measure({words.begin() + 1, words.end()});
  fmt::print(stderr, "usage: helm_bench measure PROGRAM WORDS…\n");
  return 2;
}
