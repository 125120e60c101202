// SPDX-License-Identifier: Apache-2.0
#include "agent/options.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "base/flag.h"
#include "base/text.h"

namespace holdfast::agent {
namespace {

constexpr const char* help = "holdfast-agent --help";

std::unexpected<Error> not_wanted(std::string_view flag, std::string_view text, std::string_view wanted) {
  return failure(Error(Code::usage, fmt::format("--{} is \"{}\", wanted: {}", flag, printable(text), wanted)).fix(help));
}

Result<> set_workers(Options& options, std::string_view text) {
  int number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size() || number < 1 || number > 64) {
    return not_wanted("workers", text, "a number from 1 to 64");
  }
  options.workers = number;
  return {};
}

Result<> set_level(Options& options, std::string_view text) {
  const auto level = log::parse_level(text);
  if (!level) return not_wanted("log-level", text, "debug, info, warn or error");
  options.log_level = *level;
  return {};
}

Result<> set_format(Options& options, std::string_view text) {
  if (text != "text" && text != "json") {
    return not_wanted("log-format", text, "text or json");
  }
  options.log_format = text == "json" ? log::Format::json : log::Format::text;
  return {};
}

Result<> set_labels(Options& options, std::string_view text) {
  const auto labels = comma_words(text);
  options.metrics_application_labels.assign(labels.begin(), labels.end());
  return {};
}

template <std::string Options::*member>
Result<> set_text(Options& options, std::string_view text) {
  options.*member = text;
  return {};
}

struct Flag {
  std::string_view name;
  Result<> (*set)(Options&, std::string_view);
};

constexpr Flag flags[] = {{"kubeconfig", set_text<&Options::kubeconfig>},
                          {"namespace", set_text<&Options::namespace_>},
                          {"listen", set_text<&Options::listen>},
                          {"state-dir", set_text<&Options::state_dir>},
                          {"git-url", set_text<&Options::git_url>},
                          {"git-repository", set_text<&Options::git_repository>},
                          {"customizations", set_text<&Options::customizations>},
                          {"metrics-application-labels", set_labels},
                          {"log-level", set_level},
                          {"log-format", set_format},
                          {"workers", set_workers}};

std::string environment_name(std::string_view flag) {
  std::string name = "HOLDFAST_" + std::string(flag);
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return c == '-' ? '_' : std::toupper(c); });
  return name;
}

Result<> read_environment(Options& options) {
  for (const auto& flag : flags) {
    const char* text = std::getenv(environment_name(flag.name).c_str());
    if (text != nullptr) TRY(flag.set(options, text), "{}", environment_name(flag.name));
  }
  return {};
}

Result<Flag> find_flag(std::string_view word) {
  const auto* found = std::ranges::find(flags, read_flag(word).name, &Flag::name);
  if (found != std::end(flags)) return *found;
  std::vector<std::string_view> known;
  for (const auto& flag : flags) known.push_back(flag.name);
  return failure(unknown_flag(word, known, "holdfast-agent"));
}

}  // namespace

std::string_view usage_text() {
  return "holdfast-agent: keeps a cluster equal to Git\n\n"
         "  --kubeconfig FILE      how to reach the cluster; without it the pod's service account\n"
         "  --namespace NAME       where the Applications are (argocd)\n"
         "  --listen ADDR:PORT     health, metrics and the built-in Git (0.0.0.0:8080)\n"
         "  --state-dir DIR        mirrors and the built-in repository (/var/lib/holdfast-agent)\n"
         "  --git-url URL          the built-in repository's URL in Applications\n"
         "  --git-repository DIR   its bare repository (<state-dir>/git/fleet.git)\n"
         "  --customizations DIR   health scripts in the layout of argo-cd's resource_customizations\n"
         "  --metrics-application-labels A,B   labels of Applications that argocd_app_labels shows\n"
         "  --log-level LEVEL      debug, info, warn or error (info)\n"
         "  --log-format FORMAT    text or json (json)\n"
         "  --workers N            Applications worked on at once (8)\n"
         "  --version, --help\n\n"
         "Each flag is also an environment variable: HOLDFAST_STATE_DIR for --state-dir.\n";
}

Result<Parsed> parse_options(int argc, char** argv) {
  Parsed parsed;
  TRY(read_environment(parsed.options));
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--help" || argument == "-h") parsed.asked = Asked::help;
    if (argument == "--version") parsed.asked = Asked::version;
    if (parsed.asked != Asked::run) return parsed;
    if (!argument.starts_with("--")) {
      return failure(Error(Code::usage, fmt::format("\"{}\" is not a flag", printable(argument))).fix(help));
    }
    const auto flag = TRY(find_flag(argument));
    const auto value = read_flag(argument).value;
    if (!value && i + 1 == argc) {
      return failure(Error(Code::usage, fmt::format("--{} wants a value", flag.name)).fix(help));
    }
    TRY(flag.set(parsed.options, value ? *value : argv[++i]));
  }
  return parsed;
}

}  // namespace holdfast::agent
