// SPDX-License-Identifier: Apache-2.0
// What was sent to /api/webhook, and whether its sender knows the secret that argocd-secret holds for him.
// It does not know what providers say.
#pragma once

#include "http/transport.h"
#include "value/value.h"

#include <map>
#include <string>
#include <string_view>

namespace holdfast::agent {

using Secrets = std::map<std::string, std::string>;

// Anybody may send one: what it costs to read the largest stays below what the agent may use.
constexpr std::size_t delivery_bytes_max = std::size_t{8} << 20;

struct Delivery {
  const http::Headers& headers;
  std::string_view query;  // of the URL, without '?'
  std::string_view body;
  const Secrets& secrets;

  [[nodiscard]] std::string_view header(std::string_view name) const;
  [[nodiscard]] std::string secret(const std::string& name) const;  // "" where there is none
  // Refuses with Code::json_syntax or Code::limit.
  [[nodiscard]] Result<Value> payload() const;
  // Whoever has no secret is believed. The header is the HMAC of the body, or the secret itself.
  [[nodiscard]] bool is_signed(std::string_view header_name, const std::string& secret_name) const;
  [[nodiscard]] bool carries(std::string_view header_name, const std::string& secret_name) const;
};

// Takes as long whatever the texts are.
bool equal_slowly(std::string_view left, std::string_view right);

std::unexpected<Error> not_signed(std::string_view provider);

// The array at that path, or an empty one.
const Array& array_at(const Value& value, std::initializer_list<std::string_view> path);

}  // namespace holdfast::agent
