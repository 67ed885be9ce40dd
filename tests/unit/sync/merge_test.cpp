#include "freehold/sync/merge.hpp"

#include <catch2/catch.hpp>

#include "freehold/codec/cbor.hpp"
#include "freehold/db/replica.hpp"
#include "freehold/sync/names.hpp"
#include "support/tokens.hpp"
#include "support/trees.hpp"

namespace freehold::test {

namespace {

std::optional<StoredValue> stored(const Value& value) {
  return StoredValue::of_inline(encode_cbor(value));
}

/// One key with its three values.
struct Case {
  MemoryStore blocks;
  KnownServices nobody;
  Bytes at = key("/k");
  std::optional<StoredValue> base, ours, theirs;

  MergeResult run() {
    const Recogniser recogniser(signer(1).did, blocks, nobody, 0);
    std::vector<Difference> left;
    std::vector<Difference> right;
    if (base != ours) left.push_back({at, base, ours});
    if (base != theirs) right.push_back({at, base, theirs});
    return merge(left, right, {signer(2).did, 5}, recogniser, blocks);
  }
  /// The value after the merge.
  std::optional<StoredValue> after(const MergeResult& result) const {
    for (const Edit& edit : result.edits) {
      if (edit.key == at) return edit.value;
    }
    return theirs;
  }
};

}  // namespace

TEST_CASE("R4: one side's change is taken, equal changes are no conflict") {
  const auto values = {std::optional<StoredValue>(), stored(Value(1)), stored(Value(2))};
  for (const auto& base : values) {
    for (const auto& change : values) {
      Case one;
      one.base = base;
      one.theirs = base;
      one.ours = change;
      CHECK(one.after(one.run()) == change);
      one.ours = base;
      one.theirs = change;
      CHECK(one.after(one.run()) == change);
      one.ours = change;
      CHECK(one.after(one.run()) == change);
      CHECK(one.run().conflicts.empty());
    }
  }
}

TEST_CASE("R4: under /conflict/ nothing conflicts: a put beats a delete") {
  Case one;
  one.at = key("/conflict/x");
  one.base = stored(Value(1));
  one.ours = stored(Value(2));
  MergeResult result = one.run();
  CHECK(one.after(result) == one.ours);
  one.theirs = stored(Value(3));
  result = one.run();
  CHECK(one.after(result) == one.theirs);
  CHECK(result.conflicts.empty());
}

TEST_CASE("R4: issuer maps merge slot by slot, and junk that loses is no conflict") {
  const Cid a = Cid::of_raw(view_of("a"));
  const Cid b = Cid::of_raw(view_of("b"));
  const Cid c = Cid::of_raw(view_of("c"));
  Case one;
  one.at = key("/blob/zx");
  one.base = stored(Value(freehold::Map{{"did:web:one", Value(a)}}));
  one.ours = stored(Value(freehold::Map{{"did:web:one", Value(b)}, {"did:web:two", Value(a)}}));
  one.theirs = stored(Value(freehold::Map{{"did:web:one", Value(c)}, {"did:web:three", Value(a)}}));
  const MergeResult result = one.run();
  CHECK(one.after(result) ==
        stored(Value(freehold::Map{
            {"did:web:one", Value(c)}, {"did:web:two", Value(a)}, {"did:web:three", Value(a)}})));
  CHECK(result.conflicts.empty());
  // An empty map is absence.
  Case two;
  two.at = key("/blob/zx");
  two.base = stored(Value(freehold::Map{{"did:web:one", Value(a)}, {"did:web:two", Value(a)}}));
  two.ours = stored(Value(freehold::Map{{"did:web:one", Value(a)}}));
  two.theirs = stored(Value(freehold::Map{{"did:web:two", Value(a)}}));
  CHECK(two.after(two.run()) == std::nullopt);
  // Something else than an issuer map: the plain rules.
  Case three;
  three.at = key("/blob/zx");
  three.ours = stored(Value("junk"));
  three.theirs = one.theirs;
  CHECK(three.run().conflicts.size() == 1);
}

TEST_CASE("R4: a conflict's key is made of its content, so a retry makes the same") {
  Case one;
  one.base = stored(Value(1));
  one.ours = stored(Value(2));
  one.theirs = stored(Value(3));
  const MergeResult first = one.run();
  REQUIRE(first.conflicts.size() == 1);
  CHECK(one.run().conflicts == first.conflicts);
  const auto cid = cid_of_key(key_prefix::conflict, first.conflicts[0]);
  REQUIRE(cid);
  CHECK(cid->matches(first.edits[0].value->payload));
}

TEST_CASE("R11: a value nested to the limit can lose a merge") {
  Bytes deep(63, 0x81);
  deep.push_back(0x80);
  Case one;
  one.ours = StoredValue::of_inline(deep);
  one.theirs = stored(Value(1));
  const MergeResult result = one.run();
  REQUIRE(result.edits.size() == 1);
  CHECK(check_value(result.edits[0].value->payload));
  REQUIRE(result.blocks.size() == 1);
  CHECK(equal(result.blocks[0].bytes(), deep));
}

}  // namespace freehold::test
