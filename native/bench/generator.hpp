/// The data that all peers are measured with: keys and values drawn from a small generator.
///
/// The same as in the JavaScript that runs the other trees: a key is "/blob/" and 34 bytes in
/// base32, a value 300 bytes.
#pragma once

#include <array>

#include "freehold/base/bytes.hpp"

namespace freehold::bench {

/// Source: sfc32 of PractRand by Chris Doty-Humphrey.
class Sfc32 {
 public:
  Sfc32(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) noexcept;
  std::uint32_t next() noexcept;
  std::uint32_t below(std::size_t n) noexcept { return next() % static_cast<std::uint32_t>(n); }

 private:
  std::uint32_t a_, b_, c_, d_;
};

inline constexpr std::size_t key_size = 61;
inline constexpr std::size_t value_size = 300;
inline constexpr std::size_t entry_size = key_size + value_size;
using Key = std::array<std::uint8_t, key_size>;
using Value300 = std::array<std::uint8_t, value_size>;

Key key_of(std::uint32_t id) noexcept;
Value300 value_of(std::uint32_t id, std::uint32_t version) noexcept;

/// `n` entries in key order. An entry's *id* is the number that it is drawn from, its *place* the
/// number of keys before it.
class Dataset {
 public:
  explicit Dataset(std::size_t n);

  std::size_t size() const noexcept { return ids_.size(); }
  std::uint32_t id(std::size_t place) const noexcept { return ids_[place]; }
  std::size_t place(std::uint32_t id) const noexcept { return places_[id]; }
  ByteView key(std::size_t place) const noexcept {
    return ByteView(keys_).subspan(place * key_size, key_size);
  }
  ByteView value(std::size_t place) const noexcept {
    return ByteView(values_).subspan(place * value_size, value_size);
  }
  std::size_t logical_bytes() const noexcept { return size() * entry_size; }

 private:
  std::vector<std::uint32_t> ids_;     // by place
  std::vector<std::uint32_t> places_;  // by id
  Bytes keys_;
  Bytes values_;
};

}  // namespace freehold::bench
