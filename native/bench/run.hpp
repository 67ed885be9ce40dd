/// One run of `freehold bench tree`, whatever the medium and the machine.
#pragma once

#include "native/bench/workloads.hpp"

namespace freehold::bench {

struct Options {
  std::size_t n = 100'000;
  Chosen workloads;
};

inline constexpr std::size_t entries_max = 20'000'000;

/// Reads "1000" and "W1,W2". Says what is wrong with them, or nothing.
Trouble read_options(const std::string& n, const std::string& workloads, Options* options);

/// The tree in memory, and the floors, under these names. Whether all went well.
bool run_in_memory(const char* peer, const char* floor, const Options& options,
                   const Dataset& data);

}  // namespace freehold::bench
