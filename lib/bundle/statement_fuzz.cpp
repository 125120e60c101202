// SPDX-License-Identifier: Apache-2.0
// Any text: refused, or a statement that is written and read again without loss.
#include "base/result.h"
#include "bundle/profile.h"
#include "bundle/statement.h"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  if (size > holdfast::bundle::statement_limit) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto statement = holdfast::bundle::Statement::parse(text);
  if (!statement) return 0;
  const auto again = holdfast::bundle::Statement::parse(statement->to_text());
  CHECK(again.has_value() && *again == *statement);
  return 0;
}
