/// Meters what spaces write: a token bucket for each. Whoever has overdrawn it waits; nobody is
/// refused (docs/design.md section 4, what mined keys can do).
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>

#include "native/config/config.hpp"

namespace freehold::native {

/// Any number of threads may use a meter.
class Meter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Bytes were written; the space's plan is `terms`.
  void charge(const std::string& space, std::uint64_t bytes, const StateTerms& terms, Time now);
  /// When the space may write again; not after `now` if it may at once.
  Time free_at(const std::string& space, Time now);

 private:
  /// A bucket is kept as the time at which it will be full again: then it is as good as none.
  struct Bucket {
    Time full_at;
    std::chrono::nanoseconds depth;  // how long it takes to fill
  };
  void forget_full(Time now);

  std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace freehold::native
