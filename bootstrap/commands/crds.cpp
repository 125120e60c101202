// SPDX-License-Identifier: Apache-2.0
#include "commands/crds.h"

#include "base/text.h"
#include "embedded.h"

namespace holdfast::bootstrap {

Result<> run_crds(const CrdsOptions&, Console& console) {
  Array files;
  for (const auto& file : embedded_templates()) {
    if (!file.path.starts_with("crds/")) continue;
    console.line("---");
    console.line(trim(file.content));
    files.emplace_back(Object{{"path", file.path}, {"content", file.content}});
  }
  console.data(files);
  return {};
}

}  // namespace holdfast::bootstrap
