#include "native/bench/floors.hpp"

#include "freehold/crypto/hash.hpp"

namespace freehold::bench {

namespace {

constexpr std::size_t node_bytes = 4400;  // about the mean

template <class Work>
double median_time(int rounds, Work work) {
  std::vector<double> times;
  for (int round = 0; round < rounds; ++round) {
    const double start = now();
    work();
    times.push_back(now() - start);
  }
  return median(times);
}

}  // namespace

void run_floors(const Dataset& data, const Report& report) {
  const auto n = static_cast<double>(data.size());
  Bytes entries;
  entries.reserve(data.logical_bytes());
  const double copying = median_time(3, [&] {
    entries.clear();
    for (std::size_t i = 0; i < data.size(); ++i) {
      append(entries, data.key(i));
      append(entries, data.value(i));
    }
  });
  report.figure("F", "memcpy_entries", n / copying, "1/s");

  std::uint64_t sum = 0;
  const ByteView all = entries;
  const double hashing = median_time(3, [&] {
    for (std::size_t at = 0; at < all.size(); at += node_bytes) {
      sum += sha256(all.subspan(at, std::min(node_bytes, all.size() - at)))[0];
    }
  });
  report.figure("F", "hash_entries", n / hashing, "1/s");
  report.figure("F", "sha256", static_cast<double>(all.size()) / hashing / 1e6, "MB/s");

  const std::size_t one = std::min(node_bytes, all.size());
  const double path = median_time(1000, [&] {
    for (int level = 0; level < 4; ++level) sum += sha256(all.first(one))[0];
  });
  report.figure("F", "hash_4_nodes", path * 1e6, "us");
  report.note("F", "checksum", std::to_string(sum));
}

}  // namespace freehold::bench
