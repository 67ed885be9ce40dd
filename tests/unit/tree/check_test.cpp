#include "freehold/tree/check.hpp"

#include <catch2/catch.hpp>

#include "support/trees.hpp"

namespace freehold::test {

namespace {

Map map_of(int shape_number, std::mt19937_64& random, std::uint64_t entries) {
  Shape shape(shape_number, random);
  return random_map(shape, entries);
}

}  // namespace

TEST_CASE("R9: check passes what is canonical, and says what it is") {
  std::mt19937_64 random(41);
  for (int number = 0; number < Shape::count; ++number) {
    const Map map = map_of(number, random, 900);
    MemoryStore store;
    const TreeStats built = build(map, store);
    const auto checked = check(store, built.root);
    REQUIRE(checked);
    CHECK(checked->weight.count == map.size());
    CHECK(checked->height == built.height);
  }
  MemoryStore store;
  store.put(empty_node());
  CHECK(check(store, empty_root()));
}

TEST_CASE("X4: blocks valid by their hash but not canonical do not pass") {
  std::mt19937_64 random(42);
  const Map map = map_of(0, random, 60);
  MemoryStore store;
  std::vector<EntryView> entries;
  for (const auto& [key, value] : map) {
    entries.push_back({key, value.payload, false, {1, leaf_entry_bytes(60, value.payload.size())}});
  }
  const auto parent_of = [&](std::span<const std::size_t> cuts) {
    std::vector<Bytes> separators;
    std::vector<Bytes> payloads;
    std::size_t from = 0;
    for (const std::size_t to : cuts) {
      const auto part = std::span(entries).subspan(from, to - from);
      Weight weight;
      for (const EntryView& entry : part) {
        weight.count += entry.weight.count;
        weight.bytes += entry.weight.bytes;
      }
      Block leaf = Block::of_cbor(encode_node(0, part));
      const ByteView before = from == 0 ? ByteView() : entries[from - 1].key;
      separators.push_back(copy_of(separator_of(0, part.front().key, from == 0, before)));
      payloads.push_back(child_payload(digest_of(leaf.cid), weight));
      store.put(std::move(leaf));
      from = to;
    }
    std::vector<EntryView> children;
    for (std::size_t i = 0; i < payloads.size(); ++i) {
      children.push_back({separators[i], payloads[i], true, {}});
    }
    Block root = Block::of_cbor(encode_node(1, children));
    const Digest digest = digest_of(root.cid);
    store.put(std::move(root));
    return digest;
  };
  // Cut where nothing says so.
  const std::size_t halves[] = {30, 60};
  CHECK(check(store, parent_of(halves)).error().code == Errc::malformed);
  // A root with a single child.
  const std::size_t whole[] = {60};
  CHECK(check(store, parent_of(whole)).error().code == Errc::malformed);
}

TEST_CASE("R12: rank and count of a range agree with counting") {
  std::mt19937_64 random(43);
  for (int number = 0; number < Shape::count; ++number) {
    const Map map = map_of(number, random, 1200);
    MemoryStore store;
    const Tree tree(store, build(map, store).root);
    for (int i = 0; i < 60; ++i) {
      const auto at = std::next(map.begin(), static_cast<std::ptrdiff_t>(random() % map.size()));
      CHECK(*tree.rank(at->first) == static_cast<std::uint64_t>(std::distance(map.begin(), at)));
      Range range;
      range.from = at->first;
      range.from_exclusive = random() % 2 == 0;
      range.prefix = at->first;
      range.prefix.resize(static_cast<std::size_t>(random()) % 3);
      const auto to = std::next(map.begin(), static_cast<std::ptrdiff_t>(random() % map.size()));
      if (random() % 2 == 0) range.to = to->first;
      range.to_inclusive = random() % 2 == 0;
      const auto page = tree.list(range);
      REQUIRE(page);
      CHECK(*tree.count(range) == page->entries.size());
    }
  }
}

TEST_CASE("R32: a flat map lists as folders, page by page, without what lies deeper") {
  std::mt19937_64 random(44);
  Map map;
  std::vector<std::string> names{"a", "b", "ab", "photos", "x/y", "p\xff", "\xff"};
  for (int i = 0; i < 3000; ++i) {
    std::string path;
    for (auto depth = random() % 4; depth > 0; --depth) {
      path += names[static_cast<std::size_t>(random()) % names.size()] + "/";
    }
    path += "f" + std::to_string(random() % 900);
    map[key(path)] = inline_value(cbor_bytes(100, 1));
  }
  MemoryStore store;
  const Tree tree(store, build(map, store).root);
  for (const std::string& prefix :
       {std::string(), std::string("a/"), std::string("a"), std::string("photos/b/"),
        std::string("\xff"), std::string("none/")}) {
    std::vector<Bytes> entries;
    std::vector<Bytes> prefixes;
    for (const auto& [at, value] : map) {
      if (!starts_with(at, key(prefix))) continue;
      const std::string_view rest = text_of(at).substr(prefix.size());
      const std::size_t cut = rest.find('/');
      if (cut == std::string_view::npos) {
        entries.push_back(at);
      } else {
        Bytes common = key(prefix + std::string(rest.substr(0, cut + 1)));
        if (prefixes.empty() || prefixes.back() != common) prefixes.push_back(std::move(common));
      }
    }
    for (const std::size_t limit : {std::size_t{1}, std::size_t{7}, SIZE_MAX}) {
      FolderQuery query{key(prefix), key("/"), std::nullopt, limit};
      std::vector<Bytes> seen_entries;
      std::vector<Bytes> seen_prefixes;
      for (;;) {
        const auto page = tree.list_folder(query);
        REQUIRE(page);
        for (const Entry& entry : page->entries) seen_entries.push_back(entry.key);
        for (const Bytes& common : page->prefixes) seen_prefixes.push_back(common);
        if (!page->next) break;
        query.after = page->next;
      }
      CHECK(seen_entries == entries);
      CHECK(seen_prefixes == prefixes);
    }
  }
}

}  // namespace freehold::test
