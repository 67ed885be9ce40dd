/// All blocks that belong to a state: nodes, large values, attachments (docs/design.md section 9).
#pragma once

#include <functional>

#include "freehold/sync/attachments.hpp"

namespace freehold::native {

/// Whom to tell of what; what is not set is not told.
struct StateWalk {
  std::function<void(const Cid&, ByteView)> block;  // parents first, each attachment once
  std::function<void(const Cid&)> missing;     // a node or large value; without it the walk fails
  std::function<void(const Cid&)> absent;      // an attachment that is not held, which may be
  std::function<void(std::uint64_t)> entries;  // how many were passed, once a leaf
};

/// Depth first: what waits is one path of siblings. Fails with Errc::missing, Errc::malformed.
/// @pre The tree under `root` is known to be one (`check`), or was made here: one from elsewhere
/// may be endless.
Result<> walk_state(const BlockStore& store, const Digest& root, const StateWalk& walk);

}  // namespace freehold::native
