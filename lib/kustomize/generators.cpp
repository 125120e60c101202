// SPDX-License-Identifier: Apache-2.0
#include "kustomize/generators.h"

#include "base/text.h"
#include "crypto/digest.h"
#include "kustomize/transformers.h"
#include "value/json.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::kustomize {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

std::string without_quotes(std::string_view text) {
  const bool quoted = text.size() >= 2 && text.front() == text.back() &&
                      (text.front() == '"' || text.front() == '\'');
  return std::string(quoted ? text.substr(1, text.size() - 2) : text);
}

// The tool hands literals to its generator as YAML 1.1, to which U+0085 is a line break that folds.
std::string through_yaml(const std::string& text) {
  constexpr std::string_view next_line = "\xC2\x85";
  if (text.find(next_line) == std::string::npos) return text;
  if (text.find('\n') != std::string::npos) return replace_all(text, next_line, "\n");
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t breaks = 0;
    while (std::string_view(text).substr(i).starts_with(next_line)) {
      ++breaks;
      i += next_line.size();
    }
    if (breaks == 1) out += ' ';
    if (breaks > 1) out.append(breaks - 1, '\n');
    if (i < text.size() && breaks == 0) out += text[i++];
  }
  return out;
}

Result<> add_literals(const Generator& generator, const Entry& entry, Pairs& pairs) {
  for (std::size_t i = 0; i < generator.literals.size(); ++i) {
    const std::string literal = through_yaml(generator.literals[i]);
    const auto equals = literal.find('=');
    if (equals == std::string::npos || equals == 0) {
      return failure(Error(Code::kustomization,
                           fmt::format("the literal \"{}\" has no key", printable(literal)))
                         .at(entry.place(fmt::format("/literals/{}", i)))
                         .fix(equals == 0 ? "write it as key=value"
                                          : fmt::format("write it as key=value: {}=…", printable(literal, 40))));
    }
    pairs.emplace_back(literal.substr(0, equals),
                       without_quotes(std::string_view(literal).substr(equals + 1)));
  }
  return {};
}

// Go's unicode.IsSpace for what can start a line.
std::string_view without_leading_space(std::string_view line) {
  while (!line.empty()) {
    if (std::string_view("\t\n\v\f\r ").find(line.front()) != std::string_view::npos) {
      line.remove_prefix(1);
    } else if (line.starts_with("\xC2\x85") || line.starts_with("\xC2\xA0")) {
      line.remove_prefix(2);
    } else if (line.starts_with("\xE3\x80\x80") || line.starts_with("\xE2\x80\xA8") ||
               line.starts_with("\xE2\x80\xA9")) {
      line.remove_prefix(3);
    } else {
      break;
    }
  }
  return line;
}

Result<> add_env_file(const std::string& path, const Loader& loader, Pairs& pairs) {
  const std::string content = TRY(loader.read(path));
  std::string_view rest = content;
  for (int number = 1; !rest.empty(); ++number) {
    const auto end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    const std::string at = fmt::format("{}:{}", loader.path_of(path), number);
    if (find_invalid_utf8(line))
      return failure(Error(Code::text_encoding, "a line of an env file is not UTF-8").at(at));
    if (number == 1 && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
    line = without_leading_space(line);
    if (line.empty() || line.front() == '#') continue;
    const auto equals = line.find('=');
    const auto key = line.substr(0, equals);
    if (key.empty()) continue;
    pairs.emplace_back(
        key, equals == std::string_view::npos ? std::string_view() : line.substr(equals + 1));
  }
  return {};
}

Result<> add_files(const Generator& generator, const Loader& loader, const Entry& entry, Pairs& pairs) {
  for (std::size_t i = 0; i < generator.files.size(); ++i) {
    const std::string& source = generator.files[i];
    const auto place = [&] { return entry.place(fmt::format("/files/{}", i)); };
    const auto equals = source.find('=');
    std::string key(base_name(source));
    std::string path = source;
    if (equals != std::string::npos) {
      key = source.substr(0, equals);
      path = source.substr(equals + 1);
      if (key.empty() || path.empty() || path.find('=') != std::string::npos) {
        return failure(Error(Code::kustomization,
                             fmt::format("the file entry \"{}\" cannot be read", printable(source)))
                           .at(place())
                           .fix("write it as path or key=path, with one \"=\" at most"));
      }
    }
    auto content = loader.read(path);
    if (!content) return failure(std::move(content).error().at(place()));
    pairs.emplace_back(std::move(key), *std::move(content));
  }
  return {};
}

// Base64, broken into lines of 70 when it fills one.
std::string encoded(std::string_view bytes) {
  constexpr std::size_t width = 70;
  const std::string text = to_base64(bytes);
  if (text.size() < width) return text;
  std::string out;
  for (std::size_t i = 0; i < text.size(); i += width)
    out += text.substr(i, width) + "\n";
  return out;
}

Result<Texts> collect(const Generator& generator, const Loader& loader, const Entry& entry) {
  Pairs pairs;
  for (std::size_t i = 0; i < generator.envs.size(); ++i) {
    auto read = add_env_file(generator.envs[i], loader, pairs);
    if (!read) return failure(std::move(read).error().at(entry.place(fmt::format("/envs/{}", i))));
  }
  TRY(add_literals(generator, entry, pairs));
  TRY(add_files(generator, loader, entry, pairs));
  Texts out;
  for (auto& [key, text] : pairs) {
    if (!is_text_key(key)) return failure(bad_key(key).error().at(entry.place()));
    if (!out.emplace(key, std::move(text)).second) {
      return failure(
          Error(Code::kustomization,
                fmt::format("the generator \"{}\" has the key \"{}\" twice", generator.name, key))
              .at(entry.place())
              .fix("remove one of them"));
    }
  }
  return out;
}

Object as_object(const Texts& texts) {
  Object out;
  out.reserve(texts.size());
  for (const auto& [key, text] : texts)
    out.append(key, text);
  return out;
}

}  // namespace

GeneratorOptions combined(const std::optional<GeneratorOptions>& own,
                          const std::optional<GeneratorOptions>& general) {
  GeneratorOptions out = own.value_or(GeneratorOptions{});
  if (!general) return out;
  out.labels.insert(general->labels.begin(), general->labels.end());
  out.annotations.insert(general->annotations.begin(), general->annotations.end());
  out.disable_hash |= general->disable_hash;
  out.immutable |= general->immutable;
  return out;
}

Result<Resource> generate(Made kind, const Generator& generator, const Loader& loader,
                          const Entry& entry) {
  const std::string_view kind_word = kind == Made::secret ? "Secret" : "ConfigMap";
  if (generator.name.empty()) {
    return failure(
        Error(Code::kustomization, fmt::format("a generator of a {} has no name", kind_word))
            .at(entry.place())
            .fix("give it a \"name\""));
  }
  const Texts data =
      TRY(collect(generator, loader, entry), "generating {} \"{}\"", kind_word, generator.name);
  Resource out;
  out.body["apiVersion"] = "v1";
  out.body["kind"] = kind_word;
  out.body["metadata"]["name"] = generator.name;
  if (!generator.space.empty()) out.body["metadata"]["namespace"] = generator.space;
  if (kind == Made::secret)
    out.body["type"] = generator.type.empty() ? std::string("Opaque") : generator.type;
  if (kind == Made::secret) out.body["data"] = Object();
  for (const auto& [key, text] : data) {
    if (kind == Made::secret) {
      out.body["data"][key] = encoded(text);
    } else if (find_invalid_utf8(text)) {
      out.body["binaryData"][key] = encoded(text);
    } else {
      out.body["data"][key] = text;
    }
  }
  const GeneratorOptions options = generator.options.value_or(GeneratorOptions{});
  if (!options.labels.empty()) out.body["metadata"]["labels"] = as_object(options.labels);
  if (!options.annotations.empty())
    out.body["metadata"]["annotations"] = as_object(options.annotations);
  if (options.immutable) out.body["immutable"] = true;
  out.needs_hash = !options.disable_hash;
  out.behavior = behavior_of(generator.behavior);
  out.generated = true;
  return out;
}

std::string content_hash(const Value& object) {
  Object hashed;
  const auto kind = kind_of(object);
  const auto text_or_map = [&](std::string_view field) -> Value {
    const Value* value = object.find(field);
    if (value == nullptr) return "";
    if (value->is_array()) return nullptr;  // no map of Go's
    return value->is_object() ? *value : Value(text_of(*value));
  };
  if (kind == "ConfigMap" || kind == "Secret") {
    hashed.set("kind", kind);
    // The tool looks the name up by a key that does not exist; every hash in the world depends on
    // it.
    hashed.set("name", "");
    hashed.set("data", text_or_map("data"));
    const std::string_view more = kind == "Secret" ? "stringData" : "binaryData";
    const Value* map = object.find(more);
    if (map != nullptr && (map->is_object() || map->is_array())) hashed.set(more, text_or_map(more));
    if (kind == "Secret") hashed.set("type", text_or_map("type"));
  } else {
    hashed.set("object", object);
  }
  std::string hash = crypto::sha256(json::write(Value(std::move(hashed)))).hex().substr(0, 10);
  // Letters that spell fewer words.
  constexpr std::string_view from = "013ae";
  constexpr std::string_view to = "ghkmt";
  for (char& c : hash) {
    if (const auto i = from.find(c); i != std::string_view::npos) c = to[i];
  }
  return hash;
}

Result<> add_hashes(ResourceSet& resources) {
  for (std::size_t i = 0; i < resources.size(); ++i) {
    Resource& resource = resources[i];
    if (!resource.needs_hash || is_blank(&resource.body)) continue;
    const std::string hash = content_hash(resource.body);
    resource.remember_id();
    set_name(resource.body, fmt::format("{}-{}", name_of(resource.body), hash));
  }
  resources.renamed_any();
  return {};
}

}  // namespace holdfast::kustomize
