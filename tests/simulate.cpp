// simulate [--schedules N] [--seed S]: schedules of the simulator, by seeds from S on. Prints those
// that fail; `--schedules 1 --seed S` plays one again.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "property/simulator.hpp"

int main(int count, char** words) {
  std::uint64_t schedules = 10'000;
  std::uint64_t seed = 1;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::uint64_t number = std::strtoull(words[i + 1], nullptr, 10);
    if (std::strcmp(words[i], "--schedules") == 0) schedules = number;
    if (std::strcmp(words[i], "--seed") == 0) seed = number;
  }
  std::uint64_t failed = 0;
  for (std::uint64_t i = 0; i < schedules; ++i) {
    const std::string what = freehold::test::Simulator(seed + i).run();
    if (what.empty()) continue;
    ++failed;
    std::printf("FAILED seed %llu: %s\n", static_cast<unsigned long long>(seed + i), what.c_str());
  }
  std::printf("%llu passed, %llu failed\n", static_cast<unsigned long long>(schedules - failed),
              static_cast<unsigned long long>(failed));
  return failed == 0 ? 0 : 1;
}
