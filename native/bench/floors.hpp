/// What no tree can go below on this machine, measured in the same run.
#pragma once

#include "native/bench/generator.hpp"
#include "native/bench/report.hpp"

namespace freehold::bench {

/// SHA-256 of as many bytes as a build hashes, and of the nodes of one put; a copy of all entries.
void run_floors(const Dataset& data, const Report& report);

}  // namespace freehold::bench
