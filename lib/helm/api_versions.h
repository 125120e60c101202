// SPDX-License-Identifier: Apache-2.0
// The API versions that Helm assumes without a cluster: those of its client-go's scheme.
// Mirrors helm 4.3.1 with k8s.io/client-go 0.37 (kubernetes/scheme/register.go).
#pragma once

#include <span>
#include <string_view>

namespace holdfast::helm {

std::span<const std::string_view> known_api_versions();

}  // namespace holdfast::helm
