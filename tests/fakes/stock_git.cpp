// SPDX-License-Identifier: Apache-2.0
#include "fakes/stock_git.h"

#include "base/handle.h"
#include "base/text.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <filesystem>
#include <fstream>

namespace holdfast::stock {
namespace {

struct Pipe {
  FileDescriptor read, write;

  static Pipe make() {
    int ends[2] = {-1, -1};
    CHECK(::pipe2(ends, O_CLOEXEC) == 0);
    return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
  }
};

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> out;
  for (auto& word : words)
    out.push_back(word.data());
  out.push_back(nullptr);
  return out;
}

// Reads what is there; closes the descriptor at the end.
void drain(FileDescriptor& from, std::string& into) {
  std::array<char, 65536> buffer;
  const auto count = ::read(from.get(), buffer.data(), buffer.size());
  if (count > 0) into.append(buffer.data(), static_cast<std::size_t>(count));
  if (count <= 0) from = FileDescriptor();
}

void pump(Pipe& in, Pipe& out, Pipe& err, std::string_view input, Ran& ran) {
  if (input.empty()) in.write = FileDescriptor();
  while (out.read || err.read) {
    std::array<pollfd, 3> waits = {{{in.write ? in.write.get() : -1, POLLOUT, 0},
                                    {out.read ? out.read.get() : -1, POLLIN, 0},
                                    {err.read ? err.read.get() : -1, POLLIN, 0}}};
    ::poll(waits.data(), waits.size(), 30'000);
    if (waits[0].revents != 0) {
      const auto count =
          ::write(in.write.get(), input.data(), std::min<std::size_t>(input.size(), 4096));
      if (count > 0) input.remove_prefix(static_cast<std::size_t>(count));
      if (count <= 0 || input.empty()) in.write = FileDescriptor();
    }
    if (waits[1].revents != 0) drain(out.read, ran.out);
    if (waits[2].revents != 0) drain(err.read, ran.err);
  }
}

}  // namespace

Ran run(const std::vector<std::string>& words, const std::string& input,
        const std::vector<std::string>& environment) {
  static const auto ignored = ::signal(SIGPIPE, SIG_IGN);
  static_cast<void>(ignored);
  auto in = Pipe::make(), out = Pipe::make(), err = Pipe::make();
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, in.read.get(), 0);
  ::posix_spawn_file_actions_adddup2(&actions, out.write.get(), 1);
  ::posix_spawn_file_actions_adddup2(&actions, err.write.get(), 2);
  std::vector<std::string> arguments = words;
  std::vector<std::string> variables = {"GIT_CONFIG_GLOBAL=/dev/null",
                                        "GIT_CONFIG_SYSTEM=/dev/null",
                                        "GIT_TERMINAL_PROMPT=0",
                                        "GIT_AUTHOR_NAME=Test",
                                        "GIT_AUTHOR_EMAIL=t@example.com",
                                        "GIT_COMMITTER_NAME=Test",
                                        "GIT_COMMITTER_EMAIL=t@example.com"};
  variables.push_back(std::string("PATH=") + ::getenv("PATH"));
  variables.insert(variables.end(), environment.begin(), environment.end());
  pid_t child = -1;
  const int status = ::posix_spawnp(&child, arguments[0].c_str(), &actions, nullptr,
                                    pointers(arguments).data(), pointers(variables).data());
  ::posix_spawn_file_actions_destroy(&actions);
  Ran ran;
  if (status != 0) return ran;
  in.read = FileDescriptor();
  out.write = FileDescriptor();
  err.write = FileDescriptor();
  pump(in, out, err, input, ran);
  int ended = 0;
  ::waitpid(child, &ended, 0);
  ran.status = WIFEXITED(ended) ? WEXITSTATUS(ended) : 128;
  return ran;
}

bool has_git() {
  return run({"git", "--version"}).status == 0;
}

std::string git(const std::string& folder, const std::vector<std::string>& words) {
  std::vector<std::string> all = {"git", "-C", folder};
  all.insert(all.end(), words.begin(), words.end());
  const auto ran = run(all);
  EXPECT_EQ(ran.status, 0) << words[0] << ": " << ran.err;
  return std::string(trim(ran.out));
}

void write_file(const std::string& path, const std::string& content) {
  std::filesystem::create_directories(std::filesystem::path(path).parent_path());
  std::ofstream(path) << content;
}

namespace {

class Canned final : public http::Incoming {
 public:
  Canned(http::Response response, std::size_t portion)
      : response_(std::move(response)), portion_(portion) {
    body_ = std::exchange(response_.body, std::string());
  }

  const http::Response& head() const override { return response_; }

  Result<std::string_view> next(const std::stop_token& stop) override {
    if (stop.stop_requested()) return failure(Code::stopped, "stopped");
    const auto part = std::string_view(body_).substr(at_, portion_);
    at_ += part.size();
    return part;
  }

 private:
  http::Response response_;
  std::string body_;
  std::size_t portion_;
  std::size_t at_ = 0;
};

// "Status: 404 Not Found" and "Name: value" lines, an empty line, the body.
http::Response parse_cgi(std::string_view text) {
  http::Response response;
  response.status = 200;
  while (true) {
    const auto end = std::min(text.find("\r\n"), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 2, text.size()));
    if (line.empty()) break;
    const auto colon = std::min(line.find(':'), line.size() - 1);
    const std::string value(trim(line.substr(colon + 1)));
    if (line.starts_with("Status:")) response.status = std::stoi(value);
    response.headers.push_back({std::string(line.substr(0, colon)), value});
  }
  response.body = text;
  return response;
}

}  // namespace

std::unique_ptr<http::Incoming> canned(http::Response response, std::size_t portion) {
  return std::make_unique<Canned>(std::move(response), portion);
}

Result<http::Response> BackendTransport::send(const http::Request& request) {
  const auto host = request.url.find("://") + 3;
  std::string path = request.url.substr(request.url.find('/', host));
  asked.push_back(request.method + " " + path);
  std::string query;
  if (const auto mark = path.find('?'); mark != std::string::npos) {
    query = path.substr(mark + 1);
    path.resize(mark);
  }
  std::vector<std::string> environment = {"GIT_PROJECT_ROOT=" + root_,
                                          "GIT_HTTP_EXPORT_ALL=1",
                                          "REMOTE_ADDR=127.0.0.1",
                                          "PATH_INFO=" + path,
                                          "QUERY_STRING=" + query,
                                          "REQUEST_METHOD=" + request.method,
                                          fmt::format("CONTENT_LENGTH={}", request.body.size())};
  if (const auto* type = http::find_header(request.headers, "content-type")) {
    environment.push_back("CONTENT_TYPE=" + *type);
  }
  const auto* protocol = http::find_header(request.headers, "git-protocol");
  if (protocol != nullptr && speaks_ == Speaks::v2)
    environment.push_back("GIT_PROTOCOL=" + *protocol);
  auto response = parse_cgi(run({"git", "http-backend"}, request.body, environment).out);
  bytes_sent = std::min(response.body.size(), bytes_max);
  response.body.resize(bytes_sent);
  return response;
}

std::vector<Result<http::Response>> BackendTransport::send_all(std::vector<http::Request> requests,
                                                               int /*in_flight*/) {
  std::vector<Result<http::Response>> out;
  for (const auto& request : requests)
    out.push_back(send(request));
  return out;
}

Result<std::unique_ptr<http::Incoming>> BackendTransport::open(const http::Request& request,
                                                               std::stop_token /*stop*/) {
  constexpr std::size_t portion = 1000;  // so that packets are split
  auto response = TRY(send(request));
  return canned(std::move(response), portion);
}

}  // namespace holdfast::stock
