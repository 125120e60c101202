// SPDX-License-Identifier: Apache-2.0
#include "commands/app_tree.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "base/text.h"
#include "commands/app_access.h"
#include "health/health.h"
#include "sync/key.h"

namespace holdfast::bootstrap {
namespace {

// What controllers make of what is applied.
struct ChildKind {
  std::string_view api_version, kind;
};
constexpr ChildKind child_kinds[] = {{"apps/v1", "ReplicaSet"}, {"batch/v1", "Job"}, {"v1", "Pod"}};

// "kind/name" in a namespace is unique enough within a group's own kinds: owners are named so.
using OwnerKey = std::tuple<std::string, std::string, std::string>;  // namespace, kind, name
using Children = std::multimap<OwnerKey, Value>;

void collect(kube::Client& client, const ChildKind& kind, const std::string& place, Children& children) {
  const auto info = client.kind_of(kind.api_version, kind.kind);
  if (!info) return;
  auto list = client.list(*info, {.namespace_ = place, .managed_fields = kube::ManagedFields::drop});
  if (!list) return;
  for (auto& item : list->items) {
    const Value* owners = item.find_path({"metadata", "ownerReferences"});
    if (owners == nullptr || owners->as_array() == nullptr) continue;
    for (const auto& owner : *owners->as_array()) {
      children.emplace(OwnerKey{place, owner.text({"kind"}), owner.text({"name"})}, item);
    }
  }
}

void add_children(const Children& children, TreeNode& node, int depth) {
  constexpr int depth_max = 8;
  if (depth == depth_max) return;
  const auto [from, to] = children.equal_range({node.namespace_, node.kind, node.name});
  for (auto at = from; at != to; ++at) {
    const Value& object = at->second;
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
    if (const auto health = health::assess_builtin(object)) {
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
  Children children;
  for (const auto& place : places) {
    for (const auto& kind : child_kinds) collect(client, kind, place, children);
  }
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
