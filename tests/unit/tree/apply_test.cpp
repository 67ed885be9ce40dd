#include <map>
#include <set>

#include <catch2/catch.hpp>

#include "freehold/tree/cursor.hpp"
#include "support/trees.hpp"

namespace freehold::test {

namespace {

#ifdef __EMSCRIPTEN__
constexpr std::uint64_t programs = 40;
#else
constexpr std::uint64_t programs = 120;
#endif

/// Counts how often each block is asked for, and how often each is put.
class CountingStore final : public BlockStore, public BlockSink {
 public:
  explicit CountingStore(const BlockStore& store) : store_(&store) {}
  std::optional<ByteView> find(const Cid& cid) const override {
    ++reads[digest_of(cid)];
    return store_->find(cid);
  }
  void put(Block block) override { ++writes[digest_of(block.cid)]; }
  mutable std::map<Digest, int> reads;
  std::map<Digest, int> writes;

 private:
  const BlockStore* store_;
};

/// A random map, and its tree.
struct World {
  std::mt19937_64 random;
  Shape shape;
  Map map;
  MemoryStore store;
  Digest root;

  World(std::uint64_t seed, int shape_number, std::uint64_t entries)
      : random(seed),
        shape(shape_number, random),
        map(random_map(shape, entries)),
        root(build(map, store).root) {}
};

std::set<Digest> set_of(const std::vector<Digest>& list) {
  return {list.begin(), list.end()};
}

/// One program: a random map, then batches of edits, each checked against a build from nothing.
void run_program(std::uint64_t seed) {
  std::mt19937_64 random(seed);
  Shape shape(static_cast<int>(random() % Shape::count), random);
  Map map = random_map(shape, random() % 4 == 0 ? random() % 20 : random() % 2000);
  MemoryStore store;
  store.put(empty_node());
  Digest root = build(map, store).root;
  for (int round = 0; round < 10; ++round) {
    const Map before = map;
    std::size_t effective = 0;
    const std::vector<Edit> edits = random_edits(map, shape, random, &effective);
    const auto applied = apply(store, root, edits, store);
    MemoryStore other;
    const TreeStats built = build(map, other);
    INFO("seed " << seed << " round " << round << " entries " << map.size());
    REQUIRE(applied);
    REQUIRE(applied->root == built.root);
    REQUIRE(applied->effective == effective);
    REQUIRE(applied->weight.count == built.weight.count);
    REQUIRE(applied->weight.bytes == built.weight.bytes);
    REQUIRE(set_of(applied->added) == set_of(*nodes_since(store, root, built.root)));
    REQUIRE(set_of(applied->dropped) == set_of(*nodes_since(store, built.root, root)));

    const auto differences = diff(store, root, built.root);
    REQUIRE(differences);
    REQUIRE(differences->size() == effective);
    for (const Difference& one : *differences) {
      const auto old = before.find(one.key);
      const auto now = map.find(one.key);
      REQUIRE(one.before == (old == before.end() ? std::optional<StoredValue>() : old->second));
      REQUIRE(one.after == (now == map.end() ? std::optional<StoredValue>() : now->second));
    }
    root = applied->root;
  }
}

}  // namespace

TEST_CASE("R9 R11: edits in batches give the tree that a build from nothing gives") {
  for (std::uint64_t seed = 1; seed <= programs; ++seed) run_program(seed);
}

TEST_CASE("R9: edits made at once give what they give one after the other") {
  World world(1, 5, 8000);
  auto& [random, shape, map, store, root] = world;
  NodeSource nodes(store);
  std::vector<Bytes> firsts;  // of each leaf
  LevelCursor leaves(nodes, root, 0);
  REQUIRE(leaves.seek_first());
  for (bool more = true; more;) {
    firsts.push_back(leaves.node().key(0));
    REQUIRE(leaves.next(&more));
  }

  // The end of one leaf goes, and with it perhaps the separator of the next; a value changes in the
  // one behind that.
  MemoryStore made;
  const LayeredStore all(made, store);
  for (std::size_t i = 1; i + 1 < firsts.size(); ++i) {
    const Edit end{std::prev(map.find(firsts[i]))->first, std::nullopt};
    Edit value{firsts[i + 1], map[firsts[i + 1]]};
    value.value->payload.back() ^= 1;
    const Edit both[] = {end, value};
    const auto at_once = apply(store, root, both, made);
    const auto first = apply(store, root, std::span(both, 1), made);
    REQUIRE(first);
    const auto second = apply(all, first->root, std::span(both).subspan(1), made);
    INFO("leaf " << i);
    REQUIRE(at_once);
    REQUIRE(second);
    REQUIRE(at_once->root == second->root);
    made.clear();
  }
}

TEST_CASE("apply: reads and writes each touched node once") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    World world(seed, static_cast<int>(seed % Shape::count), 2000);
    auto& [random, shape, map, store, root] = world;
    std::size_t effective = 0;
    const std::vector<Edit> edits = random_edits(map, shape, random, &effective);
    CountingStore counting(store);
    const auto applied = apply(counting, root, edits, counting);
    INFO("seed " << seed);
    REQUIRE(applied);
    for (const auto& [node, times] : counting.reads) REQUIRE(times == 1);
    for (const auto& [node, times] : counting.writes) REQUIRE(times == 1);
    // What is written is what is new, and nothing goes that was not read.
    REQUIRE(counting.writes.size() == applied->added.size());
    for (const Digest& node : applied->added) REQUIRE(counting.writes.contains(node));
    for (const Digest& node : applied->dropped) REQUIRE(counting.reads.contains(node));
  }
}

TEST_CASE("apply: most inserts read their leaf and the two beside it") {
  World world(3, 0, 5000);
  auto& [random, shape, map, store, root] = world;
  const auto height = static_cast<std::size_t>(*Tree(store, root).height());
  REQUIRE(height > 1);
  MemoryStore made;
  int near = 0;
  for (int i = 0; i < 300; ++i) {
    const Edit insert[] = {{shape.key(), shape.value()}};
    NodeSource nodes(store);
    REQUIRE(apply(nodes, root, insert, made));
    if (nodes.nodes_read() <= height + 2) ++near;
  }
  CHECK(near > 200);
}

TEST_CASE("M1: the empty root is a golden value") {
  CHECK(node_cid(empty_root()).text() ==
        "bafyreiaesykjkq5dlsybcdul5s3pgtyhcudednw4gwqax7wy2j5lt76o3a");
  MemoryStore nothing;
  CHECK(build({}, nothing).root == empty_root());
}

TEST_CASE("R2: an edit that misses nodes names them and changes nothing") {
  World world(7, 0, 2000);
  auto& [random, shape, map, whole, root] = world;
  std::vector<Edit> edits;
  for (auto at = map.begin(); edits.size() < 20; std::advance(at, 50)) {
    edits.push_back({at->first, std::nullopt});
  }
  MemoryStore part;
  MemoryStore made;
  int rounds = 0;
  for (;; ++rounds) {
    Missing missing;
    const auto applied = apply(part, root, edits, made, &missing);
    if (applied) {
      for (const Edit& edit : edits) map.erase(edit.key);
      MemoryStore other;
      CHECK(applied->root == build(map, other).root);
      break;
    }
    REQUIRE(applied.error().code == Errc::missing);
    REQUIRE(!missing.empty());
    REQUIRE(made.size() == 0);
    for (const Cid& cid : missing.cids()) part.put(whole.block(cid));
  }
  CHECK(rounds < 10);  // a level at a time, and the neighbours of all regions at once
  CHECK(part.size() < whole.size());
}

TEST_CASE("X4: blocks that are no nodes are refused, never read past") {
  MemoryStore store;
  std::mt19937_64 random(3);
  Shape shape(4, random);
  const Map map = random_map(shape, 100);
  const TreeStats stats = build(map, store);
  const Bytes good = copy_of(*store.find(node_cid(stats.root)));
  for (std::size_t size = 0; size < good.size(); ++size) {
    CHECK_FALSE(Node::decode(ByteView(good).first(size)));
  }
  for (std::size_t i = 0; i < good.size(); ++i) {
    Bytes bad = good;
    bad[i] ^= static_cast<std::uint8_t>(1 + random() % 255);
    const auto node = Node::decode(bad);
    if (node) (void)node->check();  // either answer will do; the sanitizers watch
  }
}

}  // namespace freehold::test
