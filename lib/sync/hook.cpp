// SPDX-License-Identifier: Apache-2.0
#include "sync/hook.h"

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "sync/key.h"
#include "sync/names.h"

namespace holdfast::sync {
namespace {

constexpr Phase phases[] = {Phase::presync, Phase::sync, Phase::postsync, Phase::syncfail};

bool contains(const std::vector<std::string_view>& words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

Hook argo_hook(const std::vector<std::string_view>& words) {
  Hook hook;
  if (words.size() == 1 && words[0] == "Skip") {
    hook.skip = true;
    return hook;
  }
  hook.is_hook = true;
  hook.pre_delete = contains(words, "PreDelete");
  hook.post_delete = contains(words, "PostDelete");
  for (const Phase phase : phases) {
    if (contains(words, to_string(phase))) hook.phases.push_back(phase);
  }
  return hook;
}

Hook helm_hook(const std::vector<std::string_view>& words) {
  Hook hook;
  // Helm 2's word; Helm 3 has crds/ and treats such an object as an ordinary one.
  if (words.size() == 1 && words[0] == "crd-install") return hook;
  hook.is_hook = true;
  hook.pre_delete = contains(words, "pre-delete");
  hook.post_delete = contains(words, "post-delete");
  if (contains(words, "pre-install") || contains(words, "pre-upgrade")) {
    hook.phases.push_back(Phase::presync);
  }
  if (contains(words, "post-install") || contains(words, "post-upgrade")) {
    hook.phases.push_back(Phase::postsync);
  }
  hook.ignored = hook.phases.empty() && !hook.pre_delete && !hook.post_delete;
  return hook;
}

std::optional<int> parse_wave(std::string_view text) {
  int number = 0;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string_view to_string(Phase phase) {
  switch (phase) {
    case Phase::presync: return "PreSync";
    case Phase::sync: return "Sync";
    case Phase::postsync: return "PostSync";
    case Phase::syncfail: return "SyncFail";
  }
  std::unreachable();
}

std::optional<Phase> parse_phase(std::string_view text) {
  const auto* found = std::ranges::find(phases, text, [](Phase phase) { return to_string(phase); });
  return found == std::end(phases) ? std::nullopt : std::optional(*found);
}

Hook hook_of(const Value& object) {
  if (const auto words = comma_words(annotation(object, names::hook)); !words.empty()) {
    return argo_hook(words);
  }
  if (const auto words = comma_words(annotation(object, names::helm_hook)); !words.empty()) {
    return helm_hook(words);
  }
  return {};
}

DeletePolicy delete_policy_of(const Value& object) {
  const auto argo = comma_words(annotation(object, names::hook_delete_policy));
  const auto helm = comma_words(annotation(object, names::helm_hook_delete_policy));
  DeletePolicy policy;
  if (!argo.empty()) {
    policy = {contains(argo, "BeforeHookCreation"), contains(argo, "HookSucceeded"),
              contains(argo, "HookFailed")};
  } else {
    policy = {contains(helm, "before-hook-creation"), contains(helm, "hook-succeeded"),
              contains(helm, "hook-failed")};
  }
  if (!policy.before_creation && !policy.succeeded && !policy.failed) policy.before_creation = true;
  return policy;
}

int wave_of(const Value& object) {
  if (const auto wave = parse_wave(annotation(object, names::sync_wave))) return *wave;
  if (const auto weight = parse_wave(annotation(object, names::helm_hook_weight))) return *weight;
  return 0;
}

}  // namespace holdfast::sync
