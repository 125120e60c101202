// SPDX-License-Identifier: Apache-2.0
#include "sync/claims.h"

#include <algorithm>

#include "base/text.h"
#include "sync/kinds.h"

namespace holdfast::sync {
namespace {

std::uint64_t hash_of_key(const Key& key) { return hash_of(Value(to_string(key))); }

// What goes with the object when it is removed: all that is in a namespace, or of a kind.
struct Contents {
  std::string namespace_;
  std::pair<std::string, std::string> kind;

  [[nodiscard]] bool holds(const Key& key) const {
    if (!namespace_.empty()) return key.namespace_ == namespace_;
    return !kind.second.empty() && key.group == kind.first && key.kind == kind.second;
  }
};

Contents contents_of(const Key& key, const Value& live) {
  Contents contents;
  if (is_namespace(key)) contents.namespace_ = key.name;
  if (is_definition(key)) {
    contents.kind = {std::string(live.text({"spec", "group"})), std::string(live.text({"spec", "names", "kind"}))};
  }
  return contents;
}

}  // namespace

void Claims::put(const std::string& application, const Targets& targets, const IsPermitted& is_permitted) {
  Claimed claimed;
  claimed.objects.reserve(targets.objects.size());
  for (const auto& target : targets.objects) {
    if (!is_permitted(target)) continue;
    claimed.objects.push_back(hash_of_key(target.key));
    if (!target.key.namespace_.empty()) claimed.namespaces.insert(target.key.namespace_);
    claimed.kinds.insert({target.key.group, target.key.kind});
  }
  std::ranges::sort(claimed.objects);
  (*claimed_.lock())[application] = std::move(claimed);
}

void Claims::note_look(const std::string& application) { claimed_.lock()->try_emplace(application); }

void Claims::drop(const std::string& application) { claimed_.lock()->erase(application); }

std::optional<Claims::Objection> Claims::objection(const std::string& application, const Targets* own, const Value& live) const {
  const Key key = key_of(live);
  const Contents contents = contents_of(key, live);
  if (own != nullptr) {
    const auto inside = std::ranges::find_if(own->objects, [&](const Target& target) { return contents.holds(target.key); });
    if (inside != own->objects.end()) return Objection{"", fmt::format("kept: {}/{}, which Git has, would go with it", inside->key.kind, inside->key.name)};
  }
  const auto hash = hash_of_key(key);
  auto claimed = claimed_.lock();
  for (const auto& [other, theirs] : *claimed) {
    if (other == application) continue;
    const auto name = replace_all(other, "_", "/");
    if (std::ranges::binary_search(theirs.objects, hash)) return Objection{other, fmt::format("kept: application {} has it as well", name)};
    const bool within = theirs.namespaces.contains(contents.namespace_) || theirs.kinds.contains(contents.kind);
    if (within) return Objection{other, fmt::format("kept: objects of application {} would go with it", name)};
  }
  return std::nullopt;
}

std::optional<std::string> Claims::unknown_of(const std::vector<std::string>& applications) const {
  auto claimed = claimed_.lock();
  const auto found = std::ranges::find_if(applications, [&](const std::string& each) { return !claimed->contains(each); });
  return found == applications.end() ? std::nullopt : std::optional(*found);
}

}  // namespace holdfast::sync
