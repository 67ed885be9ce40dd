/// The workloads of `freehold bench tree` on LMDB: the tree, and LMDB alone as what limits it.
#pragma once

#include "native/bench/run.hpp"

namespace freehold::native {

// Under `folder`, in folders of their own that are gone afterwards. Whether all went well.

/// Durable commits.
bool run_on_lmdb(const bench::Options& options, const bench::Dataset& data,
                 const std::string& folder);
/// LMDB alone, and no commit waits for the disk: what a tree in memory is held against.
bool run_lmdb_alone(const bench::Options& options, const bench::Dataset& data,
                    const std::string& folder);

}  // namespace freehold::native
