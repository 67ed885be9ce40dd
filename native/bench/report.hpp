/// The figures, one line of JSON each, and what they are made of: times and percentiles.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace freehold::bench {

/// Seconds since some moment.
inline double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

/// The greater middle one; 0 of none.
double median(std::vector<double> values);
double percentile(std::vector<double> values, double share);
double sum_of(const std::vector<double>& values);

/// Prints lines like {"peer", "version", "workload", "n", "d", "metric", "value", "unit"} as they
/// come.
class Report {
 public:
  Report(std::string peer, std::string version, std::size_t n)
      : peer_(std::move(peer)), version_(std::move(version)), n_(n) {}

  void figure(const char* workload, const std::string& metric, double value, const char* unit,
              std::optional<std::size_t> d = {}) const;
  void note(const char* workload, const char* metric, const std::string& text,
            std::optional<std::size_t> d = {}) const;
  /// A workload that did not do what it should: `ok` is false from then on.
  void error(const char* workload, const std::string& what, std::optional<std::size_t> d = {});
  bool ok() const noexcept { return ok_; }

 private:
  void line(const char* workload, const std::string& metric, const std::string& rest,
            std::optional<std::size_t> d) const;

  std::string peer_;
  std::string version_;
  std::size_t n_;
  bool ok_ = true;
};

}  // namespace freehold::bench
