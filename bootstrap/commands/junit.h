// SPDX-License-Identifier: Apache-2.0
// The report that CI services read. Pure.
// Mirrors: the XML of Ant's JUnit task as GitLab, Jenkins and GitHub's actions read it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "value/value.h"

namespace holdfast::bootstrap {

struct TestCase {
  std::string group;    // "application"
  std::string name;
  double seconds = 0;
  std::string failure;  // one line; empty: passed
  std::string details;  // of a failure, any text
};

std::string junit(std::string_view suite, std::span<const TestCase> cases);

// An Application as a case: how long from its creation to its health, and why it is not Synced and Healthy.
TestCase application_case(const Value& application);

}  // namespace holdfast::bootstrap
