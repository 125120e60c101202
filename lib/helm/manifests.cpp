// SPDX-License-Identifier: Apache-2.0
#include "helm/manifests.h"

#include "base/text.h"
#include "gotmpl/unicode.h"
#include "yaml/yaml.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

namespace holdfast::helm {
namespace {

// kind_sorter.go InstallOrder (Helm 4); every other kind comes after them, by its name.
constexpr auto install_order = std::to_array<std::string_view>({"PriorityClass",
                                                                "Namespace",
                                                                "NetworkPolicy",
                                                                "ResourceQuota",
                                                                "LimitRange",
                                                                "PodSecurityPolicy",
                                                                "PodDisruptionBudget",
                                                                "ServiceAccount",
                                                                "Secret",
                                                                "SecretList",
                                                                "ConfigMap",
                                                                "StorageClass",
                                                                "PersistentVolume",
                                                                "PersistentVolumeClaim",
                                                                "CustomResourceDefinition",
                                                                "ClusterRole",
                                                                "ClusterRoleList",
                                                                "ClusterRoleBinding",
                                                                "ClusterRoleBindingList",
                                                                "Role",
                                                                "RoleList",
                                                                "RoleBinding",
                                                                "RoleBindingList",
                                                                "Service",
                                                                "DaemonSet",
                                                                "Pod",
                                                                "ReplicationController",
                                                                "ReplicaSet",
                                                                "Deployment",
                                                                "HorizontalPodAutoscaler",
                                                                "StatefulSet",
                                                                "Job",
                                                                "CronJob",
                                                                "IngressClass",
                                                                "Ingress",
                                                                "APIService",
                                                                "MutatingWebhookConfiguration",
                                                                "ValidatingWebhookConfiguration"});

constexpr auto hook_words = std::to_array<std::string_view>(
    {"pre-install", "post-install", "pre-upgrade", "post-upgrade", "pre-delete", "post-delete",
     "pre-rollback", "post-rollback", "test", "test-success"});

constexpr yaml::Limits yaml_limits{.duplicates = yaml::Duplicates::keep_last};

// All that is looked at of a document.
constexpr auto head_keys = std::to_array<std::string_view>({"apiVersion", "kind", "metadata"});

std::size_t rank_of(std::string_view kind, gotmpl::Flavor flavor) {
  // Helm 3 does not know the two webhook configurations.
  const std::size_t known = install_order.size() - (flavor == gotmpl::Flavor::helm3 ? 2 : 0);
  const auto at = std::ranges::find(install_order, kind);
  const auto rank = static_cast<std::size_t>(at - install_order.begin());
  return std::min(rank, known);
}

enum class HookKind { none, hook, test, unknown };

HookKind hook_kind(const Value& object) {
  const auto* value = object.find_path({"metadata", "annotations", "helm.sh/hook"});
  if (value == nullptr) return HookKind::none;
  const auto* text = value->as_string();
  bool test = false;
  for (const auto part :
       split(text == nullptr ? std::string_view() : std::string_view(*text), ',')) {
    const auto word = gotmpl::lower_text(gotmpl::trim_space(part));
    if (std::ranges::find(hook_words, word) == hook_words.end()) return HookKind::unknown;
    test = test || word.starts_with("test");
  }
  return test ? HookKind::test : HookKind::hook;
}

// What Helm reads of a document (SimpleHead) must have its shape: a list has no place there.
Result<> check_head(const Value& object) {
  const auto is_scalar = [](const Value* value) {
    return value == nullptr || !(value->is_array() || value->is_object());
  };
  const auto wrong = [&](std::string_view field, std::string_view shape) {
    return failure(Code::yaml_syntax, "'{}' of a document is no {}", field, shape);
  };
  for (const std::string_view key : {"apiVersion", "kind"}) {
    if (!is_scalar(object.find(key))) return wrong(key, "text");
  }
  const auto* metadata = object.find("metadata");
  if (metadata == nullptr || metadata->is_null()) return {};
  if (!metadata->is_object()) return wrong("metadata", "map");
  if (!is_scalar(metadata->find("name"))) return wrong("metadata.name", "text");
  const auto* annotations = metadata->find("annotations");
  if (annotations == nullptr || annotations->is_null()) return {};
  if (!annotations->is_object()) return wrong("metadata.annotations", "map");
  for (const auto& member : *annotations->as_object()) {
    if (!is_scalar(&member.value))
      return wrong(fmt::format("metadata.annotations.{}", printable(member.key)), "text");
  }
  return {};
}

// The line of the template that made the text, a part of the output; from 1.
std::size_t line_of(const Rendered& rendered, std::string_view text) {
  const auto offset = static_cast<std::size_t>(text.data() - rendered.text.data());
  const auto mark = rendered.trace.at(offset);
  // A piece of plain text may hold many lines; those of it that are before `text` count.
  const auto before = std::string_view(rendered.text).substr(mark.offset, offset - mark.offset);
  const auto source = rendered.source.substr(0, mark.position);
  const bool plain = rendered.source.substr(source.size()).starts_with(before);
  return static_cast<std::size_t>(std::ranges::count(source, '\n') +
                                  (plain ? std::ranges::count(before, '\n') : 0) + 1);
}

// "demo/templates/web.yaml:12"
std::string place_of(const Rendered& rendered, std::string_view text) {
  return fmt::format("{}:{}", rendered.path, line_of(rendered, text));
}

// What to do about text that is no YAML: by the parser's complaint, the line that it is about and
// the template's line that made it; "" for nothing better than the code's own fix.
std::string_view advice_on(std::string_view cause, std::string_view line, std::string_view made_by) {
  const auto indent = line.substr(0, line.find_first_not_of(" \t"));
  if (indent.find('\t') != std::string_view::npos) return "indent with spaces: YAML takes no tabs";
  const bool indents = made_by.find("indent ") != std::string_view::npos ||
                       made_by.find("toYaml") != std::string_view::npos;
  if (indents)
    return "indent by as many spaces as its key needs, on a line of its own: toYaml … | nindent N";
  const bool action = made_by.find("{{") != std::string_view::npos;
  if (cause.starts_with("mapping values are not allowed") || cause.starts_with("found unknown escape"))
    return action ? "put the value in quotes: {{ … | quote }}" : "put the value in quotes";
  if (cause.starts_with("did not find expected key"))
    return "indent the line as the others of its map";
  if (cause.starts_with("did not find expected ',' or"))
    return "close the bracket, or put the text in quotes";
  return {};
}

// The parser's complaint about one document: the line of the template in front of what it made.
Error traced(Error error, const Rendered& rendered, std::string_view document) {
  Error out(error.code(), error.what());
  for (const auto& cause : error.causes())
    out = std::move(out).because(cause);
  const auto parts = error.where().empty() ? std::vector<std::string_view>()
                                           : split(error.where().front(), ':');
  std::size_t line = 1;
  if (parts.size() > 2) std::from_chars(parts[parts.size() - 2].data(), parts.back().data(), line);
  auto rest = document;
  for (std::size_t i = 1; i < line; ++i)
    rest.remove_prefix(std::min(rest.find('\n'), rest.size() - 1) + 1);
  constexpr std::size_t shown_max = 80;
  const auto shown = rest.substr(0, rest.find('\n'));
  const auto template_line = line_of(rendered, rest);
  const auto template_lines = split(rendered.source, '\n');
  const auto made_by = template_line <= template_lines.size() ? template_lines[template_line - 1] : "";
  const auto advice =
      out.causes().empty() ? std::string_view() : advice_on(out.causes().front(), shown, made_by);
  if (!advice.empty()) out = std::move(out).fix(std::string(advice));
  return std::move(out)
      .at(fmt::format("{}:{}", rendered.path, template_line))
      .at(fmt::format("line {} of the document: \"{}\"", line, printable(shown, shown_max)));
}

// The one part of the whole that is wanted: without a copy, which for a moment takes as much again,
// where it is nearly all that the whole has room for.
std::string only_part(std::string& whole, std::string_view part) {
  if (whole.capacity() - part.size() > part.size() / 8) return std::string(part);
  const auto from = static_cast<std::size_t>(part.data() - whole.data());
  whole.resize(from + part.size());
  whole.erase(0, from);
  return std::move(whole);
}

void sort_by_kind(std::span<RankedDocument> ranked) {
  const std::size_t unknown = install_order.size() - 2;
  std::ranges::stable_sort(ranked, [&](const RankedDocument& a, const RankedDocument& b) {
    if (a.rank != b.rank) return a.rank < b.rank;
    return a.rank >= unknown && a.kind < b.kind;
  });
}

}  // namespace

std::vector<std::string_view> split_documents(std::string_view text) {
  std::vector<std::string_view> documents;
  const auto take = [&](std::size_t begin, std::size_t end) {
    auto document = text.substr(begin, end - begin);
    const auto start = document.find_first_not_of(" \t\r\n");
    if (start != std::string_view::npos && !gotmpl::trim_space(document).empty())
      documents.push_back(document.substr(start));
  };
  std::size_t begin = 0;
  for (std::size_t line = 0; line < text.size();) {
    if (text.substr(line).starts_with("---")) {
      take(begin, line);
      begin = std::min(text.find_first_not_of(" \t", line + 3), text.size());
    }
    const auto end = text.find('\n', line);
    line = end == std::string_view::npos ? text.size() : end + 1;
  }
  take(begin, text.size());
  return documents;
}

std::vector<std::string_view> split_documents3(std::string_view text) {
  std::vector<std::string_view> documents;
  constexpr std::string_view mark = "\n---";
  const auto after = [&](std::size_t at) {
    return std::min(text.find_first_not_of(" \t\r\n\f\v", at), text.size());
  };
  const auto take = [&](std::size_t begin, std::size_t end) {
    const auto document = gotmpl::trim_space(text.substr(begin, end - begin));
    if (!document.empty()) documents.push_back(document);
  };
  std::size_t begin = text.starts_with("---") ? after(3) : 0;
  for (auto at = text.find(mark, begin); at != std::string_view::npos; at = text.find(mark, begin)) {
    take(begin, at);
    begin = after(at + mark.size());
  }
  take(begin, text.size());
  return documents;
}

Result<RankedDocuments> read_documents(Rendered rendered, const Settings& settings) {
  const auto flavor = settings.environment.flavor;
  const bool helm3 = flavor == gotmpl::Flavor::helm3;
  RankedDocuments out;
  const auto texts = helm3 ? split_documents3(rendered.text) : split_documents(rendered.text);
  for (const auto text : texts) {
    auto parsed = yaml::parse_head(text, rendered.path, yaml::Dialect::kube, yaml_limits, head_keys);
    if (!parsed) return failure(traced(std::move(parsed).error(), rendered, text));
    if (!parsed->is_object() && !parsed->is_null()) {
      return failure(Error(Code::yaml_syntax, fmt::format("a document is no object but {}",
                                                          kind_name(parsed->kind())))
                         .at(place_of(rendered, text))
                         .fix("write one object, and \"---\" before the next"));
    }
    auto head = check_head(*parsed);
    if (!head) return failure(std::move(head).error().at(place_of(rendered, text)));
    const auto hook = hook_kind(*parsed);
    if (hook == HookKind::unknown) continue;
    if (hook == HookKind::test && settings.tests == Include::no) continue;
    if (hook != HookKind::none && settings.hooks == Include::no) continue;
    const auto* given = parsed->find("kind");
    std::string kind = given == nullptr ? std::string() : scalar_text(*given);
    const auto rank = rank_of(kind, flavor);
    Document document{
        .source = rendered.path,
        .text = texts.size() == 1 ? only_part(rendered.text, text) : std::string(text),
        .kind = hook == HookKind::none ? Document::Kind::manifest : Document::Kind::hook};
    RankedDocument ranked{.rank = rank, .kind = std::move(kind), .document = std::move(document)};
    out.push_back(std::move(ranked));
  }
  return out;
}

std::vector<Document> in_order(RankedDocuments documents) {
  const auto hooks = std::ranges::stable_partition(documents, [](const RankedDocument& each) {
    return each.document.kind != Document::Kind::hook;
  });
  sort_by_kind({documents.begin(), hooks.begin()});
  sort_by_kind(hooks);
  std::vector<Document> out;
  out.reserve(documents.size());
  for (auto& each : documents)
    out.push_back(std::move(each.document));
  return out;
}

}  // namespace holdfast::helm
