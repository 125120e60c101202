// SPDX-License-Identifier: Apache-2.0
#include "world.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/text.h"

namespace holdfast::e2e {
namespace {

namespace fs = std::filesystem;

constexpr auto commands = std::to_array<std::string_view>({
    "holdfast trust keygen --key maker.key",
    "holdfast trust keygen --key other.key",
    "holdfast trust init --trust-dir trust --key maker.key.pub",
    "holdfast trust init --trust-dir open --key maker.key.pub",
    "holdfast bundle create -f small.toml -o small.hfb --sign-key maker.key",
    "holdfast bundle create -f arm.toml -o arm.hfb --sign-key maker.key",
    "holdfast bundle create -f small.toml -o other.hfb --sign-key other.key",
    "holdfast repo init fleet --cluster demo --sample hello",
    "holdfast repo init external --cluster demo --git-url https://git.example/fleet.git",
});

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_hex(char c) { return is_digit(c) || (c >= 'A' && c <= 'F'); }

// Runs of `length` upper-case hexadecimal digits, at least one of them a letter or all digits.
std::string without_keys(std::string text) {
  constexpr std::size_t length = 16;
  for (std::size_t at = 0; at + length <= text.size(); ++at) {
    const auto from = text.begin() + static_cast<std::ptrdiff_t>(at);
    const bool key = std::all_of(from, from + length, is_hex) && text.compare(at, length, "0000000000000000") != 0;
    if (key) text.replace(at, length, "KEY");
  }
  return text;
}

// The digits between `before` and `behind` as N.
std::string without_numbers(std::string text, std::string_view before, std::string_view behind) {
  for (auto at = text.find(before); at != std::string::npos; at = text.find(before, at + 1)) {
    const auto start = at + before.size();
    const auto end = std::min(text.find_first_not_of("0123456789", start), text.size());
    if (end > start && text.compare(end, behind.size(), behind) == 0) text.replace(start, end - start, "N");
  }
  return text;
}

}  // namespace

std::vector<std::string> words(std::string_view line) {
  std::vector<std::string> out;
  for (const auto word : split(line, ' ')) {
    if (!word.empty()) out.emplace_back(word);
  }
  if (!out.empty() && (out[0] == "holdfast" || out[0] == "holdfast-agent")) out[0] = program(out[0]);
  return out;
}

World::World() {
  fs::copy(source("tests/e2e/bad_input/world"), path(), fs::copy_options::recursive);
  fs::create_directories(path("home"));
  fs::create_directories(path("damaged"));
  fs::copy_file(path("damaged-root.json"), path("damaged/root.json"));
  // The start of an ELF file for aarch64: e_machine is 183.
  write("arm/kube", std::string("\x7f" "ELF\x02\x01\x01", 7) + std::string(9, '\0') + std::string("\x02\0\xb7\0", 4));
  for (const auto line : commands) static_cast<void>(must(line));
  fs::create_symlink("small.hfb", path("link.hfb"));
  ::chmod(path("open/root.json").c_str(), 0666);
}

Ran World::run(std::string_view line, std::vector<std::string> environment) const {
  for (const auto* each : {"KUBECONFIG=", "XDG_CONFIG_HOME=", "LC_ALL=C", "KUBERNETES_SERVICE_HOST="}) {
    environment.emplace_back(each);
  }
  environment.push_back("HOME=" + path("home"));
  return e2e::run(words(line), {.timeout = std::chrono::seconds(120), .folder = path(), .environment = std::move(environment), .input = {}});
}

std::string World::must(std::string_view line) const {
  const auto ran = run(line);
  EXPECT_EQ(ran.exit, 0) << line << "\n" << ran.out << ran.err;
  return ran.out;
}

void World::write(const std::string& name, std::string_view content) const {
  fs::create_directories(fs::path(path(name)).parent_path());
  std::ofstream(path(name), std::ios::binary | std::ios::trunc) << content;
}

std::string World::read(const std::string& name) const {
  std::ifstream file(path(name), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::map<std::string, std::string> World::look(const std::string& name) const {
  std::map<std::string, std::string> seen;
  std::error_code problem;
  for (const auto& entry : fs::recursive_directory_iterator(path(name), problem)) {
    const auto relative = entry.path().lexically_relative(path()).string();
    struct stat state {};
    ::lstat(entry.path().c_str(), &state);
    const bool file = entry.is_regular_file(problem) && !entry.is_symlink(problem);
    seen[relative] = fmt::format("{:o} {}", state.st_mode, file ? read(relative) : "");
  }
  return seen;
}

std::string World::masked(std::string text) const {
  text = replace_all(std::move(text), path(), "~");
  text = without_keys(replace_all(std::move(text), path().substr(1), "~"));
  text = without_numbers(std::move(text), " after ", " ms");
  // What the node component takes: another number with each of its versions.
  return without_numbers(std::move(text), "the node needs ", " MiB");
}

std::string code_in(std::string_view error) {
  constexpr std::string_view start = "error ";
  if (!error.starts_with(start)) return "";
  return std::string(error.substr(start.size(), error.find(':') - start.size()));
}

}  // namespace holdfast::e2e
