// SPDX-License-Identifier: Apache-2.0
#include "agent/web/status_endpoint.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <fstream>

namespace holdfast::agent {
namespace {

using Seconds = std::chrono::duration<double>;

double seconds_of(const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; }

// What every Prometheus client says of its process.
std::string process_text(Seconds started) {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  std::size_t pages = 0, resident = 0;
  std::ifstream("/proc/self/statm") >> pages >> resident;
  const auto line = [](std::string_view name, std::string_view kind, std::string_view help, double value) {
    return fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3:.3f}\n", name, help, kind, value);
  };
  return line("process_cpu_seconds_total", "counter", "Seconds of processor time.", seconds_of(used.ru_utime) + seconds_of(used.ru_stime)) +
         line("process_resident_memory_bytes", "gauge", "Bytes of memory.",
              static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE))) +
         line("process_start_time_seconds", "gauge", "When it began, in seconds since 1970.", started.count());
}

}  // namespace

std::vector<Route> status_routes(std::function<std::string()> numbers, std::function<Result<>()> ready) {
  const auto healthy = [](const Request&) { return text_response(200, "ok\n"); };
  const auto readiness = [ready = std::move(ready)](const Request&) {
    const auto state = ready();
    return state ? text_response(200, "ok\n") : text_response(503, state.error().message() + "\n");
  };
  const Seconds started = std::chrono::system_clock::now().time_since_epoch();
  const auto measured = [numbers = std::move(numbers), started](const Request&) {
    return Response{.status = 200,
                    .headers = {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}},
                    .body = numbers() + process_text(started)};
  };
  return {{.method = "GET", .prefix = "/healthz", .handler = healthy, .turn = Turn::at_once},
          {.method = "GET", .prefix = "/readyz", .handler = readiness, .turn = Turn::at_once},
          {.method = "GET", .prefix = "/metrics", .handler = measured}};
}

}  // namespace holdfast::agent
