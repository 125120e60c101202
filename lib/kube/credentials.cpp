// SPDX-License-Identifier: Apache-2.0
#include "kube/credentials.h"

#include "base/text.h"

#include <fstream>
#include <iterator>

namespace holdfast::kube {
namespace {

// A read costs microseconds; client-go asks once a minute.
constexpr Duration token_age_max = std::chrono::seconds(10);

}  // namespace

Secret Credentials::first_header(const Config& config) {
  if (!config.token.empty()) return Secret("Bearer " + config.token.reveal());
  if (config.username.empty()) return {};
  return Secret("Basic " + to_base64(config.username + ":" + config.password.reveal()));
}

Result<> Credentials::read_file() {
  std::ifstream file(file_, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const auto token = trim(text);
  auto state = state_.lock();
  state->read_at = clock_.steady();
  if (!token.empty()) {
    state->header = Secret(fmt::format("Bearer {}", token));
    state->read = true;
    return {};
  }
  // The old token may still be good; the server will say when it is not.
  if (!state->header.empty()) return {};
  return failure(Code::kubeconfig, "the token file '{}' cannot be read or is empty", file_);
}

Result<> Credentials::authorise(http::Request& request) {
  if (!file_.empty()) {
    bool due = false;
    {
      auto state = state_.lock();
      due = !state->read || clock_.steady() - state->read_at >= token_age_max;
    }
    if (due) TRY(read_file());
  }
  auto state = state_.lock();
  if (!state->header.empty()) request.headers.push_back({"Authorization", state->header.reveal()});
  return {};
}

bool Credentials::renew() {
  if (file_.empty()) return false;
  const Secret before = state_.lock()->header;
  return read_file().has_value() && state_.lock()->header.reveal() != before.reveal();
}

}  // namespace holdfast::kube
