// SPDX-License-Identifier: Apache-2.0
// Server-side apply of small ConfigMaps through lib/kube against the cluster of KUBECONFIG: new,
// the same again, one value changed. The bare API server's figures come from the same objects
// through a loop of plain PATCH requests; this prints ours and the client's own CPU seconds.
//   kube_apply_bench [COUNT] [IN_FLIGHT]...
//   kube_apply_bench - IN_FLIGHT            the objects of a JSON array from the input, once
#include "kube/client.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <charconv>
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string_view>
#include <vector>

#include "value/json.h"

namespace holdfast::kube {
namespace {

const SystemClock system_clock;

double cpu_seconds() {
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::vector<Value> config_maps(const std::string& space, int count, const std::string& value) {
  std::vector<Value> objects;
  for (int i = 0; i < count; ++i) {
    const std::string name = fmt::format("cm-{:05}", i);
    Value object(Object{{"apiVersion", "v1"}, {"kind", "ConfigMap"}});
    object["metadata"] = Object{{"name", name}, {"namespace", space}};
    object["metadata"]["labels"]["app"] = "ssa";
    object["metadata"]["annotations"]["argocd.argoproj.io/tracking-id"] =
        fmt::format("big:/ConfigMap:{}/{}", space, name);
    object["data"]["v"] = value;
    object["data"]["key-a"] = fmt::format("value-a-{}", i);
    object["data"]["key-b"] = fmt::format("value-b-{}", i);
    objects.push_back(std::move(object));
  }
  return objects;
}

Result<> measure(Client& client, const std::vector<Value>& objects, std::string_view name,
                 int in_flight) {
  const auto started = system_clock.steady();
  const double cpu = cpu_seconds();
  const auto results =
      client.apply_all(objects, {.field_manager = "bench", .force = Force::yes}, in_flight);
  const std::chrono::duration<double> took = system_clock.steady() - started;
  for (const auto& result : results) {
    if (!result) return failure(result.error());
  }
  fmt::print("{:>3} in flight, {:<8} {:6.2f} s  {:7.0f} objects/s  client CPU {:.2f} s\n",
             in_flight, name, took.count(), static_cast<double>(objects.size()) / took.count(),
             cpu_seconds() - cpu);
  return {};
}

Result<> run(int count, const std::vector<int>& widths) {
  Config config = TRY(load_kubeconfig("", ""));
  Client client = TRY(Client::connect(std::move(config), system_clock));
  fmt::print("{} ConfigMaps by server-side apply, API server {}\n", count, client.server_version());
  for (const int in_flight : widths) {
    const std::string space =
        fmt::format("bench-{:x}", system_clock.wall().time_since_epoch().count());
    Value made(Object{{"apiVersion", "v1"}, {"kind", "Namespace"}});
    made["metadata"]["name"] = space;
    TRY(client.create(made));
    TRY(measure(client, config_maps(space, count, "v1"), "new", in_flight));
    TRY(measure(client, config_maps(space, count, "v1"), "same", in_flight));
    TRY(measure(client, config_maps(space, count, "v2"), "changed", in_flight));
    TRY(client.remove({"", "v1", "Namespace", "", space}));
  }
  return {};
}

Result<> run_input(int in_flight) {
  const std::string text{std::istreambuf_iterator<char>(std::cin), {}};
  Value objects = TRY(json::parse(text, "the input"));
  if (objects.as_array() == nullptr) return failure(Code::usage, "the input is not an array of objects");
  Config config = TRY(load_kubeconfig("", ""));
  Client client = TRY(Client::connect(std::move(config), system_clock));
  return measure(client, *objects.as_array(), "new", in_flight);
}

}  // namespace
}  // namespace holdfast::kube

int main(int argc, char** argv) {
  std::vector<int> numbers;
  for (int i = 1; i < argc; ++i) {
    const std::string_view text(argv[i]);
    int number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    numbers.push_back(number > 0 ? number : 1);
  }
  const bool from_input = argc > 1 && std::string_view(argv[1]) == "-";
  const int count = numbers.empty() ? 1000 : numbers[0];
  if (numbers.size() < 2) numbers = {count, 1, 8, 32};
  numbers.erase(numbers.begin());
  const auto done = from_input ? holdfast::kube::run_input(numbers[0]) : holdfast::kube::run(count, numbers);
  if (done) return 0;
  fmt::print(stderr, "{}", holdfast::render_error(done.error(), ""));
  return 1;
}
