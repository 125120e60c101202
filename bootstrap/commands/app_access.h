// SPDX-License-Identifier: Apache-2.0
// What the commands on Applications share: the connection, finding Applications, tables, and what a status
// says in words.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "commands/app.h"
#include "sync/key.h"
#include "sync/settings.h"
#include "value/value.h"

namespace holdfast::bootstrap {

// Where the engine is and Applications are, unless somebody says otherwise.
inline constexpr std::string_view engine_namespace = "argocd";

class AppAccess {
 public:
  // Says so when the cluster's pods are simulated.
  static Result<AppAccess> connect(const AppCluster& cluster, Console& console);

  // `name` may be "namespace/name". Code::object_missing names the near ones.
  Result<sync::Application> find(const std::string& name);
  Result<std::vector<sync::Application>> all(const std::string& selector);
  // The named ones, or those that the selector picks. Code::usage when neither is given.
  Result<std::vector<sync::Application>> chosen(const std::vector<std::string>& names, const std::string& selector);
  // What is to be written of an Application. Where another one wrote since it was read, it is asked again with what
  // is there then, so that both stay; ten times at most, and never with another Application of the same name.
  using Change = std::function<Result<Value>(const sync::Application&)>;
  // `patch` makes the merge patch.
  Result<sync::Application> write(const sync::Application& application, const Change& patch);
  struct Changed {
    sync::Application application;
    bool written;  // else it was as wanted
  };
  // Writes the spec, labels, annotations and finalizers of what `change` makes of the Application.
  Result<Changed> edit(const std::string& name, const Change& change);
  // Refuses with Code::application_spec what the engine would not look at: no source or destination, or what the
  // project does not permit (which is not asked where the caller may not read it).
  Result<> admit(const Value& application, Console& console);
  // The Application's project with what global projects add to it.
  Result<sync::Project> project_of(const sync::Application& application);
  // read_settings() with the clusters; where the caller may not read their Secrets the engine is left to judge.
  [[nodiscard]] sync::Settings settings_at(const std::string& place);
  Result<> remove(const sync::Application& application);
  // Asks for a comparison and waits until it is done (Code::timed_out after `limit`, zero: a minute).
  Result<sync::Application> refresh(const sync::Application& application, AppRefresh how, Duration limit = {});

  kube::Client& client() { return client_; }

 private:
  AppAccess(kube::Client client, std::string asked) : client_(std::move(client)), asked_(std::move(asked)) {}

  // Through conflicts, as Change says.
  Result<Changed> write_latest(sync::Application application, const std::function<Result<Changed>(const sync::Application&)>& write);
  // The other namespaces of which the engine takes Applications, as patterns; none that the caller may not know.
  [[nodiscard]] std::vector<std::string> watched_elsewhere();
  // The project with what global projects add to it.
  [[nodiscard]] sync::Project with_globals(const Value& object, const std::string& place, const sync::Settings& settings);

  kube::Client client_;
  std::string asked_;  // the namespace, empty: not said
};

// Asks five times a second until the answer is "" (nothing is waited for) or the time is over, which is
// Code::timed_out with the last answer. Zero: no limit.
Result<> ask_until_done(const Clock& clock, Duration limit, const std::function<Result<std::string>()>& question);

enum class AskProject { no, yes };
// AppAccess::edit(), after AppAccess::admit() where the project is to be asked, and told: "application shop is
// changed", or that it was so before.
Result<> edit_and_tell(AppAccess& access, const std::string& name, const AppAccess::Change& change, AskProject ask, Console& console);

// argocd-cm as it is there; the defaults where the caller may not read it.
sync::Settings read_settings(kube::Client& client, const std::string& control_namespace);

// What becomes of a question where nobody can answer.
enum class Unattended { goes_on, refuses };
struct Confirmation {
  std::string_view otherwise;  // the flag that says yes
  Unattended unattended;
};
// Refuses with Code::confirmation what is not answered with y.
Result<> confirm(Console& console, const std::string& question, const Confirmation& how);

// NAME as these commands take it: "shop", "team/shop" outside the usual namespace.
std::string argument_of(const sync::Application& application);
std::string argument_of(std::string_view namespace_, std::string_view name);

using Cells = std::vector<std::string>;
// Columns two blanks apart, no blanks at the ends of lines.
std::string table(const std::vector<Cells>& rows);

std::string sync_policy_word(const sync::Application& application);  // "Manual", "Auto-Prune"
std::string conditions_word(const Value& status);                    // "<none>", "SyncError,ComparisonError(2)"
std::string short_revision(std::string_view revision);               // 7 digits of a commit, else as it is

// The rows of status.resources with the result of the last operation beside them, as argocd's table.
std::string resource_table(const Value& status);
std::string operation_lines(const Value& status);

// A list in a status or another object; an empty one where it is not there.
const Array& rows_of(const Value& value, std::initializer_list<std::string_view> path);

// What a row of status.resources names.
sync::Key key_of_row(const Value& row);
kube::Identity identity_of_row(const Value& row);

// "Deployment shop/web"
std::string resource_name(const Value& row);
// Does "GROUP:KIND:[NAMESPACE/]NAME" ("!" in front: not) name the row? Refuses with Code::usage.
Result<bool> names_resource(std::string_view pattern, const Value& row);
// Do they together? Those with "!" take away from what the others name; where there are no others, from everything.
Result<bool> names_resource(const std::vector<std::string>& patterns, const Value& row);

// "apps:Deployment:shop/web", as names_resource() reads it.
std::string selector_of(const sync::Key& key);

// What managed fields say is nobody's interest where people read.
Value without_managed_fields(Value object);

// Prints a document in a structured format.
void print_document(Console& console, AppFormat format, const Value& value);

}  // namespace holdfast::bootstrap
