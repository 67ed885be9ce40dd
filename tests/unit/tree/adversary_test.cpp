#include <bit>

#include <catch2/catch.hpp>

#include "support/miner.hpp"
#include "support/trees.hpp"

namespace freehold::test {

namespace {

constexpr std::size_t entries = 2000;
constexpr std::uint64_t low = 1 << 20;
constexpr std::uint64_t high = std::uint64_t{1} << 60;

Map mined(Bytes (*key)(std::uint64_t), std::size_t value_size, std::size_t count = entries) {
  Map map;
  for (std::uint64_t i = 0; i < count; ++i) {
    map[key(2 * i)] = inline_value(cbor_bytes(value_size, static_cast<std::uint8_t>(i)));
  }
  return map;
}

Bytes rising(std::uint64_t order) {
  return key_with_cut(order, order);
}
Bytes alternating(std::uint64_t order) {
  return key_with_cut(order, (order / 2 % 2 == 0 ? low : high) + order);
}
/// Peaks as near to each other as two can be, at entries of a third of a window.
Bytes cutting(std::uint64_t order) {
  return key_with_cut(order, (order / 2 % 4 == 0 ? high : low) + order);
}
Bytes anchors_falling(std::uint64_t order) {
  return key_with_anchor(order, high - order);
}
Bytes both(std::uint64_t order) {
  return key_with_both(order, order, 399 - order, 400);
}

/// Every node of the tree within its bounds; all of them in `*sizes`.
void check_nodes(const BlockStore& store, const Digest& digest, int level, std::size_t* bytes) {
  const auto block = store.find(node_cid(digest));
  REQUIRE(block);
  const auto node = Node::decode(*block);
  REQUIRE(node);
  REQUIRE(node->check());
  REQUIRE(node->level() == level);
  REQUIRE(node->entries_bytes() <= limits::node_bytes_max);
  *bytes += block->size();
  for (std::size_t i = 0; level > 0 && i < node->size(); ++i) {
    check_nodes(store, node->link(i), level - 1, bytes);
  }
}

struct Cost {
  std::size_t bytes_mean;
  std::size_t bytes_most;
  std::size_t tree_bytes;
};

/// Builds it, looks at every node, and puts a key of the same kind between two others, here and
/// there.
Cost cost_of(const Map& map, Bytes (*key)(std::uint64_t), std::size_t value_size) {
  MemoryStore store;
  const TreeStats stats = build(map, store);
  Cost cost{};
  check_nodes(store, stats.root, stats.height - 1, &cost.tree_bytes);
  // A node has two entries or more, but for a level's last: a level is half as long as that below.
  CHECK(stats.height <= 2 + static_cast<int>(std::bit_width(map.size())));
  std::size_t edits = 0;
  for (std::size_t i = 3; i + 1 < map.size(); i += map.size() / 37, ++edits) {
    const Edit edit{key(2 * i + 1), inline_value(cbor_bytes(value_size, 1))};
    MemoryStore made;
    const auto applied = apply(store, stats.root, std::span(&edit, 1), made);
    REQUIRE(applied);
    Map edited = map;
    edited[edit.key] = *edit.value;
    MemoryStore other;
    REQUIRE(applied->root == build(edited, other).root);
    std::size_t bytes = 0;
    for (const auto& [cid, block] : made.blocks()) bytes += block.bytes().size();
    cost.bytes_mean += bytes;
    cost.bytes_most = std::max(cost.bytes_most, bytes);
  }
  cost.bytes_mean /= edits;
  return cost;
}

}  // namespace

TEST_CASE("The miner chooses a draw outright") {
  CHECK(xxh64.cut(0, key_with_cut(12, 3456)) == 3456);
  CHECK(xxh64.cut(0, key_with_cut(1ULL << 63, ~0ULL)) == ~0ULL);
  CHECK(xxh64.anchor(0, key_with_anchor(12, 3456)) == 3456);
  const Bytes key = key_with_both(5, 3, 96, 100);
  CHECK(xxh64.cut(0, key) / (~std::uint64_t{0} / 100) == 3);
  CHECK(xxh64.anchor(0, key) / (~std::uint64_t{0} / 100) == 96);
}

TEST_CASE("Keys mined for one draw leave nodes, height and the cost of an edit in bounds") {
  struct Attack {
    const char* name;
    Bytes (*key)(std::uint64_t);
    std::size_t value_size;
  };
  for (const Attack& attack :
       {Attack{"nothing cuts", rising, 300}, Attack{"nothing cuts, large", rising, 1000},
        Attack{"everything cuts", cutting, 690}, Attack{"alternating", alternating, 1000},
        Attack{"anchors fall", anchors_falling, 300}}) {
    INFO(attack.name);
    const Map map = mined(attack.key, attack.value_size);
    const Cost cost = cost_of(map, attack.key, attack.value_size);
    CHECK(cost.bytes_mean < 4 * limits::node_bytes_max);
    CHECK(cost.bytes_most < 10 * limits::node_bytes_max);
  }
}

TEST_CASE("Keys mined for both draws can cost a level, never more than the tree") {
  const Map map = mined(both, 1000, 200);
  const Cost cost = cost_of(map, both, 1000);
  CHECK(cost.bytes_most <= cost.tree_bytes + limits::node_bytes_max);
}

}  // namespace freehold::test
