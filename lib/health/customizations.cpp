// SPDX-License-Identifier: Apache-2.0
#include "health/customizations.h"

#include "base/text.h"

#include <algorithm>

namespace holdfast::health {
namespace {

constexpr std::size_t script_bytes_max = std::size_t{256} << 10;
constexpr std::size_t folder_bytes_max = std::size_t{16} << 20;

// "apps/Deployment" → "apps_Deployment", "_.crossplane.io/_" → "*.crossplane.io_*".
std::string group_kind_at(std::string_view folder) {
  std::string name(folder);
  std::ranges::replace(name, '_', '*');
  std::ranges::replace(name, '/', '_');
  return name;
}

class Loader {
 public:
  explicit Loader(const tree::FileTree& folder) : folder_(folder) {}

  Result<> add(std::string_view path) {
    // A ConfigMap that is mounted holds its files once more below ..data and the like.
    if (path.starts_with('.')) return {};
    constexpr std::string_view health = "/health.lua", actions = "/actions/";
    constexpr std::string_view discovery = "discovery.lua", action = "/action.lua";
    if (path.ends_with(health)) {
      const auto kind = path.substr(0, path.size() - health.size());
      auto text = TRY(read(path));
      scripts_.push_back({group_kind_at(kind), std::move(text)});
      return {};
    }
    const auto at = path.find(actions);
    if (at == std::string_view::npos || !path.ends_with(".lua")) return {};
    ActionScripts& kind = actions_[group_kind_at(path.substr(0, at))];
    auto name = path.substr(at + actions.size());
    if (name == discovery) {
      kind.discovery = TRY(read(path));
    } else if (name.ends_with(action)) {
      name.remove_suffix(action.size());
      kind.definitions[std::string(name)] = TRY(read(path));
    }
    return {};
  }

  Customizations finish() && { return {Scripts(std::move(scripts_)), std::move(actions_)}; }

 private:
  Result<std::string> read(std::string_view path) {
    std::string text = TRY(folder_.read(path));
    bytes_ += text.size();
    if (text.size() > script_bytes_max || bytes_ > folder_bytes_max) {
      return failure(Code::limit, "{}: a script has at most {} bytes, all of them {}",
                     printable(path), script_bytes_max, folder_bytes_max);
    }
    return text;
  }

  const tree::FileTree& folder_;
  std::size_t bytes_ = 0;
  std::vector<Script> scripts_;
  std::map<std::string, ActionScripts, std::less<>> actions_;
};

}  // namespace

Result<Customizations> load_customizations(const tree::FileTree& folder) {
  Loader loader(folder);
  const auto paths = TRY(tree::walk(folder, ""));
  for (const auto& path : paths) TRY(loader.add(path));
  return std::move(loader).finish();
}

}  // namespace holdfast::health
