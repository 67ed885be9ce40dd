#include "support/miner.hpp"

#include <bit>

namespace freehold::test {

namespace {

constexpr std::uint64_t prime_1 = 0x9E3779B185EBCA87;
constexpr std::uint64_t prime_2 = 0xC2B2AE3D27D4EB4F;
constexpr std::uint64_t prime_3 = 0x165667B19E3779F9;
constexpr std::uint64_t prime_4 = 0x85EBCA77C2B2AE63;
constexpr std::uint64_t prime_5 = 0x27D4EB2F165667C5;
constexpr std::uint64_t anchor_seed = std::uint64_t{1} << 32;
constexpr std::uint64_t key_size = 16;

/// Of an odd number, modulo 2^64: each step of Newton's doubles the bits that are right.
constexpr std::uint64_t inverse(std::uint64_t odd) noexcept {
  std::uint64_t x = odd;
  for (int i = 0; i < 6; ++i) x *= 2 - odd * x;
  return x;
}

constexpr std::uint64_t undo_shift(std::uint64_t value, int shift) noexcept {
  std::uint64_t x = value;
  for (int done = shift; done < 64; done += shift) x = value ^ (x >> shift);
  return x;
}

constexpr std::uint64_t round_of(std::uint64_t lane) noexcept {
  return std::rotl(lane * prime_2, 31) * prime_1;
}

/// The lane that, after the lane of `first`, ends in `wanted`: XXH64 of 16 bytes, backwards.
constexpr std::uint64_t last_lane(std::uint64_t first, std::uint64_t seed,
                                  std::uint64_t wanted) noexcept {
  const std::uint64_t before =
      std::rotl((seed + prime_5 + key_size) ^ round_of(first), 27) * prime_1 + prime_4;
  std::uint64_t h = undo_shift(wanted, 32);
  h = undo_shift(h * inverse(prime_3), 29);
  h = undo_shift(h * inverse(prime_2), 33);
  h = std::rotr((h - prime_4) * inverse(prime_1), 27) ^ before;
  return std::rotr(h * inverse(prime_1), 31) * inverse(prime_2);
}

Bytes mined(std::uint64_t order, std::uint64_t seed, std::uint64_t wanted) {
  Bytes key(key_size);
  for (int i = 0; i < 8; ++i) {
    key[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(order >> (8 * (7 - i)));
  }
  std::uint64_t first = 0;  // lanes are little-endian
  for (int i = 7; i >= 0; --i) first = first << 8 | key[static_cast<std::size_t>(i)];
  const std::uint64_t last = last_lane(first, seed, wanted);
  for (int i = 0; i < 8; ++i) {
    key[static_cast<std::size_t>(8 + i)] = static_cast<std::uint8_t>(last >> (8 * i));
  }
  return key;
}

}  // namespace

Bytes key_with_cut(std::uint64_t order, std::uint64_t cut) {
  return mined(order, 0, cut);
}

Bytes key_with_anchor(std::uint64_t order, std::uint64_t anchor) {
  return mined(order, anchor_seed, anchor);
}

Bytes key_with_both(std::uint64_t order, std::uint64_t cut_band, std::uint64_t anchor_band,
                    std::uint64_t bands) {
  const std::uint64_t width = ~std::uint64_t{0} / bands;
  for (std::uint64_t i = 0;; ++i) {
    Bytes key = key_with_cut(order, cut_band * width + i);
    if (xxh64.anchor(0, key) / width == anchor_band) return key;
  }
}

}  // namespace freehold::test
