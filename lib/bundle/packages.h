// SPDX-License-Identifier: Apache-2.0
// Which packages a file is made of, as scanners look vulnerabilities up: the Debian package whose
// records hold the file's MD5 (dpkg 1.21, deb-md5sums(5)), with the licences of its copyright file where
// that has the machine-readable form (DEP 5); the Go modules and the standard library that a program
// was linked from (Go 1.18 and later, debug/buildinfo). What nothing is known of has none.
#pragma once

#include "base/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::bundle {

struct Package {
  std::string purl;     // "pkg:deb/debian/libssl3@3.0.15-1?arch=amd64", "pkg:golang/k8s.io/api@v0.37.2"
  std::string name;
  std::string version;
  std::vector<std::string> licences;  // SPDX-like names as the package says; none: not known

  bool operator==(const Package&) const = default;
};

// What the machine records of its packages; tests have folders of their own.
struct PackageRecords {
  std::string dpkg = "/var/lib/dpkg";
  std::string documents = "/usr/share/doc";
  std::string distribution = "debian";
};

// For each file its packages, sorted by purl. Refuses with Code::file_missing or file_unreadable when a
// file cannot be read; records that are absent or damaged know nothing.
Result<std::vector<std::vector<Package>>> packages_of(const std::vector<std::string>& files,
                                                      const PackageRecords& records = {});

// The lines that Go's linker left in a program: "go1.26.4" and "dep\tk8s.io/api\tv0.37.2\th1:…".
// Empty when `program` is none of Go's.
std::vector<Package> go_modules_in(std::string_view program);

// The licences that a machine-readable copyright file gives to "Files: *".
std::vector<std::string> licences_in(std::string_view copyright);

}  // namespace holdfast::bundle
