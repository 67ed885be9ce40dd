/// The workloads of `freehold bench tree` on LMDB: the tree, and LMDB alone as what limits it.
#pragma once

#include "native/bench/run.hpp"

namespace freehold::native {

/// Under `folder`, in folders of its own that are gone afterwards. Whether all went well.
bool run_on_lmdb(const bench::Options& options, const bench::Dataset& data,
                 const std::string& folder);

}  // namespace freehold::native
