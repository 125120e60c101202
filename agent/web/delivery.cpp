// SPDX-License-Identifier: Apache-2.0
#include "agent/web/delivery.h"

#include "base/text.h"
#include "crypto/primitives.h"
#include "value/json.h"

namespace holdfast::agent {

std::string_view Delivery::header(std::string_view name) const {
  const auto* found = http::find_header(headers, name);
  return found == nullptr ? std::string_view() : std::string_view(*found);
}

std::string Delivery::secret(const std::string& name) const {
  const auto found = secrets.find(name);
  return found == secrets.end() ? std::string() : found->second;
}

Result<Value> Delivery::payload() const {
  return json::parse(body, "the webhook's body", {.depth = 64, .bytes = delivery_bytes_max, .nodes = 500'000});
}

bool Delivery::is_signed(std::string_view header_name, const std::string& secret_name) const {
  const auto key = secret(secret_name);
  if (key.empty()) return true;
  auto given = header(header_name);
  if (given.starts_with("sha256=")) given.remove_prefix(7);
  return equal_slowly(given, to_hex(crypto::hmac_sha256(key, body)));
}

bool Delivery::carries(std::string_view header_name, const std::string& secret_name) const {
  const auto wanted = secret(secret_name);
  return wanted.empty() || equal_slowly(header(header_name), wanted);
}

bool equal_slowly(std::string_view left, std::string_view right) {
  unsigned difference = left.size() == right.size() ? 0U : 1U;
  for (std::size_t i = 0; i < std::min(left.size(), right.size()); ++i) {
    difference |= static_cast<unsigned char>(left[i]) ^ static_cast<unsigned>(static_cast<unsigned char>(right[i]));
  }
  return difference == 0;
}

std::unexpected<Error> not_signed(std::string_view provider) {
  return failure(Code::forbidden, "the signature is not made with the secret that argocd-secret holds for {}", provider);
}

const Array& array_at(const Value& value, std::initializer_list<std::string_view> path) {
  static const Array none;
  const Value* found = value.find_path(path);
  return found == nullptr || found->as_array() == nullptr ? none : *found->as_array();
}

}  // namespace holdfast::agent
