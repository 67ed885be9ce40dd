// Edits in batches against builds, on draws that rapidcheck chooses and shrinks.
#include <catch2/catch.hpp>
#include <rapidcheck/catch.h>

#include "support/numbers.hpp"

namespace freehold::test {

namespace {

constexpr int orders = 160;

/// A stretch of keys whose draws run one way: few values, so that equals are common.
struct Stretch {
  int length;
  int cut_kind;
  int anchor_kind;
  int entry_bytes;
};

rc::Gen<Stretch> any_stretch() {
  return rc::gen::construct<Stretch>(rc::gen::inRange(1, 60), rc::gen::inRange(0, 4),
                                     rc::gen::inRange(0, 4), rc::gen::inRange(0, 1000));
}

std::uint64_t number(int kind, int at) {
  const auto i = static_cast<std::uint64_t>(at);
  switch (kind) {
    case 0: return i;                            // rising
    case 1: return 1000 - i;                     // falling
    case 2: return 5;                            // flat
    default: return (i * 2654435761U >> 9) % 5;  // scattered
  }
}

std::vector<int> spread(const std::vector<Stretch>& stretches) {
  std::vector<Numbers> numbers;
  std::vector<int> sizes;
  for (const Stretch& stretch : stretches) {
    for (int i = 0; i < stretch.length; ++i) {
      numbers.push_back({number(stretch.cut_kind, i), number(stretch.anchor_kind, i)});
      sizes.push_back(stretch.entry_bytes);
    }
  }
  numbers.resize(orders, {3, 3});
  sizes.resize(orders, 400);
  set_numbers(std::move(numbers));
  return sizes;
}

StoredValue value_of(int size, int fill) {
  return inline_value(cbor_bytes(static_cast<std::size_t>(size), static_cast<std::uint8_t>(fill)));
}

/// What a batch does to a key: nothing, mostly.
enum class Deed { none, erase, put, resize };

std::vector<Edit> make_edits(Map& map, const std::vector<int>& sizes, const std::vector<int>& deeds,
                             int fill) {
  std::vector<Edit> edits;
  for (std::size_t i = 0; i < deeds.size(); ++i) {
    const auto deed = static_cast<Deed>(deeds[i]);
    if (deed == Deed::none) continue;
    const Bytes key = numbered_key(i);
    if (deed == Deed::erase) {
      map.erase(key);
      edits.push_back({key, std::nullopt});
      continue;
    }
    const int size = deed == Deed::put ? sizes[i] : 1000 - sizes[i];
    map[key] = value_of(size, fill);
    edits.push_back({key, map[key]});
  }
  return edits;
}

rc::Gen<std::vector<int>> any_deeds() {
  return rc::gen::container<std::vector<int>>(
      static_cast<std::size_t>(orders),
      rc::gen::weightedElement<int>({{14, 0}, {1, 1}, {1, 2}, {1, 3}}));
}

}  // namespace

TEST_CASE("R9: batches of edits give the cuts of a build, whatever the draws") {
  rc::prop("apply equals build", [] {
    const auto stretches = *rc::gen::container<std::vector<Stretch>>(4, any_stretch());
    const std::vector<int> sizes = spread(stretches);
    const auto present = *rc::gen::container<std::vector<int>>(
        static_cast<std::size_t>(orders), rc::gen::weightedElement<int>({{4, 1}, {1, 0}}));
    Map map;
    for (std::size_t i = 0; i < present.size(); ++i) {
      if (present[i] == 1) map[numbered_key(i)] = value_of(sizes[i], 1);
    }
    MemoryStore store;
    store.put(empty_node());
    Digest root = build_by_numbers(map, store);
    for (int round = 0; round < 3; ++round) {
      const std::vector<Edit> edits = make_edits(map, sizes, *any_deeds(), 2 + round);
      NodeSource nodes(store);
      const auto applied = apply(nodes, root, edits, store, hash_of_numbers());
      RC_ASSERT(applied.has_value());
      MemoryStore built;
      RC_ASSERT(applied->root == build_by_numbers(map, built));
      root = applied->root;
    }
  });
}

}  // namespace freehold::test
