// SPDX-License-Identifier: Apache-2.0
#include "kube/status.h"

#include "base/text.h"
#include "value/json.h"

#include <algorithm>

namespace holdfast::kube {
namespace {

constexpr std::size_t message_max = 4096;

struct Refusal {
  int code = 0;
  std::string reason;
  std::string message;
  std::string retry_after;  // as the server wrote it, in seconds
  bool names_object = false;
  bool field_conflict = false;
};

Refusal read_status(const Value& status, int http_status) {
  Refusal out{.code = http_status,
              .reason = std::string(status.text({"reason"})),
              .message = printable(status.text({"message"}), message_max)};
  if (const auto* code = status.find("code"); code != nullptr && code->as_int() != nullptr) {
    out.code = static_cast<int>(*code->as_int());
  }
  out.names_object = !status.text({"details", "name"}).empty();
  if (const auto* seconds = status.find_path({"details", "retryAfterSeconds"});
      seconds != nullptr && seconds->as_int() != nullptr) {
    out.retry_after = std::to_string(*seconds->as_int());
  }
  const auto* causes = status.find_path({"details", "causes"});
  if (causes != nullptr && causes->as_array() != nullptr) {
    out.field_conflict = std::ranges::any_of(*causes->as_array(), [](const Value& cause) {
      return cause.text({"reason"}) == "FieldManagerConflict";
    });
  }
  return out;
}

Code code_of(const Refusal& refusal) {
  switch (refusal.code) {
    case 400: return Code::object_invalid;
    case 401: return Code::forbidden;
    case 403: return Code::forbidden;
    // Without an object's name it is the path that does not exist: the kind is not served.
    case 404: return refusal.names_object ? Code::object_missing : Code::kind_unknown;
    case 405: return Code::object_invalid;
    case 409:
      if (refusal.reason == "AlreadyExists") return Code::object_exists;
      return refusal.field_conflict ? Code::object_conflict : Code::resource_version;
    case 410: return Code::resource_version;
    case 413: return Code::limit;
    case 415: return Code::object_invalid;
    case 422: return Code::object_invalid;
    case 429: return Code::throttled;
    case 504: return Code::timed_out;
    default: return refusal.code >= 500 ? Code::cluster_unreachable : Code::internal;
  }
}

std::string what_of(Code code, const Refusal& refusal, std::string_view verb,
                    std::string_view target) {
  if (code == Code::forbidden && refusal.code == 401)
    return "the API server does not accept the credentials";
  if (code == Code::forbidden) return fmt::format("the API server forbids to {} {}", verb, target);
  if (code == Code::object_missing) return fmt::format("{} does not exist", target);
  if (code == Code::kind_unknown) return fmt::format("the API server does not serve {}", target);
  if (code == Code::object_exists) return fmt::format("{} exists already", target);
  if (code == Code::object_conflict)
    return fmt::format("another manager owns fields of {}", target);
  if (code == Code::resource_version && refusal.code == 410) {
    return fmt::format("the resource version of {} is too old", target);
  }
  if (code == Code::resource_version)
    return fmt::format("{} has changed since it was read", target);
  if (code == Code::throttled && !refusal.retry_after.empty()) {
    return fmt::format("the API server asks for a pause of {} s before the next try to {} {}",
                       refusal.retry_after, verb, target);
  }
  if (code == Code::throttled)
    return fmt::format("the API server is too busy to {} {}", verb, target);
  if (code == Code::object_invalid)
    return fmt::format("the API server refuses to {} {}", verb, target);
  return fmt::format("the API server answered {} to {} {}", refusal.code, verb, target);
}

Error to_error(const Refusal& refusal, std::string_view verb, std::string_view target) {
  const Code code = code_of(refusal);
  Error error(code, what_of(code, refusal, verb, target));
  if (refusal.message.empty()) return error;
  return std::move(error).because(refusal.message);
}

}  // namespace

Error status_error(const http::Response& response, std::string_view verb, std::string_view target) {
  const auto status = json::parse(response.body, "the API server's answer");
  Refusal refusal{.code = response.status, .message = printable(trim(response.body), message_max)};
  if (status && status->text({"kind"}) == "Status") refusal = read_status(*status, response.status);
  if (refusal.retry_after.empty())
    refusal.retry_after = printable(response.header("retry-after"), 40);
  return to_error(refusal, verb, target);
}

Error status_error(const Value& status, std::string_view verb, std::string_view target) {
  return to_error(read_status(status, 500), verb, target);
}

Error transport_error(Error error, std::string_view verb, std::string_view target) {
  const bool cluster = error.code() == Code::unreachable;
  Error out(cluster ? Code::cluster_unreachable : error.code(),
            cluster ? "the cluster does not answer" : error.what());
  for (const auto& where : error.where())
    out = std::move(out).at(where);
  for (const auto& cause : error.causes())
    out = std::move(out).because(cause);
  if (error.fix_line() != row_of(error.code()).fix)
    out = std::move(out).fix(std::string(error.fix_line()));
  return std::move(out).within(fmt::format("{} {}", verb, target));
}

}  // namespace holdfast::kube
