// SPDX-License-Identifier: Apache-2.0
#include "cli.h"

#include <unistd.h>

#include <CLI/CLI.hpp>

#include "base/text.h"
#include "commands/explain.h"
#include "console.h"
#include "version.h"

namespace holdfast::bootstrap {
namespace {

// The command that the arguments chose, bound to its options; `changed` is what an error says of the
// world when it ends the command.
struct Chosen {
  std::function<Result<>(Console&)> run;
  std::string changed = "nothing was changed";
};

struct Global {
  std::string output = "text";
};

void add_explain(CLI::App& app, Chosen& chosen) {
  auto options = std::make_shared<ExplainOptions>();
  auto* command = app.add_subcommand("explain", "Print what a code means and how to mend it");
  command->add_option("code", options->code, "HF-E-…; without it all codes are listed");
  command->callback([options, &chosen] {
    chosen.run = [options](Console& console) { return run_explain(*options, console); };
  });
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

std::vector<std::string_view> words_of(const CLI::App& app) {
  std::vector<std::string_view> words;
  for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    words.push_back(command->get_name());
  }
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) words.push_back(name);
  }
  return words;
}

// The innermost command that the arguments reached: its words are what a typo is near to.
const CLI::App& reached(const CLI::App& app) {
  const auto parsed = app.get_subcommands();
  return parsed.empty() ? app : reached(*parsed.front());
}

Error usage_error(const CLI::App& app, const CLI::ParseError& parse_error) {
  const CLI::App& command = reached(app);
  std::string cause = parse_error.what();
  auto error = Error(Code::usage, "the command line was not understood").because(printable(cause, 300));
  const auto extras = command.remaining();
  const auto words = words_of(command);
  if (!extras.empty()) {
    const auto close = nearest(std::string_view(extras.front()).substr(extras.front().find_first_not_of('-') == std::string::npos ? 0 : extras.front().find_first_not_of('-')), words);
    if (close) {
      const bool flag = extras.front().starts_with('-');
      return std::move(error).fix(fmt::format("did you mean {}{} ?", flag ? "--" : "", *close));
    }
  }
  std::string path;
  for (const CLI::App* each = &command; each != nullptr; each = each->get_parent()) {
    path = each->get_name() + (path.empty() ? "" : " " + path);
  }
  return std::move(error).fix(fmt::format("{} --help", path));
}

int finish(const Result<>& result, Console& console, std::string_view changed) {
  if (result) return static_cast<int>(Exit::ok);
  console.error(result.error(), changed);
  return static_cast<int>(row_of(result.error().code()).exit);
}

}  // namespace

int run_cli(int argc, char** argv) {
  CLI::App app("Brings a Kubernetes cluster under Git, online or behind an air gap.", "holdfast");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string(version));
  app.option_defaults()->always_capture_default();

  Global global;
  app.add_option("-o,--output", global.output, "text or json")->check(CLI::IsMember({"text", "json"}));
  app.fallthrough();

  Chosen chosen;
  add_explain(app, chosen);
  add_version(app, chosen);

  const SystemClock clock;
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& asked) {
    return app.exit(asked);  // --help, --version
  } catch (const CLI::ParseError& parse_error) {
    Console console(STDOUT_FILENO, STDERR_FILENO, Output::text, clock);
    return finish(failure(usage_error(app, parse_error)), console, "nothing was changed");
  }
  Console console(STDOUT_FILENO, STDERR_FILENO, global.output == "json" ? Output::json : Output::text, clock);
  return finish(chosen.run(console), console, chosen.changed);
}

}  // namespace holdfast::bootstrap
