// SPDX-License-Identifier: Apache-2.0
#include "bundle/packages.h"

#include "crypto/digest.h"
#include "fakes/temporary_folder.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace holdfast::bundle {
namespace {

namespace fs = std::filesystem;

class Packages : public testing::Test {
 protected:
  std::string write(const std::string& name, std::string_view content) const {
    const fs::path path = folder / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
    return path.string();
  }

  std::vector<Package> of(const std::string& path) const { return packages_of({path}, records).value().at(0); }

  const TemporaryFolder folder{"packages"};
  PackageRecords records{.dpkg = folder.path("dpkg"), .documents = folder.path("doc"), .distribution = "debian"};
};

TEST_F(Packages, AreDebiansWhereItsRecordsHoldTheFile) {
  const auto file = write("lib/libz.so.1", "z");
  write("dpkg/info/zlib1g:amd64.md5sums", fmt::format("{}  usr/lib/libz.so.1\n", crypto::md5_hex("z")));
  write("dpkg/status", "Package: zlib1g\nArchitecture: i386\nVersion: 9\n\n"
                       "Package: zlib1g\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:1.2.13.dfsg-1+b1\n\n");
  write("doc/zlib1g/copyright", "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nCopyright: them\nLicense: Zlib\n");
  const Package want{"pkg:deb/debian/zlib1g@1%3A1.2.13.dfsg-1%2Bb1?arch=amd64", "zlib1g", "1:1.2.13.dfsg-1+b1", {"Zlib"}};
  EXPECT_EQ(of(file), std::vector{want});
  EXPECT_EQ(of(write("lib/other", "not z")), std::vector<Package>{});
}

TEST_F(Packages, AreNoneWhereRecordsAreAbsentOrDamaged) {
  const auto file = write("file", "f");
  EXPECT_EQ(of(file), std::vector<Package>{});
  write("dpkg/info/f.md5sums", fmt::format("\n \n{}", crypto::md5_hex("f")));
  EXPECT_EQ(of(file), std::vector<Package>{});
  write("dpkg/status", "Package: f");
  EXPECT_EQ(of(file), std::vector<Package>{});
  EXPECT_EQ(packages_of({folder.path("absent")}, records).error().code(), Code::file_missing);
}

TEST(Licences, AreThoseOfAllFiles) {
  const struct {
    const char* name;
    const char* text;
    std::vector<std::string> want;
  } cases[] = {
      {"of all files, not of some", "Format: x\n\nFiles: *\nLicense: MIT\n\nFiles: debian/*\nLicense: GPL-2+\n", {"MIT"}},
      {"with its text behind it", "Format: x\n\nFiles: *\nLicense: Apache-2.0 or MIT\n You may\n", {"Apache-2.0 or MIT"}},
      {"of a file that is only prose", "This is the Debian package of X.\n\nFiles: *\nLicense: MIT\n", {}},
      {"of nothing", "", {}},
  };
  for (const auto& test : cases) EXPECT_EQ(licences_in(test.text), test.want) << test.name;
}

std::string program_with(std::string_view version, std::string_view lines, unsigned char flags = 2) {
  std::string program(64, 'x');
  program += "\xff Go buildinf:";
  program += std::string{'\x08', static_cast<char>(flags)} + std::string(16, '\0');
  const auto text = [&](const std::string& content) {
    CHECK(content.size() < 128);
    program += static_cast<char>(content.size()) + content;
  };
  text(std::string(version));
  text(std::string(16, 'm') + std::string(lines) + std::string(16, 'm'));
  return program;
}

TEST(GoModules, AreReadFromWhatTheLinkerLeft) {
  const struct {
    const char* name;
    std::string program;
    std::vector<std::string> want;
  } cases[] = {
      {"the module, what it needs, and the library",
       program_with("go1.26.4", "path\tb\nmod\ta.b/c\tv2.0.0\th1:x=\ndep\tk8s.io/api\tv0.37.2\th1:y=\n"),
       {"pkg:golang/a.b/c@v2.0.0", "pkg:golang/k8s.io/api@v0.37.2", "pkg:golang/stdlib@1.26.4"}},
      {"no version of what is being made", program_with("go1.26.4", "mod\ta.b/c\t(devel)\t\n"), {"pkg:golang/stdlib@1.26.4"}},
      {"what stands in a module's place", program_with("go1.26.4", "dep\ta.b/c\tv1.0.0\n=>\td.e/f\tv1.1.0\th1:z=\n"),
       {"pkg:golang/d.e/f@v1.1.0", "pkg:golang/stdlib@1.26.4"}},
      {"what a purl may not hold", program_with("go1.26.4 X:nothing", "dep\ta.b/c\tv2.0.0+incompatible\th1:x=\n"),
       {"pkg:golang/a.b/c@v2.0.0%2Bincompatible", "pkg:golang/stdlib@1.26.4"}},
      {"none of before Go 1.18", program_with("go1.17", "dep\ta.b/c\tv1.0.0\n", 0), {}},
      {"none of a text that ends early", program_with("go1.26.4", "dep\ta.b/c\tv1.0.0\n").substr(0, 120), {}},
      {"none of another program", std::string(4096, '\xff'), {}},
  };
  for (const auto& test : cases) {
    std::vector<std::string> purls;
    for (const auto& each : go_modules_in(test.program)) purls.push_back(each.purl);
    EXPECT_EQ(purls, test.want) << test.name;
  }
}

}  // namespace
}  // namespace holdfast::bundle
