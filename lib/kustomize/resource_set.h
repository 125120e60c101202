// SPDX-License-Identifier: Apache-2.0
// The resources of a build in their order, findable by every name they have or had. All look-ups
// are by hash: kustomize scans its list for each one and becomes quadratic. It does not know what
// transformers do; who changes a name says so. Upstream: kustomize v5.8.1,
// api/resmap/reswrangler.go.
#pragma once

#include "base/result.h"
#include "kustomize/resource.h"
#include "kustomize/selector.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace holdfast::kustomize {

class ResourceSet {
 public:
  ResourceSet() = default;
  ResourceSet(ResourceSet&&) = default;
  ResourceSet& operator=(ResourceSet&&) = default;

  // Refuses with Code::kustomize_conflict when the present id is taken.
  Result<> append(Resource resource);
  Result<> append_all(ResourceSet other);
  // A generated resource: created, or merged into or put in the place of the one it names.
  Result<> absorb(Resource resource);

  [[nodiscard]] std::size_t size() const { return items_.size(); }

  [[nodiscard]] Resource& operator[](std::size_t index) { return *items_[index]; }

  [[nodiscard]] const Resource& operator[](std::size_t index) const { return *items_[index]; }

  // In list order. Pointers stay good until the resource is removed.
  std::vector<Resource*> with_any_id(const ResourceId& id);
  std::vector<Resource*> selected_by(const Target& target);

  // After `resource` (an element) got another name, namespace, kind or version.
  void renamed(Resource& resource);

  // After any number of them may have.
  void renamed_any() { stale_ = true; }

  struct Twins {
    const Resource *first, *second;  // in list order
  };

  // Two that have the same present id.
  std::optional<Twins> twins();
  // Refuses with Code::kustomize_conflict when there are such.
  Result<> check_unique();

  void drop_empty();
  // Keeps the resources whose index in `order` is given, in that order.
  void reorder(const std::vector<std::size_t>& order);

 private:
  struct Item : Resource {
    std::size_t index = 0;
    std::vector<std::string> keys;  // under which it is in the index, that of its present id first

    [[nodiscard]] const std::string& present() const { return keys.front(); }
  };

  // By the hash of a key: an entry for each would be as large as the resources, and look-ups take
  // their time for what is in no cache.
  using Index = std::unordered_multimap<std::size_t, Item*>;

  static std::vector<std::string> keys_of(const Resource& resource);
  void refresh();
  void enter(Item& item);
  void leave(Item& item);
  [[nodiscard]] Item* other_with(const std::string& present, const Item* but) const;

  std::vector<std::unique_ptr<Item>> items_;
  Index index_;
  std::size_t twins_ = 0;  // whose present id another one has that was there before
  bool stale_ = false;
};

// "the ConfigMap "web" (file.yaml:3:1)", for messages.
std::string describe(const Resource& resource);

}  // namespace holdfast::kustomize
