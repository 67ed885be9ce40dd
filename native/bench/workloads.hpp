/// The workloads that every peer is measured by, under the names that they have there.
///
///   W1 build       W2 single puts   W3 batches of 100   W4 gets
///   W5 scans       W6 diffs         W8 deletes          END order and history
#pragma once

#include <set>

#include "native/bench/peer.hpp"
#include "native/bench/report.hpp"

namespace freehold::bench {

/// Names of workloads; all of them if empty.
using Chosen = std::set<std::string>;

/// Runs the workloads in the order of the JavaScript that measures the others; W1 and END always.
/// What fails is reported and the rest goes on, but without a build there is no rest.
void run_workloads(const MakePeer& make, const Dataset& data, const Chosen& chosen, Report& report);

}  // namespace freehold::bench
