// SPDX-License-Identifier: Apache-2.0
#include "render/environment.h"

#include <cctype>

namespace holdfast::render {
namespace {

bool is_name(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Names of one character in Go's os.Expand.
bool is_special(char c) {
  return std::string_view("*#$@!?-0123456789").find(c) != std::string_view::npos;
}

struct Name {
  std::string_view text;
  std::size_t size;  // of what follows the dollar; 0 when no name does
};

Name name_at(std::string_view text) {
  if (text.starts_with('{')) {
    const auto close = text.find('}');
    // A brace that does not close is eaten alone, empty braces are eaten whole.
    if (close == std::string_view::npos) return {{}, 1};
    return {text.substr(1, close - 1), close + 1};
  }
  if (!text.empty() && is_special(text[0])) return {text.substr(0, 1), 1};
  std::size_t size = 0;
  while (size < text.size() && is_name(text[size]))
    ++size;
  return {text.substr(0, size), size};
}

}  // namespace

Environment environment_of(const Value& source, const Context& context) {
  const auto revision = std::string_view(context.revision);
  Environment out;
  out["ARGOCD_APP_NAME"] = context.application;
  out["ARGOCD_APP_NAMESPACE"] = context.namespace_;
  out["ARGOCD_APP_PROJECT_NAME"] = context.project;
  out["ARGOCD_APP_REVISION"] = revision;
  out["ARGOCD_APP_REVISION_SHORT"] = revision.substr(0, 7);
  out["ARGOCD_APP_REVISION_SHORT_8"] = revision.substr(0, 8);
  out["ARGOCD_APP_SOURCE_REPO_URL"] = source.text({"repoURL"});
  out["ARGOCD_APP_SOURCE_PATH"] = source.text({"path"});
  out["ARGOCD_APP_SOURCE_TARGET_REVISION"] = source.text({"targetRevision"});
  return out;
}

std::string substitute(std::string_view text, const Environment& environment) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const auto name = name_at(text.substr(i + 1));
    if (name.size == 0) {
      out += '$';
      continue;
    }
    const auto found = environment.find(name.text);
    if (name.text == "$") {
      out += '$';
    } else if (found != environment.end()) {
      out += found->second;
    }
    i += name.size;
  }
  return out;
}

}  // namespace holdfast::render
