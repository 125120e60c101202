// SPDX-License-Identifier: Apache-2.0
// zstd and gzip streams. Output depends on the input and the options alone, never on the number of
// processors, so that a bundle is reproducible. Expansion is bounded by a size known beforehand.
#pragma once

#include "archive/stream.h"

#include <cstdint>

namespace holdfast::archive {

struct ZstdOptions {
  // Measured on the 160 MB Kubernetes program, two threads: 3 gives 42.6 MB in 0.5 s, 9 38.5 MB in
  // 1.7 s, 12 38.1 MB in 3.9 s, 19 33.4 MB in 54 s.
  int level = 9;
  std::uint64_t size = 0;  // of the input; written into the frame
};

Result<> zstd_compress(const Source& source, const Sink& sink, const ZstdOptions& options);

// Expands frames up to the end of `source`, to exactly `size` bytes: one byte more or less is
// refused with Code::bundle_content, and nothing beyond `size` reaches the sink. A frame may ask
// for a window of at most 128 MiB.
Result<> zstd_expand(const Source& source, const Sink& sink, std::uint64_t size);

// Level 9, no name, no time.
Result<> gzip_compress(const Source& source, const Sink& sink);

}  // namespace holdfast::archive
