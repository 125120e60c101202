// SPDX-License-Identifier: Apache-2.0
// Where bytes come from and where they go, one buffer at a time, so that no archive has to fit into
// memory. It does not know formats.
#pragma once

#include "base/result.h"

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace holdfast::archive {

// Fills the front of the buffer and returns how much; 0 is the end.
using Source = std::function<Result<std::size_t>(std::span<char>)>;
using Sink = std::function<Result<>(std::string_view)>;

// The text and the descriptor must outlive what is made of them.
Source source_of(std::string_view bytes);
// Bytes [offset, offset + size) by pread; the descriptor's own position is not used.
Source source_of_range(int fd, std::uint64_t offset, std::uint64_t size);
// From the descriptor's position to its end.
Source source_of_fd(int fd);

Sink sink_to(std::string& text);
// Writes at the descriptor's position. Refuses with Code::disk_full or Code::file_unwritable.
Sink sink_to_fd(int fd);

// Everything `source` gives. Refuses with Code::limit above `limit` bytes.
Result<std::string> read_all(const Source& source, std::uint64_t limit);
Result<> copy(const Source& source, const Sink& sink);

}  // namespace holdfast::archive
