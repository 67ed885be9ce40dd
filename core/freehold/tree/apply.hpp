/// Sorted edits made to a tree, in one pass a level.
#pragma once

#include "freehold/tree/cursor.hpp"
#include "freehold/tree/edit.hpp"
#include "freehold/tree/key_hash.hpp"

namespace freehold {

struct Applied {
  Digest root;
  Weight weight;                // of the new tree
  std::size_t effective = 0;    // edits that changed something
  std::vector<Digest> added;    // nodes of the new tree that the old one had not ...
  std::vector<Digest> dropped;  // ... and the other way round: none is in both
};

/// The tree under `root` with `edits` made to it. A delete of what is absent and a put of what is
/// there change nothing and are not counted as effective.
///
/// Puts the added nodes into `sink`, children first; what the edits do not touch is kept by
/// address, unread. For k edits in n entries it reads and writes O(k log n) nodes if they are
/// scattered, O(k / fan-out) if adjacent. Blocks of large values are the caller's: an edit names
/// them.
///
/// @pre `edits` ascend strictly by key; keys are within bounds (`check_key`).
/// Fails with Errc::missing if a node on the way is not held (`*missing` then has all that could be
/// named), Errc::malformed if a block is no node. Nothing was put into `sink` then.
Result<Applied> apply(const BlockStore& store, const Digest& root, std::span<const Edit> edits,
                      BlockSink& sink, Missing* missing = nullptr);
/// The same, reading through `nodes`, which then knows what is missing and how much was read.
Result<Applied> apply(NodeSource& nodes, const Digest& root, std::span<const Edit> edits,
                      BlockSink& sink, const KeyHash& hash = xxh64);

}  // namespace freehold
