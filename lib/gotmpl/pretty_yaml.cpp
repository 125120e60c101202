// SPDX-License-Identifier: Apache-2.0
#include "gotmpl/pretty_yaml.h"

#include "yaml/yaml.h"

namespace holdfast::gotmpl {

Result<std::string> write_pretty_yaml(const Datum& value) {
  Value document = TRY(value.to_value());
  return yaml::write(document);
}

}  // namespace holdfast::gotmpl
