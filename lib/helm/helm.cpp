// SPDX-License-Identifier: Apache-2.0
#include "helm/helm.h"

#include <algorithm>
#include <map>

#include "base/semver.h"
#include "base/text.h"
#include "helm/dependencies.h"
#include "helm/manifests.h"
#include "helm/objects.h"
#include "helm/values.h"

namespace holdfast::helm {
namespace {

// A template with the data that its chart's templates see.
struct Job {
  std::string path;  // "demo/charts/sub/templates/x.yaml"
  std::string_view text;
  gotmpl::Datum data;
  bool partial;
};

struct Collector {
  const Settings& settings;
  gotmpl::Datum release;
  gotmpl::Datum capabilities;
  std::vector<Job> jobs = {};

  // The chart's scope: its own section of the values, shared with the parent's map as Go does.
  gotmpl::Datum collect(const Chart& chart, const std::string& path, const gotmpl::Datum& values, Include root) {
    gotmpl::Datum subcharts = gotmpl::Datum::new_dict();
    for (const auto& subchart : chart.subcharts) {
      const auto* section = values.find(subchart.name);
      const auto inner = section != nullptr && section->dict() != nullptr ? *section : gotmpl::Datum::new_dict();
      subcharts.dict()->set(subchart.name, collect(subchart, path + "/charts/" + subchart.name, inner, Include::no));
    }
    gotmpl::Datum scope = gotmpl::Datum::new_dict();
    scope.dict()->set("Chart", chart_object(chart, root));
    scope.dict()->set("Files", files_object(chart.files));
    scope.dict()->set("Release", release);
    scope.dict()->set("Capabilities", capabilities);
    scope.dict()->set("Values", values);
    scope.dict()->set("Subcharts", subcharts);
    for (const auto& file : chart.templates) {
      const bool partial = base_name(file.path).starts_with('_');
      if (chart.is_library() && !partial) continue;
      jobs.push_back({.path = path + "/" + file.path, .text = file.content, .data = with_template(scope, path, file), .partial = partial});
    }
    return scope;
  }

  static gotmpl::Datum with_template(const gotmpl::Datum& scope, const std::string& path, const File& file) {
    gotmpl::Datum data = gotmpl::Datum::new_dict();
    for (const auto& entry : scope.dict()->entries()) data.dict()->set(entry.key, entry.value);
    gotmpl::Datum about = gotmpl::Datum::new_dict();
    about.dict()->set("Name", path + "/" + file.path);
    about.dict()->set("BasePath", path + "/templates");
    data.dict()->set("Template", about);
    return data;
  }
};

// engine.go sortTemplates: the deepest path first, at equal depth the last name first.
void order_jobs(std::vector<Job>& jobs) {
  std::ranges::sort(jobs, [](const Job& a, const Job& b) {
    const auto depth_a = std::ranges::count(a.path, '/'), depth_b = std::ranges::count(b.path, '/');
    return depth_a != depth_b ? depth_a > depth_b : a.path > b.path;
  });
}

Result<std::map<std::string, std::string>> execute(std::vector<Job> jobs, const Settings& settings) {
  order_jobs(jobs);
  gotmpl::Templates templates(settings.environment);
  for (const auto& job : jobs) TRY(templates.parse(job.path, job.text));
  std::map<std::string, std::string> files;
  for (const auto& job : jobs) {
    if (job.partial) continue;
    files[job.path] = TRY(templates.execute(job.path, job.data));
  }
  return files;
}

Result<> check_installable(const Chart& chart, const Settings& settings) {
  if (chart.is_library()) {
    return failure(Error(Code::chart, "library charts are not installable").at(chart.name));
  }
  const auto wanted = chart.metadata.text({"kubeVersion"});
  if (wanted.empty()) return {};
  const auto range = semver::Range::parse(wanted);
  auto version = semver::Version::parse(settings.kube_version);
  if (version) version->prerelease.clear();  // a vendor's suffix is no prerelease
  if (range && version && range->contains(*version)) return {};
  return failure(Error(Code::chart, fmt::format("the chart requires kubeVersion \"{}\" and the cluster has {}", printable(wanted), settings.kube_version)).at(chart.name));
}

Result<> check_release(const Release& release) {
  constexpr std::size_t length_max = 53;
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
  bool good = !release.name.empty() && release.name.size() <= length_max;
  for (const auto part : split(release.name, '.')) {
    good = good && !part.empty() && plain(part.front()) && plain(part.back()) &&
           std::ranges::all_of(part, [&](char c) { return plain(c) || c == '-'; });
  }
  if (good) return {};
  return failure(Code::chart, "\"{}\" cannot be the name of a release", printable(release.name));
}

void collect_crds(const Chart& chart, const std::string& path, std::vector<Document>& documents) {
  for (const auto& file : chart.crds) {
    documents.push_back({.source = path + "/" + file.path, .text = file.content, .kind = Document::Kind::crd});
  }
  for (const auto& subchart : chart.subcharts) collect_crds(subchart, path + "/charts/" + subchart.name, documents);
}

}  // namespace

Result<std::vector<Document>> render(Chart chart, const Object& user, const Settings& settings) {
  TRY(check_release(settings.release));
  TRY(check_installable(chart, settings));
  TRY(process_dependencies(chart, user));
  Object values = TRY(coalesce_values(chart, user));

  Collector collector{.settings = settings,
                      .release = release_object(settings.release),
                      .capabilities = capabilities_object(settings)};
  const auto data = gotmpl::Datum::from_value(Value(std::move(values)), gotmpl::Datum::Numbers::exact);
  collector.collect(chart, chart.name, data, Include::yes);
  auto files = TRY(execute(std::move(collector.jobs), settings));
  std::erase_if(files, [](const auto& file) { return file.first.ends_with("NOTES.txt"); });

  std::vector<Document> documents;
  if (settings.crds == Include::yes) collect_crds(chart, chart.name, documents);
  auto sorted = TRY(sort_documents(files, settings));
  std::ranges::move(sorted, std::back_inserter(documents));
  return documents;
}

std::string print(const std::vector<Document>& documents) {
  std::string manifests, hooks;
  for (const auto& document : documents) {
    auto& out = document.kind == Document::Kind::hook ? hooks : manifests;
    out += fmt::format("---\n# Source: {}\n{}\n", document.source, document.text);
  }
  return fmt::format("{}\n{}", trim(manifests), hooks);
}

}  // namespace holdfast::helm
