/// The two draws of a key: what decides where nodes are cut.
///
/// XXH64 by Yann Collet (https://xxhash.com), seeded by the level, so that a key which cuts on one
/// level does not cut on the next for that reason.
#pragma once

#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL
#endif
#include <xxhash.h>

#include "freehold/base/bytes.hpp"

namespace freehold {

/// Decides natural cuts: an entry whose `cut_hash` is above all others near it ends its node.
inline std::uint64_t cut_hash(int level, ByteView key) noexcept {
  return XXH64(key.data(), key.size(), static_cast<std::uint64_t>(level));
}

/// Decides cuts under the ceiling. Another seed, so that keys mined for the one say nothing of it.
inline std::uint64_t anchor_hash(int level, ByteView key) noexcept {
  return XXH64(key.data(), key.size(),
               static_cast<std::uint64_t>(level) + (std::uint64_t{1} << 32));
}

}  // namespace freehold
