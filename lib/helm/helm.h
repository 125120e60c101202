// SPDX-License-Identifier: Apache-2.0
// A chart and values → manifests, as `helm template` prints them when Argo CD calls it. Pure: no
// network, and no time or randomness but the caller's. It does not know Applications.
// Mirrors helm 4.3 pkg/cmd/template.go, pkg/action/install.go, pkg/engine/engine.go.
#pragma once

#include "base/result.h"
#include "gotmpl/templates.h"
#include "helm/chart.h"
#include "value/value.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::helm {

enum class Include { no, yes };

struct Release {
  std::string name = "release-name";
  std::string namespace_ = "default";
  Include upgrade = Include::no;  // yes: .Release.IsUpgrade in place of IsInstall
};

struct Settings {
  Release release;
  std::string kube_version = "v1.37.0";   // Helm 4.3's own
  std::vector<std::string> api_versions;  // in addition to Helm's own list
  Include crds = Include::yes;            // Argo CD's choice
  Include hooks = Include::yes;
  Include tests = Include::yes;
  Include schema = Include::yes;  // values.schema.json is obeyed
  gotmpl::Environment environment;
};

// A document as it is printed: "---\n# Source: <source>\n<text>".
struct Document {
  std::string source;  // "demo/templates/web.yaml"
  std::string text;
  enum class Kind { crd, manifest, hook } kind = Kind::manifest;
};

// Values of -f files and --set in order, merged by the caller: numbers of files are reals
// (widen_numbers), those of --set integers.
// Refuses with Code::chart, chart_values, template_syntax, template_execution, yaml_syntax or
// limit.
Result<std::vector<Document>> render(Chart chart, const Object& user, const Settings& settings);

// The same, one document at a time: those of crds/ are read when their turn comes, once all templates are
// done. They can be most of a chart.
using Take = std::function<Result<>(Document)>;
Result<> render(Chart chart, const Object& user, const Settings& settings, const Take& take);

// What --name-template names: the text itself, or what it makes as a template.
Result<std::string> release_name(const std::string& given, const gotmpl::Environment& environment);

// What `helm template` writes to its standard output, in pieces of some 64 KiB: a chart's output is
// as large as the chart, and a second whole text would be what a render takes most memory for.
class Printer {
 public:
  explicit Printer(std::function<void(std::string_view)> take) : take_(std::move(take)) {}
  void add(Document document);  // in the order of render
  void finish();

 private:
  void print(const Document& document, std::string_view text);
  void end_manifests();

  std::function<void(std::string_view)> take_;
  std::string out_;
  Document held_;  // the last one that was added
  bool holds_ = false;
  bool hooks_ = false;  // the manifests are over
};

// The same as one text.
std::string print(std::vector<Document> documents);

}  // namespace holdfast::helm
