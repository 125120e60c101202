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

  [[nodiscard]] Resource& operator[](std::size_t index) { return items_[index]->resource; }

  [[nodiscard]] const Resource& operator[](std::size_t index) const {
    return items_[index]->resource;
  }

  // In list order. Pointers stay good until the resource is removed.
  std::vector<Resource*> with_present_id(const ResourceId& id);
  std::vector<Resource*> with_any_id(const ResourceId& id);
  std::vector<Resource*> selected_by(const Target& target);

  // After `resource` (an element) got another name, namespace, kind or version.
  void renamed(const Resource& resource);

  // After any number of them may have.
  void renamed_any() { stale_ = true; }

  // Refuses with Code::kustomize_conflict when two have the same present id.
  Result<> check_unique();

  void drop_empty();
  // Keeps the resources whose index in `order` is given, in that order.
  void reorder(const std::vector<std::size_t>& order);

 private:
  struct Item {
    Resource resource;
    std::size_t index = 0;
    std::string present;  // keys under which it is in the index
    std::vector<std::string> earlier;
  };

  using Index = std::unordered_map<std::string, std::vector<Item*>>;

  void refresh();
  void enter(Item& item);
  void leave(Item& item);
  std::vector<Resource*> found(const Index& index, const std::string& key);

  std::vector<std::unique_ptr<Item>> items_;
  std::unordered_map<const Resource*, Item*> by_address_;
  Index present_, any_;
  bool stale_ = false;
};

// "the ConfigMap "web" (file.yaml:3:1)", for messages.
std::string describe(const Resource& resource);

}  // namespace holdfast::kustomize
