// SPDX-License-Identifier: Apache-2.0
#include "kustomize/resource_set.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::kustomize {
namespace {

std::string name_with_namespace(const ResourceId& id) {
  return id.space.empty() ? id.name : fmt::format("{}/{}", id.space, id.name);
}

std::string place_of(const Resource& resource) {
  return resource.at.empty() ? "made by a generator" : resource.at;
}

std::unexpected<Error> taken(const Resource& mine, const Resource& theirs) {
  const auto id = mine.id();
  Error error = Error(Code::kustomize_conflict,
                      fmt::format("two resources are {} \"{}\"", api_version(id.gvk) + " " + id.gvk.kind,
                                  name_with_namespace(id)))
                    .at(place_of(mine));
  if (place_of(mine) == place_of(theirs)) {
    return failure(std::move(error)
                       .because("the build comes to that place twice")
                       .fix("list what holds it once, or give one of its lists a namePrefix or nameSuffix"));
  }
  return failure(
      std::move(error)
          .at(place_of(theirs))
          .fix("keep one of them, or rename one with namePrefix or nameSuffix in its own "
               "kustomization"));
}

// The texts of a ConfigMap's or Secret's map, its own over the older ones.
void merge_data(Resource& resource, const Resource& old, std::string_view field) {
  Texts texts;
  for (const Resource* from : {&old, static_cast<const Resource*>(&resource)}) {
    const Value* data = from->body.find(field);
    if (data == nullptr || !data->is_object()) continue;
    for (const auto& [key, value] : *data->as_object()) {
      const auto pointer = fmt::format("/{}/{}", field, pointer_part(key));
      texts.insert_or_assign(key, value.is_null() ? std::string() : spelled_text(*from, pointer, value));
    }
  }
  Value& body = resource.body;
  if (texts.empty()) {
    if (body.is_object()) body.as_object()->erase(field);
    return;
  }
  Object map;
  for (auto& [key, text] : texts)
    map.append(key, std::move(text));
  body[field] = std::move(map);
}

std::size_t hash_of(const std::string& key) {
  return std::hash<std::string>{}(key);
}

}  // namespace

std::string describe(const Resource& resource) {
  const auto id = resource.id();
  return fmt::format("{} \"{}\"", id.gvk.kind, name_with_namespace(id));
}

std::vector<std::string> ResourceSet::keys_of(const Resource& resource) {
  std::vector<std::string> keys;
  keys.reserve(1 + resource.earlier.size());
  keys.push_back(resource.id().key());
  for (const auto& earlier : resource.earlier_ids()) {
    std::string key = earlier.key();
    if (std::ranges::find(keys, key) == keys.end()) keys.push_back(std::move(key));
  }
  return keys;
}

ResourceSet::Item* ResourceSet::other_with(const std::string& present, const Item* but) const {
  const auto [from, to] = index_.equal_range(hash_of(present));
  for (auto at = from; at != to; ++at) {
    if (at->second != but && at->second->present() == present) return at->second;
  }
  return nullptr;
}

void ResourceSet::enter(Item& item) {
  if (other_with(item.present(), &item) != nullptr) ++twins_;
  for (const auto& key : item.keys)
    index_.emplace(hash_of(key), &item);
}

void ResourceSet::leave(Item& item) {
  for (const auto& key : item.keys) {
    auto [at, to] = index_.equal_range(hash_of(key));
    while (at != to && at->second != &item)
      ++at;
    if (at != to) index_.erase(at);
  }
  if (other_with(item.present(), &item) != nullptr) --twins_;
}

void ResourceSet::refresh() {
  if (!stale_) return;
  stale_ = false;
  index_.clear();
  twins_ = 0;
  std::size_t count = 0;
  for (auto& item : items_) {
    item->keys = keys_of(*item);
    count += item->keys.size();
  }
  index_.reserve(count);
  for (auto& item : items_)
    enter(*item);
}

void ResourceSet::renamed(Resource& resource) {
  if (stale_) return;
  auto keys = keys_of(resource);
  auto& item = static_cast<Item&>(resource);
  if (keys == item.keys) return;
  leave(item);
  item.keys = std::move(keys);
  enter(item);
}

std::vector<Resource*> ResourceSet::with_any_id(const ResourceId& id) {
  refresh();
  const auto key = id.key();
  std::vector<Item*> found;
  const auto [from, to] = index_.equal_range(hash_of(key));
  for (auto at = from; at != to; ++at) {
    Item* item = at->second;
    if (std::ranges::find(item->keys, key) != item->keys.end() && !is_blank(&item->body))
      found.push_back(item);
  }
  std::ranges::sort(found, {}, &Item::index);
  return {found.begin(), found.end()};
}

std::vector<Resource*> ResourceSet::selected_by(const Target& target) {
  std::vector<Resource*> out;
  for (auto& item : items_) {
    if (target.selects(*item)) out.push_back(item.get());
  }
  return out;
}

Result<> ResourceSet::append(Resource resource) {
  refresh();
  auto item = std::make_unique<Item>(std::move(resource), items_.size());
  item->keys = keys_of(*item);
  const Item* there = other_with(item->present(), nullptr);
  if (there != nullptr && !is_blank(&there->body)) return taken(*item, *there);
  enter(*item);
  items_.push_back(std::move(item));
  return {};
}

Result<> ResourceSet::append_all(ResourceSet other) {
  if (items_.empty()) {
    *this = std::move(other);
    return check_unique();
  }
  items_.reserve(items_.size() + other.items_.size());
  for (auto& item : other.items_)
    TRY(append(std::move(*item)));
  return {};
}

Result<> ResourceSet::absorb(Resource resource) {
  const auto there = with_any_id(resource.id());
  const bool joins = resource.behavior == Behavior::merge || resource.behavior == Behavior::replace;
  if (there.empty()) {
    if (!joins) return append(std::move(resource));
    return failure(
        Error(Code::kustomize_target,
              fmt::format("there is no {} to {} the generated one with", describe(resource),
                          resource.behavior == Behavior::merge ? "merge" : "replace"))
            .fix("set behavior: create, or list the resource that holds it before"));
  }
  if (there.size() > 1) {
    return failure(
        Error(Code::kustomize_conflict, fmt::format("{} resources could take the generated {}",
                                                    there.size(), describe(resource)))
            .at(place_of(*there[0]))
            .at(place_of(*there[1])));
  }
  Resource& old = *there.front();
  if (!joins) {
    return failure(
        Error(Code::kustomize_conflict,
              fmt::format("a generator makes {}, which is there already", describe(resource)))
            .at(place_of(old))
            .fix("set behavior: merge or behavior: replace on the generator, or give it another "
                 "name"));
  }
  const bool merges = resource.behavior == Behavior::merge;
  take_metadata(resource, old);
  if (merges) {
    merge_data(resource, old, "data");
    merge_data(resource, old, "binaryData");
    if (old.origin) resource.origin = old.origin;
  }
  old = std::move(resource);
  renamed(old);
  return {};
}

std::optional<ResourceSet::Twins> ResourceSet::twins() {
  refresh();
  if (twins_ == 0) return std::nullopt;
  for (const auto& item : items_) {
    const auto* other = other_with(item->present(), item.get());
    if (other == nullptr) continue;
    return item->index < other->index ? Twins{item.get(), other} : Twins{other, item.get()};
  }
  return std::nullopt;
}

Result<> ResourceSet::check_unique() {
  const auto found = twins();
  if (found) return taken(*found->second, *found->first);
  return {};
}

void ResourceSet::drop_empty() {
  const auto gone =
      std::erase_if(items_, [](const auto& item) { return is_blank(&item->body); });
  if (gone == 0) return;
  for (std::size_t i = 0; i < items_.size(); ++i)
    items_[i]->index = i;
  stale_ = true;
}

void ResourceSet::reorder(const std::vector<std::size_t>& order) {
  stale_ |= order.size() != items_.size();
  std::vector<std::unique_ptr<Item>> sorted;
  sorted.reserve(order.size());
  for (const auto index : order)
    sorted.push_back(std::move(items_[index]));
  items_ = std::move(sorted);
  for (std::size_t i = 0; i < items_.size(); ++i)
    items_[i]->index = i;
}

}  // namespace holdfast::kustomize
