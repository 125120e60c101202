// SPDX-License-Identifier: Apache-2.0
#include "kind.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/text.h"
#include "value/json.h"

namespace holdfast::bootstrap {
namespace {

Value node_object(const std::string& provider_id, const std::string& ready = "True") {
  return Object{{"spec", Object{{"providerID", provider_id}}},
                {"status", Object{{"conditions", Array{Object{{"type", "Ready"},
                                                              {"status", ready},
                                                              {"reason", "KubeletNotReady"},
                                                              {"message", "no network plugin"}}}},
                                  {"nodeInfo", Object{{"architecture", "amd64"}, {"machineID", "1f"}}}}}};
}

KindCluster cluster_of(std::vector<std::string> nodes, const std::string& ready = "True") {
  std::vector<Value> objects;
  for (const auto& name : nodes) objects.push_back(node_object("kind://docker/demo/" + name, ready));
  return recognise_kind(objects);
}

// Answers in the engine's own words, and notes what was asked.
class Answers : public Runner {
 public:
  Result<Ended> run(const std::vector<std::string>& argv, const Input& input) override {
    asked.push_back(fmt::format("{}", fmt::join(argv, " ")));
    if (missing) return failure(Code::file_missing, "there is no program \"{}\"", argv[0]);
    if (asked.back().contains("machine-id")) return Ended{access_exit, machine_id};
    if (asked.back().ends_with("images list")) return Ended{0, list};
    if (input) TRY(input(STDERR_FILENO));
    return Ended{import_exit, import_words};
  }

  std::vector<std::string> asked;
  bool missing = false;
  int access_exit = 0, import_exit = 0;
  std::string machine_id = "1f\n", list = "REF TYPE DIGEST SIZE PLATFORMS LABELS\n", import_words;
};

std::vector<KindImage> two_images(const std::string& architecture = "amd64") {
  const auto nothing = [](int) -> Result<> { return {}; };
  return {{"holdfast.local/agent:1", "sha256:aa", architecture, nothing}, {"holdfast.local/hello:1", "sha256:bb", architecture, nothing}};
}

const auto silently = [](std::string_view) {};

TEST(Kind, ProgramsAreFoundInThePathAndGetTheirInput) {
  MachineRunner runner;
  const auto hello = runner.run({"cat"}, [](int fd) -> Result<> {
    return ::write(fd, "hello", 5) == 5 ? Result<>() : failure(Code::internal, "short");
  });
  ASSERT_TRUE(hello) << hello.error().message();
  EXPECT_EQ(hello->exit, 0);
  EXPECT_EQ(hello->output, "hello");
  const auto none = runner.run({"no-such-program-anywhere"}, {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), Code::file_missing);
}

TEST(Kind, IsRecognisedByTheProviderIdOfEveryNode) {
  struct Row {
    const char* name;
    std::vector<std::string> ids;
    std::size_t nodes;
  };
  for (const auto& row : {Row{"one node", {"kind://docker/demo/demo-control-plane"}, 1},
                          Row{"podman", {"kind://podman/demo/demo-control-plane", "kind://podman/demo/demo-worker"}, 2},
                          Row{"a node of somebody else", {"kind://docker/demo/demo-control-plane", ""}, 0},
                          Row{"two clusters", {"kind://docker/demo/a", "kind://docker/other/b"}, 0},
                          Row{"an engine that is not known", {"kind://nerdctl/demo/a"}, 0},
                          Row{"a cloud", {"aws:///eu-1/i-1"}, 0},
                          Row{"no node", {}, 0},
                          Row{"parts too many", {"kind://docker/demo/a/b"}, 0}}) {
    std::vector<Value> objects;
    for (const auto& id : row.ids) objects.push_back(node_object(id));
    EXPECT_EQ(recognise_kind(objects).nodes.size(), row.nodes) << row.name;
  }
}

TEST(Kind, AccessIsRefusedInWordsThatSayWhatToDo) {
  struct Row {
    const char* words;
    Code code;
    const char* fix;
  };
  for (const auto& row :
       {Row{"Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?", Code::unreachable, "systemctl start docker"},
        Row{"permission denied while trying to connect to the Docker daemon socket", Code::forbidden, "usermod -aG docker"},
        Row{"Error: No such container: demo-control-plane", Code::object_missing, "on the machine"},
        Row{"Error response from daemon: Container 1f is not running", Code::unreachable, "docker start"}}) {
    Answers answers;
    answers.access_exit = 1;
    answers.machine_id = row.words;
    const auto access = check_kind_access(answers, cluster_of({"demo-control-plane"}));
    ASSERT_FALSE(access) << row.words;
    EXPECT_EQ(access.error().code(), row.code) << row.words;
    EXPECT_TRUE(access.error().fix_line().contains(row.fix)) << access.error().fix_line();
    EXPECT_TRUE(access.error().message().contains(row.words)) << access.error().message();
  }
}

TEST(Kind, WithoutTheEnginesClientTheProgramIsNamed) {
  Answers answers;
  answers.missing = true;
  const auto access = check_kind_access(answers, cluster_of({"demo-control-plane"}));
  ASSERT_FALSE(access);
  EXPECT_EQ(access.error().code(), Code::file_missing);
}

TEST(Kind, AContainerOfTheSameNameThatIsAnotherNodeIsRefused) {
  Answers answers;
  answers.machine_id = "2e\n";
  const auto access = check_kind_access(answers, cluster_of({"demo-control-plane"}));
  ASSERT_FALSE(access);
  EXPECT_EQ(access.error().code(), Code::kubeconfig);
  EXPECT_EQ(access.error().fix_line(), "take the kubeconfig of this machine's cluster: kind export kubeconfig --name demo");
}

TEST(Kind, LoadsOnlyWhatANodeHasNotByNameAndDigest) {
  Answers answers;
  answers.list += "holdfast.local/agent:1 application/vnd.oci.image.manifest.v1+json sha256:aa 9 MiB linux/amd64 -\n"
                  "holdfast.local/hello:1 application/vnd.oci.image.manifest.v1+json sha256:00 9 MiB linux/amd64 -\n";
  const auto loaded = load_into_kind(answers, cluster_of({"a", "b"}), two_images(), silently);
  ASSERT_TRUE(loaded);
  EXPECT_EQ(loaded->loaded, 2U);
  EXPECT_EQ(loaded->present, 2U);
  const std::vector<std::string> asked = {
      "docker exec a ctr -n k8s.io images list",
      "docker exec --interactive a ctr -n k8s.io images import --label io.cri-containerd.pinned=pinned -",
      "docker exec b ctr -n k8s.io images list",
      "docker exec --interactive b ctr -n k8s.io images import --label io.cri-containerd.pinned=pinned -"};
  EXPECT_EQ(answers.asked, asked);
}

TEST(Kind, RefusesBeforeTheFirstImageWhatANodeCannotTake) {
  Answers answers;
  const auto late = load_into_kind(answers, cluster_of({"a"}, "False"), two_images(), silently);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), Code::not_healthy);
  EXPECT_TRUE(late.error().message().contains("KubeletNotReady: no network plugin")) << late.error().message();
  const auto foreign = load_into_kind(answers, cluster_of({"a"}), two_images("arm64"), silently);
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code(), Code::wrong_architecture);
  EXPECT_TRUE(answers.asked.empty());
}

TEST(Kind, AClusterThatIsNotMadeSaysWhyAndWhatToDo) {
  struct Row {
    const char* words;
    Code code;
    const char* fix;
  };
  for (const auto& row :
       {Row{"ERROR: failed to create cluster: node(s) already exist for a cluster with the name \"ci\"", Code::object_exists, "kind delete cluster --name ci"},
        Row{"Command Output: Cannot connect to the Docker daemon at unix:///var/run/docker.sock.", Code::unreachable, "systemctl start docker"},
        Row{"Command Output: permission denied while trying to connect to the Docker daemon socket", Code::forbidden, "usermod -aG docker"},
        Row{"ERROR: failed to create cluster: failed to pull image \"kindest/node:v1.37.0\"", Code::unreachable, "--kind-config"},
        Row{"write /var/lib/docker/x: no space left on device", Code::disk_full, "free space"},
        Row{"ERROR: failed to create cluster: failed to init node with kubeadm", Code::node_component, "--retain"}}) {
    Answers answers;
    answers.import_exit = 1;
    answers.import_words = row.words;
    const auto made = create_kind_cluster(answers, "ci", "", "/tmp/kubeconfig");
    ASSERT_FALSE(made) << row.words;
    EXPECT_EQ(made.error().code(), row.code) << row.words;
    EXPECT_TRUE(made.error().fix_line().contains(row.fix)) << made.error().fix_line();
    EXPECT_EQ(answers.asked.front(), "kind create cluster --name ci --kubeconfig /tmp/kubeconfig --wait 180s");
  }
}

TEST(Kind, AClusterIsKnownByItsWholeName) {
  Answers answers;
  answers.import_words = "demo\nci-2\n";
  EXPECT_TRUE(has_kind_cluster(answers, "demo").value());
  EXPECT_FALSE(has_kind_cluster(answers, "ci").value());
  EXPECT_EQ(answers.asked.front(), "kind get clusters");
}

TEST(Kind, WithoutAnEngineInThePathKindsWordsSaySo) {
  Answers answers;
  answers.import_exit = 1;
  answers.import_words = "ERROR: failed to list clusters: command \"docker ps\" failed with error: exec: \"docker\": executable file not found in $PATH";
  const auto known = has_kind_cluster(answers, "ci");
  ASSERT_FALSE(known);
  EXPECT_EQ(known.error().code(), Code::file_missing);
  EXPECT_TRUE(known.error().fix_line().contains("install docker")) << known.error().fix_line();
}

TEST(Kind, AnImportThatFailsIsToldInContainerdsWords) {
  Answers answers;
  answers.import_exit = 1;
  answers.import_words = "time=\"2026\" level=warning msg=\"deprecated\"\nctr: failed to write: write /var/lib/containerd/x: no space left on device\n";
  const auto full = load_into_kind(answers, cluster_of({"a"}), two_images(), silently);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().causes(), std::vector<std::string>{"ctr: failed to write: write /var/lib/containerd/x: no space left on device"});
  EXPECT_EQ(full.error().code(), Code::disk_full);
  answers.import_words = "ctr: unrecognized image format\n";
  const auto other = load_into_kind(answers, cluster_of({"a"}), two_images(), silently);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), Code::node_component);
  EXPECT_TRUE(other.error().message().contains("unrecognized image format")) << other.error().message();
}

}  // namespace
}  // namespace holdfast::bootstrap
