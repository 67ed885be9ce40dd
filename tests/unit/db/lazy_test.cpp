#include <catch2/catch.hpp>

#include "support/device.hpp"
#include "support/tokens.hpp"
#include "support/trees.hpp"

namespace freehold::test {

namespace {

constexpr SyncOptions lazy{.strict = false, .lazy = true};

/// A space of `count` entries, at the authority only.
void fill(World& world, int count) {
  std::vector<Edit> edits;
  for (int i = 100'000; i < 100'000 + count; ++i) {
    Edit edit{key("/k/" + std::to_string(i)), std::nullopt};
    edit.value = StoredValue::of_inline(text_value(std::string(200, 'v') + std::to_string(i)));
    edits.push_back(std::move(edit));
  }
  world.authority.edit(std::move(edits), 1'000);
}

std::size_t entries_of(Device& device) {
  const auto page = device.run(nullptr, [&] { return device.replica.list(Range{}); });
  return page ? page->entries.size() : 0;
}

}  // namespace

TEST_CASE("R8 R12: a lazy replica reads the path of what it is asked for, and no more") {
  World world;
  fill(world, 20'000);
  Device& alice = world.alice;
  REQUIRE(alice.sync(world.authority, lazy));
  CHECK_FALSE(alice.replica.is_whole());
  CHECK(alice.replica.root() == world.authority.head());
  CHECK(alice.get("/k/110000") == "(missing)");  // without a network
  CHECK(alice.get("/k/110000", &world.authority).ends_with("110000"));
  CHECK(alice.reads == 1);
  CHECK(alice.read_bytes < 50'000);
  CHECK(alice.get("/k/110000").ends_with("110000"));  // and is here from then on
  CHECK(alice.get("/k/absent", &world.authority) == "(none)");

  Range range;
  range.prefix = key("/k/1055");
  const int before = alice.reads;
  const auto page = alice.run(&world.authority, [&] { return alice.replica.list(range); });
  REQUIRE(page);
  CHECK(page->entries.size() == 100);
  CHECK(alice.reads == before + 1);
}

TEST_CASE("R1 R4: a lazy replica is edited and synced without the rest of its tree") {
  World world;
  fill(world, 20'000);
  REQUIRE(world.bob.sync(world.authority));
  Device& alice = world.alice;
  alice.put("/k/150000", "before anything was known of the space");
  REQUIRE(alice.sync(world.authority, lazy));
  REQUIRE(alice.edit({{key("/k/110000"), text_value("edited")}}, &world.authority));
  REQUIRE(alice.edit({{key("/k/110001"), std::nullopt}}, &world.authority));
  world.bob.put("/k/120000", "by bob");
  REQUIRE(world.bob.sync(world.authority));
  const Sealed sealed = alice.begin(lazy);
  REQUIRE(alice.edit({{key("/k/120000"), text_value("meanwhile")}}, &world.authority));
  REQUIRE(alice.finish(sealed.invocation, world.authority.answer(sealed.message, alice.now),
                       &world.authority));
  CHECK(alice.get("/k/120000", &world.authority) == "by bob");
  CHECK(alice.conflicts() == 1);
  REQUIRE(alice.sync(world.authority, lazy));
  CHECK(alice.replica.root() == world.authority.head());
  CHECK(alice.read_bytes < 200'000);
  while (world.bob.sync(world.authority)->is_more) continue;
  CHECK(world.bob.replica.root() == world.authority.head());
  CHECK(world.bob.get("/k/110000") == "edited");
  CHECK(world.bob.get("/k/110001") == "(none)");
  CHECK(world.bob.get("/k/150000") == "before anything was known of the space");
}

TEST_CASE(
    "R10: a first sync is read in the order of the keys, goes on after a crash, and is read "
    "from meanwhile") {
  World world;
  fill(world, 50'000);
  const std::string large(300'000, 'x');
  world.bob.put("/large", large);
  REQUIRE(world.bob.sync(world.authority));
  Device& alice = world.alice;
  alice.put("/mine", "edited before the first sync");
  REQUIRE(alice.sync(world.authority, lazy));
  REQUIRE(alice.pull(world.authority, 1));
  CHECK_FALSE(alice.replica.is_whole());
  CHECK(alice.get("/k/100500").ends_with("100500"));  // has come
  CHECK(alice.get("/k/149999") == "(missing)");       // has not yet
  CHECK(alice.get("/k/149999", &world.authority).ends_with("149999"));
  alice.restart();
  const std::size_t before = alice.read_bytes;
  REQUIRE(alice.pull(world.authority));
  CHECK(alice.replica.is_whole());
  CHECK(alice.read_bytes - before < 12'000'000);  // what had come was not read again
  CHECK(entries_of(alice) == 50'002);
  CHECK(alice.get("/large") == large);
  CHECK(alice.replica.root() == world.authority.head());
}

TEST_CASE("R10: without a base a whole replica reads only the nodes that it lacks, in few rounds") {
  World world;
  fill(world, 20'000);
  REQUIRE(world.alice.sync(world.authority, lazy));
  REQUIRE(world.alice.pull(world.authority));
  const std::string large(5'000, 'x');
  for (int i = 0; i < 20; ++i) {
    const std::string at = "/k/" + std::to_string(100'000 + i * 997);
    world.authority.edit({{key(at), StoredValue::of_inline(text_value("changed"))}}, 1'000);
  }
  while (world.bob.sync(world.authority)->is_more) continue;
  world.bob.put("/large", large);
  REQUIRE(world.bob.sync(world.authority));
  world.authority.forget();

  Device& alice = world.alice;
  alice.put("/k/100000", "against another edit");
  alice.put("/mine", "kept");
  const auto told = alice.sync(world.authority);
  REQUIRE_FALSE(told);
  CHECK(told.error().code == Errc::base_unknown);
  alice.reads = 0;
  alice.read_bytes = 0;
  const auto outcome = alice.sync(world.authority);
  REQUIRE(outcome);
  CHECK(outcome->conflicts.size() == 1);
  CHECK_FALSE(alice.replica.is_whole());
  REQUIRE(alice.pull(world.authority));
  CHECK(alice.reads <= 4);  // the upper levels, a lower one, leaves, attachments
  CHECK(alice.read_bytes < 600'000);
  CHECK(alice.replica.is_whole());
  CHECK(alice.replica.root() == world.authority.head());
  CHECK(entries_of(alice) == 20'003);
  CHECK(alice.get("/k/100000") == "changed");
  CHECK(alice.get("/large") == large);
  const std::size_t held = alice.disk.size();
  Device fresh = world.device(5);
  REQUIRE(fresh.sync(world.authority, lazy));
  REQUIRE(fresh.pull(world.authority));
  CHECK(held <= fresh.disk.size() + 10);  // the old nodes are freed
}

TEST_CASE("X3: a read takes what was asked for and is part of the tree, and nothing else") {
  World world;
  fill(world, 5'000);
  Device& alice = world.alice;
  REQUIRE(alice.sync(world.authority, lazy));
  const auto call = alice.run(nullptr, [&] { return alice.replica.next_read(); });
  REQUIRE(call);
  REQUIRE(*call);
  const auto draft = alice.replica.begin_read(**call, alice.agent.did, alice.service, {}, 1'000);
  const Sealed sealed = seal_sync(draft, alice.agent);
  const Bytes response = world.authority.answer(sealed.message, 1'000);
  const auto message = decode_message(response);
  REQUIRE(message);
  const auto receipt = message->receipt_of(sealed.invocation.cid());
  REQUIRE(*receipt);

  SECTION("blocks that nobody asked for are left where they are") {
    std::vector<Block> blocks;
    for (const auto& [cid, block] : message->blocks.blocks()) blocks.push_back(block);
    const Block other = Block::of_cbor(text_value("unasked"));
    blocks.push_back(other);
    const Bytes padded = encode_message({}, std::span(&**receipt, 1), blocks);
    REQUIRE(alice.replica.finish_read(**call, sealed.invocation, padded));
    CHECK_FALSE(alice.replica.blocks().find(other.cid));
  }
  SECTION("a node left out is found out") {
    for (int out = 0; out < 3; ++out) {
      std::vector<Block> blocks;
      int node = 0;
      for (const auto& [cid, block] : message->blocks.blocks()) {
        const auto decoded = Node::decode(block.bytes());
        if (decoded && decoded->is_leaf() && decoded->size() > 0 && node++ == out) continue;
        blocks.push_back(block);
      }
      const Bytes thinned = encode_message({}, std::span(&**receipt, 1), blocks);
      const auto taken = alice.replica.finish_read(**call, sealed.invocation, thinned);
      REQUIRE_FALSE(taken);
      CHECK(taken.error().code == Errc::protocol);
    }
  }
  SECTION("flipped bytes never pass") {
    for (std::size_t i = 0; i < response.size(); i += response.size() / 400) {
      Bytes bad = response;
      bad[i] ^= 1;
      CHECK_FALSE(alice.replica.finish_read(**call, sealed.invocation, bad));
    }
    CHECK(alice.replica.finish_read(**call, sealed.invocation, response));
  }
}

}  // namespace freehold::test
