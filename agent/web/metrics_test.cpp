// SPDX-License-Identifier: Apache-2.0
#include "agent/web/metrics.h"

#include <gtest/gtest.h>

namespace holdfast::agent {
namespace {

using Kind = MetricFamily::Kind;

TEST(Metrics, ArePrintedAsPrometheusReadsThem) {
  Metrics metrics({{.name = "b_total", .help = "Syncs.", .labels = {"name", "phase"}},
                   {.name = "a", .help = "Apps.", .kind = Kind::gauge},
                   {.name = "c", .help = "Times.", .kind = Kind::histogram, .buckets = {0.5, 1}}});
  metrics.set("a", {}, 3);
  metrics.count("b_total", {"we\"b\n", "Failed"});
  metrics.count("b_total", {"we\"b\n", "Failed"}, 2);
  for (const double value : {0.25, 0.5, 0.75, 9.0})
    metrics.observe("c", {}, value);
  EXPECT_EQ(metrics.text(),
            "# HELP a Apps.\n# TYPE a gauge\na 3\n"
            "# HELP b_total Syncs.\n# TYPE b_total counter\n"
            "b_total{name=\"we\\\"b\\n\",phase=\"Failed\"} 3\n"
            "# HELP c Times.\n# TYPE c histogram\n"
            "c_bucket{le=\"0.5\"} 2\nc_bucket{le=\"1\"} 3\nc_bucket{le=\"+Inf\"} 4\n"
            "c_sum 10.5\nc_count 4\n");
}

TEST(Metrics, OfWhatIsGoneAreForgotten) {
  Metrics metrics(
      std::vector<MetricFamily>{{.name = "x", .help = "X.", .labels = {"name", "phase"}}});
  metrics.count("x", {"web", "a"});
  metrics.count("x", {"web", "b"});
  metrics.count("x", {"db", "a"});
  metrics.count("x", {"webs", "a"});
  metrics.forget("x", {"web"});
  metrics.forget("x", {"wea"});
  EXPECT_EQ(metrics.text(), "# HELP x X.\n# TYPE x counter\nx{name=\"db\",phase=\"a\"} 1\nx{name=\"webs\",phase=\"a\"} 1\n");
}

}  // namespace
}  // namespace holdfast::agent
