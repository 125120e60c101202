// SPDX-License-Identifier: Apache-2.0
#include "cluster.h"

#include <fmt/format.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

#include "value/json.h"

namespace holdfast::e2e {
namespace {

using std::chrono::seconds;

struct Shared {
  std::unique_ptr<Cluster> cluster;
  std::string reason;
  bool tried = false;
};

// Held by one process at a time.
class Lock {
 public:
  explicit Lock(const std::string& path) : file_(::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600)) { ::flock(file_, LOCK_EX); }
  ~Lock() { ::close(file_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  int file_;
};

Shared& shared_state() {
  static Shared state;
  return state;
}

}  // namespace

Cluster* Cluster::shared(std::string& reason, Bring bring) {
  auto& state = shared_state();
  if (!state.tried) {
    state.tried = true;
    auto cluster = std::make_unique<Cluster>();
    const auto why = cluster->place().enter(bring == Bring::simulated ? Pods::simulated : Pods::run);
    if (why) {
      state.reason = *why;
    } else {
      state.cluster = std::move(cluster);
      if (const auto failed = state.cluster->make(bring)) ADD_FAILURE() << *failed;
    }
  }
  reason = state.reason;
  return state.cluster.get();
}

bool Cluster::exists() { return shared_state().cluster != nullptr; }

void Cluster::end() {
  auto& state = shared_state();
  if (state.cluster == nullptr) return;
  state.cluster->place().end();
  state.cluster.reset();
}

std::optional<std::string> Cluster::make_bundle() {
  const std::vector<std::vector<std::string>> commands = {
      {"trust", "keygen", "--key", path("key"), "--public", path("key.pub")},
      {"trust", "init", "--trust-dir", path("trust"), "--key", path("key.pub")},
      {"bundle", "create", "-f", source("bundles/core.toml"), "-o", path("core.hfb"), "--sign-key", path("key")},
  };
  for (const auto& command : commands) {
    const auto ran = holdfast(command, seconds(300));
    if (ran.exit != 0) return fmt::format("holdfast {}: exit {}\n{}{}", fmt::join(command, " "), ran.exit, ran.out, ran.err);
  }
  return std::nullopt;
}

// A bundle takes as long as a cluster: the programs of one ctest share it, and the first that needs it makes it
// while those beside it wait.
std::optional<std::string> Cluster::take_bundle() {
  namespace fs = std::filesystem;
  const char* shared = ::getenv("HOLDFAST_E2E_BUNDLE");
  const Lock lock(shared == nullptr ? path("lock") : std::string(shared) + ".lock");
  const bool there = shared != nullptr && fs::exists(std::string(shared) + "/core.hfb");
  if (!there) {
    if (auto failed = make_bundle()) return failed;
    if (shared == nullptr) return std::nullopt;
  }
  constexpr auto whole = fs::copy_options::recursive;
  std::error_code problem;
  fs::create_directories(shared, problem);
  for (const auto* each : {"key", "key.pub", "trust", "core.hfb"}) {
    const auto kept = fmt::format("{}/{}", shared, each);
    fs::copy(there ? kept : path(each), there ? path(each) : kept, whole, problem);
    if (problem) return fmt::format("{}: {}", kept, problem.message());
  }
  return std::nullopt;
}

std::optional<std::string> Cluster::make(Bring bring) {
  if (auto failed = take_bundle()) return failed;
  if (bring == Bring::bundle_only) return std::nullopt;
  first_up_ = up();
  if (first_up_.exit != 0) return fmt::format("up: exit {}\n{}{}", first_up_.exit, first_up_.out, first_up_.err);
  fmt::print("{}", first_up_.out);
  return std::nullopt;
}

Ran Cluster::holdfast(std::vector<std::string> arguments, seconds timeout) {
  arguments.insert(arguments.begin(), program("holdfast"));
  return run(arguments, {.timeout = timeout, .folder = {}, .environment = {"KUBECONFIG=" + kubeconfig(), "LANG=C.UTF-8"}, .input = {}});
}

std::vector<std::string> Cluster::up_command() const {
  std::vector<std::string> command = place_->up_prefix();
  command.insert(command.end(), {program("holdfast"), "up", "--bundle", path("core.hfb"), "--trust-dir", path("trust"), "--cluster", "demo",
                                 "--repo", repository(), "--sample", "hello"});
  const auto where = place_->up_arguments();
  command.insert(command.end(), where.begin(), where.end());
  return command;
}

Ran Cluster::up(const std::vector<std::string>& more) {
  auto command = up_command();
  command.insert(command.end(), more.begin(), more.end());
  return run(command, {.timeout = seconds(300), .folder = {}, .environment = {"LANG=C.UTF-8"}, .input = {}});
}

void Cluster::end_in_each_step(const std::vector<std::string>& steps, const std::function<void(Background& up, const std::string& step)>& end) {
  const auto journal = path("state/install/demo.journal");
  const RunOptions options{.timeout = seconds(300), .folder = {}, .environment = {"LANG=C.UTF-8"}, .input = {}};
  for (const auto& step : steps) {
    const auto before = content_of(journal).size();
    const auto begun = fmt::format("\"step\":\"{}\"", step);
    Background up(up_command(), options, path("ended.log"));
    ASSERT_TRUE(eventually(seconds(120), [&] { return content_of(journal).substr(before).contains(begun); }))
        << step << "\n" << content_of(path("ended.log")) << content_of(journal);
    end(up, step);
  }
}

void Cluster::kill_in_each_step() {
  end_in_each_step(place_->steps(), [](Background& up, const std::string& step) {
    up.kill_now();
    fmt::print("killed in step {}\n", step);
  });
}

void Cluster::interrupt_in_each_step() {
  int told = 0;
  end_in_each_step(place_->steps(), [&](Background& up, const std::string& step) {
    const int exit = up.end_with(SIGINT, seconds(5));
    const auto said = content_of(path("ended.log"));
    // What an earlier run has done takes milliseconds: all was over before the signal came, or with the last word.
    constexpr int shell_code = 128 + SIGINT;
    if (exit == 0 || (exit == shell_code && said.contains("Cluster demo manages itself from Git."))) {
      EXPECT_TRUE(said.contains("3 of 3 synced and healthy")) << step << "\n" << said;
      return;
    }
    ++told;
    EXPECT_EQ(exit, 5) << step;
    EXPECT_TRUE(said.contains("error HF-E-1012: stopped in the middle\n")) << step << "\n" << said;
    EXPECT_TRUE(said.contains("  what is done stays done; the same command goes on\n")) << step << "\n" << said;
    EXPECT_TRUE(eventually(seconds(5), [&] { return processes_with(path("core.hfb")).empty(); })) << step << ": something of it lives on";
  });
  // A look at a node that is there takes some tenths of a second.
  EXPECT_GT(told, 0);
}

Ran Cluster::kubectl(std::vector<std::string> arguments, const std::string& input) {
  arguments.insert(arguments.begin(), {node_file("kube"), "kubectl", "--kubeconfig", kubeconfig()});
  return run(arguments, {.timeout = seconds(60), .folder = {}, .environment = {}, .input = input});
}

Ran Cluster::git(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"git", "-c", "user.name=operator", "-c", "user.email=operator@localhost", "-C", repository()});
  return run(arguments);
}

Value Cluster::get(const std::string& kind, const std::string& name, const std::string& in_namespace) {
  const auto ran = kubectl({"get", kind, name, "-n", in_namespace, "-o", "json", "--ignore-not-found"});
  if (ran.exit != 0 || ran.out.empty()) return {};
  return json::parse(ran.out, "kubectl").value_or(Value());
}

std::string Cluster::state(const std::string& application) {
  const auto object = get("applications.argoproj.io", application);
  if (object.is_null()) return "";
  return fmt::format("{}/{}", object.text({"status", "sync", "status"}), object.text({"status", "health", "status"}));
}

std::string content_of(const std::string& path) {
  const std::ifstream in(path, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  return std::move(content).str();
}

std::string Cluster::read_file(const std::string& file) { return content_of(repository() + "/" + file); }

void Cluster::write_file(const std::string& file, const std::string& content) {
  const auto path = repository() + "/" + file;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path, std::ios::binary) << content;
}

void Cluster::replace_in(const std::string& file, const std::string& from, const std::string& to) {
  auto content = read_file(file);
  const auto at = content.find(from);
  ASSERT_NE(at, std::string::npos) << file << " has no \"" << from << "\":\n" << content;
  write_file(file, content.replace(at, from.size(), to));
}

void Cluster::commit(const std::string& message) {
  ASSERT_EQ(git({"add", "-A"}).exit, 0);
  const auto ran = git({"commit", "-q", "-m", message});
  ASSERT_EQ(ran.exit, 0) << ran.out << ran.err;
}

Ran Cluster::push() { return holdfast({"repo", "push", "--repo", repository()}); }

void Cluster::publish(const std::string& message) {
  commit(message);
  const auto ran = push();
  ASSERT_EQ(ran.exit, 0) << ran.out << ran.err;
}

std::string Cluster::url_of(const std::string& service, const std::string& in_namespace) { return place_->url_of(service, in_namespace); }

std::string Cluster::ask(const std::string& service, const std::string& in_namespace) {
  const auto url = url_of(service, in_namespace);
  if (url.empty()) return "";
  const auto ran = run({"curl", "-s", "-f", "--max-time", "2", url + "/"});
  return ran.exit == 0 ? ran.out : "";
}

double measure(const std::string& what, seconds within, const std::function<bool()>& question) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(eventually(within, question)) << what << ": not within " << within.count() << " s";
  const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  fmt::print("{}: {:.2f} s\n", what, took);
  return took;
}

}  // namespace holdfast::e2e
