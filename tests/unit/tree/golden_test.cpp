#include <catch2/catch.hpp>

#include "support/trees.hpp"

namespace freehold::test {

TEST_CASE("R9: golden roots come out of bulk builds") {
  for (const std::string& name : golden_names()) {
    MemoryStore store;
    const GoldenSet set = golden_set(name, store);
    const TreeStats stats = build(set.map, store);
    INFO(name);
    CHECK(node_cid(stats.root).text() == set.root.text());
    CHECK(stats.nodes == set.nodes);
    CHECK(stats.height == set.height);
    CHECK(stats.weight.count == set.map.size());
  }
}

TEST_CASE("R9: golden roots come out of random batches of edits, whatever their order") {
  std::mt19937_64 random(20261121);
  for (const std::string& name : golden_names()) {
    MemoryStore store;
    const GoldenSet set = golden_set(name, store);
    std::vector<Edit> edits;
    for (const auto& [key, value] : set.map) edits.push_back({key, value});
    std::shuffle(edits.begin(), edits.end(), random);
    store.put(empty_node());
    Digest root = empty_root();
    const std::size_t batch = std::max<std::size_t>(1, edits.size() / 12);
    for (std::size_t at = 0; at < edits.size();) {
      const std::size_t end = std::min<std::size_t>(
          edits.size(), at + 1 + static_cast<std::size_t>(random()) % (2 * batch));
      std::vector<Edit> some(edits.begin() + static_cast<std::ptrdiff_t>(at),
                             edits.begin() + static_cast<std::ptrdiff_t>(end));
      // Something that goes again with the next batch, so that deletes are in it too.
      if (at > 0) some.push_back({edits[at - 1].key, std::nullopt});
      if (at > 0 && at + 1 < edits.size()) some.push_back({edits[at].key, edits[at].value});
      std::stable_sort(some.begin(), some.end(),
                       [](const Edit& a, const Edit& b) { return compare(a.key, b.key) < 0; });
      some.erase(std::unique(some.begin(), some.end(),
                             [](const Edit& a, const Edit& b) { return a.key == b.key; }),
                 some.end());
      const auto applied = apply(store, root, some, store);
      REQUIRE(applied);
      root = applied->root;
      if (at > 0) {
        const Edit back{edits[at - 1].key, edits[at - 1].value};
        root = apply(store, root, std::span(&back, 1), store)->root;
      }
      at = end;
    }
    INFO(name);
    CHECK(node_cid(root).text() == set.root.text());
  }
}

}  // namespace freehold::test
