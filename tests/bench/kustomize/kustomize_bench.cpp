// SPDX-License-Identifier: Apache-2.0
// One build in one process, as run.py measures it beside the real tool.
//   kustomize_bench build DIR          prints the result
//   kustomize_bench times DIR          prints how long building and printing take, and the size
//   kustomize_bench make COUNT DIR     writes an overlay over that many resources
#include "kustomize/kustomize.h"
#include "tree/disk_tree.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {

namespace kustomize = holdfast::kustomize;
using Clock = std::chrono::steady_clock;

double milliseconds(Clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

// Finds the tree above: overlays name their bases as ../base.
struct Place {
  std::string root, directory;
};

Place place_of(const std::string& path) {
  const auto full = std::filesystem::weakly_canonical(path);
  return {.root = "/", .directory = full.relative_path().string()};
}

int build(const std::string& path, bool times) {
  const auto start = Clock::now();
  const auto place = place_of(path);
  const auto tree = holdfast::tree::DiskTree::open(place.root);
  if (!tree) return 1;
  const auto built = kustomize::build(*tree, place.directory);
  if (!built) {
    fmt::print(stderr, "{}", holdfast::render_error(built.error(), "nothing was changed"));
    return 1;
  }
  const auto middle = Clock::now();
  const std::string text = kustomize::print(*built);
  const auto end = Clock::now();
  if (times) {
    fmt::print("{} resources, {} bytes, build {:.1f} ms, print {:.1f} ms\n",
               built->resources.size(), text.size(), milliseconds(middle - start),
               milliseconds(end - middle));
  } else {
    std::fwrite(text.data(), 1, text.size(), stdout);
  }
  return 0;
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
  if (words.size() == 3 && words[1] == "build") return build(words[2], false);
  if (words.size() == 3 && words[1] == "times") return build(words[2], true);
  if (words.size() == 4 && words[1] == "make") return make(std::stoi(words[2]), words[3]);
  fmt::print(stderr, "usage: kustomize_bench build|times DIR | make COUNT DIR\n");
  return 2;
}
