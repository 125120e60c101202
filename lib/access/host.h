// SPDX-License-Identifier: Apache-2.0
// Which host an address of a source leads to.
#pragma once

#include <string_view>

namespace holdfast::access {

// "https://h:8443/x", "git@h:x", "oci://h/x" and "h/x" all lead to h. An IPv6 address is without its brackets.
std::string_view host_of(std::string_view url);

}  // namespace holdfast::access
