#include <catch2/catch.hpp>

#include "freehold/tree/cursor.hpp"
#include "support/trees.hpp"

namespace freehold::test {

namespace {

/// The same listing of the oracle.
std::vector<Bytes> list_oracle(const Map& map, const Range& range) {
  std::vector<Bytes> keys;
  for (const auto& [key, value] : map) {
    if (!starts_with(key, range.prefix)) continue;
    if (range.from) {
      const int order = compare(key, *range.from);
      if (order < 0 || (order == 0 && range.from_exclusive)) continue;
    }
    if (range.to) {
      const int order = compare(key, *range.to);
      if (order > 0 || (order == 0 && !range.to_inclusive)) continue;
    }
    keys.push_back(key);
  }
  if (range.reverse) std::reverse(keys.begin(), keys.end());
  if (keys.size() > range.limit) keys.resize(range.limit);
  return keys;
}

std::vector<Bytes> keys_of(const Page& page) {
  std::vector<Bytes> keys;
  for (const Entry& entry : page.entries) keys.push_back(entry.key);
  return keys;
}

Bytes some_key(const Map& map, Shape& shape, std::mt19937_64& random) {
  if (map.empty() || random() % 2 == 0) return shape.key();
  auto at = map.begin();
  std::advance(at, static_cast<std::ptrdiff_t>(random() % map.size()));
  return at->first;
}

}  // namespace

TEST_CASE("R12: ranges agree with an ordered map, both ways, with every kind of bound") {
  std::mt19937_64 random(12);
  for (int number = 0; number < Shape::count; ++number) {
    Shape shape(number, random);
    Map map = random_map(shape, random() % 1500);
    MemoryStore store;
    const Tree tree(store, build(map, store).root);
    for (int i = 0; i < 200; ++i) {
      Range range;
      if (random() % 2 == 0) range.from = some_key(map, shape, random);
      if (random() % 2 == 0) range.to = some_key(map, shape, random);
      if (random() % 3 == 0) {
        range.prefix = some_key(map, shape, random);
        range.prefix.resize(static_cast<std::size_t>(random()) % (range.prefix.size() + 1));
      }
      range.from_exclusive = random() % 2 == 0;
      range.to_inclusive = random() % 2 == 0;
      range.reverse = random() % 2 == 0;
      if (random() % 2 == 0) range.limit = static_cast<std::size_t>(random() % 50);
      const auto page = tree.list(range);
      REQUIRE(page);
      REQUIRE(keys_of(*page) == list_oracle(map, range));
      for (const Entry& entry : page->entries) REQUIRE(entry.value == map[entry.key]);
    }
  }
}

TEST_CASE("R12: pages go on behind their last key, across edits") {
  std::mt19937_64 random(13);
  Shape shape(0, random);
  Map map = random_map(shape, 800);
  MemoryStore store;
  Digest root = build(map, store).root;
  Range range;
  range.limit = 37;
  std::vector<Bytes> seen;
  for (;;) {
    const auto page = Tree(store, root).list(range);
    REQUIRE(page);
    for (const Entry& entry : page->entries) seen.push_back(entry.key);
    if (!page->next) break;
    // The very key that the cursor stands on goes away.
    const Edit gone{*page->next, std::nullopt};
    root = apply(store, root, std::span(&gone, 1), store)->root;
    range.from = page->next;
    range.from_exclusive = true;
  }
  CHECK(seen == list_oracle(map, Range{}));
}

TEST_CASE("R12: a lazy replica reads height + k / fan-out + 1 nodes for k entries") {
  std::mt19937_64 random(14);
  Shape shape(0, random);
  Map map = random_map(shape, 5000);
  MemoryStore whole;
  const TreeStats stats = build(map, whole);
  MemoryStore part;
  Range range;
  range.from = std::next(map.begin(), 2500)->first;
  range.limit = 100;
  for (;;) {
    Missing missing;
    const auto page = Tree(part, stats.root).list(range, &missing);
    if (page) {
      CHECK(keys_of(*page) == list_oracle(map, range));
      break;
    }
    REQUIRE(page.error().code == Errc::missing);
    // Take just what is on the way of the first missing: the least that the core can do with.
    part.put(whole.block(missing.cids().front()));
  }
  const double fan_out = 5000.0 / static_cast<double>(stats.nodes);
  CHECK(static_cast<double>(part.size()) <= stats.height + 2 * 100 / fan_out + 1);
}

TEST_CASE("R12: get finds what is there and nothing else") {
  std::mt19937_64 random(15);
  for (int number = 0; number < Shape::count; ++number) {
    Shape shape(number, random);
    Map map = random_map(shape, 700);
    MemoryStore store;
    const Tree tree(store, build(map, store).root);
    for (int i = 0; i < 500; ++i) {
      const Bytes key = some_key(map, shape, random);
      const auto found = tree.get(key);
      REQUIRE(found);
      const auto expected = map.find(key);
      REQUIRE(found->has_value() == (expected != map.end()));
      if (*found) REQUIRE(**found == expected->second);
    }
    CHECK(tree.weight()->count == map.size());
  }
}

TEST_CASE("R11: keys and values out of range are refused by name") {
  MemoryStore store;
  CHECK(check_key({}).error().code == Errc::invalid_key);
  CHECK(check_key(Bytes(1025, 1)).error().code == Errc::invalid_key);
  CHECK(check_key(Bytes(1024, 0xff)));
  CHECK(check_key(Bytes{0}));
  CHECK(StoredValue::of(cbor_bytes((1 << 20) - 5, 1), store));
  CHECK(StoredValue::of(cbor_bytes(1 << 20, 1), store).error().code == Errc::limit);
  for (const char* bad :
       {"f7", "fb3ff0000000000000", "fb8000000000000000", "fb7ff8000000000000",
        "1b8000000000000000", "3b8000000000000000", "1817", "61ff", "a2616201616101",
        "a2616101616101", "a1695f5f70726f746f5f5f01", "0000", "", "c001", "f93c00"}) {
    INFO(bad);
    CHECK(StoredValue::of(*bytes_of_hex(bad), store).error().code == Errc::invalid_value);
  }
  for (const char* good : {"f6", "fb3ff8000000000000", "1b7fffffffffffffff", "3b7fffffffffffffff",
                           "a0", "80", "40", "60", "a2616101616202", "fb4340000000000000"}) {
    INFO(good);
    CHECK(StoredValue::of(*bytes_of_hex(good), store));
  }
  Bytes deep(64, 0x81);
  deep.push_back(0x80);
  CHECK_FALSE(StoredValue::of(deep, store));
  CHECK(StoredValue::of(ByteView(deep).subspan(1), store));
}

}  // namespace freehold::test
