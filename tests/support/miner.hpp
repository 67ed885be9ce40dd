/// Keys made against the chunking: XXH64 is no cryptographic hash, and whoever chooses the last
/// eight bytes of a key chooses one of its two draws (docs/design.md section 4).
#pragma once

#include "freehold/tree/key_hash.hpp"

namespace freehold::test {

/// A key of 16 bytes: `order`, most significant byte first, and the eight bytes that make its
/// `xxh64.cut(0, key)` just `cut`.
Bytes key_with_cut(std::uint64_t order, std::uint64_t cut);
/// The same for `xxh64.anchor`.
Bytes key_with_anchor(std::uint64_t order, std::uint64_t anchor);
/// Both draws in their `band` of `bands` equal ones. Searches: about `bands` tries.
Bytes key_with_both(std::uint64_t order, std::uint64_t cut_band, std::uint64_t anchor_band,
                    std::uint64_t bands);

}  // namespace freehold::test
