// SPDX-License-Identifier: Apache-2.0
#include "cli_help.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace holdfast::bootstrap {
namespace {

// One for each command whose flags do not say how they go together.
constexpr auto examples = std::to_array<std::string_view>({
    "holdfast up --node --bundle core.hfb --cluster demo --repo fleet --sample hello",
    "holdfast install --bundle core.hfb --cluster demo --repo fleet --context kind-demo",
    "holdfast e2e --repo . --cluster demo --bundle core.hfb > report.xml",
    "holdfast app create shop --repo http://holdfast-agent.argocd.svc/fleet.git --path internal/shop --dest-namespace shop",
    "holdfast app set shop --helm-set replicas=3 --sync-policy automated",
    "holdfast app unset shop --parameter replicas",
    "holdfast app patch shop --type merge --patch '{\"spec\":{\"project\":\"platform\"}}'",
    "holdfast app sync shop --resource apps:Deployment:web --preview-changes",
    "holdfast app rollback shop 3",
    "holdfast app wait shop --health --timeout 120",
    "holdfast app diff shop --local .",
    "holdfast app manifests shop --source live -o name",
    "holdfast app logs shop --kind Deployment --name web --follow",
    "holdfast app actions run shop restart --kind Deployment --resource-name web",
    "holdfast app add-source shop --repo https://git.example/values.git --ref values",
    "holdfast app remove-source shop --source-position 2",
    "holdfast repo init fleet --cluster demo --sample hello",
    "holdfast repo add-app web --chart internal/web --into shop",
    "holdfast repo vendor ingress-nginx --source https://kubernetes.github.io/ingress-nginx --version '~4.12'",
    "holdfast node up --bundle core.hfb",
    "holdfast render kustomize overlays/prod",
    "holdfast render helm charts/web --values prod.yaml --set replicas=2",
    "holdfast completion bash > /etc/bash_completion.d/holdfast",
    "holdfast bundle create -f bundles/core.toml -o core.hfb --sign-key release.key",
    "holdfast bundle sign core.hfb -o signed.hfb --sign-key site.key",
    "holdfast trust init --key release.key.pub",
    "holdfast trust require release 2",
    "holdfast trust publish --version 2 -o 2.root.json",
});

std::string path_of(const CLI::App& command) {
  const auto* parent = command.get_parent();
  return parent == nullptr ? command.get_name() : fmt::format("{} {}", path_of(*parent), command.get_name());
}

class HelpFormatter final : public CLI::Formatter {
 public:
  // "{auto,containers}=auto" in place of "TEXT:{auto,containers}=auto"; without the values that stand for none.
  std::string make_option_opts(const CLI::Option* option) const override {
    if (!option->get_option_text().empty() || option->get_type_size() == 0) return CLI::Formatter::make_option_opts(option);
    const auto type = option->get_type_name();
    const auto colon = type.find(':');
    const bool listed = colon != std::string::npos && type.substr(colon + 1).starts_with('{');
    std::string out = " " + (listed ? type.substr(colon + 1) : type.substr(0, colon));
    const auto& value = option->get_default_str();
    if (!value.empty() && value != "[]" && !option->get_required()) out += "=" + value;
    if (option->get_expected_max() == CLI::detail::expected_max_vector_size) out += " ...";
    if (option->get_required()) out += " REQUIRED";
    return out;
  }

  std::string make_footer(const CLI::App* command) const override {
    std::string out;
    const bool group = command->get_require_subcommand_min() > 0;
    if (!group && command->get_option_no_throw("--output") == nullptr) out += "--output json prints JSON.\n";
    const auto start = path_of(*command) + " ";
    const auto* example = std::ranges::find_if(examples, [&](std::string_view each) { return each.starts_with(start); });
    if (!group && example != examples.end()) out += fmt::format("Example: {}\n", *example);
    return out;
  }
};

}  // namespace

void shape_help(CLI::App& app) { app.formatter(std::make_shared<HelpFormatter>()); }

}  // namespace holdfast::bootstrap
