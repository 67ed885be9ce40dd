#include "freehold/tree/diff.hpp"

#include <catch2/catch.hpp>

#include "freehold/tree/apply.hpp"
#include "support/counting_store.hpp"
#include "support/trees.hpp"

namespace freehold::test {

namespace {

bool same(const Difference& left, const Difference& right) {
  return left.key == right.key && left.before == right.before && left.after == right.after;
}

}  // namespace

TEST_CASE("The first differences are the beginning of all of them") {
  std::mt19937_64 random(5);
  for (int shape = 0; shape < Shape::count; ++shape) {
    Shape draws(shape, random);
    Map map;
    MemoryStore store;
    Digest root = build(map, store).root;
    for (int i = 0; i < 40; ++i) {
      std::size_t effective = 0;
      const std::vector<Edit> edits = random_edits(map, draws, random, &effective);
      const auto applied = apply(store, root, edits, store);
      REQUIRE(applied);
      const auto all = diff(store, root, applied->root);
      for (const std::size_t most : {std::size_t{1}, std::size_t{7}, all->size(), SIZE_MAX}) {
        if (most == 0) continue;
        const auto part = diff_first(store, root, applied->root, most);
        REQUIRE(part);
        CHECK(part->is_all == (most >= all->size()));
        REQUIRE(part->differences.size() == std::min(most, all->size()));
        CHECK(std::equal(part->differences.begin(), part->differences.end(), all->begin(), same));
        const auto near = diff_first(store, root, applied->root, most, 2);
        REQUIRE(near);
        REQUIRE(near->differences.size() <= part->differences.size());
        CHECK(near->differences.empty() == all->empty());
        CHECK((!near->is_all || near->differences.size() == all->size()));
        CHECK(std::equal(near->differences.begin(), near->differences.end(), all->begin(), same));
      }
      root = applied->root;
    }
  }
}

TEST_CASE("R10: the first differences from the empty tree do not take the whole of the other") {
  Map map;
  for (int i = 0; i < 20'000; ++i) {
    map[key("key " + std::to_string(1'000'000 + i))] = inline_value(cbor_bytes(100, 1));
  }
  MemoryStore store;
  const TreeStats stats = build(map, store);
  store.put(empty_node());
  REQUIRE(stats.nodes > 500);
  for (const bool is_growing : {true, false}) {
    const CountingStore counting(store);
    const Digest from = is_growing ? empty_root() : stats.root;
    const Digest to = is_growing ? stats.root : empty_root();
    const auto part = diff_first(counting, from, to, 100, 20);
    REQUIRE(part);
    CHECK_FALSE(part->is_all);
    CHECK(part->differences.size() == 100);
    CHECK(part->differences.front().key == key("key 1000000"));
    CHECK(counting.reads < 60);
  }
}

}  // namespace freehold::test
