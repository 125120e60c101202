// SPDX-License-Identifier: Apache-2.0
#include "commands/app_tree.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <set>
#include <thread>

#include "base/text.h"
#include "commands/app_access.h"
#include "health/health.h"
#include "sync/key.h"
#include "sync/settings.h"

namespace holdfast::bootstrap {
namespace {

using GroupKind = std::pair<std::string_view, std::string_view>;

// Whose health is read off the whole object; of all others their metadata say whose they are.
constexpr std::array<GroupKind, 9> assessed{{{"apps", "Deployment"}, {"apps", "StatefulSet"}, {"apps", "DaemonSet"}, {"apps", "ReplicaSet"},
                                             {"batch", "Job"}, {"batch", "CronJob"}, {"", "Pod"}, {"", "Service"}, {"", "PersistentVolumeClaim"}}};
// What the argocd-cm leaves out that comes with Argo CD.
constexpr std::array<GroupKind, 2> left_out{{{"", "Endpoints"}, {"discovery.k8s.io", "EndpointSlice"}}};

struct Child {
  Value object;
  bool whole = false;
};
using OwnerKey = sync::Key;
using Children = std::multimap<OwnerKey, Child>;

// The objects of one kind in one namespace that somebody owns.
struct Listing {
  kube::KindInfo kind;
  std::string place;
  bool whole = false;
  std::vector<Value> objects{};

  void read(kube::Client& client) {
    auto list = client.list(kind, {.namespace_ = place, .content = whole ? kube::Content::whole : kube::Content::metadata,
                                   .managed_fields = kube::ManagedFields::drop});
    if (!list) return;
    objects = std::move(list->items);
    std::erase_if(objects, [](const Value& object) { return rows_of(object, {"metadata", "ownerReferences"}).empty(); });
    for (auto& object : objects) {
      object["apiVersion"] = kind.api_version();
      object["kind"] = kind.kind;
    }
  }
};

// All kinds that an owner may have, whatever it is itself.
std::vector<Listing> listings_of(kube::Client& client, const sync::Application& application, const std::set<std::string>& places) {
  std::vector<Listing> listings;
  const auto catalog = client.catalog();
  if (!catalog) return listings;
  const auto settings = read_settings(client, application.control_namespace);
  for (const auto& kind : (*catalog)->kinds()) {
    const GroupKind name{kind.group, kind.kind};
    const bool may = kind.namespaced && kind.preferred && kind.has_verb("list") && !settings.excludes(kind.group, kind.kind);
    if (!may || std::ranges::find(left_out, name) != left_out.end()) continue;
    const bool whole = std::ranges::find(assessed, name) != assessed.end();
    for (const auto& place : places) listings.push_back({.kind = kind, .place = place, .whole = whole});
  }
  return listings;
}

Children read_children(kube::Client& client, std::vector<Listing> listings) {
  constexpr std::size_t lists_at_once = 8;
  std::atomic<std::size_t> next = 0;
  const auto read = [&] {
    for (auto at = next++; at < listings.size(); at = next++) listings[at].read(client);
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < std::min(lists_at_once, listings.size()); ++i) threads.emplace_back(read);
  }
  Children children;
  for (auto& listing : listings) {
    for (auto& object : listing.objects) {
      for (const auto& owner : Array(rows_of(object, {"metadata", "ownerReferences"}))) {
        const OwnerKey key{sync::split_api_version(owner.text({"apiVersion"})).group, std::string(owner.text({"kind"})), listing.place,
                           std::string(owner.text({"name"}))};
        children.emplace(key, Child{object, listing.whole});
      }
    }
  }
  return children;
}

void add_children(const Children& children, TreeNode& node, int depth) {
  constexpr int depth_max = 8;
  if (depth == depth_max) return;
  const auto [from, to] = children.equal_range({node.group, node.kind, node.namespace_, node.name});
  for (auto at = from; at != to; ++at) {
    const Value& object = at->second.object;
    const auto version = sync::split_api_version(object.text({"apiVersion"}));
    TreeNode child{.group = version.group,
                   .version = version.version,
                   .kind = std::string(object.text({"kind"})),
                   .namespace_ = node.namespace_,
                   .name = std::string(object.text({"metadata", "name"})),
                   .status = "",
                   .health = "",
                   .message = "",
                   .created = std::string(object.text({"metadata", "creationTimestamp"})),
                   .outcome = "",
                   .children = {}};
    const auto health = at->second.whole ? health::assess_builtin(object) : std::nullopt;
    if (health) {
      child.health = health::to_string(health->status);
      child.message = printable(health->message);
    }
    add_children(children, child, depth + 1);
    node.children.push_back(std::move(child));
  }
}

using MakeCells = std::function<Cells(const TreeNode&)>;  // those behind the name

void add_rows(const TreeNode& node, const std::string& before, const std::string& branch, const MakeCells& cells, std::vector<Cells>& rows) {
  Cells row = cells(node);
  row.insert(row.begin(), fmt::format("{}{}{}/{}", before, branch, node.kind, node.name));
  rows.push_back(std::move(row));
  const std::string inside = branch.empty() ? before : before + (branch == "├─" ? "│ " : "  ");
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    add_rows(node.children[i], inside, i + 1 == node.children.size() ? "└─" : "├─", cells, rows);
  }
}

// What stands in no status.
void add_details(kube::Client& client, const sync::Application& application, std::vector<TreeNode>& roots) {
  std::map<sync::Key, std::string> outcomes;
  for (const auto& each : rows_of(application.status(), {"operationState", "syncResult", "resources"})) {
    outcomes[key_of_row(each)] = printable(each.text({"message"}), 400);
  }
  for (auto& root : roots) {
    root.outcome = outcomes[{root.group, root.kind, root.namespace_, root.name}];
    const auto object = client.get({root.group, root.version, root.kind, root.namespace_, root.name});
    if (object) root.created = object->text({"metadata", "creationTimestamp"});
  }
}

// Columns by characters: the branches are three bytes and one column each.
std::string tree_table(std::vector<Cells> rows) {
  const auto extra = [](const std::string& text) {
    std::size_t bytes = 0;
    for (const char c : text) bytes += (static_cast<unsigned char>(c) & 0xC0U) == 0x80U ? 1U : 0U;
    return bytes;
  };
  std::size_t most = 0;
  for (const auto& row : rows) most = std::max(most, row[0].size() - extra(row[0]));
  for (auto& row : rows) row[0].append(most - (row[0].size() - extra(row[0])), ' ');
  std::size_t longest = 0;
  for (const auto& row : rows) longest = std::max(longest, row[0].size());
  std::string out;
  std::vector<Cells> rest;
  for (const auto& row : rows) rest.push_back({row.begin() + 1, row.end()});
  const std::string lines = table(rest);
  const auto right = split(lines, '\n');
  for (std::size_t i = 0; i < rows.size(); ++i) {
    std::string line = rows[i][0] + "  " + std::string(i < right.size() ? right[i] : "");
    line.erase(line.find_last_not_of(' ') + 1);
    out += (i == 0 ? "" : "\n") + line;
  }
  return out;
}

}  // namespace

Result<std::vector<TreeNode>> read_tree(kube::Client& client, const sync::Application& application) {
  std::vector<TreeNode> roots;
  std::set<std::string> places;
  for (const auto& row : rows_of(application.status(), {"resources"})) {
    roots.push_back({.group = std::string(row.text({"group"})),
                     .version = std::string(row.text({"version"})),
                     .kind = std::string(row.text({"kind"})),
                     .namespace_ = std::string(row.text({"namespace"})),
                     .name = std::string(row.text({"name"})),
                     .status = std::string(row.text({"status"})),
                     .health = std::string(row.text({"health", "status"})),
                     .message = printable(row.text({"health", "message"})),
                     .created = "",
                     .outcome = "",
                     .children = {}});
    if (!roots.back().namespace_.empty()) places.insert(roots.back().namespace_);
  }
  const auto children = read_children(client, listings_of(client, application, places));
  for (auto& root : roots) add_children(children, root, 0);
  return roots;
}

std::string format_tree(const std::vector<TreeNode>& roots) {
  std::vector<Cells> rows{{"KIND/NAME", "STATUS", "HEALTH", "MESSAGE"}};
  const auto cells = [](const TreeNode& node) { return Cells{node.status, node.health, node.message}; };
  for (const auto& root : roots) add_rows(root, "", "", cells, rows);
  return tree_table(std::move(rows));
}

std::string age_text(Duration age) {
  const auto seconds = std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::seconds>(age).count());
  const auto two = [](std::int64_t first, char one, std::int64_t rest, char other) {
    return rest == 0 ? fmt::format("{}{}", first, one) : fmt::format("{}{}{}{}", first, one, rest, other);
  };
  const auto minutes = seconds / 60, hours = minutes / 60, days = hours / 24;
  if (seconds < 120) return fmt::format("{}s", seconds);
  if (minutes < 10) return two(minutes, 'm', seconds % 60, 's');
  if (minutes < 180) return fmt::format("{}m", minutes);
  if (hours < 8) return two(hours, 'h', minutes % 60, 'm');
  if (hours < 48) return fmt::format("{}h", hours);
  if (days < 8) return two(days, 'd', hours % 24, 'h');
  if (days < 2 * 365) return fmt::format("{}d", days);
  if (days < 8 * 365) return two(days / 365, 'y', days % 365, 'd');
  return fmt::format("{}y", days / 365);
}

std::string format_detailed_tree(const std::vector<TreeNode>& roots, WallTime now) {
  std::vector<Cells> rows{{"KIND/NAME", "STATUS", "HEALTH", "AGE", "MESSAGE", "REASON"}};
  const auto cells = [&](const TreeNode& node) {
    const auto since = parse_rfc3339(node.created);
    return Cells{node.status, node.health, since ? age_text(now - *since) : "<unknown>", node.outcome, node.message};
  };
  for (const auto& root : roots) add_rows(root, "", "", cells, rows);
  return tree_table(std::move(rows));
}

Result<std::string> tree_text(kube::Client& client, const sync::Application& application, AppFormat format) {
  auto tree = TRY(read_tree(client, application));
  if (format == AppFormat::tree) return format_tree(tree);
  add_details(client, application, tree);
  return format_detailed_tree(tree, client.clock().wall());
}

}  // namespace holdfast::bootstrap
