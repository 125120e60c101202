// SPDX-License-Identifier: Apache-2.0
#include "commands/app_resource.h"

#include "base/text.h"
#include "commands/app_access.h"
#include "commands/app_render.h"
#include "commands/app_tree.h"
#include "value/json.h"

namespace holdfast::bootstrap {
namespace {

bool is_meant(const ResourceChoice& choice, const kube::Identity& identity) {
  const auto fits = [](const std::string& wanted, const std::string& word) { return wanted.empty() || wanted == word; };
  return choice.kind == identity.kind && (!choice.group || *choice.group == identity.group) &&
         fits(choice.namespace_, identity.namespace_) && fits(choice.name, identity.name);
}

std::string shown(const kube::Identity& identity) {
  const auto kind = identity.group.empty() ? identity.kind : fmt::format("{}/{}", identity.group, identity.kind);
  return identity.namespace_.empty() ? fmt::format("{} {}", kind, identity.name) : fmt::format("{} {}/{}", kind, identity.namespace_, identity.name);
}

Error nothing_fits(const sync::Application& application) {
  return Error(Code::object_missing, "no matching resource found").at(fmt::format("application {}", argument_of(application)))
      .fix(fmt::format("see what there is: holdfast app resources {}", argument_of(application)));
}

struct LiveObject {
  kube::Identity identity;
  Value object;
};

Result<std::vector<LiveObject>> read_live(kube::Client& client, const std::vector<kube::Identity>& identities) {
  std::vector<LiveObject> live;
  for (const auto& each : identities) {
    auto object = client.get(each);
    const bool gone = !object && (object.error().code() == Code::object_missing || object.error().code() == Code::kind_unknown);
    if (gone) continue;
    auto held = TRY(std::move(object));
    live.push_back({each, std::move(held)});
  }
  return live;
}

void collect(const std::vector<TreeNode>& nodes, const ResourceChoice& choice, std::vector<kube::Identity>& out) {
  for (const auto& node : nodes) {
    kube::Identity identity{node.group, node.version, node.kind, node.namespace_, node.name};
    if (is_meant(choice, identity)) out.push_back(std::move(identity));
    collect(node.children, choice, out);
  }
}

// What the Application manages itself; of several only where all are meant.
Result<std::vector<LiveObject>> managed(AppAccess& access, const sync::Application& application, const ResourceChoice& choice, bool all) {
  std::vector<kube::Identity> identities;
  for (const auto& row : rows_of(application.status(), {"resources"})) {
    auto identity = identity_of_row(row);
    if (is_meant(choice, identity)) identities.push_back(std::move(identity));
  }
  auto live = TRY(read_live(access.client(), identities));
  if (live.empty()) return failure(nothing_fits(application));
  if (live.size() > 1 && !all) {
    std::string names;
    for (const auto& each : live) names += (names.empty() ? "" : ", ") + shown(each.identity);
    return failure(Error(Code::usage, fmt::format("{} resources match", live.size())).because(printable(names, 2000))
                       .fix("name one with --resource-name and --namespace, or say --all"));
  }
  return live;
}

Value pick(const Value& value, std::span<const std::string_view> path) {
  if (path.empty()) return value;
  if (const Array* list = value.as_array()) {
    Array picked;
    for (const auto& each : *list) {
      auto inner = pick(each, path);
      if (!inner.is_null()) picked.push_back(std::move(inner));
    }
    return picked.empty() ? Value() : Value(std::move(picked));
  }
  const Value* member = value.find(path.front());
  if (member == nullptr) return {};
  auto inner = pick(*member, path.subspan(1));
  if (inner.is_null() && !(path.size() == 1 && member->is_null())) return {};
  return Object{{std::string(path.front()), std::move(inner)}};
}

// What two fields of one object have in common becomes one.
void merge_into(Value& into, const Value& more) {
  if (into.is_object() && more.is_object()) {
    for (const auto& [name, value] : *more.as_object()) {
      Value* own = into.find(name);
      if (own == nullptr) {
        into[name] = value;
      } else {
        merge_into(*own, value);
      }
    }
  } else if (into.is_array() && more.is_array() && into.as_array()->size() == more.as_array()->size()) {
    for (std::size_t i = 0; i < into.as_array()->size(); ++i) merge_into((*into.as_array())[i], (*more.as_array())[i]);
  } else {
    into = more;
  }
}

void add_rows(const Value& value, const std::string& field, const std::string& name, NameColumn column, std::vector<Cells>& rows) {
  if (const Object* object = value.as_object()) {
    for (const auto& [member, inner] : *object) add_rows(inner, field.empty() ? std::string(member) : fmt::format("{}.{}", field, member), name, column, rows);
    return;
  }
  if (const Array* list = value.as_array()) {
    for (std::size_t i = 0; i < list->size(); ++i) add_rows((*list)[i], fmt::format("{}[{}]", field, i), name, column, rows);
    return;
  }
  const std::string text = value.as_string() != nullptr ? printable(*value.as_string(), 2000) : value.is_null() ? "<nil>" : json::write(value);
  rows.push_back(column == NameColumn::yes ? Cells{field, name, text} : Cells{field, text});
}

Value for_people(Value object, const AppGetResourceOptions& options) {
  if (!options.managed_fields) object = without_managed_fields(std::move(object));
  Value nothing;
  mask_secrets(object, nothing);
  return options.fields.empty() ? object : picked_fields(object, options.fields);
}

}  // namespace

Value picked_fields(const Value& object, const std::vector<std::string>& fields) {
  Value picked = Object{};
  for (const auto& field : fields) {
    const auto path = split(field, '.');
    merge_into(picked, pick(object, path));
    if (!picked.is_object()) picked = Object{};
  }
  picked["metadata"]["name"] = object.text({"metadata", "name"});
  return picked;
}

std::string field_table(const std::vector<Value>& objects, NameColumn column) {
  std::vector<Cells> rows{column == NameColumn::yes ? Cells{"FIELD", "RESOURCE NAME", "VALUE"} : Cells{"FIELD", "VALUE"}};
  for (const auto& each : objects) add_rows(each, "", std::string(each.text({"metadata", "name"})), column, rows);
  return table(rows);
}

Result<> run_app_get_resource(const AppGetResourceOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  const auto application = TRY(access.find(options.application));
  const auto tree = TRY(read_tree(access.client(), application));
  std::vector<kube::Identity> identities;
  collect(tree, options.choice, identities);
  auto live = TRY(read_live(access.client(), identities));
  if (live.empty()) return failure(nothing_fits(application));
  std::vector<Value> objects;
  for (auto& each : live) objects.push_back(for_people(std::move(each.object), options));
  if (console.is_json()) {
    console.data(Array(objects.begin(), objects.end()));
  } else if (options.format == AppFormat::wide) {
    console.line(field_table(objects, options.choice.name.empty() ? NameColumn::yes : NameColumn::no));
  } else {
    for (std::size_t i = 0; i < objects.size(); ++i) {
      if (i > 0) console.line("---");
      print_document(console, options.format, objects[i]);
    }
  }
  return {};
}

Result<> run_app_patch_resource(const AppPatchResourceOptions& options, Console& console) {
  const auto patch = TRY(json::parse(options.patch, "--patch"));
  auto access = TRY(AppAccess::connect(options.cluster, console));
  const auto application = TRY(access.find(options.application));
  const auto objects = TRY(managed(access, application, options.choice, options.all));
  for (const auto& each : objects) {
    TRY(access.client().patch(each.identity, options.type, patch, {.field_manager = "holdfast"}));
    console.begin_changes("what was patched stays so");
    console.line(fmt::format("{} patched", shown(each.identity)));
  }
  return {};
}

Result<> run_app_delete_resource(const AppDeleteResourceOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  const auto application = TRY(access.find(options.application));
  const auto objects = TRY(managed(access, application, options.choice, options.all));
  kube::DeleteOptions how{.propagation = kube::Propagation::foreground, .uid = {}, .resource_version = {}};
  if (options.orphan) {
    how.propagation = kube::Propagation::orphan;
  } else if (options.force) {
    how.propagation = kube::Propagation::background;
    how.grace_seconds = 0;
  }
  for (const auto& each : objects) {
    const Confirmation asked{.otherwise = "--yes", .unattended = Unattended::goes_on};
    if (!options.yes) TRY(confirm(console, fmt::format("Delete {}?", shown(each.identity)), asked));
    how.uid = each.object.text({"metadata", "uid"});
    TRY(access.client().remove(each.identity, how));
    console.begin_changes("what was deleted is gone");
    console.line(fmt::format("{} deleted", shown(each.identity)));
  }
  return {};
}

}  // namespace holdfast::bootstrap
