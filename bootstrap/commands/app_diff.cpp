// SPDX-License-Identifier: Apache-2.0
// app diff: what a sync would change, asked of the API server as a dry run with the caller's rights. The
// manifests are rendered here from the same commit, by the same code as in the agent.
// Mirrors argoproj/argo-cd 3.6 cmd/argocd/commands/app.go: NewApplicationDiffCommand.
#include <algorithm>
#include <filesystem>
#include <map>

#include "base/text.h"
#include "commands/app_access.h"
#include "commands/git_access.h"
#include "commands/unified_diff.h"
#include "render/render.h"
#include "sync/compare.h"
#include "sync/names.h"
#include "sync/settings.h"
#include "sync/target.h"
#include "tree/disk_tree.h"
#include "yaml/yaml.h"

namespace holdfast::bootstrap {
namespace {

constexpr int in_flight = 16;

using TreePtr = std::shared_ptr<const tree::FileTree>;

struct Checkout {
  std::vector<TreePtr> trees;  // one for each source
  std::vector<std::string> revisions;
};

sync::Settings read_settings(kube::Client& client, const std::string& place) {
  const auto config = client.get({"", "v1", "ConfigMap", place, "argocd-cm"});
  return sync::decode_settings(config ? &*config : nullptr);
}

std::string wanted_revision(const sync::Application& application, const AppDiffOptions& options, std::size_t index) {
  if (!options.revision.empty()) return options.revision;
  const Value& sync = *application.object.find("status")->find("sync");
  const auto revisions = sync::strings_of(sync.find("revisions"));
  const std::string compared = application.multi_source ? (index < revisions.size() ? revisions[index] : "") : std::string(sync.text({"revision"}));
  return compared.empty() ? application.sources[index].target_revision : compared;
}

Result<Checkout> check_out(AppAccess& access, const sync::Application& application, const AppDiffOptions& options, GitAccess& git) {
  Checkout checkout;
  for (std::size_t i = 0; i < application.sources.size(); ++i) {
    const auto& source = application.sources[i];
    if (!source.chart.empty()) {
      return failure(Error(Code::source_unsupported, "charts of a Helm repository are not rendered here yet").at(source.chart));
    }
    if (!options.local.empty()) {
      auto folder = TRY(tree::DiskTree::open(options.local));
      checkout.trees.push_back(std::make_shared<tree::DiskTree>(std::move(folder)));
      checkout.revisions.push_back(source.target_revision);
      continue;
    }
    const auto fetched = TRY(git.fetch(access.client(), source.repo_url, wanted_revision(application, options, i), source.tag_prefix));
    checkout.trees.push_back(fetched.tree);
    checkout.revisions.push_back(fetched.commit);
  }
  return checkout;
}

Result<std::vector<Value>> render_sources(kube::Client& client, const sync::Application& application, const Checkout& checkout) {
  const auto catalog = TRY(client.catalog());
  render::Context context{.application = application.instance,
                          .project = application.project,
                          .namespace_ = application.destination.namespace_,
                          .revision = "",
                          .kube_version = client.server_version(),
                          .api_versions = {},
                          .references = {}};
  for (const auto& kind : catalog->kinds()) {
    context.api_versions.push_back(kind.api_version());
    context.api_versions.push_back(fmt::format("{}/{}", kind.api_version(), kind.kind));
  }
  std::ranges::sort(context.api_versions);
  for (std::size_t i = 0; i < application.sources.size(); ++i) {
    if (!application.sources[i].ref.empty()) context.references["$" + application.sources[i].ref] = checkout.trees[i];
  }
  std::vector<Value> manifests;
  for (std::size_t i = 0; i < application.sources.size(); ++i) {
    if (application.sources[i].reference_only()) continue;
    context.revision = checkout.revisions[i];
    auto rendered = TRY(render::render(application.sources[i].raw, context, *checkout.trees[i]), "application {}", argument_of(application));
    for (auto& each : rendered.manifests) manifests.push_back(std::move(each.object));
  }
  return manifests;
}

Result<sync::Targets> make_targets(kube::Client& client, const sync::Application& application, const sync::Settings& settings,
                                   std::vector<Value> manifests) {
  const auto catalog = TRY(client.catalog());
  const sync::AdoptOptions options{
      .application = application.instance,
      .namespace_ = application.destination.namespace_,
      .tracking = settings.tracking,
      .scope = [&](std::string_view group, std::string_view kind) -> std::optional<sync::Scope> {
        for (const auto& each : catalog->kinds()) {
          if (each.group == group && each.kind == kind) return each.namespaced ? sync::Scope::namespaced : sync::Scope::cluster;
        }
        return std::nullopt;
      },
      .excluded = [&](std::string_view group, std::string_view kind) { return settings.excludes(group, kind); }};
  return sync::adopt(options, std::move(manifests));
}

// Without what the server keeps for itself.
Value shown(Value object) {
  if (object.as_object() == nullptr) return object;
  object.as_object()->erase("status");
  if (Value* metadata = object.find("metadata"); metadata != nullptr && metadata->as_object() != nullptr) {
    for (const std::string_view name : {"managedFields", "resourceVersion", "generation", "creationTimestamp", "uid"}) {
      metadata->as_object()->erase(name);
    }
    Value* annotations = metadata->find("annotations");
    if (annotations != nullptr && annotations->as_object() != nullptr) annotations->as_object()->erase(sync::names::last_applied);
  }
  return object;
}

// Secret values become signs that tell only whether two of them are equal.
void mask(Value& before, Value& after) {
  std::map<std::string, std::string> signs;
  for (Value* object : {&before, &after}) {
    if (object->text({"kind"}) != "Secret") continue;
    Value* data = object->find("data");
    if (data == nullptr || data->as_object() == nullptr) continue;
    for (auto& [key, value] : *data->as_object()) {
      const std::string text(value.as_string() == nullptr ? "" : *value.as_string());
      const auto [sign, fresh] = signs.try_emplace(text, std::string(8 + signs.size() * 2, '+'));
      value = sign->second;
    }
  }
}

std::string difference(const sync::Key& key, Value before, Value after) {
  mask(before, after);
  const auto text = [](const Value& object) { return object.is_null() ? std::string() : yaml::write(shown(object)); };
  const auto lines = unified_diff(text(before), text(after));
  if (lines.empty()) return {};
  return fmt::format("===== {}/{} {}{}{} ======\n{}", key.group, key.kind, key.namespace_, key.namespace_.empty() ? "" : "/", key.name, lines);
}

class Differ {
 public:
  Differ(kube::Client& client, const sync::Ignore& ignore) : client_(client), ignore_(ignore) {}

  Result<> add_targets(const sync::Targets& targets) {
    std::vector<Value> objects;
    for (const auto& target : targets.objects) {
      targeted_.push_back(target.key);
      if (!target.hook.skip) objects.push_back(*target.object);
    }
    const kube::ApplyOptions dry{.field_manager = std::string(sync::names::field_manager),
                                 .force = kube::Force::yes,
                                 .dry_run = kube::DryRun::yes,
                                 .validation = kube::FieldValidation::ignore};
    const auto predicted = client_.apply_all(objects, dry, in_flight);
    for (std::size_t i = 0; i < objects.size(); ++i) TRY(add_target(objects[i], predicted[i]));
    return {};
  }

  Result<> add_removed(const Value* rows) {
    if (rows == nullptr || rows->as_array() == nullptr) return {};
    for (const auto& row : *rows->as_array()) {
      const sync::Key key{std::string(row.text({"group"})), std::string(row.text({"kind"})), std::string(row.text({"namespace"})), std::string(row.text({"name"}))};
      if (row.find("requiresPruning") == nullptr || row.find("hook") != nullptr || std::ranges::find(targeted_, key) != targeted_.end()) continue;
      auto live = client_.get({key.group, std::string(row.text({"version"})), key.kind, key.namespace_, key.name});
      if (!live && live.error().code() == Code::object_missing) continue;
      Value object = TRY(std::move(live));
      text_ += difference(key, std::move(object), Value());
    }
    return {};
  }

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  Result<> add_target(const Value& target, const Result<Value>& predicted) {
    const auto key = sync::key_of(target);
    const auto version = sync::split_api_version(target.text({"apiVersion"}));
    auto live = client_.get({version.group, version.version, key.kind, key.namespace_, key.name});
    const bool missing = !live && (live.error().code() == Code::object_missing || live.error().code() == Code::kind_unknown);
    if (!live && !missing) return failure(std::move(live).error());
    if (missing) {
      text_ += difference(key, Value(), target);
      return {};
    }
    Value before = *std::move(live);
    Value after = predicted ? *predicted : target;
    if (predicted && !sync::differs(key, before, after, ignore_)) return {};
    if (ignore_.concerns(key)) ignore_.normalize(key, before, after);
    text_ += difference(key, std::move(before), std::move(after));
    return {};
  }

  kube::Client& client_;
  const sync::Ignore& ignore_;
  std::vector<sync::Key> targeted_;
  std::string text_;
};

}  // namespace

Result<> run_app_diff(const AppDiffOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  auto application = TRY(access.find(options.name));
  application = TRY(access.refresh(application, options.refresh));
  if (application.status().find("sync") == nullptr) {
    return failure(Error(Code::operation, "the application was not compared yet").at(argument_of(application)).fix("is holdfast-agent running?"));
  }
  const auto settings = read_settings(access.client(), application.control_namespace);
  auto rules = application.ignore;
  rules.insert(rules.end(), settings.ignore.begin(), settings.ignore.end());
  const auto ignore = TRY(sync::Ignore::make(std::move(rules), settings.equal));
  auto git = TRY(GitAccess::open(console.clock()));
  const auto checkout = TRY(check_out(access, application, options, *git));
  auto manifests = TRY(render_sources(access.client(), application, checkout));
  const auto targets = TRY(make_targets(access.client(), application, settings, std::move(manifests)));
  Differ differ(access.client(), ignore);
  TRY(differ.add_targets(targets));
  TRY(differ.add_removed(application.status().find("resources")));
  std::string text = differ.text();
  console.data(Object{{"application", argument_of(application)}, {"diff", text}, {"equal", text.empty()}});
  if (text.empty()) return {};
  text.pop_back();
  console.line(text);
  if (options.exit_code) console.leave_with(Exit::differences);
  return {};
}

}  // namespace holdfast::bootstrap
