// SPDX-License-Identifier: Apache-2.0
#include "bundle/packages.h"

#include "archive/stream.h"
#include "base/text.h"
#include "bundle/inputs.h"
#include "crypto/digest.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>

namespace holdfast::bundle {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t program_limit = std::uint64_t{1} << 30;
constexpr std::uint64_t records_limit = std::uint64_t{64} << 20;

std::string slurp(const fs::path& path) {
  std::error_code absent;
  const auto size = fs::file_size(path, absent);
  std::ifstream file(path, std::ios::binary);
  if (absent || size > records_limit || !file) return {};
  return {std::istreambuf_iterator<char>(file), {}};
}

// What a purl may not hold as it is.
std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' || c == '_' || c == '~';
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

// dpkg/info/libssl3:amd64.md5sums holds "<md5>  usr/lib/…" lines.
std::map<std::string, std::string, std::less<>> owners_of(const std::vector<std::string>& sums, const PackageRecords& records) {
  std::map<std::string, std::string, std::less<>> owners;
  for (const auto& sum : sums) owners.emplace(sum, "");
  std::vector<fs::path> lists;
  std::error_code absent;
  for (const auto& entry : fs::directory_iterator(fs::path(records.dpkg) / "info", absent)) {
    if (entry.path().extension() == ".md5sums") lists.push_back(entry.path());
  }
  std::ranges::sort(lists);
  for (const auto& list : lists) {
    const std::string text = slurp(list);
    for (const auto line : split(text, '\n')) {
      const auto found = owners.find(line.substr(0, line.find(' ')));
      if (found != owners.end() && found->second.empty()) found->second = list.stem().string();
    }
  }
  return owners;
}

std::string field_of(std::string_view paragraph, std::string_view name) {
  for (const auto line : split(paragraph, '\n')) {
    if (line.starts_with(name) && line.substr(name.size()).starts_with(": ")) return std::string(line.substr(name.size() + 2));
  }
  return {};
}

// The package "libssl3:amd64" as dpkg/status describes it.
std::optional<Package> describe_debian(std::string_view owner, std::string_view status, const PackageRecords& records) {
  const std::string_view name = owner.substr(0, owner.find(':'));
  const std::string_view wanted = owner.size() > name.size() ? owner.substr(name.size() + 1) : std::string_view();
  const std::string start = fmt::format("Package: {}\n", name);
  for (auto at = status.find(start); at != std::string_view::npos; at = status.find(start, at + 1)) {
    if (at != 0 && status[at - 1] != '\n') continue;
    const auto paragraph = status.substr(at, status.find("\n\n", at) - at);
    const auto architecture = field_of(paragraph, "Architecture");
    if (!wanted.empty() && architecture != wanted) continue;
    const auto version = field_of(paragraph, "Version");
    return Package{.purl = fmt::format("pkg:deb/{}/{}@{}?arch={}", records.distribution, encoded(name), encoded(version), architecture),
                   .name = std::string(name),
                   .version = version,
                   .licences = licences_in(slurp(fs::path(records.documents) / name / "copyright"))};
  }
  return std::nullopt;
}

// A text with its length in front, as a varint of 7 bits a byte; advances `bytes`.
std::optional<std::string_view> take_text(std::string_view& bytes) {
  std::uint64_t size = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    if (bytes.empty()) return std::nullopt;
    const auto byte = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    size |= std::uint64_t{byte & 0x7FU} << shift;
    if ((byte & 0x80U) != 0) continue;
    if (size > bytes.size()) return std::nullopt;
    const auto text = bytes.substr(0, size);
    bytes.remove_prefix(size);
    return text;
  }
  return std::nullopt;
}

Package go_module(std::string_view path, std::string_view version) {
  std::string purl = "pkg:golang";
  for (const auto part : split(path, '/')) purl += "/" + encoded(part);
  return {.purl = fmt::format("{}@{}", purl, encoded(version)), .name = std::string(path), .version = std::string(version), .licences = {}};
}

// "dep\tPATH\tVERSION\tHASH", and "=>\tPATH\tVERSION" behind it where another module stands in its place.
std::vector<Package> modules_of(std::string_view lines) {
  std::vector<Package> modules;
  for (const auto line : split(lines, '\n')) {
    const auto fields = split(line, '\t');
    if (fields.size() < 3 || (fields[0] != "dep" && fields[0] != "mod" && fields[0] != "=>")) continue;
    if (fields[0] == "=>" && !modules.empty()) modules.pop_back();
    if (fields[2] != "(devel)" && !fields[2].empty()) modules.push_back(go_module(fields[1], fields[2]));
  }
  return modules;
}

}  // namespace

std::vector<std::string> licences_in(std::string_view copyright) {
  if (!copyright.starts_with("Format: ")) return {};
  std::vector<std::string> licences;
  std::string_view rest = copyright;
  while (!rest.empty()) {
    const auto end = std::min(rest.find("\n\n"), rest.size());
    const auto paragraph = trim(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 2, rest.size()));
    if (!paragraph.starts_with("Files: *\n")) continue;
    if (auto licence = field_of(paragraph, "License"); !licence.empty()) licences.push_back(std::move(licence));
  }
  return licences;
}

std::vector<Package> go_modules_in(std::string_view program) {
  constexpr std::string_view magic = "\xff Go buildinf:";
  constexpr std::size_t alignment = 16, header = 32, flags_at = 15, mark = 16;
  constexpr unsigned char inline_texts = 2;
  for (auto at = program.find(magic); at != std::string_view::npos; at = program.find(magic, at + 1)) {
    if (at % alignment != 0 || program.size() - at < header) continue;
    if ((static_cast<unsigned char>(program[at + flags_at]) & inline_texts) == 0) continue;
    std::string_view rest = program.substr(at + header);
    const auto version = take_text(rest);
    const auto lines = version ? take_text(rest) : std::nullopt;
    if (!lines || !version->starts_with("go")) continue;
    // Marks of the linker stand before and behind the lines.
    auto modules = lines->size() > 2 * mark ? modules_of(lines->substr(mark, lines->size() - 2 * mark)) : std::vector<Package>();
    modules.push_back(go_module("stdlib", version->substr(2, version->find(' ') - 2)));
    std::ranges::sort(modules, {}, &Package::purl);
    return modules;
  }
  return {};
}

Result<std::vector<std::vector<Package>>> packages_of(const std::vector<std::string>& files, const PackageRecords& records) {
  std::vector<std::string> sums;
  std::vector<std::vector<Package>> found;
  for (const auto& path : files) {
    const InputFile input = TRY(open_input(path));
    const std::string content = TRY(archive::read_all(archive::source_of_range(input.file.get(), 0, input.size), program_limit), "{}", path);
    sums.push_back(crypto::md5_hex(content));
    found.push_back(go_modules_in(content));
  }
  const auto owners = owners_of(sums, records);
  const std::string status = slurp(fs::path(records.dpkg) / "status");
  for (std::size_t i = 0; i < files.size(); ++i) {
    const auto& owner = owners.find(sums[i])->second;
    auto package = owner.empty() ? std::nullopt : describe_debian(owner, status, records);
    if (package) found[i].push_back(*std::move(package));
    std::ranges::sort(found[i], {}, &Package::purl);
  }
  return found;
}

}  // namespace holdfast::bundle
