#include <catch2/catch.hpp>

#include "support/trees.hpp"

namespace freehold::test {

TEST_CASE("R9 X2: 10,000 operations, one after the other, pass the golden roots") {
  const std::vector<std::string> roots = golden_operation_roots();
  REQUIRE(roots.size() == 10);
  MemoryStore store;
  store.put(empty_node());
  Digest root = empty_root();
  for (std::size_t i = 0; i < 10'000; ++i) {
    const Digest h = sha256(view_of("dev/op/" + std::to_string(i)));
    Edit edit{key("/op/" + std::to_string((h[0] * 256 + h[1]) % 3000)), std::nullopt};
    if (h[2] % 4 != 0) {
      edit.value = *StoredValue::of(cbor_bytes(h[3] * std::size_t{5}, h[4]), store);
    }
    const auto applied = apply(store, root, std::span(&edit, 1), store);
    REQUIRE(applied);
    root = applied->root;
    if ((i + 1) % 1000 == 0) CHECK(node_cid(root).text() == roots[i / 1000]);
  }
}

}  // namespace freehold::test
