#include "freehold/tree/chunker.hpp"

#include <catch2/catch.hpp>

#include "support/numbers.hpp"

namespace freehold::test {

namespace {

/// How the draws of a level run, as numbers from 0 to 999.
using Pattern = std::uint64_t (*)(std::size_t order);
constexpr std::size_t orders = 130;

std::uint64_t rising(std::size_t order) {
  return order;
}
std::uint64_t falling(std::size_t order) {
  return 999 - order;
}
std::uint64_t flat(std::size_t) {
  return 7;
}
std::uint64_t saw(std::size_t order) {
  return order % 37;
}
/// A natural cut, and then none: the node behind it ends in a ceiling, and both are small.
std::uint64_t early_peak(std::size_t order) {
  return order == 20 ? 900 : order;
}
/// Low often enough that ceilings make nodes of little more than the least size.
std::uint64_t often_low(std::size_t order) {
  return order % 16 == 14 ? 0 : 3 + order % 3;
}
std::uint64_t rare_peaks(std::size_t order) {
  return order % 41 == 40 ? 900 : order % 5;
}
std::uint64_t scattered(std::size_t order) {
  return (order * 2654435761U >> 7) % 11;
}
constexpr Pattern patterns[] = {rising, falling, flat, saw, early_peak, rare_peaks, scattered};

StoredValue value_of_size(std::size_t size) {
  return inline_value(cbor_bytes(size, 1));
}

/// The even orders, of which each odd one is missing. Thirty and more to a ceiling.
Map even_orders() {
  Map map;
  for (std::size_t order = 0; order < orders; order += 2) {
    map[numbered_key(order)] = value_of_size(350 + order % 7 * 90);
  }
  return map;
}

/// `edit` made to the tree of `map`, against the tree of the edited map.
void check_edit(const Map& map, const MemoryStore& store, const Digest& root, const Edit& edit) {
  Map edited = map;
  if (edit.value) {
    edited[edit.key] = *edit.value;
  } else {
    edited.erase(edit.key);
  }
  MemoryStore made;
  NodeSource nodes(store);
  const auto applied = apply(nodes, root, std::span(&edit, 1), made, hash_of_numbers());
  REQUIRE(applied);
  MemoryStore built;
  REQUIRE(applied->root == build_by_numbers(edited, built));
}

void check_every_edit(const Map& map) {
  MemoryStore store;
  const Digest root = build_by_numbers(map, store);
  for (std::size_t order = 0; order < orders; ++order) {
    INFO("order " << order);
    const Bytes key = numbered_key(order);
    check_edit(map, store, root, {key, value_of_size(700)});
    check_edit(map, store, root, {key, value_of_size(3)});
    if (map.contains(key)) check_edit(map, store, root, {key, std::nullopt});
  }
}

}  // namespace

TEST_CASE("R9: any one edit under ceilings gives the cuts of a build, whatever the draws") {
  const Map map = even_orders();
  for (const Pattern cut : patterns) {
    for (const Pattern anchor : {rising, falling, flat, often_low, scattered}) {
      std::vector<Numbers> numbers;
      for (std::size_t order = 0; order < orders; ++order) {
        numbers.push_back({cut(order), anchor(order)});
      }
      set_numbers(std::move(numbers));
      INFO("cut pattern " << std::find(std::begin(patterns), std::end(patterns), cut) - patterns);
      check_every_edit(map);
    }
  }
}

TEST_CASE("R9: a ceiling that coincides is no end if the natural cut behind it is gone") {
  // Rising up to a peak, so that ceilings cut before it; then low. Deleting the peak, or putting
  // a higher one just behind it, moves what lies behind a ceiling that stays where it is.
  std::vector<Numbers> numbers;
  for (std::size_t order = 0; order < orders; ++order) {
    numbers.push_back({order <= 90   ? order * 10
                       : order == 93 ? 999
                                     : order % 3,
                       order % 30 == 28 ? 0 : 5 + order % 4});
  }
  set_numbers(std::move(numbers));
  const Map map = even_orders();
  MemoryStore store;
  const Digest root = build_by_numbers(map, store);
  check_edit(map, store, root, {numbered_key(90), std::nullopt});
  check_edit(map, store, root, {numbered_key(93), value_of_size(300)});
  check_edit(map, store, root, {numbered_key(88), std::nullopt});
}

TEST_CASE("Where nothing cuts, an edit reads no more than lies near it") {
  constexpr std::size_t entries = 6000;
  std::vector<Numbers> numbers;
  std::mt19937_64 random(9);
  for (std::size_t order = 0; order < 2 * entries; ++order) numbers.push_back({7, random()});
  set_numbers(std::move(numbers));
  Map map;
  for (std::size_t order = 0; order < 2 * entries; order += 2) {
    map[numbered_key(order)] = value_of_size(300);
  }
  MemoryStore store;
  const Digest root = build_by_numbers(map, store);
  const std::size_t nodes_all = store.size();
  REQUIRE(nodes_all > 120);
  std::size_t read_most = 0;
  for (std::size_t order = 1; order < 2 * entries; order += 222) {
    const Edit edit{numbered_key(order), value_of_size(300)};
    NodeSource nodes(store);
    MemoryStore made;
    const auto applied = apply(nodes, root, std::span(&edit, 1), made, hash_of_numbers());
    REQUIRE(applied);
    read_most = std::max(read_most, nodes.nodes_read());
  }
  CHECK(read_most < 30);
}

}  // namespace freehold::test
