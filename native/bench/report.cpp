#include "native/bench/report.hpp"

#include <algorithm>
#include <cstdio>
#include <numeric>

namespace freehold::bench {

double median(std::vector<double> values) {
  return percentile(std::move(values), 0.5);
}

double percentile(std::vector<double> values, double share) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const auto at = static_cast<std::size_t>(static_cast<double>(values.size()) * share);
  return values[std::min(values.size() - 1, at)];
}

double sum_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

void Report::line(const char* workload, const std::string& metric, const std::string& rest,
                  std::optional<std::size_t> d) const {
  std::printf(
      "{\"peer\":\"%s\",\"version\":\"%s\",\"workload\":\"%s\",\"n\":%zu,\"d\":%s,"
      "\"metric\":\"%s\",%s}\n",
      peer_.c_str(), version_.c_str(), workload, n_, d ? std::to_string(*d).c_str() : "null",
      metric.c_str(), rest.c_str());
  std::fflush(stdout);
}

void Report::figure(const char* workload, const std::string& metric, double value, const char* unit,
                    std::optional<std::size_t> d) const {
  char number[32];
  std::snprintf(number, sizeof number, "%.6g", value);
  line(workload, metric, std::string("\"value\":") + number + ",\"unit\":\"" + unit + "\"", d);
}

void Report::note(const char* workload, const char* metric, const std::string& text,
                  std::optional<std::size_t> d) const {
  line(workload, metric, "\"value\":null,\"unit\":\"\",\"note\":\"" + text + "\"", d);
}

void Report::error(const char* workload, const std::string& what, std::optional<std::size_t> d) {
  ok_ = false;
  note(workload, "error", what, d);
}

}  // namespace freehold::bench
