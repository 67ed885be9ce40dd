#include "freehold/sync/lineage.hpp"

#include <catch2/catch.hpp>

#include "support/liar.hpp"
#include "support/tokens.hpp"

namespace freehold::test {

namespace {

/// Two histories that are one up to `common`, each with `count` checkpoints.
struct Branches {
  History left{signer(1), signer(9).did};
  History right{signer(1), signer(9).did};

  Branches(std::uint64_t common, std::uint64_t count) {
    while (left.seq() < common) left.add("tree " + std::to_string(left.seq()));
    right = left;
    while (left.seq() < count) left.add("left");
    while (right.seq() < count) right.add("right");
  }
};

}  // namespace

TEST_CASE("X3: checkpoints of one history never contradict each other") {
  const Branches same(40, 40);
  MemoryStore blocks;
  same.left.put_into(blocks);
  for (std::uint64_t a = 1; a <= 40; ++a) {
    for (std::uint64_t b = 1; b <= 40; ++b) {
      CHECK_FALSE(contradiction_of(same.left.at(a), same.left.at(b)));
      CHECK_FALSE(find_contradiction(same.left.at(a), same.left.at(b), blocks, signer(1).did));
    }
  }
}

TEST_CASE("X3: two checkpoints contradict each other by number, prev or skip") {
  const Branches two(3, 8);
  CHECK(contradiction_of(two.left.at(4), two.right.at(4)) == 4u);
  CHECK(contradiction_of(two.left.at(4), two.right.at(5)) == 4u);  // by prev
  CHECK(contradiction_of(two.right.at(6), two.left.at(4)) == 4u);  // by skip
  CHECK(contradiction_of(two.left.at(5), two.right.at(6)) == 5u);
  CHECK_FALSE(contradiction_of(two.left.at(3), two.right.at(4)));
  CHECK_FALSE(contradiction_of(two.left.at(4), two.right.at(8)));  // 8 names 7 only
}

TEST_CASE("X3: with the checkpoints between them a fork is seen at any distance") {
  for (const std::uint64_t common : {1u, 5u, 12u, 20u}) {
    const Branches two(common, 40);
    MemoryStore blocks;
    two.right.put_into(blocks);
    for (std::uint64_t lower = common; lower <= 40; ++lower) {
      for (std::uint64_t upper = lower; upper <= 40; ++upper) {
        const auto found =
            find_contradiction(two.left.at(lower), two.right.at(upper), blocks, signer(1).did);
        INFO(common << ": " << lower << " " << upper);
        CHECK(found.has_value() == (lower > common));
        if (found) CHECK(contradiction_of(two.left.at(lower), *found));
      }
    }
  }
}

TEST_CASE("X3: a way by checkpoints that another signed, or that are not there, proves nothing") {
  const Branches two(3, 8);
  MemoryStore blocks;
  CHECK_FALSE(find_contradiction(two.left.at(4), two.right.at(8), blocks, signer(1).did));
  two.right.put_into(blocks);
  CHECK(find_contradiction(two.left.at(4), two.right.at(8), blocks, signer(1).did));
  CHECK_FALSE(find_contradiction(two.left.at(4), two.right.at(8), blocks, signer(2).did));
}

TEST_CASE("X3: a checkpoint whose prev and skip cannot both be is refused") {
  History history(signer(1), signer(9).did);
  for (int i = 0; i < 4; ++i) history.add("tree");
  const auto refused = [&](const std::function<void(CheckpointFields&)>& change) {
    CheckpointFields fields = history.at(3);
    change(fields);
    const Checkpoint made = issue_checkpoint(std::move(fields), signer(1), std::nullopt);
    return !Checkpoint::decode(made.ucan.block);
  };
  CHECK_FALSE(refused([](CheckpointFields&) {}));
  CHECK(refused([&](CheckpointFields& fields) { fields.skip = history.at(1).cid(); }));
  CHECK_FALSE(refused([](CheckpointFields& fields) { fields.skip.reset(); }));  // not known
  CHECK(refused([](CheckpointFields& fields) { fields.prev.reset(); }));
  CHECK(refused([&](CheckpointFields& fields) {
    fields.seq = 4;
    fields.skip = history.at(2).cid();  // 4 skips to 0: nothing
  }));
}

}  // namespace freehold::test
