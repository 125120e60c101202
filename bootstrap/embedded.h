// SPDX-License-Identifier: Apache-2.0
// Data that travels inside `holdfast` (cmake/embed.cmake writes the definitions).
#pragma once

#include <span>
#include <string_view>

namespace holdfast {

struct EmbeddedFile {
  std::string_view path;
  std::string_view content;
};

std::span<const EmbeddedFile> embedded_templates();  // templates/: cluster/ and crds/
std::span<const EmbeddedFile> embedded_docs();       // docs/errors.md

}  // namespace holdfast
