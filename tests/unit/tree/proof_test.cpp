#include "freehold/tree/proof.hpp"

#include <catch2/catch.hpp>

#include "support/trees.hpp"

namespace freehold::test {

namespace {

struct World {
  std::mt19937_64 random{41};
  Shape shape{0, random};
  Map map;
  MemoryStore whole;
  Digest root{};

  explicit World(std::uint64_t entries = 10'000) {
    map = random_map(shape, entries);
    root = build(map, whole).root;
  }
  Bytes nth(std::ptrdiff_t i) const { return std::next(map.begin(), i)->first; }

  /// Proved by the whole store, and verified by those blocks alone.
  TreeProof verified(std::vector<Claim> claims, MemoryStore* part = nullptr) const {
    sort_claims(&claims);
    const auto proof = prove(whole, root, claims);
    REQUIRE(proof);
    MemoryStore sent;
    for (const Cid& cid : proof->blocks) sent.put(whole.block(cid));
    REQUIRE(sent.size() == proof->blocks.size());
    auto again = prove(sent, root, claims);
    REQUIRE(again);
    CHECK(again->blocks == proof->blocks);
    if (part != nullptr) *part = std::move(sent);
    return *std::move(again);
  }
};

Claim key_claim(Bytes key) {
  Claim claim;
  claim.key = std::move(key);
  return claim;
}
Claim range_claim(std::optional<Bytes> from, std::optional<Bytes> to, Bytes prefix = {}) {
  Claim claim;
  claim.prefix = std::move(prefix);
  claim.from = std::move(from);
  claim.to = std::move(to);
  return claim;
}

/// A node written by hand, put into the store; the entry by which a parent lists it.
struct Made {
  Digest digest{};
  Weight weight;
};
Made leaf(MemoryStore& store, std::initializer_list<const char*> keys) {
  const Bytes payload{0x01};
  std::vector<EntryView> entries;
  Made made;
  for (const char* text : keys) {
    entries.push_back({view_of(text), payload, false, {}});
    made.weight.count += 1;
    made.weight.bytes += leaf_entry_bytes(std::strlen(text), payload.size());
  }
  Block block = Block::of_cbor(encode_node(0, entries));
  made.digest = digest_of(block.cid);
  store.put(std::move(block));
  return made;
}
struct Child {
  const char* separator;
  Made node;
};
Made internal(MemoryStore& store, int level, const std::vector<Child>& children) {
  std::vector<Bytes> payloads;
  for (const Child& child : children) {
    payloads.push_back(child_payload(child.node.digest, child.node.weight));
  }
  std::vector<EntryView> entries;
  Made made;
  for (std::size_t i = 0; i < children.size(); ++i) {
    entries.push_back({view_of(children[i].separator), payloads[i], true, {}});
    made.weight.count += children[i].node.weight.count;
    made.weight.bytes += children[i].node.weight.bytes;
  }
  Block block = Block::of_cbor(encode_node(level, entries));
  made.digest = digest_of(block.cid);
  store.put(std::move(block));
  return made;
}

std::string refusal(const MemoryStore& store, const Made& root, const Claim& claim = {}) {
  const auto proof = prove(store, root.digest, std::span(&claim, 1));
  return proof ? "proved" : proof.error().what;
}

}  // namespace

TEST_CASE("M6: a key's value is proved by one node a level, of 10,000 entries") {
  const World world;
  for (const std::ptrdiff_t i : {0, 1, 777, 5'000, 9'998, 9'999}) {
    const Bytes key = world.nth(i);
    const TreeProof proof = world.verified({key_claim(key)});
    REQUIRE(proof.entries[0].size() == 1);
    CHECK(proof.entries[0][0].key == key);
    CHECK(proof.entries[0][0].value == world.map.at(key));
    CHECK(proof.weight.count == 10'000);
    CHECK(proof.blocks.size() <= 4);
  }
}

TEST_CASE("M6: the absence of a key is proved, before, between and behind all entries") {
  const World world;
  Bytes between = world.nth(3'000);
  between.push_back(0);
  for (const Bytes& key : {Bytes{0}, between, Bytes(20, 0xff)}) {
    REQUIRE(!world.map.contains(key));
    const TreeProof proof = world.verified({key_claim(key)});
    CHECK(proof.entries[0].empty());
  }
}

TEST_CASE("M6: a range is proved complete: nothing of it can be hidden") {
  const World world;
  const Bytes fiftieth = world.nth(50);
  const std::vector<Claim> claims = {range_claim(world.nth(2'000), world.nth(2'900)),
                                     range_claim({}, world.nth(3)),
                                     range_claim(world.nth(9'990), {}), range_claim({}, {}),
                                     range_claim({}, {}, copy_of(ByteView(fiftieth).first(2)))};
  for (const Claim& claim : claims) {
    MemoryStore part;
    const TreeProof proof = world.verified({claim}, &part);
    std::vector<Bytes> want;
    for (const auto& [key, value] : world.map) {
      if (starts_with(key, claim.prefix) && (!claim.from || compare(key, *claim.from) >= 0) &&
          (!claim.to || compare(key, *claim.to) < 0)) {
        want.push_back(key);
      }
    }
    REQUIRE(proof.entries[0].size() == want.size());
    for (std::size_t i = 0; i < want.size(); ++i) {
      CHECK(proof.entries[0][i].key == want[i]);
      CHECK(proof.entries[0][i].value == world.map.at(want[i]));
    }
    // Without any one of the blocks it proves nothing.
    for (std::size_t i = 0; i < proof.blocks.size(); i += 1 + proof.blocks.size() / 40) {
      MemoryStore less = part;
      less.erase(proof.blocks[i]);
      Missing missing;
      const auto refused = prove(less, world.root, std::span(&claim, 1), &missing);
      REQUIRE(!refused);
      CHECK(refused.error().code == Errc::missing);
      CHECK(missing.cids() == std::vector<Cid>{proof.blocks[i]});
    }
  }
}

TEST_CASE("M6: many claims share the nodes that they have in common") {
  const World world;
  std::vector<Claim> claims;
  for (std::ptrdiff_t i = 0; i < 100; ++i) claims.push_back(key_claim(world.nth(i)));
  claims.push_back(key_claim(world.nth(0)));  // once more: it counts once
  claims.push_back(range_claim(world.nth(200), world.nth(300)));
  sort_claims(&claims);
  CHECK(claims.size() == 101);
  const TreeProof proof = world.verified(claims);
  for (std::size_t i = 0; i < 100; ++i) CHECK(proof.entries[i].size() == 1);
  CHECK(proof.entries[100].size() == 100);
  CHECK(proof.blocks.size() < 60);
}

TEST_CASE("M6: a tree of one leaf, and the empty tree, are proved as well") {
  for (const std::uint64_t entries : {0U, 1U, 5U}) {
    const World world(entries);
    const TreeProof all = world.verified({range_claim({}, {})});
    CHECK(all.entries[0].size() == world.map.size());
    CHECK(world.verified({key_claim(Bytes{1})}).entries[0].empty());
    CHECK(world.verified({}).weight.count == world.map.size());
  }
}

TEST_CASE("M6: claims out of order, overlapping, empty or too many are refused") {
  const World world(100);
  const auto refused = [&](const std::vector<Claim>& claims) {
    const auto proof = prove(world.whole, world.root, claims);
    REQUIRE(!proof);
    return std::string(proof.error().what);
  };
  const Bytes a{'a'}, b{'b'}, c{'c'};
  CHECK(refused({key_claim(b), key_claim(a)}) == "claims: out of order, or overlapping");
  CHECK(refused({key_claim(a), key_claim(a)}) == "claims: out of order, or overlapping");
  CHECK(refused({range_claim(a, c), key_claim(b)}) == "claims: out of order, or overlapping");
  CHECK(refused({range_claim(a, {}), key_claim(b)}) == "claims: out of order, or overlapping");
  CHECK(refused({range_claim(b, b)}) == "claim: an empty range");
  CHECK(refused({range_claim(c, a)}) == "claim: an empty range");
  CHECK(refused({range_claim({}, a, b)}) == "claim: an empty range");
  CHECK(refused({range_claim(Bytes(1025, 'x'), {})}) == "claim: a bound over key_bytes_max");
  CHECK(refused(std::vector<Claim>(1025, key_claim(a))) == "proof_claims_max");
  CHECK(prove(world.whole, world.root, std::vector<Claim>{key_claim({})}).error().code ==
        Errc::invalid_key);
}

TEST_CASE("X3: a tree that its signer has forged is refused, each for its own reason") {
  MemoryStore store;
  const Made ab = leaf(store, {"aa", "ab"});
  const Made cd = leaf(store, {"ca", "cb"});
  const auto root_of = [&](std::vector<Child> children, int level = 1) {
    return internal(store, level, children);
  };
  REQUIRE(refusal(store, root_of({{"", ab}, {"c", cd}})) == "proved");

  SECTION("a key that the lookup would not find, in a leaf where it does not belong") {
    const Made stray = leaf(store, {"aa", "cb"});
    CHECK(refusal(store, root_of({{"", stray}, {"c", cd}})) ==
          "proof: a node reaches up to the next separator");
  }
  SECTION("keys below the separator") {
    const Made low = leaf(store, {"ba", "cb"});
    CHECK(refusal(store, root_of({{"", ab}, {"c", low}})) ==
          "proof: a separator does not begin the first key of its leaf");
  }
  SECTION("a gap before the first separator") {
    CHECK(refusal(store, root_of({{"a", ab}, {"c", cd}})) ==
          "proof: an internal node does not begin with its separator");
  }
  SECTION("a separator that is longer than need be") {
    CHECK(refusal(store, root_of({{"", ab}, {"ca", cd}})) ==
          "proof: a separator is not the shortest");
  }
  SECTION("a leaf twice") {
    CHECK(refusal(store, root_of({{"", ab}, {"c", ab}})) ==
          "proof: a separator does not begin the first key of its leaf");
  }
  SECTION("a leaf too high, and a node of a level too many") {
    CHECK(refusal(store, root_of({{"", ab}, {"c", cd}}, 2)) ==
          "proof: a node is not of the level below its parent's");
  }
  SECTION("counts that do not add up") {
    Made fewer = cd;
    fewer.weight.count = 1;
    CHECK(refusal(store, root_of({{"", ab}, {"c", fewer}})) ==
          "proof: a node has not the count and bytes that its parent says");
    Made lighter = cd;
    lighter.weight.bytes -= 1;
    CHECK(refusal(store, root_of({{"", ab}, {"c", lighter}})) ==
          "proof: a node has not the count and bytes that its parent says");
  }
  SECTION("counts that wrap around") {
    Made huge = cd;
    huge.weight.count = UINT64_MAX - 1;
    CHECK(refusal(store, root_of({{"", ab}, {"c", huge}})) ==
          "proof: a node states sums over integer_safe_max");
  }
  SECTION("a root with a single child") {
    CHECK(refusal(store, root_of({{"", ab}})) == "proof: a root with a single child");
  }
  SECTION("an internal node under the wrong separator") {
    const Made left = internal(store, 1, {{"", ab}, {"c", cd}});
    const Made ef = leaf(store, {"ea", "eb"});
    const Made gh = leaf(store, {"ga", "gb"});
    const Made right = internal(store, 1, {{"e", ef}, {"g", gh}});
    REQUIRE(refusal(store, root_of({{"", left}, {"e", right}}, 2)) == "proved");
    CHECK(refusal(store, root_of({{"", left}, {"d", right}}, 2)) ==
          "proof: an internal node does not begin with its separator");
    const Made reaching = internal(store, 1, {{"", ab}, {"f", cd}});
    CHECK(refusal(store, root_of({{"", reaching}, {"e", right}}, 2)) ==
          "proof: a node reaches up to the next separator");
  }
  SECTION("a leaf that is empty") {
    const Made empty{empty_root(), {1, 1}};
    store.put(empty_node());
    CHECK(refusal(store, root_of({{"", ab}, {"c", empty}})) ==
          "proof: an empty node below the root");
  }
  SECTION("a node that is not in the one form: its prefix is not the longest") {
    Bytes bytes{0x83, 0x00, 0x40, 0x82, 0x82, 0x42, 'a', 'a', 0x01, 0x82, 0x42, 'a', 'b', 0x01};
    Made loose = ab;
    Block block = Block::of_cbor(std::move(bytes));
    loose.digest = digest_of(block.cid);
    store.put(std::move(block));
    CHECK(refusal(store, root_of({{"", loose}, {"c", cd}})) == "node: prefix is not the longest");
  }
}

TEST_CASE("M6: a large value is proved by its block, of the size that its entry says") {
  MemoryStore store;
  const Bytes large = cbor_bytes(5'000, 7);
  const StoredValue honest = *StoredValue::of(large, store);
  Map map{{key("a"), inline_value(Bytes{0x01})}, {key("b"), honest}};
  const Claim claim = key_claim(key("b"));
  const auto proof_of = [&](const StoredValue& value) {
    map[key("b")] = value;
    const Digest root = build(map, store).root;
    return prove(store, root, std::span(&claim, 1));
  };
  const auto proof = proof_of(honest);
  REQUIRE(proof);
  CHECK(proof->blocks.size() == 2);
  CHECK(std::string(proof_of(StoredValue::of_link(honest.link(), 4'999)).error().what) ==
        "proof: a large value is not of the size that its entry says");
  store.erase(node_cid(honest.link()));
  CHECK(proof_of(honest).error().code == Errc::missing);
}

}  // namespace freehold::test
