#include "native/service/meter.hpp"

#include <algorithm>

namespace freehold::native {

namespace {

constexpr std::size_t buckets_kept_max = 4096;  // then those that are full are forgotten

std::chrono::nanoseconds time_for(std::uint64_t bytes, const StateTerms& terms) {
  const double seconds = static_cast<double>(bytes) /
                         static_cast<double>(std::max<std::uint64_t>(terms.bytes_per_second, 1));
  constexpr double seconds_max = 1e8;  // three years: enough of a wait, and it fits
  return std::chrono::nanoseconds(static_cast<std::int64_t>(std::min(seconds, seconds_max) * 1e9));
}

}  // namespace

void Meter::charge(const std::string& space, std::uint64_t bytes, const StateTerms& terms,
                   Time now) {
  if (bytes == 0) return;
  const std::lock_guard lock(mutex_);
  if (buckets_.size() >= buckets_kept_max) forget_full(now);
  Bucket& bucket = buckets_.try_emplace(space, Bucket{now, {}}).first->second;
  bucket.depth = time_for(terms.burst_bytes, terms);
  bucket.full_at = std::max(bucket.full_at, now) + time_for(bytes, terms);
}

Meter::Time Meter::free_at(const std::string& space, Time now) {
  const std::lock_guard lock(mutex_);
  const auto found = buckets_.find(space);
  if (found == buckets_.end()) return now;
  const Bucket& bucket = found->second;
  return std::chrono::time_point_cast<Time::duration>(bucket.full_at - bucket.depth);
}

void Meter::forget_full(Time now) {
  std::erase_if(buckets_, [now](const auto& each) { return each.second.full_at <= now; });
}

}  // namespace freehold::native
