// SPDX-License-Identifier: Apache-2.0
#include "agent/pin.h"

#include <algorithm>

#include "git/revision.h"
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

Value sources_value(const std::vector<Source>& sources) {
  Array array;
  for (const auto& source : sources) array.push_back(source.raw);
  return array;
}

struct Checkout {
  std::vector<git::CommitId> commits;
  std::vector<std::string> revisions;
};

Error at_source(Error error, std::size_t index, std::size_t count) {
  return std::move(error).within(fmt::format(sync::wording::generate_manifest, index + 1, count));
}

Result<Checkout> resolve(Context& context, const PinInput& input) {
  Checkout checkout;
  const auto& sources = input.wanted.sources;
  const Duration age = input.freshness == Freshness::now ? Duration{0} : input.configuration.settings.resync;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (!sources[i].chart.empty()) {
      return failure(at_source(Error(Code::source_unsupported, "charts of a Helm repository are not rendered yet")
                                   .at(sources[i].chart), i, sources.size()));
    }
    const git::Query query{revision_of(input.wanted, i), sources[i].tag_prefix, age};
    auto commit = context.mirrors.resolve(context.store.remote(sources[i].repo_url), query, context.stop);
    if (!commit) {
      return failure(at_source(in_upstream_words(std::move(commit).error(), query.revision), i, sources.size()));
    }
    checkout.revisions.push_back(commit->hex());
    checkout.commits.push_back(*commit);
  }
  return checkout;
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

// `helm: {}` says as much as no `helm` at all.
Value without_empty_blocks(Value source) {
  for (const std::string_view name : {"helm", "kustomize", "directory", "plugin"}) {
    const Value* block = source.find(name);
    if (block != nullptr && block->as_object() != nullptr && block->as_object()->empty()) {
      source.as_object()->erase(name);
    }
  }
  return source;
}

using Trees = std::vector<std::shared_ptr<const git::GitTree>>;

Result<Trees> fetch(Context& context, const PinInput& input, const Checkout& checkout) {
  Trees trees;
  const auto& sources = input.wanted.sources;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    auto tree = context.mirrors.tree(context.store.remote(sources[i].repo_url), checkout.commits[i], context.stop);
    if (!tree) return failure(at_source(std::move(tree).error(), i, sources.size()));
    trees.push_back(*std::move(tree));
  }
  return trees;
}

Result<std::vector<Value>> render_all(Context& context, const PinInput& input, const Checkout& checkout,
                                      std::vector<std::string>& types) {
  const auto& sources = input.wanted.sources;
  const Trees trees = TRY(fetch(context, input, checkout));
  auto versions = TRY(api_versions(context));
  render::Context options{.application = input.application.name,
                          .project = input.application.project,
                          .namespace_ = input.application.destination.namespace_,
                          .revision = "",
                          .kube_version = context.client.server_version(),
                          .api_versions = std::move(versions),
                          .references = {}};
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (!sources[i].ref.empty()) options.references["$" + sources[i].ref] = trees[i];
  }
  std::vector<Value> manifests;
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (sources[i].reference_only()) {
      types.emplace_back();
      continue;
    }
    options.revision = checkout.revisions[i];
    auto rendered = render::render(without_empty_blocks(sources[i].raw), options, *trees[i]);
    if (!rendered) return failure(at_source(std::move(rendered).error(), i, sources.size()));
    types.emplace_back(render::type_name(rendered->type));
    for (auto& each : rendered->manifests) manifests.push_back(std::move(each.object));
  }
  return manifests;
}

Result<std::shared_ptr<const sync::Targets>> make_targets(Context& context, const PinInput& input,
                                                          std::vector<Value> manifests) {
  const auto catalog = TRY(context.client.catalog());
  const auto& settings = input.configuration.settings;
  const sync::AdoptOptions options{
      .application = input.application.name,
      .namespace_ = input.application.destination.namespace_,
      .tracking = settings.tracking,
      .scope = [&](std::string_view group, std::string_view kind) -> std::optional<sync::Scope> {
        for (const auto& each : catalog->kinds()) {
          if (each.group != group || each.kind != kind) continue;
          return each.namespaced ? sync::Scope::namespaced : sync::Scope::cluster;
        }
        return std::nullopt;
      },
      .excluded = [&](std::string_view group, std::string_view kind) { return settings.excludes(group, kind); }};
  return std::make_shared<const sync::Targets>(sync::adopt(options, std::move(manifests)));
}

}  // namespace

Wanted wanted_by_spec(const sync::Application& application) { return {application.sources, {}}; }

Wanted wanted_by_operation(const sync::Application& application, const sync::Operation& operation,
                           const sync::OperationState& state) {
  Wanted wanted;
  wanted.sources = operation.sources.empty() ? application.sources : operation.sources;
  // Once compared, the commits stay what they were: a moving branch cannot change a running operation.
  wanted.revisions = state.revisions.empty() ? operation.revisions : state.revisions;
  return wanted;
}

Result<Rendered> pin(Context& context, const PinInput& input) {
  Checkout checkout = TRY(resolve(context, input));
  Value sources = sources_value(input.wanted.sources);
  if (input.before && input.before->revisions == checkout.revisions && input.before->sources == sources &&
      input.before->configuration == input.configuration.generation) {
    return *input.before;
  }
  Rendered rendered;
  auto manifests = TRY(render_all(context, input, checkout, rendered.source_types));
  rendered.revisions = std::move(checkout.revisions);
  rendered.targets = TRY(make_targets(context, input, std::move(manifests)));
  rendered.sources = std::move(sources);
  rendered.configuration = input.configuration.generation;
  return rendered;
}

Result<Rendered> pin_manifests(Context& context, const PinInput& input, const sync::Operation& operation) {
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
