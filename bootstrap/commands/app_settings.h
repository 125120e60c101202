// SPDX-License-Identifier: Apache-2.0
// What the flags of `app set`, `app create` and `app add-source` make of an Application, and what `app unset`
// takes from it: one row for each flag. Pure; it does not know how an Application is read or written.
// Mirrors argoproj/argo-cd 3.6 cmd/util/app.go: SetAppSpecOptions, ConstructSource, SetParameterOverrides, and
// cmd/argocd/commands/app.go: unset. What Holdfast does not render (plugins, Jsonnet, the hydrator) has no flag.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "value/value.h"

namespace holdfast::bootstrap {

// How a flag's words change the member at its path.
enum class Gives {
  text,             // "" takes the member away
  number,
  duration,         // "1m30s"
  flag,             // "false" takes the member away
  texts,            // the whole list
  pairs,            // NAME=VALUE: the whole mapping
  parameters,       // NAME=VALUE of Helm's; others stay
  text_parameters,  // the same, and the value stays text
  file_parameters,  // NAME=PATH
  overrides,        // as parameters, where the source is a chart
  values,           // the YAML of a values file, in place of all that the Application had
  images,           // one for each name; others stay
  replicas,         // NAME=COUNT; others stay
  policy,           // manual or automated
  automation,       // true or false; of an Application that is synced by hand it waits
  options,          // "!WORD" takes the word away
  retry_limit,      // 0 takes the retry away
};

struct Setting {
  std::string_view flags;  // "-p,--parameter"
  Gives gives;
  std::string_view path;  // in the spec; "source." is the source that is meant
  std::string_view purpose;
};

std::span<const Setting> setting_rows();
bool is_of_source(const Setting& setting);
// Can the flag be said several times?
bool is_repeated(Gives gives);

// A flag with its words. Of Gives::values: the file's text.
struct Said {
  const Setting* setting;
  std::vector<std::string> words;
};

struct NamedValue {
  std::string name, value;
};
// "NAME=VALUE" of a flag. Refuses with Code::usage, saying what was wanted.
Result<NamedValue> named_value(std::string_view flag, const std::string& word, std::string_view wanted = "NAME=VALUE");

// Which of several sources is meant.
struct SourceChoice {
  std::int64_t position = 0;  // from 1; 0: not said
  std::string name;
};

// The index of the source that is meant among those of these names ("": it has none); nothing where none is named.
// `plural` is "s" where the flags name several. Refuses with Code::usage.
Result<std::optional<std::size_t>> chosen_index(std::span<const std::string> names, const SourceChoice& choice, std::string_view plural = "");
// The same where one must be named.
Result<std::size_t> required_index(std::span<const std::string> names, const SourceChoice& choice);

// The Application with what was said. Refuses with Code::usage, or as yaml::parse_one what is no YAML.
Result<Value> with_settings(Value application, std::span<const Said> said, const SourceChoice& choice);

// What a flag of `app unset` takes away.
enum class Takes {
  member,  // said without a word
  texts,   // these of a list
  named,   // those of a list that have this name
  images,  // the image with this name
};

struct Removal {
  std::string_view flags;
  Takes takes;
  std::string_view path;  // in the source; where it is two members, with a '|' between them
  std::string_view purpose;
};

std::span<const Removal> removal_rows();

struct Unsaid {
  const Removal* removal;
  std::vector<std::string> words;
};

// The Application without it; what it has not is no mistake. Refuses with Code::usage.
Result<Value> without_settings(Value application, std::span<const Unsaid> unsaid, const SourceChoice& choice);

// Several sources as one more, or one less. Refuses with Code::usage where the Application has only `source`.
Result<Value> with_source(Value application, std::span<const Said> said, const std::string& name);
Result<Value> without_source(Value application, const SourceChoice& choice);

}  // namespace holdfast::bootstrap
