// SPDX-License-Identifier: Apache-2.0
#include "bundle/create.h"

#include "archive/tar_reader.h"
#include "archive/tar_writer.h"
#include "bundle/bundle.h"
#include "bundle/elf.h"
#include "bundle/profile.h"
#include "fakes/temporary_folder.h"
#include "value/json.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace holdfast::bundle {
namespace {

namespace fs = std::filesystem;

std::string slurp(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

bool is_installed(const std::string& program) {
  return fs::exists("/usr/bin/" + program) || fs::exists("/bin/" + program);
}

// Runs a stock program and returns its exit code; its output goes to `output`.
int run(std::vector<std::string> arguments, const fs::path& output) {
  std::vector<char*> raw;
  for (auto& argument : arguments)
    raw.push_back(argument.data());
  raw.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 1, output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644);
  posix_spawn_file_actions_adddup2(&actions, 1, 2);
  pid_t child = 0;
  const int started = ::posix_spawnp(&child, raw[0], &actions, nullptr, raw.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (started != 0) return -1;
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

class Creating : public testing::Test {
 protected:
  void SetUp() override {
    write("node/kube", std::string(300'000, 'k'));
    ::chmod((folder / "node/kube").c_str(), 0755);
    write("node/cni/bridge", "bridge");
    write("node/.inputs/kube", "not for the bundle");
    write("node/pause", "left out");
    write("chart/Chart.yaml", "name: web\nversion: 1.0.0\n");
    write("chart/templates/web.yaml", "kind: ConfigMap\n");
    write("zones/Europe/Berlin", "TZif2 of Berlin");
    write("zones/right/Europe/Berlin", "TZif2 with leap seconds");
    write("zones/localtime", "TZif2 of this machine");
    fs::create_directory(folder / "zones/posix");
    fs::create_directory_symlink("../Europe", folder / "zones/posix/Europe");  // as Debian has them
    write("zones/zone.tab", "no zone");
    write("definition.toml", R"(
name = "test"
version = "${version}"
platform = "linux/amd64"
security-epoch = 2
kubernetes = ">=1.31, <1.40"
include = ["node.toml"]

[variables]
version = "0.0.1"

[engine]
kind = "holdfast"
version = "${version}"

[[image]]
component = "engine"
name = "holdfast.test/true:${version}"
program = "/bin/true"
arguments = ["--version"]
zones = "zones"

[[chart]]
component = "charts"
name = "web"
version = "1.0.0"
path = "chart"

[[source]]
component = "repository"
name = "skeleton"
path = "chart"
)");
    write("node.toml", R"(
[variables]
node = "./node"

[[files]]
component = "node"
path = "${node}"
without = ["pause"]
)");
  }

  void write(const std::string& path, std::string_view content) const {
    fs::create_directories((folder / path).parent_path());
    std::ofstream(folder / path, std::ios::binary) << content;
  }

  Result<Statement> create(const std::string& output, const Variables& variables = {}) const {
    const Definition definition = TRY(load_definition(folder / "definition.toml", variables));
    return create_bundle(definition, {.keys = {key}, .output = folder / output});
  }

  Result<Bundle> open(const std::string& name) const {
    return Bundle::open(folder / name, TrustRoot::of(key.public_key()),
                        {.platform = "linux/amd64"});
  }

  std::string text_of(const Bundle& bundle, const crypto::Sha256& digest) const {
    return bundle.read(digest, 1 << 20).value();
  }

  crypto::SigningKey key = crypto::SigningKey::generate().value();
  const TemporaryFolder folder{"create"};
};

TEST_F(Creating, MakesABundleThatVerifiesAndHoldsEveryComponent) {
  const auto made = create("a.hfb", {{"version", "1.2.3"}});
  ASSERT_TRUE(made.has_value()) << made.error().message();
  const auto bundle = open("a.hfb");
  ASSERT_TRUE(bundle.has_value()) << bundle.error().message();
  EXPECT_EQ(bundle->statement(), *made);
  EXPECT_EQ(bundle->statement().version, "1.2.3");
  EXPECT_EQ(bundle->statement().security_epoch, 2U);
  EXPECT_EQ(bundle->statement().engine_version, "1.2.3");
  ASSERT_EQ(bundle->items().size(), 8U);
  EXPECT_EQ(bundle->items_of("engine", ItemKind::image).at(0)->name, "holdfast.test/true:1.2.3");
  EXPECT_EQ(bundle->items_of("charts", ItemKind::chart).at(0)->name, "web:1.0.0");
  EXPECT_EQ(bundle->items_of("repository", ItemKind::source).at(0)->name, "skeleton");

  const Part* kube = bundle->find_file("node", "kube");
  ASSERT_NE(kube, nullptr);
  EXPECT_EQ(kube->mode, 0755U);
  EXPECT_EQ(kube->expanded_size, 300'000U);
  EXPECT_EQ(kube->expanded_digest, crypto::sha256(std::string(300'000, 'k')));
  EXPECT_EQ(bundle->find_file("node", "pause"), nullptr);
  EXPECT_EQ(bundle->find_file("node", ".inputs/kube"), nullptr);
  ASSERT_TRUE(bundle->install_file(*kube, folder / "installed"));
  EXPECT_EQ(slurp(folder / "installed"), std::string(300'000, 'k'));
  EXPECT_EQ(fs::status(folder / "installed").permissions(), fs::perms(0755));

  const Item* chart = bundle->items_of("charts", ItemKind::chart).at(0);
  const auto tree = archive::read_tree(text_of(*bundle, chart->parts.back().digest)).value();
  EXPECT_EQ(tree.read("web/templates/web.yaml").value(), "kind: ConfigMap\n");
}

// https://cyclonedx.org/docs/1.5/json/: bomFormat and specVersion are required, a file has a name and hashes.
TEST_F(Creating, SaysWhatItPutIntoImagesAndComponents) {
  ASSERT_TRUE(create("a.hfb"));
  const auto bundle = open("a.hfb").value();
  const struct {
    const char* component;
    ItemKind about;
    const char* name;
    const char* file;
    crypto::Sha256 digest;
  } cases[] = {
      {"engine", ItemKind::image, "holdfast.test/true:0.0.1.sbom", "usr/bin/true", crypto::sha256(slurp("/bin/true"))},
      {"node", ItemKind::files, "node.sbom", "cni/bridge", crypto::sha256("bridge")},
  };
  for (const auto& test : cases) {
    const auto found = bundle.items_of(test.component, ItemKind::sbom);
    ASSERT_EQ(found.size(), 1U) << test.component;
    const Item& sbom = *found[0];
    EXPECT_EQ(sbom.name, test.name);
    EXPECT_EQ(sbom.subject, bundle.items_of(test.component, test.about).at(0)->manifest);
    const auto& layer = sbom.parts.back();
    EXPECT_EQ(bundle.closure().find(layer.digest)->role, Role::sbom);
    std::string text;
    ASSERT_TRUE(bundle.expand(layer.digest, archive::sink_to(text)));
    const auto document = json::parse(text, "sbom").value();
    EXPECT_EQ(document.text({"bomFormat"}), "CycloneDX");
    EXPECT_EQ(document.text({"specVersion"}), "1.5");
    EXPECT_EQ(document.text({"metadata", "component", "bom-ref"}), sbom.subject->text());
    const bool listed = std::ranges::any_of(*document.find("components")->as_array(), [&](const Value& each) {
      return each.text({"name"}) == test.file && each.find("hashes")->as_array()->front().text({"content"}) == test.digest.hex();
    });
    EXPECT_TRUE(listed) << text;
  }
}

// /bin/true is Debian's, "bridge" nobody's.
TEST_F(Creating, SaysOfWhichPackagesFilesAreMade) {
  ASSERT_TRUE(create("a.hfb"));
  const auto bundle = open("a.hfb").value();
  std::string text;
  ASSERT_TRUE(bundle.expand(bundle.items_of("engine", ItemKind::sbom).at(0)->parts.back().digest, archive::sink_to(text)));
  const auto document = json::parse(text, "sbom").value();
  const auto& libraries = *document.find("components")->as_array();
  const auto coreutils = std::ranges::find_if(libraries, [](const Value& each) { return each.text({"name"}) == "coreutils"; });
  ASSERT_NE(coreutils, libraries.end()) << text;
  EXPECT_TRUE(coreutils->text({"purl"}).starts_with("pkg:deb/debian/coreutils@")) << text;
  EXPECT_TRUE(coreutils->find("licenses")->as_array()->front().text({"license", "name"}).starts_with("GPL-3")) << text;
  const auto& dependencies = *document.find("dependencies")->as_array();
  EXPECT_TRUE(std::ranges::any_of(dependencies, [&](const Value& each) {
    return each.text({"ref"}) == "file:usr/bin/true" && *each.find("dependsOn")->as_array()->front().as_string() == coreutils->text({"purl"});
  })) << text;
}

TEST_F(Creating, SaysOfWhatItMadeThem) {
  ASSERT_TRUE(create("a.hfb"));
  const auto bundle = open("a.hfb").value();
  const auto found = bundle.items_of("engine", ItemKind::attestation);
  ASSERT_EQ(found.size(), 1U);
  const auto image = bundle.items_of("engine", ItemKind::image).at(0)->manifest;
  EXPECT_EQ(found[0]->subject, image);
  EXPECT_EQ(found[0]->name, "holdfast.test/true:0.0.1.provenance");
  EXPECT_EQ(bundle.closure().find(found[0]->parts.back().digest)->role, Role::attestation);
  std::string text;
  ASSERT_TRUE(bundle.expand(found[0]->parts.back().digest, archive::sink_to(text)));
  const auto document = json::parse(text, "provenance").value();
  EXPECT_EQ(document.text({"predicateType"}), "https://slsa.dev/provenance/v1");
  EXPECT_EQ(document.find("subject")->as_array()->front().text({"digest", "sha256"}), image.hex());
  EXPECT_NE(text.find(crypto::sha256(slurp("/bin/true")).hex()), std::string::npos);
  // The engine is named by its digest in the statement, too.
  EXPECT_EQ(bundle.statement().engine_digest, bundle.statement().engine_kind.empty() ? "" : image.text());
}

TEST_F(Creating, TakesStatementsOnVulnerabilities) {
  const auto with = [&](std::string_view subject, std::string_view text) {
    write("vex.json", text);
    const Draft empty = Draft::start(folder.path()).value();
    Draft draft = Draft::start(folder.path()).value();
    const auto stored = draft.store("{}").value();
    Value item = descriptor_of(stored, oci::manifest);
    item["annotations"][oci::ref_name] = "an image";
    draft.add_item(item);
    return add_vex(draft, {.subject = std::string(subject), .path = folder / "vex.json"});
  };
  EXPECT_TRUE(with("an image", R"({"@context": "https://openvex.dev/ns/v0.2.0", "statements": []})"));
  EXPECT_TRUE(with("an image", R"({"bomFormat": "CycloneDX", "vulnerabilities": []})"));
  for (const auto* text : {"{}", "no JSON", R"({"bomFormat": "CycloneDX"})"}) {
    EXPECT_EQ(with("an image", text).error().code(), Code::bundle_definition) << text;
  }
  EXPECT_EQ(with("another", "{}").error().code(), Code::bundle_definition);
}

TEST_F(Creating, GivesTheSameBytesForTheSameInputs) {
  ASSERT_TRUE(create("a.hfb"));
  fs::last_write_time(folder / "node/kube", fs::file_time_type::clock::now());
  fs::rename(folder / "node", folder / "elsewhere");
  ASSERT_TRUE(create("b.hfb", {{"node", folder / "elsewhere"}}));
  EXPECT_EQ(crypto::sha256(slurp(folder / "a.hfb")).text(),
            crypto::sha256(slurp(folder / "b.hfb")).text());
}

TEST_F(Creating, PutsAProgramWithItsLibrariesOnAnEmptyBase) {
  ASSERT_TRUE(create("a.hfb"));
  const auto bundle = open("a.hfb").value();
  const Item* image = bundle.items_of("engine", ItemKind::image).at(0);
  ASSERT_EQ(image->parts.size(), 3U);
  const auto config = json::parse(text_of(bundle, image->parts[0].digest), "config").value();
  EXPECT_EQ(config.text({"config", "User"}), "65532:65532");
  const Array entrypoint{"/usr/bin/true", "--version"};
  EXPECT_EQ(*config.find_path({"config", "Entrypoint"}), Value(entrypoint));
  std::set<std::string> paths;
  for (std::size_t layer = 1; layer <= 2; ++layer) {
    std::string tar;
    ASSERT_TRUE(bundle.expand(image->parts[layer].digest, archive::sink_to(tar)));
    EXPECT_EQ(crypto::sha256(tar).text(),
              *config.find_path({"rootfs", "diff_ids"})->as_array()->at(layer - 1).as_string());
    const archive::Visitor note = [&](const archive::Entry& entry,
                                      const archive::Source&) -> Result<> {
      paths.insert(fmt::format("{} {:o}", entry.path, entry.mode));
      return {};
    };
    ASSERT_TRUE(archive::read_tar(archive::source_of(tar), {}, note));
  }
  const ProgramClosure closure = find_program_closure("/bin/true").value();
  EXPECT_TRUE(paths.contains("usr/bin/true 555"));
  EXPECT_TRUE(paths.contains("etc/passwd 644"));
  EXPECT_TRUE(paths.contains("tmp 777")) << "the sticky bit is outside the bits that are read";
  EXPECT_TRUE(paths.contains(closure.interpreter.substr(1) + " 555"));
  EXPECT_EQ(std::ranges::count_if(paths, [](const std::string& path) { return path.contains("zoneinfo/") && path.ends_with(" 444"); }), 1);
  EXPECT_TRUE(paths.contains("usr/share/zoneinfo/Europe/Berlin 444"));
  for (const auto& library : closure.libraries) {
    const bool there = std::ranges::any_of(paths, [&](const std::string& path) {
      return path.ends_with("/" + library.name + " 444");
    });
    EXPECT_TRUE(there) << library.name;
  }
}

TEST_F(Creating, TakesImagesOfOtherToolsWithTheirDigests) {
  ASSERT_TRUE(create("a.hfb"));
  const auto first = open("a.hfb").value();
  const Item* image = first.items_of("engine", ItemKind::image).at(0);
  std::string archive_bytes;
  ASSERT_TRUE(first.write_image_archive(*image, archive::sink_to(archive_bytes)));
  write("image.tar", archive_bytes);
  const Object docker_layers{{"Config", "config.json"},
                             {"RepoTags", Array{"docker.test/x:1"}},
                             {"Layers", Array{"l/layer.tar"}}};
  std::string docker;
  archive::TarWriter tar(archive::sink_to(docker));
  ASSERT_TRUE(tar.file("config.json", R"({"architecture":"amd64","os":"linux","rootfs":{}})"));
  ASSERT_TRUE(tar.file("l/layer.tar", "layer"));
  ASSERT_TRUE(tar.file("manifest.json", json::write(Array{docker_layers})));
  ASSERT_TRUE(tar.finish());
  write("docker.tar", docker);
  write("definition.toml", R"(
name = "images"
version = "1.0.0"
platform = "linux/amd64"
[[image]]
component = "images"
archive = "image.tar"
[[image]]
component = "images"
archive = "docker.tar"
name = "docker.test/renamed:2"
)");
  const auto made = create("b.hfb");
  ASSERT_TRUE(made.has_value()) << made.error().message();
  const auto second = open("b.hfb");
  ASSERT_TRUE(second.has_value()) << second.error().message();
  const auto images = second->items_of("images", ItemKind::image);
  ASSERT_EQ(images.size(), 2U);
  EXPECT_EQ(images[0]->name, image->name);
  EXPECT_EQ(images[0]->manifest, image->manifest);
  EXPECT_EQ(images[1]->name, "docker.test/renamed:2");
}

TEST_F(Creating, RefusesDefinitionsThatCannotBe) {
  const struct {
    const char* text;
    Code code;
    const char* message;
  } cases[] = {
      {"name = 1", Code::wrong_type, nullptr},
      {"name = \"x\"\nversion = \"new\"\nplatform = \"linux/amd64\"", Code::bundle_definition,
       "'new' is no version"},
      {"name = \"x\"\nversion = \"1.0.0\"\nplatform = \"linux/amd64\"\nimagse = 1",
       Code::unknown_key, nullptr},
      {"name = \"x\"\nversion = \"${nothing}\"\nplatform = \"linux/amd64\"",
       Code::bundle_definition, "variable 'nothing' has no value"},
      {"name = \"x\"\nversion = \"1.0.0\"\nplatform = \"plan9/mips\"", Code::bundle_definition,
       "platform 'plan9/mips' is neither"},
      {"name = \"x\"\nversion = \"1.0.0\"\nplatform = \"linux/amd64\"\n[[files]]\ncomponent = "
       "\"c\"\npath = \"missing\"",
       Code::file_missing, "a file for the bundle could not be read"},
      {"name = \"x\"\nversion = \"1.0.0\"\nplatform = \"linux/amd64\"\n[[image]]\ncomponent = "
       "\"c\"\nname = \"n\"\nprogram = \"chart/Chart.yaml\"",
       Code::bundle_definition, "this is no program or library for Linux"},
      {"name = \"x\"\nversion = \"1.0.0\"\nplatform = \"linux/amd64\"\n[[image]]\ncomponent = "
       "\"c\"\nname = \"n\"\nprogram = \"missing\"",
       Code::file_missing, "a file for the bundle could not be read"},
      {"name = \"x\"\nversion = \"1.0.0\"\nplatform = \"linux/arm64\"\n[[image]]\ncomponent = "
       "\"c\"\nname = \"n\"\nprogram = \"/bin/true\"",
       Code::bundle_definition, "the program is for linux/amd64, the bundle for linux/arm64"},
      {"name = \"x\"\nversion = \"1.0.0\"\nplatform = \"linux/amd64\"\ninclude = "
       "[\"definition.toml\"]",
       Code::unknown_key, nullptr},
  };

  for (const auto& test : cases) {
    write("definition.toml", test.text);
    const auto made = create("x.hfb");
    ASSERT_FALSE(made.has_value()) << test.text;
    EXPECT_EQ(row_of(made.error().code()).name, row_of(test.code).name)
        << test.text << ": " << made.error().message();
    if (test.message != nullptr) {
      EXPECT_NE(made.error().message().find(test.message), std::string::npos)
          << made.error().message();
    }
    EXPECT_FALSE(fs::exists(folder / "x.hfb"));
  }
}

TEST_F(Creating, IsReadByTar) {
  if (!is_installed("tar")) GTEST_SKIP() << "tar is not installed";
  ASSERT_TRUE(create("a.hfb"));
  EXPECT_EQ(run({"tar", "-tf", folder / "a.hfb"}, folder / "out"), 0) << slurp(folder / "out");
  const std::string list = slurp(folder / "out");
  EXPECT_TRUE(list.starts_with("holdfast/statement.json\nholdfast/sig/")) << list;
  fs::create_directory(folder / "x");
  ASSERT_EQ(run({"tar", "-xf", folder / "a.hfb", "-C", folder / "x"}, folder / "out"), 0)
      << slurp(folder / "out");
  const auto bundle = open("a.hfb").value();
  for (const auto& line : bundle.closure().lines()) {
    EXPECT_EQ(crypto::sha256(slurp(folder / "x" / blob_name(line.digest))), line.digest);
  }
}

TEST_F(Creating, IsCheckedByMinisign) {
  if (!is_installed("minisign")) GTEST_SKIP() << "minisign is not installed";
  ASSERT_TRUE(create("a.hfb"));
  fs::create_directory(folder / "x");
  ASSERT_EQ(run({"tar", "-xf", folder / "a.hfb", "-C", folder / "x"}, folder / "out"), 0);
  write("key.pub", key.public_key().file_text());
  const std::string signature = folder / "x" / signature_name({.key = key.public_key().id(), .bytes = {}});
  EXPECT_EQ(run({"minisign", "-V", "-p", folder / "key.pub", "-x", signature, "-m",
                 folder / "x/holdfast/statement.json"},
                folder / "out"),
            0)
      << slurp(folder / "out");
}

TEST_F(Creating, IsReadBySkopeo) {
  if (!is_installed("skopeo")) GTEST_SKIP() << "skopeo is not installed";
  ASSERT_TRUE(create("a.hfb"));
  const std::string reference =
      fmt::format("oci-archive:{}:holdfast.test/true:0.0.1", (folder / "a.hfb").string());
  EXPECT_EQ(run({"skopeo", "inspect", "--config", reference}, folder / "out"), 0)
      << slurp(folder / "out");
  EXPECT_NE(slurp(folder / "out").find("/usr/bin/true"), std::string::npos);
  EXPECT_EQ(
      run({"skopeo", "copy", reference, fmt::format("oci:{}:true", (folder / "copied").string())},
          folder / "out"),
      0)
      << slurp(folder / "out");
}

TEST(ProgramClosure, IsWhatTheLoaderItselfFinds) {
  if (!fs::exists("/bin/true")) GTEST_SKIP() << "/bin/true is not there";
  const ProgramClosure closure = find_program_closure("/proc/self/exe").value();
  const TemporaryFolder folder("ldd");
  const fs::path output = folder / "output";
  const std::string self = fs::read_symlink("/proc/self/exe");
  ASSERT_EQ(run({closure.interpreter, "--list", self}, output), 0) << slurp(output);
  const std::string list = slurp(output);
  std::size_t arrows = 0;
  for (auto at = list.find(" => "); at != std::string::npos; at = list.find(" => ", at + 1))
    ++arrows;
  EXPECT_EQ(closure.libraries.size(), arrows);
  for (const auto& library : closure.libraries) {
    EXPECT_NE(list.find(fmt::format("{} => {} ", library.name, library.path)), std::string::npos)
        << library.name << " " << library.path << "\n"
        << list;
  }
}

}  // namespace
}  // namespace holdfast::bundle
