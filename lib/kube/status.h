// SPDX-License-Identifier: Apache-2.0
// An answer of the API server that is no success, as an Error: its code says what can be done, its
// cause is the server's message word for word. Pure.
// Mirrors: k8s.io/apimachinery v0.37 pkg/api/errors and meta/v1 Status.
#pragma once

#include "base/result.h"
#include "http/transport.h"
#include "value/value.h"

#include <string>
#include <string_view>

namespace holdfast::kube {

// `verb` and `target` name what was attempted: "apply", "apps/Deployment shop/web".
Error status_error(const http::Response& response, std::string_view verb, std::string_view target);

// The same for a Status inside a watch stream.
Error status_error(const Value& status, std::string_view verb, std::string_view target);

// The HTTP client's Error in the words of a cluster: Code::unreachable becomes cluster_unreachable.
Error transport_error(Error error, std::string_view verb, std::string_view target);

}  // namespace holdfast::kube
