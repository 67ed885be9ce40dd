#include "freehold/tree/key_hash.hpp"

#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL
#endif
#include <xxhash.h>

namespace freehold {

namespace {

std::uint64_t cut_hash(int level, ByteView key) noexcept {
  return XXH64(key.data(), key.size(), static_cast<std::uint64_t>(level));
}

std::uint64_t anchor_hash(int level, ByteView key) noexcept {
  return XXH64(key.data(), key.size(),
               static_cast<std::uint64_t>(level) + (std::uint64_t{1} << 32));
}

}  // namespace

const KeyHash xxh64{cut_hash, anchor_hash};

}  // namespace freehold
