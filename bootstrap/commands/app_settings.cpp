// SPDX-License-Identifier: Apache-2.0
#include "commands/app_settings.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "base/text.h"
#include "sync/application.h"
#include "yaml/yaml.h"

namespace holdfast::bootstrap {
namespace {

// clang-format off
constexpr auto setting_table = std::to_array<Setting>({
    {"--repo",                             Gives::text,            "source.repoURL",                           "the repository's URL"},
    {"--path",                             Gives::text,            "source.path",                              "the folder in the repository"},
    {"--helm-chart",                       Gives::text,            "source.chart",                             "the chart, of a Helm repository"},
    {"--revision",                         Gives::text,            "source.targetRevision",                    "branch, tag, commit or range of versions"},
    {"--tag-prefix",                       Gives::text,            "source.tagPrefix",                         "of the tags that a range of versions is about"},
    {"--ref",                              Gives::text,            "source.ref",                               "what other sources call this one: $REF"},
    {"--values",                           Gives::texts,           "source.helm.valueFiles",                   "a values file; may be repeated"},
    {"--ignore-missing-value-files",       Gives::flag,            "source.helm.ignoreMissingValueFiles",      "go without values files that are not there"},
    {"--values-literal-file",              Gives::values,          "source.helm.valuesObject",                 "a local file whose values become part of the application"},
    {"--release-name",                     Gives::text,            "source.helm.releaseName",                  "of the chart"},
    {"--helm-version",                     Gives::text,            "source.helm.version",                      "v3: Helm 3's result where Helm 4 differs"},
    {"--helm-pass-credentials",            Gives::flag,            "source.helm.passCredentials",              "also to other hosts than the repository's"},
    {"--helm-set",                         Gives::parameters,      "source.helm.parameters",                   "NAME=VALUE; may be repeated"},
    {"--helm-set-string",                  Gives::text_parameters, "source.helm.parameters",                   "NAME=VALUE, and the value is text; may be repeated"},
    {"--helm-set-file",                    Gives::file_parameters, "source.helm.fileParameters",               "NAME=PATH, a file in the repository; may be repeated"},
    {"-p,--parameter",                     Gives::overrides,       "source.helm.parameters",                   "NAME=VALUE of a chart; may be repeated"},
    {"--helm-skip-crds",                   Gives::flag,            "source.helm.skipCrds",                     "without the chart's CRDs"},
    {"--helm-skip-schema-validation",      Gives::flag,            "source.helm.skipSchemaValidation",         "without asking values.schema.json"},
    {"--helm-skip-tests",                  Gives::flag,            "source.helm.skipTests",                    "without the chart's tests"},
    {"--helm-namespace",                   Gives::text,            "source.helm.namespace",                    "the release's, in place of the destination's"},
    {"--helm-kube-version",                Gives::text,            "source.helm.kubeVersion",                  "the version that Capabilities show"},
    {"--helm-api-versions",                Gives::texts,           "source.helm.apiVersions",                  "that Capabilities show; may be repeated"},
    {"--nameprefix",                       Gives::text,            "source.kustomize.namePrefix",              "before the names of all objects"},
    {"--namesuffix",                       Gives::text,            "source.kustomize.nameSuffix",              "behind the names of all objects"},
    {"--kustomize-version",                Gives::text,            "source.kustomize.version",                 "a version 5 that argocd-cm has a kustomize.path of; all are rendered as 5.8"},
    {"--kustomize-namespace",              Gives::text,            "source.kustomize.namespace",               "of all objects"},
    {"--kustomize-image",                  Gives::images,          "source.kustomize.images",                  "NAME:TAG or NAME=NEWNAME:TAG; may be repeated"},
    {"--kustomize-replica",                Gives::replicas,        "source.kustomize.replicas",                "NAME=COUNT; may be repeated"},
    {"--kustomize-common-label",           Gives::pairs,           "source.kustomize.commonLabels",            "NAME=VALUE; may be repeated"},
    {"--kustomize-common-annotation",      Gives::pairs,           "source.kustomize.commonAnnotations",       "NAME=VALUE; may be repeated"},
    {"--kustomize-label-without-selector", Gives::flag,            "source.kustomize.labelWithoutSelector",    "labels do not go into selectors"},
    {"--kustomize-label-include-templates", Gives::flag,           "source.kustomize.labelIncludeTemplates",   "labels go into templates"},
    {"--kustomize-force-common-label",     Gives::flag,            "source.kustomize.forceCommonLabels",       "over those of the kustomization"},
    {"--kustomize-force-common-annotation", Gives::flag,           "source.kustomize.forceCommonAnnotations",  "over those of the kustomization"},
    {"--kustomize-kube-version",           Gives::text,            "source.kustomize.kubeVersion",             "the version that charts in a kustomization see"},
    {"--kustomize-api-versions",           Gives::texts,           "source.kustomize.apiVersions",             "that charts in a kustomization see; may be repeated"},
    {"--ignore-missing-components",        Gives::flag,            "source.kustomize.ignoreMissingComponents", "go without components that are not there"},
    {"--directory-recurse",                Gives::flag,            "source.directory.recurse",                 "with the folders inside"},
    {"--directory-include",                Gives::text,            "source.directory.include",                 "only files that this pattern names"},
    {"--directory-exclude",                Gives::text,            "source.directory.exclude",                 "no files that this pattern names"},
    {"--directory-disable-extension-filter", Gives::flag,          "source.directory.disableExtensionFilter",  "files of any extension"},
    {"--dest-server",                      Gives::text,            "destination.server",                       "the cluster's URL"},
    {"--dest-name",                        Gives::text,            "destination.name",                         "the cluster's name, in place of its URL"},
    {"--dest-namespace",                   Gives::text,            "destination.namespace",                    "where objects go that name no namespace"},
    {"--project",                          Gives::text,            "project",                                  "the project"},
    {"--revision-history-limit",           Gives::number,          "revisionHistoryLimit",                     "how many syncs the history keeps"},
    {"--sync-policy",                      Gives::policy,          "syncPolicy.automated",                     "manual or automated"},
    {"--sync-option",                      Gives::options,         "syncPolicy.syncOptions",                   "WORD, or !WORD to take it away; may be repeated"},
    {"--auto-prune",                       Gives::automation,      "syncPolicy.automated.prune",               "remove by itself what Git does not have"},
    {"--self-heal",                        Gives::automation,      "syncPolicy.automated.selfHeal",            "repair by itself what others change"},
    {"--allow-empty",                      Gives::automation,      "syncPolicy.automated.allowEmpty",          "remove by itself even everything"},
    {"--sync-retry-limit",                 Gives::retry_limit,     "syncPolicy.retry.limit",                   "attempts after a failure; 0: none"},
    {"--sync-retry-backoff-duration",      Gives::duration,        "syncPolicy.retry.backoff.duration",        "before the first of them: 5s, 2m, 1h"},
    {"--sync-retry-backoff-max-duration",  Gives::duration,        "syncPolicy.retry.backoff.maxDuration",     "before any of them"},
    {"--sync-retry-backoff-factor",        Gives::number,          "syncPolicy.retry.backoff.factor",          "from one to the next"},
    {"--sync-retry-refresh",               Gives::flag,            "syncPolicy.retry.refresh",                 "to the revision that is there by then"},
});

constexpr auto removal_table = std::to_array<Removal>({
    {"-p,--parameter",               Takes::named,  "helm.parameters|helm.fileParameters", "NAME of Helm's; may be repeated"},
    {"--values",                     Takes::texts,  "helm.valueFiles",                     "a values file; may be repeated"},
    {"--values-literal",             Takes::member, "helm.values|helm.valuesObject",       "the values that are part of the application"},
    {"--ignore-missing-value-files", Takes::member, "helm.ignoreMissingValueFiles",        "values files must be there"},
    {"--pass-credentials",           Takes::member, "helm.passCredentials",                "credentials only to the repository's own host"},
    {"--nameprefix",                 Takes::member, "kustomize.namePrefix",                "kustomize's prefix"},
    {"--namesuffix",                 Takes::member, "kustomize.nameSuffix",                "kustomize's suffix"},
    {"--kustomize-version",          Takes::member, "kustomize.version",                   "kustomize's version"},
    {"--kustomize-namespace",        Takes::member, "kustomize.namespace",                 "kustomize's namespace"},
    {"--kustomize-image",            Takes::images, "kustomize.images",                    "NAME of an image; may be repeated"},
    {"--kustomize-replica",          Takes::named,  "kustomize.replicas",                  "NAME of replicas; may be repeated"},
    {"--ignore-missing-components",  Takes::member, "kustomize.ignoreMissingComponents",   "components must be there"},
    {"--ref",                        Takes::member, "ref",                                 "what other sources call this one"},
});
// clang-format on

constexpr std::string_view of_source = "source.";

std::string_view flag_of(std::string_view flags) { return split(flags, ',').back(); }

// The member at "a.b.c", made where it is not.
Value& place_at(Value& root, std::string_view path) {
  Value* at = &root;
  for (const auto name : split(path, '.')) at = &(*at)[name];
  return *at;
}

Array& list_at(Value& root, std::string_view path) {
  Value& place = place_at(root, path);
  if (!place.is_array()) place = Array{};
  return *place.as_array();
}

// Takes the member away, and the objects around it that hold nothing then: an empty `helm` would still say
// that the source is a chart.
void take_away(Value& root, std::string_view path) {
  Object* object = root.as_object();
  if (object == nullptr) return;
  const auto dot = path.find('.');
  const auto name = path.substr(0, dot);
  if (dot == std::string_view::npos) {
    object->erase(name);
    return;
  }
  Value* inner = object->find(name);
  if (inner == nullptr) return;
  take_away(*inner, path.substr(dot + 1));
  const Object* left = inner->as_object();
  if (left != nullptr && left->empty()) object->erase(name);
}

void give_text(Value& root, std::string_view path, const std::string& text) {
  if (text.empty()) {
    take_away(root, path);
  } else {
    place_at(root, path) = text;
  }
}

Error wanted(const Setting& setting, std::string_view word, std::string_view what) {
  return Error(Code::usage, fmt::format("{} is \"{}\", wanted: {}", flag_of(setting.flags), printable(word), what));
}

Result<NamedValue> pair_of(const Setting& setting, const std::string& word, std::string_view what) {
  return named_value(flag_of(setting.flags), word, what);
}

Result<std::int64_t> number_of(const Setting& setting, std::string_view word) {
  std::int64_t number = 0;
  const auto [end, bad] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (bad != std::errc() || end != word.data() + word.size()) return failure(wanted(setting, word, "a whole number"));
  return number;
}

// Where an item has that name, in its place.
void put(Array& list, Value item) {
  const auto same = std::ranges::find_if(list, [&](const Value& each) { return each.text({"name"}) == item.text({"name"}); });
  if (same == list.end()) {
    list.push_back(std::move(item));
  } else {
    *same = std::move(item);
  }
}

// Helm splits at commas; in a parameter a comma is text.
std::string with_kept_commas(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == ',' && !out.ends_with('\\')) out += '\\';
    out += c;
  }
  return out;
}

Result<> give_parameters(Array& list, const Said& said) {
  const bool file = said.setting->gives == Gives::file_parameters;
  for (const auto& word : said.words) {
    const auto pair = TRY(pair_of(*said.setting, word, file ? "NAME=PATH" : "NAME=VALUE"));
    Value item = Object{{"name", pair.name}};
    item[file ? "path" : "value"] = with_kept_commas(pair.value);
    if (said.setting->gives == Gives::text_parameters) item["forceString"] = true;
    put(list, std::move(item));
  }
  return {};
}

// "registry:5000/shop/web:2@sha256:…" → "registry:5000/shop/web"; "web=other:2" → "web"
std::string_view image_name(std::string_view image) {
  if (const auto equals = image.find('='); equals != std::string_view::npos) return image.substr(0, equals);
  const auto slash = image.find('/');
  return image.substr(0, image.find_first_of(":@", slash == std::string_view::npos ? 0 : slash));
}

void give_images(Array& list, const std::vector<std::string>& images) {
  for (const auto& image : images) {
    const auto same = std::ranges::find_if(list, [&](const Value& each) {
      return each.as_string() != nullptr && image_name(*each.as_string()) == image_name(image);
    });
    if (same == list.end()) {
      list.emplace_back(image);
    } else {
      *same = image;
    }
  }
}

Result<> give_replicas(Array& list, const Said& said) {
  for (const auto& word : said.words) {
    const auto pair = TRY(pair_of(*said.setting, word, "NAME=COUNT"));
    const auto count = TRY(number_of(*said.setting, pair.value));
    put(list, Object{{"name", pair.name}, {"count", count}});
  }
  return {};
}

Result<Value> mapping_of(const Said& said) {
  Value mapping = Object{};
  for (const auto& word : said.words) {
    const auto pair = TRY(pair_of(*said.setting, word, "NAME=VALUE"));
    mapping[pair.name] = pair.value;
  }
  return mapping;
}

Result<> give_values(Value& source, const std::string& text) {
  auto values = TRY(yaml::parse_one(text, "--values-literal-file", yaml::Dialect::kube));
  take_away(source, "helm.values");
  if (values.is_null()) {
    take_away(source, "helm.valuesObject");
    return {};
  }
  if (!values.is_object()) return failure(Code::usage, "--values-literal-file holds {}, wanted: a mapping", kind_name(values.kind()));
  place_at(source, "helm.valuesObject") = std::move(values);
  return {};
}

Result<> give_policy(Value& spec, const Setting& setting, std::string_view word) {
  if (word == "manual" || word == "none") {
    take_away(spec, setting.path);
  } else if (word == "automated" || word == "automatic" || word == "auto") {
    place_at(spec, setting.path) = Object{};
  } else {
    return failure(wanted(setting, word, "manual or automated"));
  }
  return {};
}

void give_automation(Value& spec, const Said& said) {
  Value& automated = place_at(spec, "syncPolicy.automated");
  if (!automated.is_object()) automated = Object{{"enabled", false}};
  place_at(spec, said.setting->path) = said.words.back() == "true";
}

void give_options(Value& spec, const Said& said) {
  Array& list = list_at(spec, said.setting->path);
  for (const auto& word : said.words) {
    const bool away = word.starts_with('!');
    const Value option = away ? word.substr(1) : word;
    const bool there = std::ranges::find(list, option) != list.end();
    if (away) std::erase(list, option);
    if (!away && !there) list.push_back(option);
  }
  if (list.empty()) take_away(spec, said.setting->path);
}

Result<> give_retry_limit(Value& spec, const Setting& setting, std::string_view word) {
  const auto limit = TRY(number_of(setting, word));
  if (limit < 0) return failure(wanted(setting, word, "0 or more"));
  if (limit == 0) {
    take_away(spec, "syncPolicy.retry");
  } else {
    place_at(spec, setting.path) = limit;
  }
  return {};
}

Array* sources_of(Value& application) {
  Value* spec = application.find("spec");
  Value* sources = spec == nullptr ? nullptr : spec->find("sources");
  Array* all = sources == nullptr ? nullptr : sources->as_array();
  return all == nullptr || all->empty() ? nullptr : all;
}

// What the source renders with, as far as somebody said it: the Application's own words, else the status's.
std::string source_type(Value& application, const Value& source) {
  static constexpr std::pair<std::string_view, std::string_view> types[] = {
      {"helm", "Helm"}, {"kustomize", "Kustomize"}, {"directory", "Directory"}, {"plugin", "Plugin"}};
  for (const auto& [member, type] : types) {
    if (source.find(member) != nullptr) return std::string(type);
  }
  const Array* sources = sources_of(application);
  if (sources == nullptr) return std::string(application.text({"status", "sourceType"}));
  const auto known = sync::strings_of(application.find_path({"status", "sourceTypes"}));
  const auto at = static_cast<std::size_t>(&source - sources->data());
  return at < known.size() ? known[at] : std::string();
}

// One flag; `root` is what its path begins in.
Result<> give(Value& root, std::string_view path, const Said& said) {
  const Setting& setting = *said.setting;
  const std::string& last = said.words.back();
  switch (setting.gives) {
    case Gives::text: give_text(root, path, last); return {};
    case Gives::number: place_at(root, path) = TRY(number_of(setting, last)); return {};
    case Gives::duration:
      if (!sync::parse_go_duration(last)) return failure(wanted(setting, last, "a duration, as 5s, 2m or 1h"));
      place_at(root, path) = last;
      return {};
    case Gives::flag:
      if (last == "true") {
        place_at(root, path) = true;
      } else {
        take_away(root, path);
      }
      return {};
    case Gives::texts: {
      Array& list = list_at(root, path);
      list.assign(said.words.begin(), said.words.end());
      return {};
    }
    case Gives::pairs: place_at(root, path) = TRY(mapping_of(said)); return {};
    case Gives::parameters:
    case Gives::text_parameters:
    case Gives::file_parameters:
    case Gives::overrides: return give_parameters(list_at(root, path), said);
    case Gives::values: return give_values(root, last);
    case Gives::images: give_images(list_at(root, path), said.words); return {};
    case Gives::replicas: return give_replicas(list_at(root, path), said);
    case Gives::policy: return give_policy(root, setting, last);
    case Gives::automation: give_automation(root, said); return {};
    case Gives::options: give_options(root, said); return {};
    case Gives::retry_limit: return give_retry_limit(root, setting, last);
  }
  std::unreachable();
}

bool is_said_of_source(const Said& said) { return is_of_source(*said.setting); }

Result<> give_source(Value& source, std::span<const Said> said, std::string_view known_type) {
  for (const auto& each : said) {
    if (!is_said_of_source(each)) continue;
    if (each.setting->gives == Gives::overrides && !known_type.empty() && known_type != "Helm") {
      return failure(Error(Code::usage, fmt::format("--parameter is for charts, and the source is of type {}", known_type))
                         .fix("kustomize has --kustomize-image, --kustomize-replica and others"));
    }
    TRY(give(source, each.setting->path.substr(of_source.size()), each));
  }
  return {};
}

std::vector<std::string> names_of(const Array& sources) {
  std::vector<std::string> names;
  for (const auto& each : sources) names.emplace_back(each.text({"name"}));
  return names;
}

Error no_such_source(std::string what, std::span<const std::string> names, std::string_view plural) {
  std::vector<std::string> said;
  for (const auto& each : names) {
    if (!each.empty()) said.push_back(fmt::format("\"{}\"", printable(each)));
  }
  const std::string by_name = said.empty() ? std::string() : fmt::format(", or --source-name{}: {}", plural, fmt::join(said, ", "));
  return Error(Code::usage, std::move(what)).fix(fmt::format("name one with --source-position{} 1 to {}{}", plural, names.size(), by_name));
}

// The source that is meant; made where the Application has none.
Result<Value*> chosen_source(Value& application, const SourceChoice& choice) {
  if (Array* sources = sources_of(application)) {
    const auto names = names_of(*sources);
    const auto index = TRY(required_index(names, choice));
    return &(*sources)[index];
  }
  Value& source = place_at(application, "spec.source");
  const std::string only(source.text({"name"}));
  TRY(chosen_index({&only, 1}, choice));
  return &source;
}

void take(Value& source, std::string_view path, const Unsaid& unsaid) {
  Value* at = &source;
  for (const auto name : split(path, '.')) at = at == nullptr ? nullptr : at->find(name);
  if (at == nullptr) return;
  if (unsaid.removal->takes == Takes::member) return take_away(source, path);
  Array* list = at->as_array();
  if (list == nullptr) return;
  std::erase_if(*list, [&](const Value& each) {
    return std::ranges::any_of(unsaid.words, [&](const std::string& word) {
      if (unsaid.removal->takes == Takes::named) return each.text({"name"}) == word;
      if (each.as_string() == nullptr) return false;
      return unsaid.removal->takes == Takes::images ? image_name(*each.as_string()) == image_name(word) : *each.as_string() == word;
    });
  });
  if (list->empty()) take_away(source, path);
}

}  // namespace

std::span<const Setting> setting_rows() { return setting_table; }

std::span<const Removal> removal_rows() { return removal_table; }

bool is_of_source(const Setting& setting) { return setting.path.starts_with(of_source); }

bool is_repeated(Gives gives) {
  static constexpr Gives repeated[] = {Gives::texts, Gives::pairs, Gives::parameters, Gives::text_parameters, Gives::file_parameters,
                                       Gives::overrides, Gives::images, Gives::replicas, Gives::options};
  return std::ranges::find(repeated, gives) != std::end(repeated);
}

Result<NamedValue> named_value(std::string_view flag, const std::string& word, std::string_view wanted) {
  const auto equals = word.find('=');
  if (equals == std::string::npos || equals == 0) {
    return failure(Code::usage, "{} is \"{}\", wanted: {}", flag, printable(word), wanted);
  }
  return NamedValue{word.substr(0, equals), word.substr(equals + 1)};
}

Result<std::optional<std::size_t>> chosen_index(std::span<const std::string> names, const SourceChoice& choice, std::string_view plural) {
  if (choice.position != 0 && !choice.name.empty()) {
    return failure(Error(Code::usage, "--source-position and --source-name both name a source").fix("use one of them"));
  }
  if (!choice.name.empty()) {
    const auto found = std::ranges::find(names, choice.name);
    if (found == names.end()) return failure(no_such_source(fmt::format("no source is named \"{}\"", printable(choice.name)), names, plural));
    return std::optional(static_cast<std::size_t>(found - names.begin()));
  }
  if (choice.position == 0) return std::optional<std::size_t>();
  if (choice.position < 0 || static_cast<std::size_t>(choice.position) > names.size()) {
    const auto what = fmt::format("the application has {} source{}, and none at {}", names.size(), names.size() == 1 ? "" : "s", choice.position);
    return failure(no_such_source(what, names, plural));
  }
  return std::optional(static_cast<std::size_t>(choice.position) - 1);
}

Result<std::size_t> required_index(std::span<const std::string> names, const SourceChoice& choice) {
  const auto index = TRY(chosen_index(names, choice));
  if (index) return *index;
  return failure(no_such_source(fmt::format("the application has {} sources, and none is named", names.size()), names, ""));
}

Result<Value> with_settings(Value application, std::span<const Said> said, const SourceChoice& choice) {
  const bool chosen = choice.position != 0 || !choice.name.empty();
  if (chosen || std::ranges::any_of(said, is_said_of_source)) {
    Value* source = TRY(chosen_source(application, choice));
    const auto type = source_type(application, *source);
    TRY(give_source(*source, said, type));
  }
  for (const auto& each : said) {
    if (!is_said_of_source(each)) TRY(give(application["spec"], each.setting->path, each));
  }
  return application;
}

Result<Value> without_settings(Value application, std::span<const Unsaid> unsaid, const SourceChoice& choice) {
  Value* source = TRY(chosen_source(application, choice));
  for (const auto& each : unsaid) {
    for (const auto path : split(each.removal->path, '|')) take(*source, path, each);
  }
  return application;
}

Result<Value> with_source(Value application, std::span<const Said> said, const std::string& name) {
  Array* sources = sources_of(application);
  if (sources == nullptr) {
    return failure(Error(Code::usage, "the application has one source, in spec.source").fix("write it as spec.sources first, with: holdfast app patch"));
  }
  Value source = Object{};
  if (!name.empty()) source["name"] = name;
  TRY(give_source(source, said, {}));
  sources->push_back(std::move(source));
  return application;
}

Result<Value> without_source(Value application, const SourceChoice& choice) {
  Array* sources = sources_of(application);
  if (sources == nullptr || sources->size() == 1) {
    return failure(Error(Code::usage, "the application has one source, and needs one").fix("delete the application, or give it another source"));
  }
  const auto names = names_of(*sources);
  const auto index = TRY(required_index(names, choice));
  sources->erase(sources->begin() + static_cast<std::ptrdiff_t>(index));
  return application;
}

}  // namespace holdfast::bootstrap
