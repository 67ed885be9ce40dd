/// The two draws of a key: what decides where nodes are cut.
///
/// XXH64 by Yann Collet (https://xxhash.com), seeded by the level, so that a key which cuts on one
/// level does not cut on the next for that reason.
#pragma once

#include "freehold/base/bytes.hpp"

namespace freehold {

/// Both draws as values, so that a test may give any numbers for them. A tree of the format is cut
/// by `xxh64` and nothing else.
struct KeyHash {
  using Draw = std::uint64_t (*)(int level, ByteView key) noexcept;
  /// Decides natural cuts: an entry whose draw is above all others near it ends its node.
  Draw cut;
  /// Decides cuts under the ceiling. Another seed, so that keys mined for the one say nothing of
  /// it.
  Draw anchor;
};

extern const KeyHash xxh64;

}  // namespace freehold
