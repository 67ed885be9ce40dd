#include "native/bench/generator.hpp"

#include <numeric>

namespace freehold::bench {

namespace {

void write_word(std::uint8_t* to, std::uint32_t word) noexcept {
  for (int i = 0; i < 4; ++i) to[i] = static_cast<std::uint8_t>(word >> (8 * i));
}

}  // namespace

Sfc32::Sfc32(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) noexcept
    : a_(a), b_(b), c_(c), d_(d) {
  for (int i = 0; i < 12; ++i) next();
}

std::uint32_t Sfc32::next() noexcept {
  const std::uint32_t out = a_ + b_ + d_;
  ++d_;
  a_ = b_ ^ (b_ >> 9);
  b_ = c_ + (c_ << 3);
  c_ = ((c_ << 21) | (c_ >> 11)) + out;
  return out;
}

Key key_of(std::uint32_t id) noexcept {
  std::array<std::uint8_t, 34> multihash{0x12, 0x20};
  Sfc32 random(0x9e3779b9, id, 0x4b455930, 1);
  for (std::size_t at = 2; at < multihash.size(); at += 4)
    write_word(&multihash[at], random.next());

  static constexpr char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
  Key key{'/', 'b', 'l', 'o', 'b', '/'};
  std::size_t at = 6;
  std::uint32_t open = 0;
  int bits = 0;
  for (const std::uint8_t byte : multihash) {
    open = ((open << 8) | byte) & 0xffff;
    for (bits += 8; bits >= 5;) {
      bits -= 5;
      key[at++] = static_cast<std::uint8_t>(letters[(open >> bits) & 31]);
    }
  }
  if (bits > 0) key[at] = static_cast<std::uint8_t>(letters[(open << (5 - bits)) & 31]);
  return key;
}

Value300 value_of(std::uint32_t id, std::uint32_t version) noexcept {
  Value300 value;
  Sfc32 random(0x85ebca6b, id, version, 1);
  for (std::size_t at = 0; at < value.size(); at += 4) write_word(&value[at], random.next());
  return value;
}

Dataset::Dataset(std::size_t n)
    : ids_(n), places_(n), keys_(n * key_size), values_(n * value_size) {
  std::vector<Key> keys(n);
  for (std::size_t id = 0; id < n; ++id) keys[id] = key_of(static_cast<std::uint32_t>(id));
  std::iota(ids_.begin(), ids_.end(), 0U);
  std::sort(ids_.begin(), ids_.end(),
            [&](std::uint32_t left, std::uint32_t right) { return keys[left] < keys[right]; });
  for (std::size_t place = 0; place < n; ++place) {
    const std::uint32_t id = ids_[place];
    places_[id] = static_cast<std::uint32_t>(place);
    std::copy(keys[id].begin(), keys[id].end(), keys_.data() + place * key_size);
    const Value300 value = value_of(id, 0);
    std::copy(value.begin(), value.end(), values_.data() + place * value_size);
  }
}

}  // namespace freehold::bench
