// SPDX-License-Identifier: Apache-2.0
// app create: Applications of a file or of flags. All of them are looked at before the first is written.
// Mirrors argoproj/argo-cd 3.6 cmd/util/app.go: ConstructApps, and server/application/application.go: Create.
#include <unistd.h>

#include <algorithm>

#include "archive/stream.h"
#include "base/text.h"
#include "commands/app_access.h"
#include "commands/app_edit.h"
#include "node/files.h"
#include "sync/key.h"
#include "sync/names.h"
#include "yaml/yaml.h"

namespace holdfast::bootstrap {
namespace {

namespace names = sync::names;

constexpr std::uint64_t input_max = std::uint64_t{16} << 20;  // bytes, as of a file

// What a file may say of an Application: what the API server and the engine write is left out.
Result<Value> read_application(const yaml::Document& document, const std::string& file) {
  const Value& given = document.value;
  const auto version = sync::split_api_version(given.text({"apiVersion"}));
  if (version.group != names::api_group || given.text({"kind"}) != "Application") {
    return failure(Error(Code::application_spec, fmt::format("there is {} \"{}\" of \"{}\", wanted: an Application", printable(given.text({"kind"})),
                                                             printable(given.text({"metadata", "name"})), printable(given.text({"apiVersion"}))))
                       .at(fmt::format("{}:{}", printable(file), document.start.line)));
  }
  Value application = Object{{"apiVersion", given.text({"apiVersion"})}, {"kind", "Application"}, {"metadata", Object{}}, {"spec", Object{}}};
  for (const std::string_view name : {"name", "namespace", "labels", "annotations", "finalizers"}) {
    if (const Value* member = given.find_path({"metadata", name})) application["metadata"][name] = *member;
  }
  if (const Value* spec = given.find("spec")) application["spec"] = *spec;
  return application;
}

Result<std::vector<Value>> read_applications(const AppCreateOptions& options) {
  std::vector<Value> applications;
  if (options.file.empty()) {
    applications.emplace_back(Object{{"apiVersion", names::api_version}, {"kind", "Application"}, {"metadata", Object{}}, {"spec", Object{}}});
    return applications;
  }
  auto read = options.file == "-" ? archive::read_all(archive::source_of_fd(STDIN_FILENO), input_max) : node::read_file(options.file);
  const auto text = TRY(std::move(read));
  const auto documents = TRY(yaml::parse_all(text, options.file, yaml::Dialect::kube));
  for (const auto& document : documents) {
    auto application = TRY(read_application(document, options.file));
    applications.push_back(std::move(application));
  }
  if (applications.empty()) return failure(Error(Code::application_spec, "the file holds no Application").at(printable(options.file)));
  return applications;
}

// NAME is NAME or NAMESPACE/NAME; a file that names another Application is a mistake.
Result<> give_name(Value& application, const AppCreateOptions& options) {
  Value& metadata = application["metadata"];
  const auto slash = options.name.find('/');
  const auto name = slash == std::string::npos ? options.name : options.name.substr(slash + 1);
  const std::string held(metadata.text({"name"}));
  if (!name.empty() && !held.empty() && name != held) {
    return failure(Error(Code::usage, fmt::format("the file's application is named \"{}\", not \"{}\"", printable(held), printable(name)))
                       .fix("name none: the file's is taken"));
  }
  if (held.empty()) metadata["name"] = name;
  if (metadata.text({"name"}).empty()) return failure(Error(Code::usage, "the application has no name").fix("holdfast app create NAME"));
  if (slash != std::string::npos) {
    metadata["namespace"] = options.name.substr(0, slash);
  } else if (!options.cluster.namespace_.empty()) {
    metadata["namespace"] = options.cluster.namespace_;
  } else if (metadata.text({"namespace"}).empty()) {
    metadata["namespace"] = engine_namespace;
  }
  return {};
}

Result<> give_pairs(Value& metadata, std::string_view member, std::string_view flag, const std::vector<std::string>& words) {
  for (const auto& word : words) {
    auto pair = TRY(named_value(flag, word));
    metadata[member][pair.name] = std::move(pair.value);
  }
  return {};
}

void give_finalizer(Value& metadata) {
  Value& finalizers = metadata["finalizers"];
  if (!finalizers.is_array()) finalizers = Array{};
  const Value wanted = names::cascade_finalizer;
  if (std::ranges::find(*finalizers.as_array(), wanted) == finalizers.as_array()->end()) finalizers.as_array()->push_back(wanted);
}

Result<Value> complete(Value application, const AppCreateOptions& options, const std::vector<Said>& said) {
  TRY(give_name(application, options));
  const Value* sources = application.find_path({"spec", "sources"});
  if (sources != nullptr && (!said.empty() || !options.source_name.empty())) {
    return failure(Error(Code::usage, "flags change an application with one source, and the file's has several").fix("write it into the file"));
  }
  application = TRY(with_settings(std::move(application), said, {}));
  if (!options.source_name.empty()) application["spec"]["source"]["name"] = options.source_name;
  if (application.text({"spec", "project"}).empty()) application["spec"]["project"] = "default";
  Value& metadata = application["metadata"];
  TRY(give_pairs(metadata, "labels", "--label", options.labels));
  TRY(give_pairs(metadata, "annotations", "--annotations", options.annotations));
  if (options.set_finalizer) give_finalizer(metadata);
  return application;
}

// What is there, as `wanted` has it: labels and annotations of others stay.
Value merged(Value there, const Value& wanted) {
  there["spec"] = *wanted.find("spec");
  for (const std::string_view name : {"labels", "annotations"}) {
    const Value* members = wanted.find_path({"metadata", name});
    if (members == nullptr || members->as_object() == nullptr) continue;
    for (const auto& [key, value] : *members->as_object()) there["metadata"][name][key] = value;
  }
  const Value* finalizers = wanted.find_path({"metadata", "finalizers"});
  if (finalizers != nullptr) there["metadata"]["finalizers"] = *finalizers;
  return there;
}

std::string qualified(const Value& application) {
  return fmt::format("{}/{}", application.text({"metadata", "namespace"}), application.text({"metadata", "name"}));
}

// Merged with what is there, where that is allowed.
Result<Value> over(const sync::Application& there, const Value& wanted, const AppCreateOptions& options) {
  Value all = merged(there.object, wanted);
  if (options.upsert || all == there.object) return all;
  return failure(Error(Code::object_exists, fmt::format("there is an application {}, and it says something else", argument_of(there)))
                     .fix("change it with --upsert, or choose another name"));
}

Result<> look_at(AppAccess& access, const Value& wanted, const AppCreateOptions& options, Console& console) {
  if (options.validate) TRY(access.admit(wanted, console));
  const auto there = access.find(qualified(wanted));
  if (there) TRY(over(*there, wanted, options));
  if (!there && there.error().code() != Code::object_missing) return failure(there.error());
  return {};
}

Result<std::string_view> write(AppAccess& access, const Value& wanted, const AppCreateOptions& options) {
  const auto created = access.client().create(wanted, {.field_manager = "holdfast"});
  if (created) return "created";
  if (created.error().code() != Code::object_exists) return failure(created.error());
  const auto change = [&](const sync::Application& there) { return over(there, wanted, options); };
  const auto changed = TRY(access.edit(qualified(wanted), change));
  return changed.written ? "changed" : "unchanged";
}

}  // namespace

Result<> run_app_create(const AppCreateOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  const auto said = TRY(with_files_read(options.said));
  auto applications = TRY(read_applications(options));
  for (auto& each : applications) {
    each = TRY(complete(std::move(each), options, said));
    TRY(look_at(access, each, options, console));
  }
  Array written;
  for (const auto& each : applications) {
    const auto outcome = TRY(write(access, each, options), "application {}", qualified(each));
    console.begin_changes("the applications named above are written");
    const auto name = argument_of(each.text({"metadata", "namespace"}), each.text({"metadata", "name"}));
    console.line(fmt::format("application {} {}", name, outcome));
    written.push_back(Object{{"application", name}, {"outcome", outcome}});
  }
  console.data(written);
  return {};
}

}  // namespace holdfast::bootstrap
