// SPDX-License-Identifier: Apache-2.0
#include "agent/web/metrics.h"

#include "base/result.h"
#include "base/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::agent {
namespace {

constexpr std::size_t series_max = 20'000;

std::string_view kind_word(MetricFamily::Kind kind) {
  switch (kind) {
    case MetricFamily::Kind::counter: return "counter";
    case MetricFamily::Kind::gauge: return "gauge";
    case MetricFamily::Kind::histogram: return "histogram";
  }
  std::unreachable();
}

std::string escaped(std::string text) {
  text = replace_all(std::move(text), "\\", "\\\\");
  text = replace_all(std::move(text), "\n", "\\n");
  return replace_all(std::move(text), "\"", "\\\"");
}

// {a="1",b="2"}; `extra` is one more pair, already written.
std::string label_text(const MetricFamily& family, const LabelValues& values, std::string extra) {
  std::vector<std::string> pairs;
  for (std::size_t i = 0; i < values.size(); ++i) {
    pairs.push_back(fmt::format("{}=\"{}\"", family.labels[i], escaped(values[i])));
  }
  if (!extra.empty()) pairs.push_back(std::move(extra));
  return pairs.empty() ? std::string() : fmt::format("{{{}}}", fmt::join(pairs, ","));
}

}  // namespace

Metrics::Metrics(std::vector<MetricFamily> families) {
  auto all = families_.lock();
  for (auto& family : families) {
    const std::string name = family.name;
    all->emplace(name, Family{.declared = std::move(family), .series = {}});
  }
}

Metrics::Series* Metrics::find_series(Families& families, std::string_view name,
                                      const LabelValues& labels) {
  const auto family = families.find(name);
  CHECK(family != families.end());
  CHECK(labels.size() == family->second.declared.labels.size());
  auto& all = family->second.series;
  const auto known = all.find(labels);
  if (known != all.end()) return &known->second;
  if (all.size() == series_max) return nullptr;
  auto& series = all[labels];
  series.buckets.resize(family->second.declared.buckets.size() + 1);
  return &series;
}

void Metrics::count(std::string_view name, const LabelValues& labels, double by) {
  auto families = families_.lock();
  if (Series* const series = find_series(*families, name, labels)) series->value += by;
}

void Metrics::set(std::string_view name, const LabelValues& labels, double value) {
  auto families = families_.lock();
  if (Series* const series = find_series(*families, name, labels)) series->value = value;
}

void Metrics::observe(std::string_view name, const LabelValues& labels, double value) {
  auto families = families_.lock();
  Series* const series = find_series(*families, name, labels);
  if (series == nullptr) return;
  const auto& bounds = families->find(name)->second.declared.buckets;
  const auto bucket = std::ranges::lower_bound(bounds, value) - bounds.begin();
  ++series->buckets[static_cast<std::size_t>(bucket)];
  series->value += value;
}

void Metrics::forget(std::string_view name, const LabelValues& labels) {
  auto families = families_.lock();
  const auto family = families->find(name);
  CHECK(family != families->end());
  // They are sorted, so those that begin alike stand together: each look forgets, and there may be thousands of series.
  auto& series = family->second.series;
  const auto begins = [&](const LabelValues& all) { return all.size() >= labels.size() && std::equal(labels.begin(), labels.end(), all.begin()); };
  for (auto place = series.lower_bound(labels); place != series.end() && begins(place->first);) place = series.erase(place);
}

std::string Metrics::text() const {
  std::string out;
  auto families = families_.lock();
  for (const auto& [name, family] : *families) {
    const auto& declared = family.declared;
    out += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name,
                       replace_all(declared.help, "\n", " "), kind_word(declared.kind));
    for (const auto& [labels, series] : family.series) {
      if (declared.kind != MetricFamily::Kind::histogram) {
        out += fmt::format("{}{} {}\n", name, label_text(declared, labels, ""), series.value);
        continue;
      }
      std::uint64_t total = 0;
      for (std::size_t i = 0; i < series.buckets.size(); ++i) {
        total += series.buckets[i];
        const bool last = i == declared.buckets.size();
        const auto bound = last ? std::string("+Inf") : fmt::format("{}", declared.buckets[i]);
        out += fmt::format("{}_bucket{} {}\n", name,
                           label_text(declared, labels, fmt::format("le=\"{}\"", bound)), total);
      }
      const auto plain = label_text(declared, labels, "");
      out += fmt::format("{0}_sum{1} {2}\n{0}_count{1} {3}\n", name, plain, series.value, total);
    }
  }
  return out;
}

}  // namespace holdfast::agent
