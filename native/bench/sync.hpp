/// W7: what a sync costs on the wire, device and authority in one process on the rules of the core.
#pragma once

#include "native/bench/run.hpp"

namespace freehold::bench {

/// A whole device that lacks d changes, with a shared base and without one; a merge of two sets of
/// concurrent edits; a lazy device that opens the space and reads a key. Whether all went well.
bool run_sync(const char* peer, const Options& options, const Dataset& data);

}  // namespace freehold::bench
