// SPDX-License-Identifier: Apache-2.0
// Any index and any manifests, cut from one input at zero bytes: refused, or every blob is reached.
#include "base/result.h"
#include "base/text.h"
#include "bundle/index.h"

#include <map>

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  namespace bundle = holdfast::bundle;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto parts = holdfast::split(input, '\0');
  std::map<holdfast::crypto::Sha256, std::string_view> blobs;
  std::vector<bundle::ClosureLine> lines;
  for (const auto part : parts) {
    const auto digest = holdfast::crypto::sha256(part);
    if (!blobs.emplace(digest, part).second) continue;
    bundle::ClosureLine line;
    line.digest = digest;
    line.size = part.size();
    lines.push_back(line);
  }
  const auto closure = bundle::Closure::of(lines);
  const bundle::ReadBlob read =
      [&](const holdfast::crypto::Sha256& digest) -> holdfast::Result<std::string> {
    return std::string(blobs.at(digest));
  };
  const auto items = bundle::read_index(parts.front(), closure, read);
  CHECK(!items || !items->empty() || lines.empty());
  return 0;
}
