// SPDX-License-Identifier: Apache-2.0
// app edit: what an Application says, in a person's own editor.
// Mirrors argoproj/argo-cd 3.6 cmd/argocd/commands/app.go: NewApplicationEditCommand, and util/cli/cli.go: InteractiveEdit.
#include "commands/app_edit.h"

#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/files.h"
#include "base/text.h"
#include "commands/app_access.h"
#include "node/files.h"
#include "scratch_folder.h"
#include "yaml/yaml.h"

namespace holdfast::bootstrap {
namespace {

constexpr const char* usual_editor = "vi";

// While the editor has the terminal its signals are not ours.
class SignalsLeft {
 public:
  SignalsLeft() : interrupt_(::signal(SIGINT, SIG_IGN)), quit_(::signal(SIGQUIT, SIG_IGN)) {}
  ~SignalsLeft() {
    ::signal(SIGINT, interrupt_);
    ::signal(SIGQUIT, quit_);
  }
  SignalsLeft(const SignalsLeft&) = delete;
  SignalsLeft& operator=(const SignalsLeft&) = delete;

 private:
  sighandler_t interrupt_, quit_;
};

// "code --wait" are words, and no shell reads them.
Result<> run_editor(const std::string& path) {
  const char* said = ::getenv("EDITOR");
  std::vector<std::string> words;
  for (const auto word : split(said == nullptr ? "" : said, ' ')) {
    if (!word.empty()) words.emplace_back(word);
  }
  if (words.empty()) words.emplace_back(usual_editor);
  words.push_back(path);
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  const SignalsLeft left;
  posix_spawnattr_t attributes;
  sigset_t usual;
  ::posix_spawnattr_init(&attributes);
  ::sigemptyset(&usual);
  ::sigaddset(&usual, SIGINT);
  ::sigaddset(&usual, SIGQUIT);
  ::posix_spawnattr_setsigdefault(&attributes, &usual);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  pid_t child = 0;
  const int bad = ::posix_spawnp(&child, argv.front(), nullptr, &attributes, argv.data(), environ);
  ::posix_spawnattr_destroy(&attributes);
  if (bad != 0) {
    errno = bad;
    return failure(system_failure(Code::usage, fmt::format("the editor \"{}\" cannot be started", printable(words.front()))).fix("name another one in EDITOR"));
  }
  int state = 0;
  while (::waitpid(child, &state, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(state) && WEXITSTATUS(state) == 0) return {};
  return failure(Error(Code::usage, fmt::format("the editor \"{}\" ended without success", printable(words.front()))).fix("name another one in EDITOR"));
}

// What is in front of the text; the text itself begins where these lines end.
std::string heading(const std::string& refusal) {
  std::string lines = "# What the application says. Saved unchanged, nothing is written.\n";
  for (const auto line : split(refusal, '\n')) {
    if (!line.empty()) lines += fmt::format("# {}\n", line);
  }
  return lines;
}

std::string without_heading(std::string_view text) {
  while (text.starts_with('#')) text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
  return std::string(text);
}

}  // namespace

Result<> run_app_edit(const AppEditOptions& options, Console& console) {
  auto access = TRY(AppAccess::connect(options.cluster, console));
  const auto application = TRY(access.find(options.name));
  auto folder = TRY(ScratchFolder::make("holdfast-edit"));
  const auto draft = folder.path(application.name + ".yaml");
  std::string text = yaml::write(application.spec());
  std::optional<Error> refusal;
  while (true) {
    TRY(node::write_file(draft, heading(refusal ? refusal->message() : "") + text, 0600));
    TRY(run_editor(draft));
    const auto saved = TRY(node::read_file(draft));
    auto edited = without_heading(saved);
    if (edited.empty() || edited == text) break;
    text = std::move(edited);
    const auto change = [&](const sync::Application& now) -> Result<Value> {
      if (now.spec() != application.spec()) return failure(Code::operation, "somebody else changed what the application says meanwhile");
      auto spec = TRY(yaml::parse_one(text, "spec", yaml::Dialect::kube));
      if (!spec.is_object()) return failure(Code::application_spec, "the text holds {}, wanted: a mapping", kind_name(spec.kind()));
      Value wanted = now.object;
      wanted["spec"] = std::move(spec);
      return wanted;
    };
    auto told = edit_and_tell(access, options.name, change, AskProject::yes, console);
    if (told) return {};
    refusal = std::move(told).error();
  }
  if (!refusal) return failure(Error(Code::confirmation, "nothing was changed in the editor").at(fmt::format("application {}", argument_of(application))).fix("save a change"));
  folder.keep();
  return failure(std::move(*refusal).fix(fmt::format("what you wrote is in \"{}\"", draft)));
}

}  // namespace holdfast::bootstrap
