/// Is this tree canonical? By building it anew: the checker is the builder.
#pragma once

#include "freehold/tree/builder.hpp"

namespace freehold {

/// Whether the tree under `root` is the one that its entries have: every node of the one form, and
/// cut where the rule cuts. Reads every node once, holds one path and one open node a level.
/// Fails with Errc::malformed (a node that is none, or a tree that is not canonical), Errc::missing
/// (`*missing` has the first that was not held).
Result<TreeStats> check(const BlockStore& store, const Digest& root, Missing* missing = nullptr);

}  // namespace freehold
