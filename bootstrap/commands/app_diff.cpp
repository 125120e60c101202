// SPDX-License-Identifier: Apache-2.0
// app diff: what a sync would change, asked of the API server as a dry run with the caller's rights.
// Mirrors argoproj/argo-cd 3.6 cmd/argocd/commands/app.go: NewApplicationDiffCommand.
#include "commands/app_diff.h"

#include <algorithm>

#include "commands/unified_diff.h"
#include "sync/compare.h"
#include "sync/names.h"
#include "yaml/yaml.h"

namespace holdfast::bootstrap {
namespace {

constexpr int in_flight = 16;

std::string difference(const sync::Key& key, Value before, Value after) {
  mask_secrets(before, after);
  const auto text = [](const Value& object) { return object.is_null() ? std::string() : yaml::write(without_server_fields(object)); };
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

  Result<> add_removed(const Array& rows) {
    for (const auto& row : rows) {
      const auto key = key_of_row(row);
      if (row.find("requiresPruning") == nullptr || row.find("hook") != nullptr || std::ranges::find(targeted_, key) != targeted_.end()) continue;
      auto live = client_.get(identity_of_row(row));
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

Result<std::string> difference_to(AppAccess& access, const sync::Application& application, const sync::Settings& settings,
                                  const sync::Targets& targets) {
  auto rules = application.ignore;
  rules.insert(rules.end(), settings.ignore.begin(), settings.ignore.end());
  const auto ignore = TRY(sync::Ignore::make(std::move(rules), settings.equal));
  Differ differ(access.client(), ignore);
  TRY(differ.add_targets(targets));
  TRY(differ.add_removed(rows_of(application.status(), {"resources"})));
  return differ.text();
}

Result<> run_app_diff(const AppDiffOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  auto application = TRY(access.find(options.name));
  application = TRY(access.refresh(application, options.refresh));
  if (application.status().find("sync") == nullptr) {
    return failure(Error(Code::operation, "the application was not compared yet").at(argument_of(application)).fix("is holdfast-agent running?"));
  }
  const auto settings = read_settings(access.client(), application.control_namespace);
  const RenderFrom from{.revision = options.revision, .revisions = options.revisions, .local = options.local};
  const auto targets = TRY(render_targets(access, application, settings, from));
  std::string text = TRY(difference_to(access, application, settings, targets));
  console.data(Object{{"application", argument_of(application)}, {"diff", text}, {"equal", text.empty()}});
  if (text.empty()) return {};
  text.pop_back();
  console.line(text);
  if (options.exit_code) console.leave_with(static_cast<Exit>(options.differing));
  return {};
}

}  // namespace holdfast::bootstrap
