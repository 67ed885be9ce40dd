/// What is different between two trees in a few intervals of keys; what both have is not read.
#pragma once

#include "freehold/tree/diff.hpp"

namespace freehold {

/// The nodes *of* an interval are on each level those that reach into it, and the one before and
/// the one after these: where a range ends is seen in the node behind it, and an edit looks at its
/// neighbours. Who has them reads all of the interval.
struct DiffWithin {
  std::vector<Digest> nodes;            // of the intervals in `to` and not in `from`: upper first
  std::vector<Difference> differences;  // of the entries in the intervals
  std::vector<Cid> absent;              // nodes of `to` that are not held, as far as can be named
  std::vector<Cid> absent_before;       // of `from`: it counts as without what is below them
  bool is_all = true;                   // false: there were more nodes than `nodes_max`
};

/// The intervals ascend and do not overlap. Reads the nodes in which the trees differ there, and
/// along the ends of each interval a path and its neighbours, whatever the size of the trees. No
/// more are looked for once there are `nodes_max`; then there are no differences either.
/// Fails with Errc::malformed.
Result<DiffWithin> diff_within(const BlockStore& store, const Digest& from, const Digest& to,
                               std::span<const Interval> intervals,
                               std::size_t nodes_max = SIZE_MAX);

/// The nodes of the intervals in one tree; leaves are named, and not read. What is not held is put
/// into `*absent`.
Result<std::vector<Digest>> nodes_within(const BlockStore& store, const Digest& root,
                                         std::span<const Interval> intervals,
                                         std::vector<Cid>* absent);

}  // namespace freehold
