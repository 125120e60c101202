// SPDX-License-Identifier: Apache-2.0
#include "helm/helm.h"

#include "base/semver.h"
#include "base/text.h"
#include "gotmpl/unicode.h"
#include "helm/dependencies.h"
#include "helm/manifests.h"
#include "helm/objects.h"
#include "helm/schema.h"
#include "helm/values.h"

#include <algorithm>
#include <utility>

namespace holdfast::helm {
namespace {

// A template with the data that its chart's templates see.
struct Job {
  std::string path;  // "demo/charts/sub/templates/x.yaml"
  Content content;
  std::string text;  // of one that is parsed: its nodes are in it
  gotmpl::Datum scope;  // shared by the chart's templates: what one sets, the later ones see
  std::string base_path;
  bool partial;
};

// A file of crds/, which is one of .Files, too: it is not read before the templates are done.
struct CrdFile {
  std::string source;
  gotmpl::Datum content;
};

struct Collector {
  const Settings& settings;
  gotmpl::Datum release;
  gotmpl::Datum capabilities;
  std::vector<Job> jobs = {};
  std::vector<CrdFile> crds = {};
  std::optional<Error> unread = {};  // what a file of .Files is refused with

  // The chart's scope: its own section of the values, shared with the parent's map as Go does.
  // Takes the chart's files and templates.
  Result<gotmpl::Datum> collect(Chart& chart, const std::string& path, const gotmpl::Datum& values,
                                Include root) {
    const gotmpl::Datum files = files_object(std::move(chart.files), unread);
    for (const auto& crd : chart.crds)
      crds.push_back({.source = path + "/" + crd, .content = *files.find(crd)});
    gotmpl::Datum subcharts = gotmpl::Datum::new_dict();
    for (auto& subchart : chart.subcharts) {
      const auto* section = values.find(subchart.name);
      const auto inner =
          section != nullptr && section->dict() != nullptr ? *section : gotmpl::Datum::new_dict();
      auto scope = TRY(collect(subchart, path + "/charts/" + subchart.name, inner, Include::no));
      subcharts.dict()->set(subchart.name, std::move(scope));
    }
    gotmpl::Datum section = values;
    become_values(section, root, settings.environment.flavor);
    gotmpl::Datum scope = gotmpl::Datum::new_dict();
    scope.dict()->set("Chart", chart_object(chart, root, settings.environment.flavor));
    scope.dict()->set("Files", files);
    scope.dict()->set("Release", release);
    scope.dict()->set("Capabilities", capabilities);
    scope.dict()->set("Values", values);
    scope.dict()->set("Subcharts", subcharts);
    for (auto& file : chart.templates) {
      const bool partial = base_name(file.path).starts_with('_');
      if (chart.is_library() && !partial) continue;
      Job job{.path = path + "/" + file.path,
              .content = std::move(file.content),
              .text = {},
              .scope = scope,
              .base_path = path + "/templates",
              .partial = partial};
      jobs.push_back(std::move(job));
    }
    return scope;
  }
};

// .Template, which each template of a chart overwrites in the scope that they share.
void set_template(const Job& job, gotmpl::Flavor flavor) {
  gotmpl::Datum about = gotmpl::Datum::new_dict();
  become_values(about, Include::yes, flavor);
  about.dict()->set("Name", job.path);
  about.dict()->set("BasePath", job.base_path);
  job.scope.dict()->set("Template", about);
}

// engine.go sortTemplates: the deepest path first, at equal depth the last name first.
void order_jobs(std::vector<Job>& jobs) {
  std::ranges::sort(jobs, [](const Job& a, const Job& b) {
    const auto depth_a = std::ranges::count(a.path, '/'), depth_b = std::ranges::count(b.path, '/');
    return depth_a != depth_b ? depth_a > depth_b : a.path > b.path;
  });
}

// A large template is parsed in its turn and forgotten after it; until then its text is forgotten, too.
Result<> add_template(gotmpl::Templates& templates, Job& job) {
  constexpr std::size_t late_min = std::size_t{8} << 10;
  const auto again = job.content.again();
  auto text = TRY(std::move(job.content).take());
  const bool late = !job.partial && again && text.size() >= late_min && gotmpl::Templates::can_wait(text);
  if (late) return templates.add_late(job.path, [again] { return Content(*again).take(); });
  job.text = std::move(text);
  return templates.parse(job.path, job.text);
}

// The documents of all templates. What is no YAML is told when all are made: first what a template
// refuses, then of these the first by its path.
Result<Manifests> execute(std::vector<Job> jobs, const Settings& settings) {
  order_jobs(jobs);
  gotmpl::Templates templates(settings.environment);
  for (auto& job : jobs) {
    auto added = add_template(templates, job);
    if (added) continue;
    TRY(templates.check_late());  // what comes first is told first
    return failure(std::move(added).error());
  }
  Manifests manifests(settings);
  std::string_view before;
  for (const auto& job : jobs) {
    if (job.partial) continue;
    set_template(job, settings.environment.flavor);
    gotmpl::Templates::Trace trace;
    const Manifests::Origin origin{.templates = templates, .path = job.path, .trace = trace};
    // Two versions of one subchart have templates of one name, of which the last to be parsed counts.
    const bool shown = !job.path.ends_with("NOTES.txt") && job.path != std::exchange(before, job.path);
    const auto take = [&](std::string lines) {
      if (shown) manifests.add(origin, std::move(lines));
    };
    const auto made = templates.execute(job.path, job.scope, trace, take);
    if (!made) {
      TRY(templates.check_late());
      return failure(made.error());
    }
    manifests.end(origin);
    templates.forget(job.path);
  }
  TRY(manifests.check());
  return manifests;
}

Result<> check_installable(const Chart& chart, const Settings& settings) {
  if (chart.is_library()) {
    return failure(Error(Code::chart, "library charts are not installable")
                       .at(chart.name)
                       .fix("make it a dependency of a chart of type application"));
  }
  auto version = semver::Version::parse(settings.kube_version);
  if (!version)
    return failure(Code::chart, "\"{}\" is no version of Kubernetes",
                   printable(settings.kube_version));
  const auto wanted = chart.metadata.text({"kubeVersion"});
  if (wanted.empty()) return {};
  const auto range = semver::Range::parse(wanted);
  version->prerelease.clear();  // a vendor's suffix is no prerelease
  if (range && range->contains(*version)) return {};
  return failure(
      Error(Code::chart, fmt::format("the chart requires kubeVersion \"{}\" and the cluster has {}",
                                     printable(wanted), settings.kube_version))
          .at(chart.name)
          .fix("take a version of the chart that is for this Kubernetes"));
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

// The chart and its subcharts against their schemas, as one list of what is wrong.
Result<> collect_violations(const Chart& chart, const Value& values,
                            std::vector<std::string>& violations) {
  if (chart.schema) {
    const auto schema = TRY(Content(*chart.schema).take());
    const auto problems =
        TRY(schema.empty() ? Result<std::vector<SchemaProblem>>() : check_schema(schema, values), "chart {}", chart.name);
    for (const auto& problem : problems) {
      violations.push_back(fmt::format("{:{}}{}: at '{}': {}", "", problem.depth * 2, chart.name,
                                       problem.place, problem.text));
    }
  }
  for (const auto& subchart : chart.subcharts) {
    const auto* section = values.find(subchart.name);
    if (section != nullptr && section->is_object())
      TRY(collect_violations(subchart, *section, violations));
  }
  return {};
}

Result<> check_values(const Chart& chart, const Value& values, const Settings& settings) {
  if (settings.schema == Include::no) return {};
  std::vector<std::string> violations;
  TRY(collect_violations(chart, values, violations));
  if (violations.empty()) return {};
  Error error(Code::chart_values,
              "the values are not as the chart's values.schema.json wants them");
  for (auto& violation : violations)
    error = std::move(error).at(std::move(violation));
  return failure(std::move(error));
}

}  // namespace

Result<> render(Chart chart, const Object& user, const Settings& settings, const Take& take) {
  TRY(check_release(settings.release));
  TRY(check_installable(chart, settings));
  TRY(process_dependencies(chart, user, settings.environment.flavor));
  Value values = TRY(take_values(chart, user, nulls_of(settings.environment.flavor)));
  TRY(check_values(chart, values, settings));

  Collector collector{.settings = settings,
                      .release = release_object(settings.release),
                      .capabilities = capabilities_object(settings)};
  const auto data = gotmpl::Datum::from_value(std::move(values), gotmpl::Datum::Numbers::exact);
  TRY(collector.collect(chart, chart.name, data, Include::yes));
  chart = {};  // all that the templates see of it has been made
  auto made = execute(std::move(collector.jobs), settings);
  if (collector.unread) return failure(std::move(*collector.unread));
  if (!made) return failure(std::move(made).error());

  for (auto& crd : collector.crds) {
    if (settings.crds == Include::no) break;
    Document document{.source = std::move(crd.source),
                      .text = std::exchange(crd.content, {}).take_text(),
                      .kind = Document::Kind::crd};
    if (collector.unread) return failure(std::move(*collector.unread));
    TRY(take(std::move(document)));
  }
  return made->hand_out(take);
}

Result<std::vector<Document>> render(Chart chart, const Object& user, const Settings& settings) {
  std::vector<Document> out;
  const auto take = [&](Document document) -> Result<> {
    out.push_back(std::move(document));
    return {};
  };
  TRY(render(std::move(chart), user, settings, take));
  return out;
}

Result<std::string> release_name(const std::string& given, const gotmpl::Environment& environment) {
  if (given.find("{{") == std::string::npos) return given;
  gotmpl::Templates templates(environment);
  TRY(templates.parse("name-template", given));
  return templates.execute("name-template", gotmpl::Datum::nil());
}

void Printer::add(Document document) {
  const bool hook = document.kind == Document::Kind::hook;
  if (hook && !hooks_) end_manifests();
  // The last manifest is printed otherwise than those before it.
  std::swap(document, held_);
  if (holds_) print(document, document.text);
  holds_ = true;
}

void Printer::end_manifests() {
  hooks_ = true;
  if (std::exchange(holds_, false)) {
    // The manifests are one text, the white space at whose end is cut.
    const auto rest = gotmpl::trim_space(held_.text);
    const auto before = static_cast<std::size_t>(rest.data() - held_.text.data());
    print(held_, std::string_view(held_.text).substr(0, rest.empty() ? 0 : before + rest.size()));
    out_.resize(out_.size() - (rest.empty() ? 2 : 1));  // the line end; of an empty text the head's, too
  }
  out_ += '\n';
}

void Printer::print(const Document& document, std::string_view text) {
  constexpr std::size_t piece = std::size_t{64} << 10;
  if (out_.size() >= piece) {
    take_(out_);
    out_.clear();
  }
  out_ += "---\n# Source: ";
  out_ += document.source;
  out_ += '\n';
  if (text.size() < piece) {
    out_ += text;
  } else {
    take_(std::exchange(out_, {}));
    take_(text);
  }
  out_ += '\n';
}

void Printer::finish() {
  if (!hooks_) end_manifests();
  if (holds_) print(held_, held_.text);
  take_(out_);
}

std::string print(std::vector<Document> documents) {
  std::string out;
  Printer printer([&](std::string_view text) { out += text; });
  for (auto& document : documents)
    printer.add(std::move(document));
  printer.finish();
  return out;
}

}  // namespace holdfast::helm
