// SPDX-License-Identifier: Apache-2.0
#include "cli.h"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <span>
#include <sstream>

#include "attended.h"
#include "base/flag.h"
#include "base/text.h"
#include "cli_app.h"
#include "cli_bundle.h"
#include "cli_completion.h"
#include "cli_help.h"
#include "commands/crds.h"
#include "commands/e2e.h"
#include "commands/explain.h"
#include "commands/node.h"
#include "commands/render.h"
#include "console.h"
#include "commands/repo.h"
#include "commands/repo_lint.h"
#include "commands/repo_push.h"
#include "commands/repo_vendor.h"
#include "install.h"
#include "tree/disk_tree.h"
#include "version.h"

namespace holdfast::bootstrap {
namespace {

void add_explain(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<ExplainOptions>();
  auto* command = app.add_subcommand("explain", "Print what a code means and how to mend it");
  command->add_option("code", options->code, "HF-E-…; without it all codes are listed");
  command->callback([options, &chosen] {
    chosen.run = [options](Console& console) { return run_explain(*options, console); };
  });
}

void add_crds(CLI::App& app, Chosen& chosen) {
  auto* command = app.add_subcommand("crds", "Print the definitions of Application and AppProject");
  command->callback([&chosen] {
    chosen.run = [](Console& console) { return run_crds(CrdsOptions{}, console); };
  });
}

void add_node_up(CLI::App& node, Chosen& chosen) {
  auto options = std::make_shared<NodeUpOptions>();
  auto* command = node.add_subcommand("up", "Make this machine a single-node Kubernetes, or mend it");
  command->add_option("--state-dir", options->state_dir, "where everything of the node lies");
  command->add_option("--bundle", options->bundle, "a bundle with a node");
  command->add_option("--trust-dir", options->trust_folder, "whose signatures are accepted");
  command->add_option("--components", options->components, "a folder of the node's programs");
  command->add_option("--node-name", options->name, "of the Node object (the host name)");
  command->add_option("--node-address", options->address, "IPv4 of the node (of the default route's link)");
  command->add_option("--netns", options->network_namespace, "a network namespace under /run/netns");
  command->add_option("--dns-forward", options->dns_forward, "where cluster DNS asks for foreign names (nowhere)");
  command->add_option("--mode", options->mode, "auto, containers or simulated");
  command->add_option("--stages", options->stages, "simulated: a file of kwok's stages");
  command->add_option("--api-port", options->api_port, "of the API server");
  command->add_option("--timeout", options->timeout_seconds, "seconds until the node must be Ready");
  command->callback([options, &chosen] {
    chosen.run = [options](Console& console) { return run_node_up(*options, console); };
  });
}

void add_node(CLI::App& app, Chosen& chosen) {
  auto* node = app.add_subcommand("node", "A single-node Kubernetes on this machine");
  node->require_subcommand(1);
  if (!chosen.may_reach("node")) return;
  add_node_up(*node, chosen);

  auto down = std::make_shared<NodeDownOptions>();
  auto* down_command = node->add_subcommand("down", "Stop the node and leave no trace of it running");
  down_command->add_option("--state-dir", down->state_dir, "where the node lies");
  down_command->add_option("--data", down->data, "keep or remove the cluster's data");
  down_command->callback([down, &chosen] {
    chosen.run = [down](Console& console) { return run_node_down(*down, console); };
  });

  auto shown = std::make_shared<NodeStatusOptions>();
  auto* status_command = node->add_subcommand("status", "Show the node and its components");
  status_command->add_option("--state-dir", shown->state_dir, "where the node lies");
  status_command->callback([shown, &chosen] {
    chosen.run = [shown](Console& console) { return run_node_status(*shown, console); };
  });

  auto supervised = std::make_shared<NodeStatusOptions>();
  auto* supervise_command = node->add_subcommand("supervise", "The node's supervisor")->group("");
  supervise_command->add_option("--state-dir", supervised->state_dir, "where the node lies");
  supervise_command->callback([supervised, &chosen] {
    chosen.run = [supervised](Console& console) { return run_node_supervise(*supervised, console); };
  });
}

// `up` and `install` are one code path; `up` may make the node first.
void add_install_options(CLI::App& command, InstallOptions& options) {
  command.add_option("--bundle", options.bundle, "The signed bundle (.hfb)")->required();
  command.add_option("--trust-dir", options.trust_dir, "The trust root's folder; ~/.config/holdfast/trust by default");
  options.node.state_dir = default_state_dir();
  command.add_option("--state-dir", options.node.state_dir, "Where the node and the journal live; HOLDFAST_STATE_DIR");
  command.add_option("--cluster", options.repository.cluster.name, "The cluster's name")->required();
  command.add_option("--repo", options.repository.folder, "The cluster repository; made when it is not there")->required();
  command.add_option("--sample", options.repository.sample, "An application to look at: hello");
  command.add_option("--context", options.context, "A context of the kubeconfig");
  command.add_option("--kubeconfig", options.kubeconfig, "The cluster's kubeconfig; KUBECONFIG or ~/.kube/config by default");
  command.add_option("--git-url", options.repository.cluster.git_url, "Any Git server's URL; without it the agent serves the repository");
  command.add_option_function<int>("--timeout", [&options](int seconds) { options.timeout = std::chrono::seconds(seconds); },
                                   "Seconds without progress before a wait ends (300)");
}

// What only `up` has: the machine as a node.
void add_node_options(CLI::App& up, InstallOptions& options) {
  auto* node = up.add_flag_callback("--node", [&options] { options.where = Where::node; }, "Make this machine a single-node Kubernetes first");
  node->excludes(up.get_option("--kubeconfig"), up.get_option("--context"));
  up.add_option_function<std::string>("--mode", [&options](const std::string& word) {
      if (word == "containers") options.node.mode = node::Mode::containers;
      if (word == "simulated") options.node.mode = node::Mode::simulated;
    }, "Its pods: auto, containers or simulated (they become ready and run nothing)")
      ->needs(node)->check(CLI::IsMember({"auto", "containers", "simulated"}));
  up.add_option("--api-port", options.node.api_port, "Of the node's API server")->needs(node)->check(CLI::Range(1, 65000));
}

void add_install(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<InstallOptions>();
  const auto bind = [options, &chosen] {
    chosen.run = [options](Console& console) -> Result<> {
      InstallOptions given = *options;
      given.node.state_dir = TRY(absolute_path(given.node.state_dir));
      const TellsWhenStopped tells(console);
      return install(given, console);
    };
  };
  auto* up = app.add_subcommand("up", "Check, make a node if asked, install, publish, and wait until all is healthy");
  auto* plain = app.add_subcommand("install", "As up, on a cluster that a kubeconfig names");
  if (!chosen.may_reach("up") && !chosen.may_reach("install")) return;
  add_install_options(*up, *options);
  add_node_options(*up, *options);
  up->callback(bind);
  add_install_options(*plain, *options);
  plain->callback(bind);
}

void add_e2e(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<E2eOptions>();
  InstallOptions& install = options->install;
  auto* command = app.add_subcommand("e2e", "Try a repository on a fresh kind cluster and report as JUnit XML, for CI");
  if (!chosen.may_reach("e2e")) return;
  command->add_option("--repo", install.repository.folder, "The cluster repository, as committed")->required();
  command->add_option("--cluster", install.repository.cluster.name, "Which of its clusters; the kind cluster gets this name")->required();
  command->add_option("--bundle", install.bundle, "A signed bundle whose images the nodes get; without it they are pulled");
  command->add_option("--trust-dir", install.trust_dir, "The trust root's folder; ~/.config/holdfast/trust by default");
  command->add_option("--kind-config", options->kind_config, "kind's own file of the cluster: nodes, images, mounts");
  command->add_flag_callback("--node", [&install] { install.where = Where::node; }, "On this machine as a node in place of kind");
  command->add_option_function<int>("--timeout", [&install](int seconds) { install.timeout = std::chrono::seconds(seconds); },
                                    "Seconds without progress before a wait ends (300)");
  command->callback([options, &chosen] {
    chosen.run = [options](Console& console) { return run_e2e(*options, console); };
  });
}

void add_cluster_options(CLI::App& command, ClusterSettings& cluster) {
  command.add_option("--git-url", cluster.git_url, "Any Git server's URL; without it the agent serves the repository");
  command.add_option("--branch", cluster.branch, "The branch that the cluster follows");
  command.add_option("--namespace", cluster.engine_namespace, "The engine's namespace");
}

void add_repo_init(CLI::App& repo, Chosen& chosen) {
  auto options = std::make_shared<RepoInitOptions>();
  auto* command = repo.add_subcommand("init", "Write a cluster repository and commit it");
  command->add_option("folder", options->folder, "A folder that does not exist yet")->required();
  command->add_option("--cluster", options->cluster.name, "The first cluster's name")->required();
  command->add_option("--sample", options->sample, "An application to look at: hello");
  add_cluster_options(*command, options->cluster);
  command->callback([options, &chosen] {
    chosen.run = [options](Console& console) { return run_repo_init(*options, console); };
  });
}

void add_repo_add_cluster(CLI::App& repo, Chosen& chosen) {
  auto options = std::make_shared<RepoAddClusterOptions>();
  auto* command = repo.add_subcommand("add-cluster", "Add a cluster to the repository");
  command->add_option("name", options->cluster.name, "The cluster's name")->required();
  command->add_option("--repo", options->folder, "The repository");
  add_cluster_options(*command, options->cluster);
  command->callback([options, &chosen] {
    chosen.run = [options](Console& console) { return run_repo_add_cluster(*options, console); };
  });
}

void add_repo_add_app(CLI::App& repo, Chosen& chosen) {
  auto options = std::make_shared<RepoAddAppOptions>();
  auto* command = repo.add_subcommand("add-app", "Add an application to a cluster");
  command->add_option("name", options->name, "The application's name")->required();
  command->add_option("--repo", options->folder, "The repository");
  command->add_option("--cluster", options->cluster, "The cluster, where there are several");
  command->add_option("--chart", options->chart, "A Helm chart's folder in the repository");
  command->add_option("--kustomize", options->kustomize, "A kustomization's folder in the repository");
  command->add_option("--directory", options->directory, "A folder of plain manifests in the repository");
  command->add_option("--into", options->target_namespace, "The namespace it goes into; its name by default");
  command->callback([options, &chosen] {
    chosen.run = [options](Console& console) { return run_repo_add_app(*options, console); };
  });
}

void add_repo_vendor(CLI::App& repo, Chosen& chosen) {
  auto options = std::make_shared<RepoVendorOptions>();
  auto* command = repo.add_subcommand("vendor", "Bring a chart into external/ with its origin and digest");
  command->add_option("chart", options->chart, "A name in --source or --bundle, oci://host/path/name, or a .tgz")->required();
  command->add_option("--source", options->source, "The chart's repository, as Applications name it");
  command->add_option("--version", options->version, "A version or a range; the highest by default");
  command->add_option("--digest", options->digest, "sha256:…, what the package must be");
  command->add_option("--name", options->name, "The folder below external/; the chart's name by default");
  command->add_option("--repo", options->folder, "The repository");
  command->add_option("--bundle", options->bundle, "Take it from this bundle, after verification");
  command->add_option("--trust-dir", options->trust_folder, "folder of the trust root; default ~/.config/holdfast/trust");
  command->add_option("--username", options->username, "The repository's user");
  command->add_option("--password-file", options->password_file, "Holds the user's password or token");
  command->add_option("--ca-file", options->ca_file, "Trusted in place of the machine's authorities (PEM)");
  command->add_flag("--plain-http", options->plain_http, "The registry speaks no TLS");
  command->callback([options, &chosen] {
    chosen.run = [options](Console& console) { return run_repo_vendor(*options, console); };
  });
}

void add_repo_lint(CLI::App& repo, Chosen& chosen) {
  auto options = std::make_shared<RepoLintOptions>();
  auto* command = repo.add_subcommand("lint", "Check the repository as the engine would read it");
  command->add_option("folder,--repo", options->folder, "The repository");
  command->callback([options, &chosen] {
    chosen.run = [options](Console& console) { return run_repo_lint(*options, console); };
  });
}

void add_repo_render(CLI::App& repo, Chosen& chosen) {
  auto options = std::make_shared<RepoRenderOptions>();
  auto* command = repo.add_subcommand("render", "Print the manifests of an application, or of all");
  command->add_option("application", options->application, "Without it, all of the cluster");
  command->add_option("--repo", options->folder, "The repository");
  command->add_option("--cluster", options->cluster, "The cluster, where there are several");
  command->callback([options, &chosen] {
    chosen.run = [options](Console& console) { return run_repo_render(*options, console); };
  });
}

void add_repo_push(CLI::App& repo, Chosen& chosen) {
  auto options = std::make_shared<RepoPushOptions>();
  options->push.folder = ".";
  auto* command = repo.add_subcommand("push", "Publish the repository to the cluster's built-in Git, fast-forward only");
  auto cluster = std::make_shared<std::string>();
  command->add_option("--repo", options->push.folder, "The repository");
  command->add_option("--cluster", *cluster, "The cluster, where there are several");
  command->add_option("--endpoint", options->push.endpoint, "The agent's own URL, in place of the API server's proxy");
  command->add_option("--kubeconfig", options->kubeconfig, "The cluster's kubeconfig");
  command->add_option("--context", options->context, "A context of the kubeconfig");
  command->callback([options, cluster, &chosen] {
    chosen.run = [options, cluster](Console& console) -> Result<> {
      const auto tree = TRY(tree::DiskTree::open(options->push.folder));
      RepoPushOptions push = *options;
      push.push.cluster = TRY(read_cluster(tree, *cluster));
      return run_repo_push(push, console);
    };
  });
}

void add_repo(CLI::App& app, Chosen& chosen) {
  auto* repo = app.add_subcommand("repo", "Write and check the cluster repository");
  repo->require_subcommand(1);
  if (!chosen.may_reach("repo")) return;
  add_repo_init(*repo, chosen);
  add_repo_add_cluster(*repo, chosen);
  add_repo_add_app(*repo, chosen);
  add_repo_lint(*repo, chosen);
  add_repo_vendor(*repo, chosen);
  add_repo_push(*repo, chosen);
  add_repo_render(*repo, chosen);
}

void add_version(CLI::App& app, Chosen& chosen) {
  auto* command = app.add_subcommand("version", "Print the version");
  command->callback([&chosen] {
    chosen.run = [](Console& console) -> Result<> {
      console.line(fmt::format("holdfast {}", version));
      console.data(Object{{"version", version}});
      return {};
    };
  });
}

void add_render_kustomize(CLI::App& render, Chosen& chosen) {
  auto options = std::make_shared<RenderKustomizeOptions>();
  auto* command = add_command(
      *render.add_subcommand("kustomize", "Print what a kustomization builds"), chosen, options,
      &run_render_kustomize);
  command->add_option("directory", options->directory, "the folder that holds the kustomization file");
}

void add_render_helm(CLI::App& render, Chosen& chosen) {
  auto options = std::make_shared<RenderHelmOptions>();
  auto* command = add_command(
      *render.add_subcommand("helm", "Print what a chart renders, as `helm template` does"), chosen,
      options, &run_render_helm);
  if (!chosen.may_reach("helm")) return;
  const auto list = [&](const char* flag, std::vector<std::string>& values, const char* text) {
    command->add_option(flag, values, text)->allow_extra_args(false);
  };
  command->add_option("chart", options->chart, "a chart's folder or .tgz")->required();
  command->add_option("--name-template,--name", options->name, "the release's name");
  command->add_option("-n,--namespace", options->namespace_, "the release's namespace");
  command->add_option("--kube-version", options->kube_version, "the version that Capabilities show");
  list("-f,--values", options->values, "a values file, - for the standard input; later ones win");
  list("--set", options->set, "key=value,…");
  list("--set-string", options->set_string, "key=value,…, all values text");
  list("--set-json", options->set_json, "key=JSON,…");
  list("--set-literal", options->set_literal, "key=value, the value as it is");
  list("--set-file", options->set_file, "key=path: the file's content");
  list("-a,--api-versions", options->api_versions, "further API versions that Capabilities show");
  command->add_flag("--include-crds", options->include_crds, "with the chart's CRDs");
  command->add_flag("--skip-tests", options->skip_tests, "without tests");
  command->add_flag("--no-hooks", options->no_hooks, "without hooks");
  command->add_flag("--is-upgrade", options->is_upgrade, "Release.IsUpgrade in place of IsInstall");
  command->add_flag("--skip-schema-validation", options->skip_schema_validation,
                    "without asking values.schema.json");
  command->add_option("--helm", options->helm, "4 or 3: whose result where the two differ")
      ->check(CLI::IsMember({"3", "4"}));
}

void add_render(CLI::App& app, Chosen& chosen) {
  auto* render = app.add_subcommand("render", "Print manifests as the engine would make them");
  render->require_subcommand(1);
  if (!chosen.may_reach("render")) return;
  add_render_kustomize(*render, chosen);
  add_render_helm(*render, chosen);
}

std::vector<std::string_view> commands_of(const CLI::App& command) {
  std::vector<std::string_view> names;
  for (const auto* each : command.get_subcommands([](const CLI::App* sub) { return !sub->get_group().empty(); })) {
    names.push_back(each->get_name());
  }
  return names;
}

std::vector<std::string_view> flags_of(const CLI::App& command) {
  std::vector<std::string_view> names;
  for (const CLI::App* each = &command; each != nullptr; each = each->get_parent()) {
    for (const auto* option : each->get_options()) names.insert(names.end(), option->get_lnames().begin(), option->get_lnames().end());
  }
  return names;
}

// The innermost command that the arguments reached: its words are what a typo is near to.
const CLI::App& reached(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? app : reached(*parsed.front());
}

// "holdfast bundle verify"
std::string path_of(const CLI::App& command) {
  std::string path = command.get_name();
  for (const CLI::App* each = command.get_parent(); each != nullptr; each = each->get_parent()) {
    path = fmt::format("{} {}", each->get_name(), path);
  }
  return path;
}

Error unknown_word(const CLI::App& command, std::string_view word) {
  const auto path = path_of(command);
  if (word.starts_with('-')) return unknown_flag(word, flags_of(command), path);
  const auto known = commands_of(command);
  Error error(Code::usage, known.empty() ? fmt::format("\"{}\" is one word too many for {}", printable(word), path)
                                         : fmt::format("\"{}\" is not a command of {}", printable(word), path));
  const auto close = nearest(word, known);
  return std::move(error).fix(close ? fmt::format("did you mean {} {} ?", path, *close) : fmt::format("{} --help", path));
}

Error usage_error(const CLI::App& app, const CLI::ParseError& parse_error) {
  const CLI::App& command = reached(app);
  const auto extras = app.remaining(true);
  const auto flag = std::ranges::find_if(extras, [](const std::string& word) { return word.starts_with('-'); });
  if (flag != extras.end()) return unknown_word(command, *flag);
  if (!extras.empty()) return unknown_word(command, extras.front());
  const auto path = path_of(command);
  if (!commands_of(command).empty()) return Error(Code::usage, fmt::format("{} wants a command", path)).fix(fmt::format("{} --help", path));
  return Error(Code::usage, fmt::format("the arguments of {} were not understood", path))
      .because(printable(parse_error.what(), 300))
      .fix(fmt::format("{} --help", path));
}

// Where the arguments are not understood: how the mistake in them is told.
Output output_asked_for(std::span<char* const> arguments) {
  std::string_view before;
  for (const std::string_view word : arguments) {
    const bool named = before == "-o" || before == "--output";
    if ((named && word == "json") || word == "-ojson" || word == "--output=json") return Output::json;
    before = word;
  }
  return Output::text;
}

int finish(const Result<>& result, Console& console) {
  if (!result) {
    console.error(result.error(), console.changed());
    return static_cast<int>(row_of(result.error().code()).exit);
  }
  const auto arrived = console.check_output();
  if (arrived) return static_cast<int>(console.exit());
  console.error(arrived.error(), "the command did its work, only what it says is incomplete");
  return static_cast<int>(row_of(arrived.error().code()).exit);
}

}  // namespace

int run_cli(int argc, char** argv) {
  CLI::App app("Brings a Kubernetes cluster under Git, online or behind an air gap.", "holdfast");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string(version));
  app.option_defaults()->always_capture_default();
  shape_help(app);

  std::string format = "text";
  app.add_option("-o,--output", format, "text or json")->check(CLI::IsMember({"text", "json"}));
  app.fallthrough();

  Chosen chosen;
  std::vector<char*> words(argv, argv + argc);
  std::string help = "--help";
  // "holdfast help app sync", as other programs take it
  if (words.size() > 1 && std::string_view(words[1]) == "help") {
    words.erase(words.begin() + 1);
    words.push_back(help.data());
  }
  chosen.words.assign(words.begin(), words.end());
  add_install(app, chosen);
  add_e2e(app, chosen);
  add_app(app, chosen);
  add_repo(app, chosen);
  add_explain(app, chosen);
  add_crds(app, chosen);
  add_node(app, chosen);
  add_render(app, chosen);
  add_completion(app, chosen);
  add_version(app, chosen);
  add_bundle(app, chosen);
  add_trust(app, chosen);

  const SystemClock clock;
  try {
    app.parse(static_cast<int>(words.size()), words.data());
  } catch (const CLI::Success& asked) {  // --help, --version
    std::ostringstream text;
    app.exit(asked, text, text);
    Console console(STDOUT_FILENO, STDERR_FILENO, Output::text, clock);
    console.text(text.str());
    return finish({}, console);
  } catch (const CLI::ParseError& parse_error) {
    const auto output = output_asked_for(words);
    Console console(STDOUT_FILENO, STDERR_FILENO, output, clock);
    return finish(failure(usage_error(app, parse_error)), console);
  }
  Console console(STDOUT_FILENO, STDERR_FILENO, format == "json" ? Output::json : Output::text, clock);
  return finish(chosen.run(console), console);
}

}  // namespace holdfast::bootstrap
