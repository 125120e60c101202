// SPDX-License-Identifier: Apache-2.0
// One render in one process, as run.py measures it beside `helm template`.
//   helm_bench template CHART FLAGS…     prints what `helm template CHART FLAGS…` prints
//   helm_bench measure PROGRAM WORDS…    runs a program, prints its CPU time in µs, its peak memory
//                                        in KiB and its exit code
#include "base/text.h"
#include "helm/helm.h"
#include "helm/user_values.h"
#include "tree/disk_tree.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace {

namespace helm = holdfast::helm;
using holdfast::Result;
using Flags = std::multimap<std::string, std::string>;

Result<std::string> read_file(std::string_view name) {
  const std::filesystem::path path(name);
  const auto parent = path.has_parent_path() ? path.parent_path().string() : std::string(".");
  const auto folder = TRY(holdfast::tree::DiskTree::open(parent));
  return folder.read(path.filename().string());
}

std::vector<std::string> all(const Flags& flags, const std::string& name) {
  std::vector<std::string> out;
  for (auto [at, end] = flags.equal_range(name); at != end; ++at)
    out.push_back(at->second);
  return out;
}

std::string last(const Flags& flags, const std::string& name, const std::string& otherwise) {
  const auto values = all(flags, name);
  return values.empty() ? otherwise : values.back();
}

helm::Include include(bool asked) {
  return asked ? helm::Include::yes : helm::Include::no;
}

Result<std::string> rendered(const std::string& folder, const Flags& flags) {
  helm::UserValues given;
  for (const auto& name : all(flags, "--values")) {
    std::string text = TRY(read_file(name));
    given.files.push_back({name, std::move(text)});
  }
  given.typed = all(flags, "--set");
  given.texts = all(flags, "--set-string");
  given.json = all(flags, "--set-json");
  given.literals = all(flags, "--set-literal");
  given.paths = all(flags, "--set-file");
  given.read = read_file;
  const auto values = TRY(helm::merge_user_values(given));

  helm::Settings settings;
  settings.release.name =
      TRY(helm::release_name(last(flags, "--name-template", "release-name"), settings.environment));
  settings.release.namespace_ = last(flags, "--namespace", "default");
  settings.release.upgrade = include(flags.contains("--is-upgrade"));
  settings.kube_version = last(flags, "--kube-version", settings.kube_version);
  for (const auto& list : all(flags, "--api-versions")) {
    for (const auto version : holdfast::split(list, ','))
      settings.api_versions.emplace_back(version);
  }
  settings.crds = include(flags.contains("--include-crds"));
  settings.hooks = include(!flags.contains("--no-hooks"));
  settings.tests = include(!flags.contains("--skip-tests"));
  settings.schema = include(!flags.contains("--skip-schema-validation"));

  const auto disk = TRY(holdfast::tree::DiskTree::open(folder));
  auto chart = TRY(helm::load_chart(disk, ""));
  const auto documents = TRY(helm::render(std::move(chart), values, settings));
  return helm::print(documents);
}

// A flag without a value is followed by the next flag or the end.
Flags flags_of(const std::vector<std::string>& words) {
  Flags flags;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool bare = i + 1 == words.size() || words[i + 1].starts_with("--");
    flags.emplace(words[i], bare ? "" : words[i + 1]);
    if (!bare) ++i;
  }
  return flags;
}

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
  if (words.size() < 2 || words[0] != "template") {
    fmt::print(stderr, "usage: helm_bench template CHART FLAGS… | measure PROGRAM WORDS…\n");
    return 2;
  }
  const auto text = rendered(words[1], flags_of({words.begin() + 2, words.end()}));
  if (!text) {
    fmt::print(stderr, "{}", holdfast::render_error(text.error(), "nothing was changed"));
    return 1;
  }
  std::fwrite(text->data(), 1, text->size(), stdout);
  return 0;
}
