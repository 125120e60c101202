// SPDX-License-Identifier: Apache-2.0
#include "render/helm_source.h"

#include "base/text.h"
#include "helm/helm.h"
#include "render/value_globs.h"
#include "yaml/yaml.h"

#include <algorithm>
#include <optional>
#include <set>

namespace holdfast::render {
namespace {

bool is_set(const Value& options, std::string_view key) {
  const auto* held = options.find(key);
  return held != nullptr && held->as_bool() != nullptr && *held->as_bool();
}

Result<std::vector<std::string>> texts_of(const Value& options, std::string_view key) {
  std::vector<std::string> out;
  const auto* held = options.find(key);
  if (held == nullptr || held->is_null()) return out;
  if (!held->is_array()) return failure(Code::wrong_type, "'helm.{}' is no list", key);
  for (const auto& element : *held->as_array()) {
    if (!element.is_string())
      return failure(Code::wrong_type, "an entry of 'helm.{}' is no text", key);
    out.push_back(*element.as_string());
  }
  return out;
}

// A file of one of the trees, or, without a tree, of a URL.
struct Located {
  const tree::FileTree* tree;
  std::string path;

  auto operator<=>(const Located&) const = default;
};

// As Go's url.Parse sees it: whatever has letters and a colon in front is a URL.
bool is_url(std::string_view path) {
  const auto is_letter = [](char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; };
  const auto colon = path.find(':');
  if (colon == std::string_view::npos || !is_letter(path.front())) return false;
  return std::ranges::all_of(path.substr(0, colon), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
}

// "$ref/path", "/path from the root", "path from the chart", "https://host/path".
Result<Located> locate_file(const std::string& given, const ChartPlace& place) {
  const auto slash = given.find('/');
  const auto reference = given.starts_with('$')
                             ? place.context.references.find(given.substr(0, slash))
                             : place.context.references.end();
  const bool referenced = reference != place.context.references.end();
  const auto* tree = referenced ? reference->second.get() : &place.tree;
  auto path = substitute(referenced ? given.substr(std::min(slash, given.size())) : given,
                         place.environment);
  if (!referenced && is_url(path)) return Located{nullptr, std::move(path)};
  const bool from_root = path.starts_with('/');
  auto inside = join_inside(from_root ? "" : place.folder, from_root ? path.substr(1) : path);
  if (inside) return Located{tree, *std::move(inside)};
  return failure(Code::path_outside, "values file '{}' leads out of its repository",
                 printable(given));
}

Result<std::string> read_located(const Located& file, const Context& context) {
  if (file.tree != nullptr) return tree::read_text(*file.tree, file.path);
  if (context.values_file) return context.values_file(file.path);
  return failure(Error(Code::source_unsupported,
                       fmt::format("values file '{}' is a URL", printable(file.path)))
                     .because("here nothing is fetched from the network")
                     .fix("keep the file in a repository"));
}

bool is_pattern(const Located& file) { return file.tree != nullptr && is_glob(file.path); }

enum class Missing { refuse, ignore };

class ValueFiles {
 public:
  explicit ValueFiles(const ChartPlace& place) : place_(place) {}

  Result<std::vector<helm::NamedText>> read(const std::vector<std::string>& given, Missing missing) {
    std::set<Located> explicit_files;
    std::vector<Located> located;
    for (const auto& name : given) {
      auto file = TRY(locate_file(name, place_));
      if (!is_pattern(file)) explicit_files.insert(file);
      located.push_back(std::move(file));
    }
    for (const auto& file : located) {
      if (!is_pattern(file)) {
        TRY(add(file, missing));
        continue;
      }
      const auto matches = TRY(glob_files(*file.tree, file.path));
      if (matches.empty() && missing == Missing::refuse) {
        return failure(Code::path_missing, "values file pattern '{}' matches nothing",
                       printable(file.path));
      }
      for (const auto& match : matches) {
        const Located found{file.tree, match};
        if (!explicit_files.contains(found)) TRY(add(found, missing));
      }
    }
    return std::move(out_);
  }

 private:
  Result<> add(const Located& file, Missing missing) {
    if (!seen_.insert(file).second) return {};
    if (file.tree != nullptr) {
      const bool there = TRY(tree::is_file(*file.tree, file.path));
      if (!there && missing == Missing::ignore) return {};
      if (!there)
        return failure(Code::path_missing, "values file '{}' is not there", printable(file.path));
    }
    auto text = TRY(read_located(file, place_.context));
    out_.push_back({file.path, std::move(text)});
    return {};
  }

  const ChartPlace& place_;
  std::set<Located> seen_;
  std::vector<helm::NamedText> out_;
};

// A comma would start another assignment; a list in braces keeps its own.
std::string escaped(const std::string& value) {
  if (value.starts_with('{') && value.ends_with('}')) return value;
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == ',' && (i == 0 || value[i - 1] != '\\')) out += '\\';
    out += value[i];
  }
  return out;
}

Result<> add_parameters(helm::UserValues& out, const Value& options, const ChartPlace& place) {
  const auto* parameters = options.find("parameters");
  if (parameters != nullptr && parameters->is_array()) {
    for (const auto& parameter : *parameters->as_array()) {
      const auto value = substitute(parameter.text({"value"}), place.environment);
      auto& into = is_set(parameter, "forceString") ? out.texts : out.typed;
      into.push_back(fmt::format("{}={}", parameter.text({"name"}), escaped(value)));
    }
  }
  const auto* files = options.find("fileParameters");
  if (files == nullptr || !files->is_array()) return {};
  for (const auto& parameter : *files->as_array()) {
    const auto file = TRY(locate_file(std::string(parameter.text({"path"})), place));
    auto text = TRY(read_located(file, place.context));
    out.contents.push_back({std::string(parameter.text({"name"})), std::move(text)});
  }
  return {};
}

std::string first_of(std::string_view given, std::string_view fallback) {
  return std::string(given.empty() ? fallback : given);
}

// "v1.29.3-gke.100" and "1.29.3" are both "v1.29.3" to Helm.
std::string kube_version_of(const std::string& version) {
  const auto number = std::string_view(version).substr(version.starts_with('v') ? 1 : 0);
  return fmt::format("v{}", number.substr(0, number.find_first_of("-+")));
}

// "v3" asks for what Helm 3 renders, where it differs; without it Helm 4's results count.
Result<gotmpl::Flavor> flavor_of(std::string_view version) {
  if (version == "v3") return gotmpl::Flavor::helm3;
  if (version.empty() || version == "v4") return gotmpl::Flavor::helm4;
  return failure(Error(Code::application_spec,
                       fmt::format("helm version '{}' is not supported", printable(version)))
                     .fix("leave out helm.version"));
}

Result<helm::Settings> settings_of(const Value& options, const Context& context) {
  helm::Settings out;
  out.environment.flavor = TRY(flavor_of(options.text({"version"})));
  // An Application of another namespace than the engine's is called "<namespace>_<name>", and no release may be.
  const std::string own_name = context.application.substr(context.application.find('_') + 1);
  out.release.name = first_of(options.text({"releaseName"}), own_name);
  out.release.namespace_ = first_of(options.text({"namespace"}), context.namespace_);
  const auto version = first_of(options.text({"kubeVersion"}), context.kube_version);
  if (!version.empty()) out.kube_version = kube_version_of(version);
  out.api_versions = TRY(texts_of(options, "apiVersions"));
  if (out.api_versions.empty()) out.api_versions = context.api_versions;
  out.crds = is_set(options, "skipCrds") ? helm::Include::no : helm::Include::yes;
  out.tests = is_set(options, "skipTests") ? helm::Include::no : helm::Include::yes;
  out.schema = is_set(options, "skipSchemaValidation") ? helm::Include::no : helm::Include::yes;
  return out;
}

// The objects of one rendered document.
Result<> read_document(const helm::Document& document, std::vector<Manifest>& out) {
  auto objects = TRY(yaml::parse_all(document.text, document.source, yaml::Dialect::kube,
                                     {.duplicates = yaml::Duplicates::keep_last}));
  for (auto& object : objects) {
    if (object.value.text({"kind"}).empty()) {
      return failure(Error(Code::object_invalid, "the template made something that has no 'kind'")
                         .at(yaml::place(document.source, object.start)));
    }
    out.push_back({std::move(object.value), yaml::place(document.source, object.start)});
  }
  return {};
}

}  // namespace

Result<helm::UserValues> user_values_of(const Value& options, const ChartPlace& place) {
  helm::UserValues out;
  const auto names = TRY(texts_of(options, "valueFiles"));
  const auto missing =
      is_set(options, "ignoreMissingValueFiles") ? Missing::ignore : Missing::refuse;
  out.files = TRY(ValueFiles(place).read(names, missing));
  const auto* object = options.find("valuesObject");
  if (object != nullptr && !object->is_null()) {
    out.files.push_back({"helm.valuesObject", yaml::write(*object)});
  } else if (const auto values = options.text({"values"}); !values.empty()) {
    out.files.push_back({"helm.values", std::string(values)});
  }
  TRY(add_parameters(out, options, place));
  return out;
}

Result<std::vector<Manifest>> render_helm(const ChartPlace& place, const Value* options) {
  static const Value none = Object();
  const Value& given = options == nullptr || options->is_null() ? none : *options;
  const auto settings = TRY(settings_of(given, place.context));
  const auto user = TRY(user_values_of(given, place));
  const auto flavor = settings.environment.flavor;
  const auto values = TRY(helm::merge_user_values(user, flavor));
  auto chart = TRY(helm::load_chart(place.tree, place.folder, {.flavor = flavor}));
  std::vector<Manifest> out;
  const auto take = [&](const helm::Document& document) { return read_document(document, out); };
  TRY(helm::render(std::move(chart), values, settings, take));
  return out;
}

}  // namespace holdfast::render
