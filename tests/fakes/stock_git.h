// SPDX-License-Identifier: Apache-2.0
// For tests: the machine's own git as a subprocess, as the judge of what we read and write, and as
// a server without a network (git http-backend behind an http::Transport).
#pragma once

#include "http/transport.h"

#include <functional>
#include <string>
#include <vector>

namespace holdfast::stock {

struct Ran {
  int status = -1;
  std::string out, err;
};

// Runs a program of PATH with `input` on its standard input; the environment is only what is given
// here, PATH, and an author.
Ran run(const std::vector<std::string>& words, const std::string& input = "",
        const std::vector<std::string>& environment = {});

// Is there a git at all? Tests skip without one, by name.
bool has_git();

// `git -C folder words…`; fails the test when it does not exit with 0. Returns its trimmed output.
std::string git(const std::string& folder, const std::vector<std::string>& words);
void write_file(const std::string& path, const std::string& content);

enum class Speaks { v0, v2 };

// Serves the repositories below `root`, whatever the URL's host is. Counts what it was asked.
class BackendTransport final : public http::Transport {
 public:
  BackendTransport(std::string root, Speaks speaks) : root_(std::move(root)), speaks_(speaks) {}

  Result<http::Response> send(const http::Request& request) override;
  std::vector<Result<http::Response>> send_all(std::vector<http::Request> requests,
                                               int in_flight) override;
  Result<std::unique_ptr<http::Incoming>> open(const http::Request& request,
                                               std::stop_token stop) override;

  std::vector<std::string> asked;                // "GET /x.git/info/refs?…"
  std::size_t bytes_max = std::size_t{1} << 30;  // the answer is cut off here
  std::size_t bytes_sent = 0;                    // of the last answer

 private:
  std::string root_;
  Speaks speaks_;
};

// A body that is there already.
std::unique_ptr<http::Incoming> canned(http::Response response, std::size_t portion);

}  // namespace holdfast::stock
