// SPDX-License-Identifier: Apache-2.0
#include "node/supervisor.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "fakes/temporary_folder.h"
#include "node/files.h"
#include "node/system_unit.h"

namespace holdfast::node {
namespace {

class SupervisorTest : public testing::Test {
 protected:
  SupervisorTest() {
    for (const char* folder : {"/run", "/log"}) std::filesystem::create_directory(path_ + folder);
    sigset_t taken;
    ::sigemptyset(&taken);
    for (const int signal : {SIGTERM, SIGHUP, SIGCHLD}) ::sigaddset(&taken, signal);
    ::pthread_sigmask(SIG_BLOCK, &taken, nullptr);
    signals_ = FileDescriptor(::signalfd(-1, &taken, SFD_CLOEXEC));
  }

  Plan plan_of(std::vector<PlannedComponent> components) {
    Plan plan;
    plan.host = plan.inside = path_;
    plan.components = std::move(components);
    return plan;
  }

  std::string log_of(const std::string& name) {
    return read_file(path_ + "/log/" + name + ".log").value_or("");
  }

  const TemporaryFolder folder_{"node"};
  const std::string path_ = folder_.path();
  FileDescriptor signals_;
  SystemClock clock_;
};

// Waits for a text in the status file, then ends the run: SIGTERM goes to the supervisor, this process.
std::string end_when(const std::string& path, const std::string& text) {
  return "n=0; while [ $n -lt 200 ] && ! /bin/grep -q '" + text + "' " + path +
         "/run/status.json; do n=$((n+1)); /bin/sleep 0.02; done; kill -TERM $PPID";
}

TEST_F(SupervisorTest, RestartsWhatDiesAndStartsTheNextWhenTheFirstIsReady) {
  const auto plan = plan_of(
      {{"first", {"/bin/sh", "-c", "/bin/sleep 0.1; exit 3"}, {}, 0, ""},
       {"second", {"/bin/sh", "-c", end_when(path_, "\"restarts\": 2")}, {"first"}, 0, ""}});
  Supervisor supervisor(plan, Reaping::components, std::move(signals_), FileDescriptor(), clock_);
  ASSERT_TRUE(supervisor.run());
  EXPECT_TRUE(log_of("first").contains("supervisor: first ended (exit code 3), starts again in 0.5 s"));
  EXPECT_TRUE(log_of("first").contains("starts again in 1.0 s"));
}

TEST_F(SupervisorTest, NamesAProgramThatIsNotThere) {
  const auto plan = plan_of(
      {{"ghost", {path_ + "/none"}, {}, 0, ""},
       {"end", {"/bin/sh", "-c", end_when(path_, "exit code 127")}, {}, 0, ""}});
  Supervisor supervisor(plan, Reaping::components, std::move(signals_), FileDescriptor(), clock_);
  ASSERT_TRUE(supervisor.run());
  EXPECT_TRUE(log_of("ghost").contains("exit code 127"));
}

TEST_F(SupervisorTest, TakesUpWhatRunsBesideItWhenToldAndLeavesTheRestAlone) {
  const auto counting = [this](const std::string& name, const std::string& stamp) {
    return PlannedComponent{name, {"/bin/sh", "-c", "echo start >> " + path_ + "/" + name + "; exec /bin/sleep 60"}, {}, 0, "", stamp};
  };
  ASSERT_TRUE(save_beside(path_, {counting("kept", "1"), counting("changed", "2"), counting("added", "1")}));
  std::filesystem::rename(path_ + "/beside.json", path_ + "/next.json");
  ASSERT_TRUE(save_beside(path_, {counting("kept", "1"), counting("changed", "1"), counting("gone", "1")}));
  const auto until = [](const std::string& condition) {
    return "n=0; while [ $n -lt 200 ] && ! " + condition + "; do n=$((n+1)); /bin/sleep 0.02; done; ";
  };
  const std::string script = until("[ -s " + path_ + "/gone -a -s " + path_ + "/changed -a -s " + path_ + "/kept ]") +
                             "/bin/mv " + path_ + "/next.json " + path_ + "/beside.json; kill -HUP $PPID; " +
                             until("[ $(/usr/bin/wc -l < " + path_ + "/changed) = 2 -a -s " + path_ + "/added ]") + "kill -TERM $PPID";
  const auto plan = plan_of({{"end", {"/bin/sh", "-c", script}, {}, 0, ""}});
  Supervisor supervisor(plan, Reaping::components, std::move(signals_), FileDescriptor(), clock_);
  ASSERT_TRUE(supervisor.run());
  const auto status = read_file(path_ + "/run/status.json").value_or("");
  EXPECT_FALSE(status.contains("\"gone\"")) << status;
  const std::vector<std::pair<std::string, std::string>> starts{{"kept", "start\n"}, {"changed", "start\nstart\n"}, {"gone", "start\n"}};
  for (const auto& [name, text] : starts) EXPECT_EQ(read_file(path_ + "/" + name).value_or(""), text) << name;
}

TEST(Unit, HasANameOfItsOwnForEachStateFolder) {
  EXPECT_EQ(unit_name("/var/lib/holdfast"), "holdfast-node.service");
  EXPECT_EQ(unit_name("/srv/a"), "holdfast-node-b068a6ce.service");
  EXPECT_NE(unit_name("/srv/a"), unit_name("/srv/b"));
}

TEST(Unit, RestartsTheSupervisorWheneverItEndsAndHandsItACgroupOfItsOwn) {
  EXPECT_EQ(render_unit("/usr/local/bin/holdfast", "/var/lib/holdfast"), R"([Unit]
Description=Kubernetes node of Holdfast in /var/lib/holdfast
After=network-online.target
Wants=network-online.target

[Service]
Type=exec
ExecStart="/usr/local/bin/holdfast" node supervise --state-dir "/var/lib/holdfast"
Restart=always
RestartSec=2
TimeoutStopSec=30
Delegate=yes
TasksMax=infinity
LimitNOFILE=1048576
OOMScoreAdjust=-900

[Install]
WantedBy=multi-user.target
)");
}

TEST(Unit, QuotesWhatSystemdWouldRead) {
  struct Row {
    std::string program, state_dir, line;
  };
  for (const auto& row : {
           Row{"/opt/h f/holdfast", "/srv/50%", R"(ExecStart="/opt/h f/holdfast" node supervise --state-dir "/srv/50%%")"},
           Row{"/opt/a\"b", "/srv/c\\d", R"(ExecStart="/opt/a\"b" node supervise --state-dir "/srv/c\\d")"},
           Row{"/opt/$a/holdfast", "/srv/$b", R"(ExecStart="/opt/$a/holdfast" node supervise --state-dir "/srv/$$b")"},
       }) {
    EXPECT_TRUE(render_unit(row.program, row.state_dir).contains(row.line + "\n")) << row.line;
  }
}

}  // namespace
}  // namespace holdfast::node
