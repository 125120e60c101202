// SPDX-License-Identifier: Apache-2.0
// Counters, gauges and histograms for GET /metrics, in Prometheus' text format 0.0.4.
// It does not know what is measured: the families are declared once by the program.
#pragma once

#include "base/guarded.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::agent {

struct MetricFamily {
  enum class Kind { counter, gauge, histogram };

  std::string name;  // "argocd_app_sync_total"
  std::string help;
  Kind kind = Kind::counter;
  std::vector<std::string> labels;  // names; the values are given with each number
  std::vector<double> buckets;      // upper bounds of a histogram, ascending
};

using LabelValues = std::vector<std::string>;  // in the order of the family's labels

// Thread-safe. A number for a family that was not declared, or with another count of labels, is a
// broken assumption of ours.
class Metrics {
 public:
  explicit Metrics(std::vector<MetricFamily> families);

  void count(std::string_view name, const LabelValues& labels, double by = 1);
  void set(std::string_view name, const LabelValues& labels, double value);
  void observe(std::string_view name, const LabelValues& labels, double value);
  // Forgets every number of `name` whose labels begin with `labels` (an Application is gone).
  void forget(std::string_view name, const LabelValues& labels);

  // All numbers, families and labels sorted.
  [[nodiscard]] std::string text() const;

 private:
  struct Series {
    double value = 0;                    // of a histogram: the sum
    std::vector<std::uint64_t> buckets;  // not cumulated; the last is +Inf
  };

  struct Family {
    MetricFamily declared;
    std::map<LabelValues, Series> series;
  };

  using Families = std::map<std::string, Family, std::less<>>;

  // Null when the family has its most series already: labels from outside must not fill the memory.
  static Series* find_series(Families& families, std::string_view name, const LabelValues& labels);

  mutable Guarded<Families> families_;
};

}  // namespace holdfast::agent
