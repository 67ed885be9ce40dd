#include "freehold/tree/node_cache.hpp"

#include <catch2/catch.hpp>

#include "freehold/tree/apply.hpp"
#include "freehold/tree/scan.hpp"
#include "support/trees.hpp"

namespace freehold::test {

namespace {

Bytes numbered(int i) {
  return key("key " + std::to_string(100'000 + i));
}

Map many(int count) {
  Map map;
  for (int i = 0; i < count; ++i) map[numbered(i)] = inline_value(cbor_bytes(300, 1));
  return map;
}

/// Reads every entry's node.
Result<> read_all(const BlockStore& store, NodeCache* cache, const Digest& root) {
  NodeSource nodes(store, cache);
  LevelCursor cursor(nodes, root, 0);
  bool more = cursor.seek_first();
  while (more && cursor.next(&more)) {
  }
  return nodes.status();
}

}  // namespace

TEST_CASE("A node that was read is had from the cache, also when its store has it no more") {
  MemoryStore store;
  const TreeStats stats = build(many(1000), store);
  NodeCache cache;
  REQUIRE(read_all(store, &cache, stats.root));
  CHECK(cache.size() == stats.nodes);
  CHECK(read_all(MemoryStore(), &cache, stats.root));
  CHECK_FALSE(read_all(MemoryStore(), nullptr, stats.root));
}

TEST_CASE("Between operations a cache holds no more than its bytes") {
  MemoryStore store;
  const Digest root = build(many(5000), store).root;
  NodeCache cache(64 << 10);
  for (int i = 0; i < 5000; i += 50) {
    NodeSource nodes(store, &cache);
    LevelCursor cursor(nodes, root, 0);
    REQUIRE(cursor.seek(numbered(i)));
  }
  CHECK(cache.size() > 0);
  CHECK(cache.size() < (64 << 10) / 2048);  // no node is as small
}

TEST_CASE("What an edit replaced leaves the cache when the operation is over, not before") {
  MemoryStore store;
  const Digest root = build(many(1000), store).root;
  NodeCache cache;
  REQUIRE(read_all(store, &cache, root));
  const std::size_t before = cache.size();
  const std::vector<Edit> edits{{numbered(500), inline_value(cbor_bytes(300, 2))}};

  std::size_t dropped = 0;
  {
    NodeSource other(store, &cache);
    const Node* held = other.node(root);
    {
      NodeSource nodes(store, &cache);
      const auto applied = apply(nodes, root, edits, store);
      REQUIRE(applied);
      dropped = applied->dropped.size();
    }
    CHECK(cache.size() == before);  // `other` goes on
    CHECK(held->total().count == 1000);
  }
  REQUIRE(dropped > 1);
  CHECK(cache.size() == before - dropped);
}

TEST_CASE("Edits through a small cache give the same roots as without one") {
  std::mt19937_64 random(7);
  Shape shape(0, random);
  Map map;
  MemoryStore store;
  NodeCache cache(20 << 10);
  Digest root = empty_root();
  store.put(empty_node());
  for (int i = 0; i < 200; ++i) {
    std::size_t effective = 0;
    const std::vector<Edit> edits = random_edits(map, shape, random, &effective);
    NodeSource nodes(store, &cache);
    const auto applied = apply(nodes, root, edits, store);
    REQUIRE(applied);
    for (const Digest& digest : applied->dropped) store.erase(node_cid(digest));
    root = applied->root;
    MemoryStore anew;
    REQUIRE(build(map, anew).root == root);
  }
}

}  // namespace freehold::test
