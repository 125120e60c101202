// SPDX-License-Identifier: Apache-2.0
// The probes of the Helm corpus that need no more than templates and one values file: their outputs
// byte for byte, and of those that must fail the cause and the place. The rest (subcharts, hooks,
// --set, schemas) is lib/helm's to answer. The archive lies outside the project.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "archive/tar_reader.h"
#include "base/text.h"
#include "gotmpl/templates.h"
#include "value/json.h"
#include "yaml/yaml.h"

namespace holdfast::gotmpl {
namespace {

// What differs, and why. May only shrink.
const std::map<std::string_view, std::string_view> known = {
    {"dig-subvalues", "the methods of .Values are lib/helm's"},
    {"values-methods-err01", "the methods of .Values are lib/helm's"},
    {"split-bom", "Helm drops a file's byte order mark; lib/helm's"},
    {"values-multidoc-default", "several documents in values.yaml are lib/helm's"},
    {"values-yaml11-scalars", "lib/yaml reads -0.0 as the integer 0"},
    {"toyaml-html", "libyaml indents after U+2028 inside single quotes"},
    {"toyaml-strs", "the same, and go-yaml escapes all after a leading byte order mark"},
};

using Files = std::map<std::string, std::string, std::less<>>;  // of one case, by path

std::string content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::map<std::string, Files> read_cases() {
  const char* given = std::getenv("HOLDFAST_SHARED");
  std::string archive = content(std::string(given != nullptr ? given : "../shared") +
                                "/corpus/helm-probes.tar.gz");
  std::map<std::string, Files> cases;
  if (archive.empty()) return cases;
  archive::Limits limits;
  limits.others = archive::Others::skip;
  Result<tree::MemoryTree> tree = archive::read_tree(archive, limits);
  EXPECT_TRUE(tree.has_value()) << (tree ? "" : tree.error().message());
  if (!tree) return cases;
  for (const auto& [path, text] : tree->files()) {
    std::vector<std::string_view> parts = split(path, '/');
    if (parts.size() < 3) continue;
    std::size_t prefix = parts[0].size() + parts[1].size() + 2;
    cases[std::string(parts[1])][path.substr(prefix)] = text;
  }
  return cases;
}

// One file is printed, and nothing but templates and values.yaml shapes it.
bool is_plain(const Files& files) {
  int printed = 0;
  for (const auto& [path, text] : files) {
    if (path.starts_with("chart/templates/")) {
      printed += base_name(path).starts_with('_') ? 0 : 1;
      if (path.ends_with("NOTES.txt") || text.find("helm.sh/hook") != std::string::npos) return false;
      if (text.find(".Files") != std::string::npos || text.find(".Chart") != std::string::npos ||
          text.find("Capabilities") != std::string::npos) {
        return false;
      }
    } else if (path != "chart/Chart.yaml" && path != "chart/values.yaml" && path != "cmd.json" &&
               !path.starts_with("expected")) {
      return false;
    }
  }
  Result<Value> command = json::parse(files.at("cmd.json"), "cmd.json");
  for (std::string_view key : {"values", "set", "setString", "setJson", "setFile", "setLiteral"}) {
    const Value* list = command->find(key);
    if (list != nullptr && list->is_array() && !list->as_array()->empty()) return false;
  }
  const Value* upgrade = command->find("isUpgrade");
  if (command->text({"release"}) != "rel" || upgrade != nullptr) return false;
  return printed == 1;
}

const Type values_type{"common.Values", "map"};

Datum text_map(std::initializer_list<std::pair<std::string_view, Datum>> entries) {
  Datum map = Datum::new_dict();
  for (const auto& [key, value] : entries) map.dict()->set(key, value);
  return map;
}

// Nulls of a chart's defaults never reach a template in Helm 4.
void drop_nulls(Value& value) {
  if (!value.is_object()) return;
  std::vector<std::string> gone;
  for (Member& member : *value.as_object()) {
    if (member.value.is_null()) gone.push_back(member.key);
    drop_nulls(member.value);
  }
  for (const std::string& key : gone) value.as_object()->erase(key);
}

struct Rendered {
  std::string name;
  Result<std::string> text;
};

Rendered render(const Files& files) {
  Templates templates{Environment{}};
  Rendered rendered{"", std::string()};
  // Deepest path first, then by name from the end, as Helm parses.
  std::vector<std::string> names;
  for (const auto& [path, text] : files) {
    if (path.starts_with("chart/templates/")) names.push_back(path);
  }
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    auto depth = [](const std::string& path) { return std::count(path.begin(), path.end(), '/'); };
    return depth(a) != depth(b) ? depth(a) > depth(b) : a > b;
  });
  for (const std::string& path : names) {
    std::string name = "probe/" + path.substr(std::string_view("chart/").size());
    if (!base_name(name).starts_with('_')) rendered.name = name;
    Result<> parsed = templates.parse(name, files.at(path));
    if (!parsed) {
      rendered.text = failure(parsed.error());
      return rendered;
    }
  }
  yaml::Limits limits;
  limits.duplicates = yaml::Duplicates::keep_last;
  auto found = files.find("chart/values.yaml");
  Value values = Object{};
  if (found != files.end()) {
    Result<Value> read = yaml::parse_one(found->second, "values.yaml", yaml::Dialect::kube, limits);
    if (!read) {
      rendered.text = failure(read.error());
      return rendered;
    }
    if (read->is_object()) values = *read;
  }
  drop_nulls(values);
  Datum data = Datum::from_value(values, Datum::Numbers::as_float64);
  data.dict()->type = &values_type;
  Datum release = text_map({{"Name", "rel"}, {"Namespace", "ns1"}, {"Service", "Helm"},
                            {"IsInstall", true}, {"IsUpgrade", false}, {"Revision", 1}});
  Datum base = text_map({{"Values", data}, {"Release", release},
                         {"Template", text_map({{"Name", Datum(rendered.name)},
                                                {"BasePath", "probe/templates"}})}});
  base.dict()->set("Subcharts", Datum::new_dict());
  base.dict()->type = &values_type;
  rendered.text = templates.execute(rendered.name, base);
  return rendered;
}

std::string expected_body(std::string_view text, const std::string& name) {
  std::string head = fmt::format("---\n# Source: {}\n", name);
  if (!text.starts_with(head)) return std::string(text);
  return std::string(text.substr(head.size()));
}

// The lines of two texts that differ, for a person.
std::string difference(std::string_view got, std::string_view want) {
  std::vector<std::string_view> a = split(got, '\n');
  std::vector<std::string_view> b = split(want, '\n');
  std::string out;
  for (std::size_t i = 0; i < std::max(a.size(), b.size()) && out.size() < 2000; ++i) {
    std::string_view left = i < a.size() ? a[i] : "<end>";
    std::string_view right = i < b.size() ? b[i] : "<end>";
    if (left != right) out += fmt::format("  got  {}\n  want {}\n", left, right);
  }
  return out;
}

TEST(Probes, OutputsAreEqualByteForByte) {
  std::map<std::string, Files> cases = read_cases();
  if (cases.empty()) GTEST_SKIP() << "corpus/helm-probes.tar.gz is not there";
  int equal = 0;
  int differ = 0;
  for (const auto& [name, files] : cases) {
    if (!files.contains("expected.yaml") || !is_plain(files) || known.contains(name)) continue;
    Rendered rendered = render(files);
    if (!rendered.text) {
      ++differ;
      ADD_FAILURE() << name << ": " << rendered.text.error().message();
      continue;
    }
    std::string got(trim(*rendered.text));
    std::string want(trim(expected_body(files.at("expected.yaml"), rendered.name)));
    if (got == want) {
      ++equal;
    } else if (got.find("\n---") != std::string::npos || got.starts_with("---")) {
      continue;  // splitting is lib/helm's
    } else {
      ++differ;
      ADD_FAILURE() << name << "\n" << difference(got, want);
    }
  }
  std::cout << "outputs: " << equal << " equal, " << differ << " differ\n";
}

std::string squeezed(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c != '\n' && c != ' ') out += c;
  }
  return out;
}

TEST(Probes, WhatMustFailFailsForTheSameReasonAtTheSamePlace) {
  std::map<std::string, Files> cases = read_cases();
  if (cases.empty()) GTEST_SKIP() << "corpus/helm-probes.tar.gz is not there";
  int failed = 0;
  int same = 0;
  for (const auto& [name, files] : cases) {
    auto expected = files.find("expected-error.txt");
    if (expected == files.end() || !is_plain(files) || known.contains(name)) continue;
    bool of_templates = expected->second.find("templates/") != std::string::npos &&
                        expected->second.find("YAML parse error") == std::string::npos;
    if (!of_templates) continue;
    Rendered rendered = render(files);
    if (rendered.text) {
      ADD_FAILURE() << name << " must fail: " << expected->second << "\n" << *rendered.text;
      continue;
    }
    ++failed;
    const Error& error = rendered.text.error();
    std::string want = squeezed(expected->second);
    std::string place = error.where().empty() ? "" : error.where().back();
    place = place.substr(0, place.find(' '));
    bool cause = want.find(squeezed(error.what())) != std::string::npos;
    bool at = want.find(place) != std::string::npos;
    if (cause && at) {
      ++same;
    } else {
      std::cout << "other words: " << name << "\n  want " << expected->second.substr(0, 400)
                << "  got  " << error.message() << "\n";
    }
  }
  std::cout << "errors: " << failed << " fail, " << same << " with the same cause and place\n";
}

}  // namespace
}  // namespace holdfast::gotmpl
