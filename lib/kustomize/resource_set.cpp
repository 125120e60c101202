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
  return failure(
      Error(Code::kustomize_conflict,
            fmt::format("two resources are {} \"{}\"", api_version(id.gvk) + " " + id.gvk.kind,
                        name_with_namespace(id)))
          .at(place_of(mine))
          .at(place_of(theirs))
          .fix("keep one of them, or rename one with namePrefix or nameSuffix in its own "
               "kustomization"));
}

// The texts of a ConfigMap's or Secret's map, its own over the older ones.
void merge_data(Value& body, const Value& old, std::string_view field) {
  Texts texts;
  for (const Value* from :
       {static_cast<const Value*>(old.find(field)), static_cast<const Value*>(body.find(field))}) {
    if (from == nullptr || !from->is_object()) continue;
    for (const auto& [key, value] : *from->as_object()) {
      texts.insert_or_assign(key, value.is_null() ? std::string() : text_of(value));
    }
  }
  if (texts.empty()) {
    if (body.is_object()) body.as_object()->erase(field);
    return;
  }
  Object map;
  for (auto& [key, text] : texts)
    map.append(key, std::move(text));
  body[field] = std::move(map);
}

}  // namespace

std::string describe(const Resource& resource) {
  const auto id = resource.id();
  return fmt::format("{} \"{}\"", id.gvk.kind, name_with_namespace(id));
}

void ResourceSet::enter(Item& item) {
  const auto id = item.resource.id();
  item.present = id.key();
  item.earlier.clear();
  for (const auto& earlier : item.resource.earlier_ids()) {
    std::string key = earlier.key();
    if (key != item.present && std::ranges::find(item.earlier, key) == item.earlier.end()) {
      item.earlier.push_back(std::move(key));
    }
  }
  const auto put = [&](Index& index, const std::string& key) {
    auto& list = index[key];
    if (list.empty() || list.back()->index < item.index) {
      list.push_back(&item);
    } else {
      list.insert(std::ranges::upper_bound(list, item.index, {}, &Item::index), &item);
    }
  };
  put(present_, item.present);
  put(any_, item.present);
  for (const auto& key : item.earlier)
    put(any_, key);
}

void ResourceSet::leave(Item& item) {
  const auto take = [&](Index& index, const std::string& key) {
    const auto found = index.find(key);
    if (found == index.end()) return;
    std::erase(found->second, &item);
    if (found->second.empty()) index.erase(found);
  };
  take(present_, item.present);
  take(any_, item.present);
  for (const auto& key : item.earlier)
    take(any_, key);
}

void ResourceSet::refresh() {
  if (!stale_) return;
  stale_ = false;
  present_.clear();
  any_.clear();
  present_.reserve(items_.size());
  any_.reserve(items_.size() * 2);
  for (auto& item : items_)
    enter(*item);
}

void ResourceSet::renamed(const Resource& resource) {
  if (stale_) return;
  Item& item = *by_address_.at(&resource);
  leave(item);
  enter(item);
}

std::vector<Resource*> ResourceSet::found(const Index& index, const std::string& key) {
  std::vector<Resource*> out;
  const auto entry = index.find(key);
  if (entry == index.end()) return out;
  for (Item* item : entry->second) {
    if (!is_blank(&item->resource.body)) out.push_back(&item->resource);
  }
  return out;
}

std::vector<Resource*> ResourceSet::with_present_id(const ResourceId& id) {
  refresh();
  return found(present_, id.key());
}

std::vector<Resource*> ResourceSet::with_any_id(const ResourceId& id) {
  refresh();
  return found(any_, id.key());
}

std::vector<Resource*> ResourceSet::selected_by(const Target& target) {
  std::vector<Resource*> out;
  for (auto& item : items_) {
    if (target.selects(item->resource)) out.push_back(&item->resource);
  }
  return out;
}

Result<> ResourceSet::append(Resource resource) {
  refresh();
  const auto there = with_present_id(resource.id());
  if (!there.empty()) return taken(resource, *there.front());
  auto& item = items_.emplace_back(
      std::make_unique<Item>(Item{.resource = std::move(resource), .index = items_.size()}));
  by_address_.emplace(&item->resource, item.get());
  enter(*item);
  return {};
}

Result<> ResourceSet::append_all(ResourceSet other) {
  if (items_.empty()) {
    *this = std::move(other);
    stale_ = true;
    return check_unique();
  }
  for (auto& item : other.items_)
    TRY(append(std::move(item->resource)));
  return {};
}

Result<> ResourceSet::absorb(Resource resource) {
  const auto there = with_any_id(resource.id());
  if (there.empty()) {
    if (resource.behavior == Behavior::create) return append(std::move(resource));
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
  if (resource.behavior == Behavior::create) {
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
    merge_data(resource.body, old.body, "data");
    merge_data(resource.body, old.body, "binaryData");
    if (old.origin) resource.origin = old.origin;
  }
  old = std::move(resource);
  renamed(old);
  return {};
}

Result<> ResourceSet::check_unique() {
  refresh();
  if (present_.size() == items_.size()) return {};
  for (const auto& item : items_) {
    const auto& list = present_.at(item->present);
    if (list.size() > 1) return taken(list[1]->resource, list[0]->resource);
  }
  return {};
}

void ResourceSet::drop_empty() {
  const auto gone = std::erase_if(items_, [&](const auto& item) {
    if (!is_blank(&item->resource.body)) return false;
    by_address_.erase(&item->resource);
    return true;
  });
  if (gone == 0) return;
  for (std::size_t i = 0; i < items_.size(); ++i)
    items_[i]->index = i;
  stale_ = true;
}

void ResourceSet::reorder(const std::vector<std::size_t>& order) {
  std::vector<std::unique_ptr<Item>> sorted;
  sorted.reserve(order.size());
  for (const auto index : order)
    sorted.push_back(std::move(items_[index]));
  items_ = std::move(sorted);
  by_address_.clear();
  for (std::size_t i = 0; i < items_.size(); ++i) {
    items_[i]->index = i;
    by_address_.emplace(&items_[i]->resource, items_[i].get());
  }
  stale_ = true;
}

}  // namespace holdfast::kustomize
