// SPDX-License-Identifier: Apache-2.0
// What run.py needs to measure builds beside the real tool.
//   kustomize_bench times DIR          prints how much CPU reading, building and printing take, and the
//                                      reading and printing of the output beside libyaml's bare events
//   kustomize_bench make COUNT DIR     writes an overlay over that many resources
//   kustomize_bench measure COMMAND…   prints the CPU seconds and MiB of a command whose output goes nowhere
#include "kustomize/kustomize.h"
#include "tree/disk_tree.h"
#include "yaml/yaml.h"

#include <fmt/format.h>
#include <yaml.h>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <ctime>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

namespace kustomize = holdfast::kustomize;

// CPU time of this process so far; other work on the machine does not count.
double milliseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

// The events of the text and nothing else: the least that any reader on libyaml can take.
bool bare_events(const std::string& text) {
  yaml_parser_t parser;
  if (yaml_parser_initialize(&parser) == 0) return false;
  yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&parser, reinterpret_cast<const unsigned char*>(text.data()),
                               text.size());
  bool good = true, more = true;
  while (good && more) {
    yaml_event_t event;
    good = yaml_parser_parse(&parser, &event) == 1;
    more = good && event.type != YAML_STREAM_END_EVENT;
    if (good) yaml_event_delete(&event);
  }
  yaml_parser_delete(&parser);
  return good;
}

int compare_with_bare_events(const std::string& text) {
  const auto start = milliseconds();
  if (!bare_events(text)) return 1;
  const auto bare = milliseconds();
  auto documents = holdfast::yaml::parse_all(text, "output", holdfast::yaml::Dialect::kyaml);
  if (!documents) return 1;
  const auto read = milliseconds();
  std::vector<holdfast::Value> values;
  for (auto& document : *documents)
    values.push_back(std::move(document.value));
  const auto before = milliseconds();
  const bool same = holdfast::yaml::write_all(values) == text;
  const auto printed = milliseconds();
  const double both = (read - bare) + (printed - before);
  fmt::print("the output: events {:.1f} ms, read {:.1f} ms, print {:.1f} ms: read and print are {:.2f} of the events{}\n",
             bare - start, read - bare, printed - before, both / (bare - start),
             same ? "" : "; read back it prints otherwise");
  return 0;
}

// A child's peak memory begins with what its parent holds when it forks, so a small program has to
// be the parent: Python's would hide what is measured.
int measure(char** command) {
  const auto child = ::fork();
  if (child == 0) {
    const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    ::dup2(nowhere, STDOUT_FILENO);
    ::dup2(nowhere, STDERR_FILENO);
    ::execv(command[0], command);
    ::_exit(127);
  }
  int status = 0;
  rusage usage{};
  if (child < 0 || ::wait4(child, &status, 0, &usage) != child) return 1;
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  fmt::print("{:.6f} {:.3f}\n", seconds(usage.ru_utime) + seconds(usage.ru_stime),
             static_cast<double>(usage.ru_maxrss) / 1024);
  return 0;
}

// Finds the tree above: overlays name their bases as ../base.
struct Place {
  std::string root, directory;
};

Place place_of(const std::string& path) {
  const auto full = std::filesystem::weakly_canonical(path);
  return {.root = "/", .directory = full.relative_path().string()};
}

int times(const std::string& path) {
  const auto start = milliseconds();
  const auto place = place_of(path);
  const auto tree = holdfast::tree::DiskTree::open(place.root);
  if (!tree) return 1;
  const auto built = kustomize::build(*tree, place.directory);
  if (!built) {
    fmt::print(stderr, "{}", holdfast::render_error(built.error(), "nothing was changed"));
    return 1;
  }
  const auto middle = milliseconds();
  const std::string text = kustomize::print(*built);
  const auto end = milliseconds();
  fmt::print("{} resources, {} bytes, build {:.1f} ms, print {:.1f} ms\n",
             built->resources.size(), text.size(), middle - start, end - middle);
  return compare_with_bare_events(text);
}

constexpr std::string_view deployment = R"(apiVersion: apps/v1
kind: Deployment
metadata:
  name: web-{0}
spec:
  replicas: 1
  selector:
    matchLabels:
      app: web-{0}
  template:
    metadata:
      labels:
        app: web-{0}
    spec:
      containers:
      - name: web
        image: nginx:1.25
        envFrom:
        - configMapRef:
            name: settings-{0}
        ports:
        - containerPort: 8080
)";

constexpr std::string_view config_map = R"(apiVersion: v1
kind: ConfigMap
metadata:
  name: settings-{0}
data:
  level: info
  name: "{0}"
)";

constexpr std::string_view overlay = R"(resources:
- ../base
namespace: shop
namePrefix: prod-
labels:
- pairs:
    team: shop
  includeSelectors: true
images:
- name: nginx
  newTag: "1.27"
patches:
- target:
    kind: Deployment
  patch: |
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: any
    spec:
      template:
        spec:
          containers:
          - name: web
            resources:
              limits:
                memory: 64Mi
)";

int make(int count, const std::string& folder) {
  std::filesystem::create_directories(folder + "/base");
  std::filesystem::create_directories(folder + "/overlay");
  std::ofstream list(folder + "/base/kustomization.yaml");
  list << "resources:\n";
  for (int i = 0; i < count; ++i) {
    const std::string name = fmt::format("r{}.yaml", i);
    list << "- " << name << "\n";
    const auto form = i % 2 == 0 ? deployment : config_map;
    std::ofstream(folder + "/base/" + name) << fmt::format(fmt::runtime(form), i / 2);
  }
  std::ofstream(folder + "/overlay/kustomization.yaml") << overlay;
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv, argv + argc);
  if (words.size() == 3 && words[1] == "times") return times(words[2]);
  if (words.size() == 4 && words[1] == "make") return make(std::stoi(words[2]), words[3]);
  if (words.size() > 2 && words[1] == "measure") return measure(argv + 2);
  fmt::print(stderr, "usage: kustomize_bench times DIR | make COUNT DIR | measure COMMAND…\n");
  return 2;
}
