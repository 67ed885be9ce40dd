#include "support/numbers.hpp"

namespace freehold::test {

namespace {

std::vector<Numbers>& table() {
  static std::vector<Numbers> numbers;
  return numbers;
}

constexpr std::size_t key_size = 8;

const Numbers* numbers_of(int level, ByteView key) noexcept {
  if (level > 0 || key.size() != key_size) return nullptr;
  const std::size_t order = std::size_t{key[0]} << 8 | key[1];
  return order < table().size() ? &table()[order] : nullptr;
}

std::uint64_t few_values(std::uint64_t seed, ByteView key) noexcept {
  for (const std::uint8_t byte : key) seed = (seed ^ byte) * 0x9e3779b97f4a7c15;
  return seed >> 61;
}

std::uint64_t cut_number(int level, ByteView key) noexcept {
  const Numbers* numbers = numbers_of(level, key);
  return numbers == nullptr ? few_values(static_cast<std::uint64_t>(level), key) : numbers->cut;
}

std::uint64_t anchor_number(int level, ByteView key) noexcept {
  const Numbers* numbers = numbers_of(level, key);
  return numbers == nullptr ? few_values(~static_cast<std::uint64_t>(level), key) : numbers->anchor;
}

}  // namespace

void set_numbers(std::vector<Numbers> numbers) {
  table() = std::move(numbers);
}

KeyHash hash_of_numbers() {
  return {cut_number, anchor_number};
}

Bytes numbered_key(std::size_t order) {
  Bytes key(key_size, 'k');
  key[0] = static_cast<std::uint8_t>(order >> 8);
  key[1] = static_cast<std::uint8_t>(order);
  return key;
}

Digest build_by_numbers(const Map& map, BlockSink& sink) {
  Builder builder(sink, 0, hash_of_numbers());
  push_all(builder, map);
  return builder.finish().root;
}

}  // namespace freehold::test
