// SPDX-License-Identifier: Apache-2.0
#include "helm/manifests.h"

#include "base/text.h"
#include "gotmpl/unicode.h"
#include "yaml/yaml.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <utility>

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

// Helm 3 does not know the two webhook configurations.
std::span<const std::string_view> known_kinds(gotmpl::Flavor flavor) {
  return std::span(install_order).first(install_order.size() - (flavor == gotmpl::Flavor::helm3 ? 2 : 0));
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

// The line of the template that made what is at the offset of its output; from 1.
std::size_t line_of(const Manifests::Origin& origin, std::size_t offset) {
  const auto before = origin.templates.text_of(origin.path).substr(0, origin.trace.position_of(offset));
  return static_cast<std::size_t>(std::ranges::count(before, '\n') + 1);
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

// A part of a text that nobody needs any more.
std::string only_part(std::string& whole, std::string_view part) {
  const auto from = static_cast<std::size_t>(part.data() - whole.data());
  whole.resize(from + part.size());
  whole.erase(0, from);
  return std::move(whole);
}

// The parser's complaint about one document: the line of the template in front of what it made.
Error traced(Error error, const Manifests::Origin& origin, std::string_view document, std::size_t offset) {
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
  const auto template_line = line_of(origin, offset + document.size() - rest.size());
  const auto template_lines = split(origin.templates.text_of(origin.path), '\n');
  const auto made_by = template_line <= template_lines.size() ? template_lines[template_line - 1] : "";
  const auto advice =
      out.causes().empty() ? std::string_view() : advice_on(out.causes().front(), shown, made_by);
  if (!advice.empty()) out = std::move(out).fix(std::string(advice));
  return std::move(out)
      .at(fmt::format("{}:{}", origin.path, template_line))
      .at(fmt::format("line {} of the document: \"{}\"", line, printable(shown, shown_max)));
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

void Manifests::add(const Origin& origin, std::string lines) {
  const auto seen = pending_.size();
  if (seen == 0) {
    pending_ = std::move(lines);
  } else {
    // A text that is one large document is about as long as what makes it.
    if (pending_.capacity() < seen + lines.size())
      pending_.reserve(std::max(seen + lines.size(), origin.templates.text_of(origin.path).size()));
    pending_ += lines;
  }
  // Where Helm 3 cuts depends on what is before.
  if (settings_.environment.flavor == gotmpl::Flavor::helm3) return;
  // What was seen has no separator but at its start, and ends with a line.
  const auto from = seen - std::min<std::size_t>(seen, 1);
  const auto at = std::string_view(pending_).substr(from).rfind("\n---");
  if (at == std::string_view::npos) return;
  const auto size = from + at + 1;
  auto rest = pending_.substr(size);
  pending_.resize(size);
  read(origin, std::exchange(pending_, std::move(rest)));
  offset_ += size;
  origin.trace.forget_before(offset_);
}

void Manifests::end(const Origin& origin) {
  read(origin, std::exchange(pending_, {}));
  offset_ = 0;
  path_ = nullptr;
}

// The documents of whole lines, the first of which stands at offset_.
void Manifests::read(const Origin& origin, std::string text) {
  if (errors_.contains(origin.path)) return;
  constexpr std::size_t slack = 8;  // as a part
  if (text.capacity() - text.size() > text.size() / slack) text.shrink_to_fit();
  auto& kept = texts_.emplace_back(std::move(text));
  const auto before = manifests_.size();
  const bool helm3 = settings_.environment.flavor == gotmpl::Flavor::helm3;
  for (const auto document : helm3 ? split_documents3(kept) : split_documents(kept)) {
    auto read = read_document(origin, document, offset_ + static_cast<std::size_t>(document.data() - kept.data()));
    if (read) continue;
    errors_.emplace(origin.path, std::move(read).error());
    break;
  }
  if (manifests_.size() == before) texts_.pop_back();
  if (manifests_.size() == before + 1) manifests_.back().whole = &kept;
}

Result<> Manifests::read_document(const Origin& origin, std::string_view text, std::size_t offset) {
  const auto here = [&] { return fmt::format("{}:{}", origin.path, line_of(origin, offset)); };
  auto parsed = yaml::parse_head(text, origin.path, yaml::Dialect::kube, yaml_limits, head_keys);
  if (!parsed) return failure(traced(std::move(parsed).error(), origin, text, offset));
  if (!parsed->is_object() && !parsed->is_null()) {
    return failure(Error(Code::yaml_syntax, fmt::format("a document is no object but {}", kind_name(parsed->kind())))
                       .at(here())
                       .fix("write one object, and \"---\" before the next"));
  }
  auto head = check_head(*parsed);
  if (!head) return failure(std::move(head).error().at(here()));
  const auto hook = hook_kind(*parsed);
  if (hook == HookKind::unknown) return {};
  if (hook == HookKind::test && settings_.tests == Include::no) return {};
  if (hook != HookKind::none && settings_.hooks == Include::no) return {};
  const auto* given = parsed->find("kind");
  std::string kind = given == nullptr ? std::string() : scalar_text(*given);
  const auto known = known_kinds(settings_.environment.flavor);
  const auto at = std::ranges::find(known, kind);
  const bool is_known = at != known.end();
  if (path_ == nullptr) path_ = &paths_.emplace_back(origin.path);
  const Manifest manifest{.text = text,
                          .whole = nullptr,
                          .path = path_,
                          .kind = is_known ? nullptr : &*kinds_.insert(std::move(kind)).first,
                          .rank = static_cast<std::uint32_t>(at - known.begin()),
                          .place = static_cast<std::uint32_t>(manifests_.size()),
                          .part = hook == HookKind::none ? Document::Kind::manifest : Document::Kind::hook};
  manifests_.push_back(manifest);
  return {};
}

Result<> Manifests::check() {
  if (errors_.empty()) return {};
  return failure(std::move(errors_.begin()->second));
}

bool Manifests::comes_before(const Manifest& a, const Manifest& b) {
  if (a.part != b.part) return a.part == Document::Kind::manifest;
  if (a.rank != b.rank) return a.rank < b.rank;
  if (a.kind != b.kind) return *a.kind < *b.kind;
  if (a.path != b.path) return *a.path < *b.path;
  return a.place < b.place;
}

Result<> Manifests::hand_out(const Take& take) {
  std::ranges::sort(manifests_, comes_before);
  for (const auto& manifest : manifests_) {
    auto text = manifest.whole == nullptr ? std::string(manifest.text) : only_part(*manifest.whole, manifest.text);
    Document document{.source = *manifest.path, .text = std::move(text), .kind = manifest.part};
    TRY(take(std::move(document)));
  }
  return {};
}

}  // namespace holdfast::helm
