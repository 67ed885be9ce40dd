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

#ifdef __EMSCRIPTEN__
constexpr bool keeps_written = false;
#else
constexpr bool keeps_written = true;
#endif

/// How many of the nodes that an edit wrote are in the cache.
std::size_t kept_of(const Applied& edited) {
  return keeps_written ? edited.added.size() : 0;
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

  Applied edited;
  {
    NodeSource other(store, &cache);
    const Node* held = other.node(root);
    {
      NodeSource nodes(store, &cache);
      const auto applied = apply(nodes, root, edits, store);
      REQUIRE(applied);
      edited = *applied;
    }
    CHECK(cache.size() == before + kept_of(edited));  // `other` goes on
    CHECK(held->total().count == 1000);
  }
  REQUIRE(edited.dropped.size() > 1);
  CHECK(cache.size() == before + kept_of(edited) - edited.dropped.size());
}

namespace {

/// A tree, empty at first, that is edited at random.
struct Edited {
  explicit Edited(unsigned seed) : random(seed), shape(0, random) { store.put(empty_node()); }
  Applied edit(NodeCache& cache) {
    std::size_t effective = 0;
    const std::vector<Edit> edits = random_edits(map, shape, random, &effective);
    NodeSource nodes(store, &cache);
    auto applied = apply(nodes, root, edits, store);
    REQUIRE(applied);
    root = applied->root;
    return *std::move(applied);
  }

  std::mt19937_64 random;
  Shape shape;
  Map map;
  MemoryStore store;
  Digest root = empty_root();
};

}  // namespace

TEST_CASE("What an edit wrote is in the cache as if it had been read") {
  Edited tree(8);
  NodeCache cache;
  const MemoryStore empty;
  std::size_t seen = 0;
  for (int i = 0; i < 100; ++i) {
    const Applied applied = tree.edit(cache);
    for (const Digest& digest : applied.added) {
      NodeSource cached(empty, &cache);
      NodeSource read(tree.store);
      const Node* a = cached.node(digest);
      const Node* b = read.node(digest);
      REQUIRE(b != nullptr);
      if (a == nullptr) continue;  // of a level that was built anew
      ++seen;
      REQUIRE(a->level() == b->level());
      REQUIRE(equal(a->prefix(), b->prefix()));
      REQUIRE(a->size() == b->size());
      for (std::size_t k = 0; k < a->size(); ++k) {
        REQUIRE(equal(a->suffix(k), b->suffix(k)));
        REQUIRE(equal(a->payload(k), b->payload(k)));
        REQUIRE(a->is_linked(k) == b->is_linked(k));
        REQUIRE(a->compare_key(k, b->key(k)) == 0);
      }
    }
  }
  CHECK((seen > 100) == keeps_written);
}

TEST_CASE("Edits through a small cache give the same roots as without one") {
  Edited tree(7);
  NodeCache cache(20 << 10);
  for (int i = 0; i < 200; ++i) {
    const Applied applied = tree.edit(cache);
    for (const Digest& digest : applied.dropped) tree.store.erase(node_cid(digest));
    MemoryStore anew;
    REQUIRE(build(tree.map, anew).root == tree.root);
  }
}

}  // namespace freehold::test
