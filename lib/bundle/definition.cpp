// SPDX-License-Identifier: Apache-2.0
#include "bundle/definition.h"

#include "archive/stream.h"
#include "base/clock.h"
#include "base/semver.h"
#include "base/text.h"
#include "bundle/inputs.h"
#include "config/section.h"

#include <algorithm>
#include <filesystem>
#include <optional>

namespace holdfast::bundle {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t file_limit = std::uint64_t{1} << 20;
constexpr int includes_limit = 8;

class Reader {
 public:
  Reader(const Variables& given, Definition& definition) : given_(given), definition_(definition) {}

  Result<> read(const std::string& path, int depth) {
    if (depth > includes_limit) {
      return failure(Error(Code::bundle_definition,
                           fmt::format("includes are nested deeper than {}", includes_limit))
                         .at(path));
    }
    const InputFile input = TRY(open_input(path));
    const std::string text = TRY(
        archive::read_all(archive::source_of_range(input.file.get(), 0, input.size), file_limit));
    const config::Document document = TRY(config::parse_toml(text, path));
    config::Section root(document);
    const fs::path folder = fs::path(path).parent_path();
    Variables variables = TRY(read_variables(root, folder));
    Scope scope{.variables = variables, .folder = folder};
    if (depth == 0) TRY(read_head(root, scope));
    const auto includes = TRY(root.texts("include"));
    TRY(read_images(root, scope));
    TRY(read_files(root, scope));
    TRY(read_charts(root, scope));
    TRY(read_trees(root, scope));
    TRY(root.finish());
    for (const auto& include : includes)
      TRY(read((folder / include).lexically_normal(), depth + 1));
    return {};
  }

 private:
  struct Scope {
    const Variables& variables;
    const fs::path& folder;
  };

  // Values that begin with ./ or ../ are paths of the definition's folder; given ones are taken as
  // they are.
  Result<Variables> read_variables(config::Section& root, const fs::path& folder) {
    config::Section table = TRY(root.section("variables"));
    Variables variables;
    for (const auto& name : table.keys()) {
      std::string value = TRY(table.required_text(name));
      if (value.starts_with("./") || value.starts_with("../")) {
        value = fs::absolute(folder / value).lexically_normal();
      }
      variables[name] = std::move(value);
    }
    for (const auto& [name, value] : given_)
      variables[name] = value;
    return variables;
  }

  Result<std::string> expand(const config::Section& section, std::string_view key, std::string text,
                             const Scope& scope) const {
    std::string out;
    std::string_view rest = text;
    for (auto at = rest.find("${"); at != std::string_view::npos; at = rest.find("${")) {
      const auto end = rest.find('}', at);
      const std::string_view name =
          rest.substr(at + 2, end == std::string_view::npos ? end : end - at - 2);
      const auto found = scope.variables.find(name);
      if (end == std::string_view::npos || found == scope.variables.end()) {
        return failure(section
                           .refusal(Code::bundle_definition, key,
                                    fmt::format("variable '{}' has no value", printable(name)))
                           .fix(fmt::format("give it one: --set {}=VALUE", printable(name))));
      }
      out += rest.substr(0, at);
      out += found->second;
      rest.remove_prefix(end + 1);
    }
    return out + std::string(rest);
  }

  Result<std::string> text(config::Section& section, std::string_view key,
                           const Scope& scope) const {
    const auto value = TRY(section.text(key));
    if (!value) return std::string();
    return expand(section, key, *value, scope);
  }

  Result<std::string> required(config::Section& section, std::string_view key,
                               const Scope& scope) const {
    const std::string value = TRY(section.required_text(key));
    return expand(section, key, value, scope);
  }

  Result<std::string> path(config::Section& section, std::string_view key,
                           const Scope& scope) const {
    const std::string value = TRY(required(section, key, scope));
    return (fs::path(value).is_absolute() ? fs::path(value) : scope.folder / value)
        .lexically_normal()
        .string();
  }

  Result<> read_head(config::Section& root, const Scope& scope) {
    Statement& statement = definition_.statement;
    statement.name = TRY(required(root, "name", scope));
    statement.version = TRY(required(root, "version", scope));
    statement.channel = TRY(text(root, "channel", scope));
    statement.min_installer = TRY(text(root, "min-installer", scope));
    statement.upgrade_from = TRY(text(root, "upgrade-from", scope));
    statement.kubernetes = TRY(text(root, "kubernetes", scope));
    statement.issued_at = TRY(text(root, "issued-at", scope));
    statement.previous = TRY(text(root, "previous", scope));
    const std::string platform = TRY(required(root, "platform", scope));
    statement.platforms = {platform};
    const auto epoch = TRY(root.integer("security-epoch"));
    if (epoch.value_or(0) < 0) {
      return failure(
          root.refusal(Code::bundle_definition, "security-epoch", "an epoch is not negative"));
    }
    statement.security_epoch = static_cast<std::uint64_t>(epoch.value_or(0));
    config::Section engine = TRY(root.section("engine"));
    statement.engine_kind = TRY(text(engine, "kind", scope));
    statement.engine_version = TRY(text(engine, "version", scope));
    TRY(engine.finish());
    return check_head(root);
  }

  Result<> check_head(const config::Section& root) const {
    const Statement& statement = definition_.statement;
    const auto refuse = [&](std::string_view key, std::string_view value, std::string_view what) {
      return failure(root.refusal(Code::bundle_definition, key,
                                  fmt::format("'{}' is no {}", printable(value), what)));
    };
    if (!semver::Version::parse(statement.version))
      return refuse("version", statement.version, "version");
    if (!statement.min_installer.empty() && !semver::Version::parse(statement.min_installer)) {
      return refuse("min-installer", statement.min_installer, "version");
    }
    if (!statement.kubernetes.empty() && !semver::Range::parse(statement.kubernetes)) {
      return refuse("kubernetes", statement.kubernetes, "range of versions");
    }
    if (!statement.upgrade_from.empty() && !semver::Range::parse(statement.upgrade_from)) {
      return refuse("upgrade-from", statement.upgrade_from, "range of versions");
    }
    if (!statement.issued_at.empty() && !parse_rfc3339(statement.issued_at)) {
      return refuse("issued-at", statement.issued_at, "time as 2026-11-23T08:00:00Z");
    }
    return {};
  }

  Result<> read_images(config::Section& root, const Scope& scope) {
    auto sections = TRY(root.sections("image"));
    for (config::Section& section : sections) {
      const std::string component = TRY(required(section, "component", scope));
      const auto program = TRY(section.text("program"));
      if (program) {
        ProgramImage image{.component = component};
        image.name = TRY(required(section, "name", scope));
        image.program = TRY(path(section, "program", scope));
        const auto arguments = TRY(section.texts("arguments"));
        for (const auto& argument : arguments) {
          std::string expanded = TRY(expand(section, "arguments", argument, scope));
          image.arguments.push_back(std::move(expanded));
        }
        const std::string user = TRY(text(section, "user", scope));
        if (!user.empty()) image.user = user;
        const auto certificates = TRY(section.text("certificates"));
        if (certificates) image.certificates = TRY(path(section, "certificates", scope));
        definition_.program_images.push_back(std::move(image));
      } else {
        ArchiveImage image{.component = component};
        image.name = TRY(text(section, "name", scope));
        image.path = TRY(path(section, "archive", scope));
        definition_.archive_images.push_back(std::move(image));
      }
      TRY(section.finish());
    }
    return {};
  }

  Result<> read_files(config::Section& root, const Scope& scope) {
    auto sections = TRY(root.sections("files"));
    for (config::Section& section : sections) {
      FileSource files;
      files.component = TRY(required(section, "component", scope));
      files.name = TRY(text(section, "name", scope));
      files.path = TRY(path(section, "path", scope));
      files.without = TRY(section.texts("without"));
      TRY(section.finish());
      definition_.files.push_back(std::move(files));
    }
    return {};
  }

  Result<> read_charts(config::Section& root, const Scope& scope) {
    auto sections = TRY(root.sections("chart"));
    for (config::Section& section : sections) {
      ChartSource chart;
      chart.component = TRY(required(section, "component", scope));
      chart.name = TRY(required(section, "name", scope));
      chart.version = TRY(required(section, "version", scope));
      chart.path = TRY(path(section, "path", scope));
      TRY(section.finish());
      definition_.charts.push_back(std::move(chart));
    }
    return {};
  }

  Result<> read_trees(config::Section& root, const Scope& scope) {
    auto sections = TRY(root.sections("source"));
    for (config::Section& section : sections) {
      TreeSource tree;
      tree.component = TRY(required(section, "component", scope));
      tree.name = TRY(required(section, "name", scope));
      tree.path = TRY(path(section, "path", scope));
      TRY(section.finish());
      definition_.trees.push_back(std::move(tree));
    }
    return {};
  }

  const Variables& given_;
  Definition& definition_;
};

}  // namespace

Result<Definition> load_definition(const std::string& path, const Variables& variables) {
  Definition definition;
  Reader reader(variables, definition);
  TRY(reader.read(path, 0));
  const std::string& platform = definition.statement.platforms.front();
  for (auto& image : definition.archive_images)
    image.platform = platform;
  for (auto& image : definition.program_images)
    image.platform = platform;
  return definition;
}

}  // namespace holdfast::bundle
