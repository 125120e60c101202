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
#include <functional>
#include <initializer_list>
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
    TRY(read_sources(root, scope));
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

  enum class Kind { text, required, path };

  // A key of a table, what it must be, and where its expanded text goes.
  struct Field {
    std::string_view key;
    Kind kind;
    std::string* into;
  };

  Result<> fill(config::Section& section, const Scope& scope,
                std::initializer_list<Field> fields) const {
    for (const auto& field : fields) {
      switch (field.kind) {
        case Kind::text: *field.into = TRY(text(section, field.key, scope)); break;
        case Kind::required: *field.into = TRY(required(section, field.key, scope)); break;
        case Kind::path: *field.into = TRY(path(section, field.key, scope)); break;
      }
    }
    return {};
  }

  // Each table of the list `name`: filled into a Source, kept in `into`, without keys that are left.
  template <class Source>
  Result<> read_list(config::Section& root, std::string_view name, std::vector<Source>& into,
                     const std::function<Result<>(config::Section&, Source&)>& read_one) const {
    auto sections = TRY(root.sections(name));
    for (config::Section& section : sections) {
      Source source;
      TRY(read_one(section, source));
      TRY(section.finish());
      into.push_back(std::move(source));
    }
    return {};
  }

  Result<> read_head(config::Section& root, const Scope& scope) {
    Statement& statement = definition_.statement;
    std::string platform;
    TRY(fill(root, scope,
             {{"name", Kind::required, &statement.name},
              {"version", Kind::required, &statement.version},
              {"channel", Kind::text, &statement.channel},
              {"min-installer", Kind::text, &statement.min_installer},
              {"upgrade-from", Kind::text, &statement.upgrade_from},
              {"kubernetes", Kind::text, &statement.kubernetes},
              {"issued-at", Kind::text, &statement.issued_at},
              {"previous", Kind::text, &statement.previous},
              {"platform", Kind::required, &platform}}));
    statement.platforms = {platform};
    const auto epoch = TRY(root.integer("security-epoch"));
    if (epoch.value_or(0) < 0) {
      return failure(
          root.refusal(Code::bundle_definition, "security-epoch", "an epoch is not negative"));
    }
    statement.security_epoch = static_cast<std::uint64_t>(epoch.value_or(0));
    config::Section engine = TRY(root.section("engine"));
    TRY(fill(engine, scope,
             {{"kind", Kind::text, &statement.engine_kind},
              {"version", Kind::text, &statement.engine_version}}));
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

  Result<> read_program_image(config::Section& section, const Scope& scope) {
    ProgramImage image;
    std::string user;
    TRY(fill(section, scope,
             {{"component", Kind::required, &image.component},
              {"name", Kind::required, &image.name},
              {"program", Kind::path, &image.program},
              {"user", Kind::text, &user}}));
    const auto arguments = TRY(section.texts("arguments"));
    for (const auto& argument : arguments) {
      std::string expanded = TRY(expand(section, "arguments", argument, scope));
      image.arguments.push_back(std::move(expanded));
    }
    if (!user.empty()) image.user = user;
    const auto certificates = TRY(section.text("certificates"));
    if (certificates) image.certificates = TRY(path(section, "certificates", scope));
    const auto zones = TRY(section.text("zones"));
    if (zones) image.zones = TRY(path(section, "zones", scope));
    definition_.program_images.push_back(std::move(image));
    return {};
  }

  // Two kinds of table in one list: made of a program, or taken from an archive.
  Result<> read_images(config::Section& root, const Scope& scope) {
    auto sections = TRY(root.sections("image"));
    for (config::Section& section : sections) {
      const auto program = TRY(section.text("program"));
      if (program) {
        TRY(read_program_image(section, scope));
      } else {
        ArchiveImage image;
        TRY(fill(section, scope,
                 {{"component", Kind::required, &image.component},
                  {"name", Kind::text, &image.name},
                  {"archive", Kind::path, &image.path}}));
        definition_.archive_images.push_back(std::move(image));
      }
      TRY(section.finish());
    }
    return {};
  }

  Result<> read_sources(config::Section& root, const Scope& scope) {
    const auto file = [&](config::Section& section, FileSource& files) -> Result<> {
      TRY(fill(section, scope,
               {{"component", Kind::required, &files.component},
                {"name", Kind::text, &files.name},
                {"path", Kind::path, &files.path}}));
      files.without = TRY(section.texts("without"));
      return {};
    };
    const auto chart = [&](config::Section& section, ChartSource& packaged) {
      return fill(section, scope,
                  {{"component", Kind::required, &packaged.component},
                   {"name", Kind::required, &packaged.name},
                   {"version", Kind::required, &packaged.version},
                   {"path", Kind::path, &packaged.path}});
    };
    const auto tree = [&](config::Section& section, TreeSource& files) {
      return fill(section, scope,
                  {{"component", Kind::required, &files.component},
                   {"name", Kind::required, &files.name},
                   {"path", Kind::path, &files.path}});
    };
    TRY(read_list<FileSource>(root, "files", definition_.files, file));
    TRY(read_list<ChartSource>(root, "chart", definition_.charts, chart));
    const auto vex = [&](config::Section& section, VexSource& source) {
      return fill(section, scope,
                  {{"subject", Kind::required, &source.subject},
                   {"path", Kind::path, &source.path}});
    };
    TRY(read_list<VexSource>(root, "vex", definition_.vex, vex));
    return read_list<TreeSource>(root, "source", definition_.trees, tree);
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
