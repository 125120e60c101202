// SPDX-License-Identifier: Apache-2.0
#include "agent/pin.h"

#include <algorithm>

#include "agent/generate_paths.h"
#include "agent/remote_bases.h"
#include "agent/remote_values.h"
#include "agent/sources.h"
#include "render/detect.h"
#include "render/references.h"
#include "render/render.h"
#include "sync/names.h"
#include "sync/wording.h"
#include "value/json.h"
#include "yaml/yaml.h"

namespace holdfast::agent {
namespace {

using sync::Source;

std::string revision_of(const Wanted& wanted, std::size_t index) {
  if (index < wanted.revisions.size() && !wanted.revisions[index].empty()) return wanted.revisions[index];
  return wanted.sources[index].target_revision;
}

// Upstream's words for what people look for in conditions.
Error in_upstream_words(Error error, const std::string& revision) {
  if (error.code() == Code::git_revision) {
    return Error(error.code(), fmt::format(sync::wording::resolve_revision, revision))
        .because(error.message());
  }
  if (error.what().starts_with("the server has no such repository")) {
    return Error(error.code(), std::string(sync::wording::no_repository)).because(error.message());
  }
  return error;
}

Error at_source(Error error, std::size_t index, std::size_t count) {
  return std::move(error).within(fmt::format(sync::wording::generate_manifest, index + 1, count));
}

Result<std::vector<std::string>> resolve(Context& context, const PinInput& input) {
  std::vector<std::string> revisions;
  const auto& sources = input.wanted.sources;
  const Duration age = input.freshness == Freshness::now ? Duration{0} : input.configuration.settings.resync;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    const auto asked = revision_of(input.wanted, i);
    auto revision = resolve_source(context, {sources[i], input.application.project, asked, age});
    if (!revision) {
      return failure(at_source(in_upstream_words(std::move(revision).error(), asked), i, sources.size()));
    }
    const auto signed_well = check_source_signature(context, {sources[i], input.application.project, *revision}, asked);
    if (!signed_well) return failure(at_source(signed_well.error(), i, sources.size()));
    revisions.push_back(*std::move(revision));
  }
  return revisions;
}

Result<std::vector<std::string>> api_versions(Context& context) {
  const auto catalog = TRY(context.client.catalog());
  std::vector<std::string> versions;
  for (const auto& kind : catalog->kinds()) {
    versions.push_back(kind.api_version());
    versions.push_back(fmt::format("{}/{}", kind.api_version(), kind.kind));
  }
  std::ranges::sort(versions);
  versions.erase(std::ranges::unique(versions).begin(), versions.end());
  return versions;
}

using Trees = std::vector<TreePtr>;
using Revisions = std::vector<std::string>;

Result<Trees> fetch(Context& context, const PinInput& input, const Revisions& revisions) {
  Trees trees;
  const auto& sources = input.wanted.sources;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    auto tree = fetch_source(context, {sources[i], input.application.project, revisions[i]});
    if (!tree) return failure(at_source(std::move(tree).error(), i, sources.size()));
    trees.push_back(*std::move(tree));
  }
  return trees;
}

// What the renderer is given: a chart's tree has its dependencies.
Result<TreePtr> complete(Context& context, const PinInput& input, const sync::Source& source, const TreePtr& tree) {
  const auto folder = TRY(render::chart_folder(source.raw, input.application.instance, *tree));
  return folder ? with_dependencies(context, tree, *folder, input.application.project) : tree;
}

// Remote bases: what the project permits, from the mirrors. A branch is asked for when the Application
// is rendered, as upstream does it.
auto remote_bases(Context& context, const PinInput& input) {
  return [&context, &input](const std::string& url, const std::string& revision) {
    const auto& project = input.application.project;
    const RemoteBases bases{context.mirrors, context.store.project(project), input.configuration.settings.resync};
    return ask_server<TreePtr>(
        context, context.store.repositories()->git_remote(url, project), fmt::format("base {} {}", revision, project),
        [bases, revision](const git::Remote& remote, const std::stop_token& stop) { return bases.fetch(remote, revision, stop); });
  };
}

auto remote_values(Context& context, const PinInput& input) {
  return [&context, &input](const std::string& url) {
    const RemoteValues values{.schemes = input.configuration.settings.values_file_schemes};
    const Question question{url, "values", context.look};
    return context.errands.ask<std::string>(question, [values, url](const std::stop_token&) { return values(url); });
  };
}

Result<std::vector<Value>> render_all(Context& context, const PinInput& input, const Revisions& revisions,
                                      std::vector<std::string>& types) {
  const auto& sources = input.wanted.sources;
  const Trees trees = TRY(fetch(context, input, revisions));
  auto versions = TRY(api_versions(context));
  render::Context options{.application = input.application.instance,
                          .project = input.application.project,
                          .namespace_ = input.application.destination.namespace_,
                          .revision = "",
                          .kube_version = context.client.server_version(),
                          .api_versions = std::move(versions),
                          .repository = remote_bases(context, input),
                          .values_file = remote_values(context, input),
                          .references = {},
                          .kustomize_options = input.configuration.settings.kustomize_options,
                          .kustomize_versions = input.configuration.settings.kustomize_versions};
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (!sources[i].ref.empty()) options.references["$" + sources[i].ref] = trees[i];
  }
  std::vector<Value> manifests;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (sources[i].reference_only()) {
      types.emplace_back();
      continue;
    }
    options.revision = revisions[i];
    const auto tree = complete(context, input, sources[i], trees[i]);
    if (!tree) return failure(at_source(tree.error(), i, sources.size()));
    auto rendered = render::render(render::without_empty_blocks(sources[i].raw), options, **tree);
    if (!rendered) return failure(at_source(std::move(rendered).error(), i, sources.size()));
    types.emplace_back(render::type_name(rendered->type));
    for (auto& each : rendered->manifests) manifests.push_back(std::move(each.object));
  }
  return manifests;
}

sync::FindScope scope_in(std::shared_ptr<const kube::Catalog> catalog) {
  return [catalog = std::move(catalog)](std::string_view group, std::string_view kind) -> std::optional<sync::Scope> {
    for (const auto& each : catalog->kinds()) {
      if (each.group != group || each.kind != kind) continue;
      return each.namespaced ? sync::Scope::namespaced : sync::Scope::cluster;
    }
    return std::nullopt;
  };
}

Result<std::shared_ptr<const sync::Targets>> make_targets(Context& context, const PinInput& input,
                                                          std::vector<Value> manifests) {
  const auto catalog = TRY(context.client.catalog());
  const auto& settings = input.configuration.settings;
  const sync::AdoptOptions options{
      .application = input.application.instance,
      .namespace_ = input.application.destination.namespace_,
      .tracking = settings.tracking,
      .scope = scope_in(catalog),
      .excluded = [&](std::string_view group, std::string_view kind) { return settings.excludes(group, kind); }};
  return std::make_shared<const sync::Targets>(sync::adopt(options, std::move(manifests)));
}

}  // namespace

bool scopes_hold(Context& context, const Rendered& rendered) {
  const auto catalog = context.client.catalog();
  return !catalog || sync::scopes_hold(*rendered.targets, scope_in(*catalog));
}

Result<bool> is_touched(Context& context, const PinInput& input, const Revisions& before, const Revisions& revisions) {
  if (before == revisions) return false;
  const auto& sources = input.wanted.sources;
  if (before.size() != sources.size()) return true;
  const auto paths = input.application.annotation(sync::names::generate_paths);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (before[i] == revisions[i]) continue;
    const auto watched = refresh_paths(paths, sources[i].path);
    if (watched.empty() || !access::is_git(sources[i])) return true;
    const auto changed = TRY(changed_in_source(context, {sources[i], input.application.project, revisions[i]}, before[i]));
    if (!changed || touches(watched, *changed)) return true;
  }
  return false;
}

Value question_of(const sync::Application& application, const std::vector<Source>& sources) {
  Array array;
  for (const auto& source : sources) array.push_back(source.raw);
  Value question;
  question["sources"] = std::move(array);
  question["namespace"] = application.destination.namespace_;
  question["project"] = application.project;
  return question;
}

Wanted wanted_by_spec(const sync::Application& application) { return {application.sources, {}, "spec"}; }

Wanted wanted_by_operation(const sync::Application& application, const sync::Operation& operation,
                           const sync::OperationState& state) {
  Wanted wanted;
  wanted.sources = operation.sources.empty() ? application.sources : operation.sources;
  // Once compared, the commits stay what they were: a moving branch cannot change a running operation.
  wanted.revisions = state.revisions.empty() ? operation.revisions : state.revisions;
  wanted.look = "operation";
  return wanted;
}

namespace {

Result<> check_sources(const PinInput& input) {
  if (!input.application.multi_source && input.wanted.sources.size() < 2) return {};
  std::vector<Value> sources;
  for (const auto& source : input.wanted.sources) sources.push_back(source.raw);
  return render::check_references(sources);
}

// .Capabilities of charts: other manifests are the same whatever the cluster serves.
bool asks_what_is_served(const Rendered& rendered) {
  return std::ranges::find(rendered.source_types, render::type_name(render::Type::helm)) != rendered.source_types.end();
}

using CatalogPtr = std::shared_ptr<const kube::Catalog>;

// What is served changes with no event of ours: it is asked for as often as charts are looked at, but not by each of them.
Result<CatalogPtr> catalog_for(Context& context, const PinInput& input) {
  const bool asks = !input.before || asks_what_is_served(*input.before);
  const Duration age_max = input.before ? Duration(std::chrono::minutes(1)) : Duration(std::chrono::seconds(5));
  const auto fresh = asks ? context.client.refresh_catalog(age_max) : context.client.catalog();
  return fresh ? fresh : context.client.catalog();
}

std::uint64_t served_hash(Context& context, const kube::Catalog& catalog) {
  const std::hash<std::string> hash;
  std::uint64_t served = hash(context.client.server_version());
  for (const auto& kind : catalog.kinds()) served += hash(fmt::format("{}/{}", kind.api_version(), kind.kind));  // in any order
  return served;
}

// Would the same commits make the same manifests?
bool is_same(Context& context, const PinInput& input, const Value& question, const kube::Catalog& catalog) {
  const Rendered& before = *input.before;
  return before.question == question && before.configuration == input.configuration.generation && scopes_hold(context, before) &&
         (!asks_what_is_served(before) || before.served == served_hash(context, catalog));
}

Result<Rendered> pin_now(Context& context, const PinInput& input) {
  TRY(check_sources(input));
  Revisions revisions = TRY(resolve(context, input));
  Value question = question_of(input.application, input.wanted.sources);
  const auto catalog = TRY(catalog_for(context, input));
  if (input.before && is_same(context, input, question, *catalog)) {
    const bool touched = TRY(is_touched(context, input, input.before->revisions, revisions));
    if (!touched) {
      Rendered rendered = *input.before;
      rendered.revisions = std::move(revisions);
      return rendered;
    }
  }
  Rendered rendered;
  auto manifests = TRY(render_all(context, input, revisions, rendered.source_types));
  rendered.revisions = std::move(revisions);
  rendered.targets = TRY(make_targets(context, input, std::move(manifests)));
  rendered.question = std::move(question);
  if (asks_what_is_served(rendered)) rendered.served = served_hash(context, *catalog);
  rendered.configuration = input.configuration.generation;
  return rendered;
}

}  // namespace

Result<Rendered> pin(Context& context, const PinInput& input) {
  context.look.name = input.wanted.look;
  auto rendered = pin_now(context, input);
  if (context.errands.end_look(context.look) == Errands::Ended::answered) return rendered;
  // Also where a renderer has gone on without what it asked for.
  return failure(Code::answer_awaited, "a source's server has not answered yet");
}

Result<Rendered> pin_manifests(Context& context, const PinInput& input, const sync::Operation& operation) {
  // The spec's sources count whatever others the operation names.
  for (const auto* sources : {&input.application.sources, &input.wanted.sources}) {
    TRY(check_brought_manifests(context, *sources, input.application.project));
  }
  std::vector<Value> manifests;
  for (const auto& text : operation.manifests) {
    auto documents = TRY(yaml::parse_all(text, "operation.sync.manifests", yaml::Dialect::kube));
    for (auto& document : documents) manifests.push_back(std::move(document.value));
  }
  Rendered rendered;
  for (std::size_t i = 0; i < input.wanted.sources.size(); ++i) {
    rendered.revisions.push_back(revision_of(input.wanted, i));
    rendered.source_types.emplace_back();
  }
  rendered.targets = TRY(make_targets(context, input, std::move(manifests)));
  rendered.configuration = input.configuration.generation;
  return rendered;
}

}  // namespace holdfast::agent
