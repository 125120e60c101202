// SPDX-License-Identifier: Apache-2.0
// Every command that --help names: its help, its refusal of an unknown flag, and what bash completes.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "base/codes.h"
#include "base/text.h"
#include "world.h"

namespace holdfast::e2e {
namespace {

// The names under "Subcommands:" of a help text.
std::vector<std::string> commands_in(std::string_view help) {
  std::vector<std::string> names;
  bool inside = false;
  for (const auto line : split(help, '\n')) {
    if (!line.starts_with("  ")) inside = line == "Subcommands:";
    if (inside && line.starts_with("  ") && !line.starts_with("   ")) names.push_back(words(line).front());
  }
  return names;
}

void collect(const World& world, const std::string& command, std::vector<std::string>& all) {
  all.push_back(command);
  for (const auto& name : commands_in(world.run(command + " --help").out)) collect(world, fmt::format("{} {}", command, name), all);
}

std::vector<std::string> all_commands(const World& world) {
  std::vector<std::string> all;
  collect(world, "holdfast", all);
  return all;
}

TEST(CommandLine, EveryCommandHasAHelpText) {
  const World world;
  const auto all = all_commands(world);
  EXPECT_GE(all.size(), 28U) << fmt::format("{}", fmt::join(all, "\n"));
  for (const auto& command : all) {
    SCOPED_TRACE(command);
    const auto help = world.run(command + " --help");
    EXPECT_EQ(help.exit, 0);
    EXPECT_TRUE(help.err.empty()) << help.err;
    const auto lines = split(help.out, '\n');
    EXPECT_FALSE(lines.front().empty()) << "the first line says what it does";
    // A flag or word without a text: nothing stands behind its name and type.
    bool inside = false;
    for (const auto line : lines) {
      if (!line.starts_with("  ")) inside = line == "Options:" || line == "Positionals:" || line == "Subcommands:";
      if (!inside || !line.starts_with("  ") || line.starts_with("   ")) continue;
      EXPECT_TRUE(trim(line).contains("  ") || trim(line).size() > 26) << "without a text: " << line;
    }
  }
}

// "-p,--path" of each flag that a command does not go without.
std::vector<std::string> required_flags(std::string_view help) {
  std::vector<std::string> flags;
  for (const auto line : split(help, '\n')) {
    const auto shown = words(line);
    if (shown.size() > 1 && shown[0].starts_with("-") && line.contains(" REQUIRED")) flags.push_back(shown[0]);
  }
  return flags;
}

TEST(CommandLine, EveryExampleOfAHelpTextHasFlagsAndWordsOfItsCommand) {
  const World world;
  std::size_t seen = 0;
  for (const auto& command : all_commands(world)) {
    SCOPED_TRACE(command);
    const auto help = world.run(command + " --help").out;
    constexpr std::string_view start = "\nExample: ";
    const auto at = help.find(start);
    if (at == std::string::npos) continue;
    ++seen;
    const std::string example(trim(std::string_view(help).substr(at + start.size())));
    const auto flags = help.substr(0, at);
    EXPECT_TRUE(example.starts_with(command + " ")) << example;
    for (const auto& word : words(example)) EXPECT_TRUE(!word.starts_with("--") || flags.contains(word)) << word;
    for (const auto& flag : required_flags(help)) EXPECT_TRUE(example.contains(flag.substr(0, flag.find(',')) + " ")) << flag;
  }
  EXPECT_GE(seen, 28U);
}

TEST(CommandLine, HelpIsACommandToo) {
  const World world;
  EXPECT_EQ(world.must("holdfast help"), world.must("holdfast --help"));
  EXPECT_EQ(world.must("holdfast help bundle verify"), world.must("holdfast bundle verify --help"));
}

TEST(CommandLine, TheStateFolderCanBeNamedOnceForAllCommands) {
  const World world;
  for (const auto* command : {"holdfast up", "holdfast install", "holdfast node up", "holdfast node down", "holdfast node status"}) {
    EXPECT_TRUE(world.run(fmt::format("{} --help", command), {"HOLDFAST_STATE_DIR=/srv/state"}).out.contains("--state-dir TEXT=/srv/state ")) << command;
  }
}

TEST(CommandLine, ACommitToTheRepositorySaysWhatPublishesIt) {
  const World world;
  const struct {
    const char* command;
    const char* publish;
  } cases[] = {
      {"holdfast repo add-app web --repo fleet --chart internal/hello", "holdfast repo push --repo fleet"},
      {"holdfast repo add-cluster prod --repo fleet", "holdfast repo push --repo fleet --cluster prod"},
      {"holdfast repo add-cluster prod --repo external --git-url https://git.example/fleet.git", "git -C external push https://git.example/fleet.git main"},
  };
  for (const auto& each : cases) {
    EXPECT_TRUE(world.must(each.command).ends_with(fmt::format(". Publish it with: {}\n", each.publish))) << each.command;
  }
}

TEST(CommandLine, EveryCommandRefusesAFlagThatItDoesNotKnow) {
  const World world;
  const auto before = world.look();
  for (const auto& command : all_commands(world)) {
    SCOPED_TRACE(command);
    const auto ran = world.run(command + " --frobnicate");
    EXPECT_EQ(ran.exit, 2);
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(ran.err, fmt::format("error HF-E-1001: \"--frobnicate\" is not a flag of {0}\n"
                                   "  nothing was changed\n"
                                   "  fix:     {0} --help\n"
                                   "  more:    holdfast explain HF-E-1001\n",
                                   command));
  }
  EXPECT_EQ(world.look(), before);
}

// Its commands with what they cannot do without; where one is new, the first expectation says so.
std::vector<std::string> commands_on_applications(const World& world) {
  std::vector<std::string> lines;
  std::vector<std::string> all;
  collect(world, "holdfast app", all);
  for (const auto& command : all) {
    const auto help = world.run(command + " --help").out;
    if (!commands_in(help).empty()) continue;
    std::string line = command;
    for (const auto* positional : {"  name ", "  names ", "  app ", "  action "}) {
      if (help.contains(std::string("\n") + positional)) line += " hello";
    }
    for (const auto& flag : required_flags(help)) line += fmt::format(" {} {{}}", flag);
    lines.push_back(std::move(line));
  }
  return lines;
}

TEST(CommandLine, EveryCommandOnApplicationsSaysWhyItReachesNoCluster) {
  const World world;
  const struct {
    const char* flags;
    const char* first_line;
    int exit;
  } cases[] = {
      {"", "error HF-E-1002: no kubeconfig was found", 2},
      {" --kubeconfig nowhere.conf", "error HF-E-1006: there is no kubeconfig 'nowhere.conf'", 2},
      {" --kubeconfig things", "error HF-E-1003: 'things' cannot be read", 2},
      {" --kubeconfig closed.conf --context heer", "error HF-E-1003: no context 'heer' in the kubeconfig", 2},
      {" --kubeconfig closed.conf", "error HF-E-1004: the cluster does not answer", 4},
  };
  const auto lines = commands_on_applications(world);
  EXPECT_GE(lines.size(), 11U);
  const auto before = world.look();
  for (const auto& line : lines) {
    for (const auto& each : cases) {
      SCOPED_TRACE(line + each.flags);
      const auto ran = world.run(line + each.flags);
      EXPECT_EQ(ran.exit, each.exit);
      EXPECT_EQ(ran.out, "");
      EXPECT_EQ(split(ran.err, '\n').front(), each.first_line);
      EXPECT_TRUE(ran.err.contains("\n  nothing was changed\n  fix:     ")) << ran.err;
    }
  }
  EXPECT_EQ(world.look(), before);
}

TEST(CommandLine, ExplainPrintsTheSectionOfEveryCode) {
  const World world;
  const auto list = world.must("holdfast explain");
  for (const auto& row : all_codes()) {
    const auto text = world.must(fmt::format("holdfast explain {}", row.name));
    EXPECT_TRUE(text.starts_with(fmt::format("## {}\n\n**", row.name))) << text;
    EXPECT_TRUE(text.contains(fmt::format("\n- exit: {}\n", static_cast<int>(row.exit)))) << text;
    EXPECT_EQ(text.find("\n## "), std::string::npos) << "only its own section";
    const auto title = text.find("**") + 2;
    EXPECT_TRUE(list.contains(fmt::format("{}  {}\n", row.name, text.substr(title, text.find(".**") - title)))) << list;
  }
  EXPECT_EQ(world.must("holdfast explain 1009"), world.must("holdfast explain hf-e-1009"));
}

// A full disk behind ">": half an output must not look like a whole one.
TEST(CommandLine, AnOutputThatDoesNotArriveIsNoSuccess) {
  if (!std::filesystem::exists("/dev/full")) GTEST_SKIP() << "this machine has no /dev/full";
  const World world;
  for (const auto* command : {"holdfast crds", "holdfast repo render --repo fleet", "holdfast repo lint fleet", "holdfast version",
                              "holdfast version -o json", "holdfast --help", "holdfast completion bash", "holdfast explain"}) {
    SCOPED_TRACE(command);
    world.write("run.sh", fmt::format("exec {} > /dev/full\n", fmt::join(words(command), " ")));
    const auto ran = world.run("bash run.sh");
    EXPECT_EQ(ran.exit, 4);
    EXPECT_TRUE(ran.err.contains("HF-E-1009") && ran.err.contains("No space left on device")) << ran.err;
  }
}

TEST(CommandLine, AReaderThatHasSeenEnoughIsNoFailure) {
  const World world;
  world.write("run.sh", fmt::format("{} crds | head -n 1\n", program("holdfast")));
  const auto ran = world.run("bash run.sh");
  EXPECT_EQ(ran.exit, 0);
  EXPECT_EQ(ran.err, "");
}

// What the shells themselves offer after the printed script was loaded, as the tab key would.
struct Completed {
  const char* name;
  const char* typed;  // the last word is completed
  const char* want;   // each of them is offered; none: nothing is
};

constexpr Completed completions[] = {
    {"a command", "holdfast bun", "bundle"},
    {"commands that begin alike", "holdfast re", "render repo"},
    {"all commands of a group", "holdfast bundle ", "create inspect verify"},
    {"a flag", "holdfast bundle verify --tr", "--trust-dir"},
    {"a flag behind a word", "holdfast bundle verify small.hfb --tr", "--trust-dir"},
    {"a flag of one of two commands of the same name", "holdfast app explain --app", "--app-namespace"},
    {"a flag that stands in a table", "holdfast app set shop --kustomize-im", "--kustomize-image"},
    {"a command behind a flag with a value", "holdfast -o json repo ad", "add-app add-cluster"},
    {"a file where no word fits", "holdfast bundle verify sma", "small.hfb small.toml"},
    {"nothing", "holdfast frob", ""},
};

void expect_offered(const Completed& test, const Ran& ran) {
  EXPECT_EQ(ran.err, "") << test.name;
  const auto got = words(replace_all(ran.out, "\n", " "));
  for (const auto& word : words(test.want)) EXPECT_NE(std::ranges::find(got, word), got.end()) << test.name << ": " << word << " in " << ran.out;
  EXPECT_TRUE(*test.want != '\0' || got.empty()) << ran.out;
}

TEST(CommandLine, BashCompletes) {
  const World world;
  ASSERT_EQ(world.run("bash --version").exit, 0) << "bash is part of every Debian";
  world.write("completion.sh", world.must("holdfast completion bash"));
  for (const auto& test : completions) {
    const std::string typed = test.typed;
    world.write("run.sh", fmt::format("source ./completion.sh\nCOMP_WORDS=({}{})\nCOMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))\n"
                                      "$(complete -p holdfast | sed -E 's/.*-F ([^ ]+).*/\\1/')\n"
                                      "printf '%s\\n' \"${{COMPREPLY[@]}}\" | sort\n",
                                      typed, typed.ends_with(' ') ? "''" : ""));
    expect_offered(test, world.run("bash run.sh"));
  }
}

TEST(CommandLine, FishCompletes) {
  const World world;
  if (!std::filesystem::exists("/usr/bin/fish")) GTEST_SKIP() << "fish is not installed";
  world.write("completion.fish", world.must("holdfast completion fish"));
  for (const auto& test : completions) {
    world.write("run.fish", fmt::format("source completion.fish\ncomplete -C '{}'\n", test.typed));
    expect_offered(test, world.run("fish --no-config run.fish"));
  }
}

// zsh completes only what is typed at a terminal: it has one here, and runs a `holdfast` that prints its words.
TEST(CommandLine, ZshCompletes) {
  const World world;
  if (!std::filesystem::exists("/usr/bin/zsh")) GTEST_SKIP() << "zsh is not installed";
  world.write("completion.zsh", world.must("holdfast completion zsh"));
  world.write("load.zsh", "PS1=\nautoload -U compinit\ncompinit -u -D\nsource ./completion.zsh\nholdfast() { print -r -- \"<$*>\" }\nprint LOADED\n");
  for (const auto& test : completions) {
    const auto wanted = words(test.want);
    if (wanted.size() != 1) continue;  // the tab key types what is the only one
    const std::string typed = test.typed;
    constexpr std::size_t behind_name = sizeof "holdfast";
    const auto completed = fmt::format("<{}{}>", typed.substr(behind_name, typed.rfind(' ') + 1 - behind_name), wanted.front());
    world.write("run.zsh", fmt::format("zmodload zsh/zpty\nzpty shell zsh -f -i\nzpty -w shell 'source ./load.zsh'\n"
                                       "until [[ $line == *LOADED* ]]; do zpty -r shell line || exit 1; done\n"
                                       "zpty -w -n shell $'{}\\t\\n'\n"
                                       "until [[ $line == *\\<*\\>* ]]; do zpty -r shell line || exit 1; done\nprint -r -- $line\nzpty -d shell\n",
                                       typed));
    const auto ran = world.run("timeout 60 zsh -f run.zsh");
    EXPECT_TRUE(ran.out.contains(completed)) << test.name << ": " << completed << " in " << ran.out << ran.err;
  }
}

}  // namespace
}  // namespace holdfast::e2e
