#include "freehold/tree/diff_within.hpp"

#include <set>

#include <catch2/catch.hpp>

#include "support/counting_store.hpp"
#include "support/trees.hpp"

namespace freehold::test {

namespace {

Interval of_prefix(std::string_view prefix) {
  Range range;
  range.prefix = key(prefix);
  return Interval(range);
}

Bytes number_key(std::size_t number) {
  const std::string text = std::to_string(100'000 + number);
  return key("/" + text.substr(0, 3) + "/" + text.substr(3));  // folders of a thousand
}

Map numbered(std::size_t count) {
  Map map;
  for (std::size_t i = 0; i < count; ++i) map[number_key(i)] = inline_value(cbor_bytes(150, 'v'));
  return map;
}

MemoryStore only(const MemoryStore& all, std::span<const Digest> nodes) {
  MemoryStore store;
  store.put(empty_node());
  for (const Digest& node : nodes) store.put(all.block(node_cid(node)));
  return store;
}

/// The nodes of the intervals, level by level, as design.md section 6 says it.
std::set<Digest> nodes_by_walking(const BlockStore& store, const Digest& root,
                                  std::span<const Interval> intervals) {
  std::set<Digest> found;
  Arena arena;
  NodeSource source(store);
  for (const Interval& keys : intervals) {
    for (int level = source.node(root)->level(); level >= 0; --level) {
      LevelCursor cursor(source, root, level);
      REQUIRE(cursor.seek(keys.low));
      bool moved = false;
      REQUIRE(cursor.previous(&moved));
      if (moved) found.insert(cursor.digest());
      REQUIRE(cursor.seek(keys.low));
      for (moved = true; moved;) {
        found.insert(cursor.digest());
        if (keys.high && compare(cursor.separator(arena), *keys.high) >= 0) break;  // the one after
        REQUIRE(cursor.next(&moved));
      }
    }
  }
  return found;
}

}  // namespace

TEST_CASE("R12: the nodes of an interval are those that reach into it, and one on either side") {
  MemoryStore store;
  const Digest root = build(numbered(20'000), store).root;
  for (const std::vector<std::string_view>& prefixes : {std::vector<std::string_view>{"/103/"},
                                                        {"/"},
                                                        {"/1"},
                                                        {"/000"},
                                                        {"/999"},
                                                        {"/103/5"},
                                                        {"/100/", "/101/", "/118/99", "\xff"}}) {
    std::vector<Interval> intervals;
    for (const std::string_view prefix : prefixes) intervals.push_back(of_prefix(prefix));
    std::vector<Cid> absent;
    const auto nodes = nodes_within(store, root, intervals, &absent);
    REQUIRE(nodes);
    CHECK(absent.empty());
    CHECK(std::set<Digest>(nodes->begin(), nodes->end()) ==
          nodes_by_walking(store, root, intervals));
    const MemoryStore held = only(store, *nodes);
    const Tree tree(held, root);
    for (const std::string_view prefix : prefixes) {
      Range range;
      range.prefix = key(prefix);
      for (const bool reverse : {false, true}) {
        range.reverse = reverse;
        const auto page = tree.list(range);
        REQUIRE(page);
        CHECK(page->entries.size() == *Tree(store, root).count(range));
      }
      CHECK(tree.count(range));
      CHECK(tree.list_folder({key(prefix), key("/"), std::nullopt, SIZE_MAX}));
    }
  }
}

TEST_CASE("R12: nodes of a scope, with those that are new in it, are the nodes of the scope") {
  std::mt19937_64 random(7);
  const std::vector<Interval> intervals{of_prefix("/102/"), of_prefix("/104/5"), of_prefix("/109")};
  for (int round = 0; round < 60; ++round) {
    MemoryStore store;
    store.put(empty_node());
    Map map = numbered(round % 3 == 0 ? 300 : 12'000);
    const Digest from = build(map, store).root;
    const std::size_t count = 1 + random() % (round % 2 == 0 ? 5 : 2'000);
    for (std::size_t i = 0; i < count; ++i) {
      const Bytes at = number_key(random() % 15'000);
      if (random() % 3 == 0) {
        map.erase(at);
      } else {
        map[at] = inline_value(cbor_bytes(100 + random() % 200, 'w'));
      }
    }
    const Digest to = build(map, store).root;
    const auto diff = diff_within(store, from, to, intervals);
    REQUIRE(diff);
    CHECK(diff->is_all);
    const std::set<Digest> before = nodes_by_walking(store, from, intervals);
    const std::set<Digest> wanted = nodes_by_walking(store, to, intervals);
    std::set<Digest> held = before;
    held.insert(diff->nodes.begin(), diff->nodes.end());
    CHECK(std::includes(held.begin(), held.end(), wanted.begin(), wanted.end()));
    for (const Digest& node : diff->nodes) CHECK(wanted.count(node) == 1);
    // The differences are those of the trees, as far as they lie in the intervals.
    std::vector<Difference> expected = *freehold::diff(store, from, to);
    std::erase_if(expected, [&](const Difference& one) {
      return std::none_of(intervals.begin(), intervals.end(), [&](const Interval& keys) {
        return compare(one.key, keys.low) >= 0 && compare(one.key, *keys.high) < 0;
      });
    });
    REQUIRE(diff->differences.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      CHECK(diff->differences[i].key == expected[i].key);
      CHECK(diff->differences[i].before == expected[i].before);
      CHECK(diff->differences[i].after == expected[i].after);
    }
  }
}

TEST_CASE("R12: what changes outside a scope costs a path along its ends, whatever its size") {
  MemoryStore store;
  Map map = numbered(30'000);
  const Digest from = build(map, store).root;
  for (std::size_t i = 0; i < 20'000; ++i) map[number_key(i)] = inline_value(cbor_bytes(9, 'w'));
  const Digest to = build(map, store).root;
  const CountingStore watched(store);
  const Interval outside = of_prefix("/125/");
  const auto diff = diff_within(watched, from, to, std::span(&outside, 1));
  REQUIRE(diff);
  CHECK(diff->differences.empty());
  CHECK(diff->nodes.size() <= 6);  // the upper levels
  CHECK(watched.reads < 60);
}

TEST_CASE("a walk through intervals ends at its bound, and says so") {
  MemoryStore store;
  const Digest root = build(numbered(20'000), store).root;
  const Interval all = of_prefix("/");
  const CountingStore watched(store);
  const auto diff = diff_within(watched, empty_root(), root, std::span(&all, 1), 20);
  REQUIRE(diff);
  CHECK_FALSE(diff->is_all);
  CHECK(diff->nodes.size() == 20);
  CHECK(diff->differences.empty());
  CHECK(watched.reads <= 21);
}

TEST_CASE("of a tree that is not held the nodes are named level by level") {
  MemoryStore store;
  store.put(empty_node());
  const Digest root = build(numbered(20'000), store).root;
  const Interval keys = of_prefix("/103/");
  MemoryStore held;
  held.put(empty_node());
  for (int rounds = 0;; ++rounds) {
    const auto diff = diff_within(held, empty_root(), root, std::span(&keys, 1));
    REQUIRE(diff);
    if (diff->absent.empty()) {
      CHECK(rounds == *Tree(store, root).height());
      CHECK(diff->differences.size() == 1'000);
      break;
    }
    for (const Cid& cid : diff->absent) held.put(store.block(cid));
  }
}

}  // namespace freehold::test
