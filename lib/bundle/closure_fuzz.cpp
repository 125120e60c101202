// SPDX-License-Identifier: Apache-2.0
// Any text: refused, or the very text that the closure writes.
#include "base/result.h"
#include "bundle/closure.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto closure = holdfast::bundle::Closure::parse(text);
  if (!closure) return 0;
  CHECK(closure->to_text() == text);
  const auto totals = closure->totals();
  CHECK(!totals || totals->blobs == closure->lines().size());
  return 0;
}
