#include <catch2/catch.hpp>

#include "support/device.hpp"
#include "support/tokens.hpp"
#include "support/trees.hpp"

namespace freehold::test {

TEST_CASE("R1 R4: edits made apart come together, and the roots are equal") {
  World world;
  world.alice.put("/notes/a", "from alice");
  world.bob.put("/notes/b", "from bob");
  REQUIRE(world.alice.sync(world.authority));
  REQUIRE(world.bob.sync(world.authority));
  REQUIRE(world.alice.sync(world.authority));
  CHECK(world.alice.replica.root() == world.bob.replica.root());
  CHECK(world.alice.replica.root() == world.authority.head());
  CHECK(world.alice.get("/notes/b") == "from bob");
  CHECK(world.bob.get("/notes/a") == "from alice");
  CHECK(world.authority.seq() == 2);
  REQUIRE(world.bob.sync(world.authority));
  CHECK(world.authority.seq() == 2);  // a sync that changes nothing makes no checkpoint
}

TEST_CASE("R4: an edit against an edit keeps the authority's, and loses nothing") {
  World world;
  world.alice.put("/n", "base");
  REQUIRE(world.alice.sync(world.authority));
  REQUIRE(world.bob.sync(world.authority));
  world.alice.put("/n", "alice");
  world.bob.put("/n", "bob");
  REQUIRE(world.alice.sync(world.authority));
  const auto outcome = world.bob.sync(world.authority);
  REQUIRE(outcome);
  CHECK(outcome->conflicts.size() == 1);
  CHECK(world.bob.get("/n") == "alice");
  REQUIRE(world.alice.sync(world.authority));
  CHECK(world.alice.conflicts() == 1);
  CHECK(world.alice.replica.root() == world.bob.replica.root());
  Range range;
  range.prefix = key("/conflict/");
  const auto page = world.alice.replica.list(range);
  const auto value = decode_cbor(page->entries[0].value.payload);
  CHECK(*value->find("lost")->find("value")->as_text() == "bob");
  CHECK(*value->find("base")->find("value")->as_text() == "base");
  CHECK(*value->find("by")->as_text() == world.bob.agent.did.text());
  // A conflict is settled by an ordinary edit that deletes its key.
  const Replica::Change settle{page->entries[0].key, std::nullopt};
  REQUIRE(world.alice.replica.edit(std::span(&settle, 1)));
  REQUIRE(world.alice.sync(world.authority));
  REQUIRE(world.bob.sync(world.authority));
  CHECK(world.bob.conflicts() == 0);
}

TEST_CASE("R4: an edit against a delete stays, whichever side made it") {
  for (const bool alice_deletes : {true, false}) {
    World world;
    world.alice.put("/n", "base");
    REQUIRE(world.alice.sync(world.authority));
    REQUIRE(world.bob.sync(world.authority));
    if (alice_deletes) {
      world.alice.erase("/n");
      world.bob.put("/n", "edit");
    } else {
      world.alice.put("/n", "edit");
      world.bob.erase("/n");
    }
    REQUIRE(world.alice.sync(world.authority));
    REQUIRE(world.bob.sync(world.authority));
    REQUIRE(world.alice.sync(world.authority));
    CHECK(world.alice.get("/n") == "edit");
    CHECK(world.bob.get("/n") == "edit");
    CHECK(world.alice.conflicts() == 1);
  }
}

TEST_CASE("R4: edits made while a sync is under way are merged onto its answer") {
  World world;
  world.alice.put("/a", "1");
  const Sealed sealed = world.alice.begin();
  world.alice.put("/a", "2");
  world.alice.put("/b", "meanwhile");
  const Bytes answer = world.authority.answer(sealed.message, world.alice.now);
  REQUIRE(world.alice.replica.finish_sync(sealed.invocation, answer, world.alice.now));
  CHECK(world.alice.get("/a") == "2");
  CHECK(world.alice.get("/b") == "meanwhile");
  CHECK(world.alice.replica.is_ahead());
  REQUIRE(world.alice.sync(world.authority));
  CHECK(world.alice.replica.root() == world.authority.head());
  CHECK(world.alice.conflicts() == 0);
}

TEST_CASE("R4: a lost answer does not bring back what another device deleted in between") {
  World world;
  world.alice.put("/n", "alice's");
  const Sealed lost = world.alice.begin();
  (void)world.authority.answer(lost.message, world.alice.now);  // taken, and never heard of
  REQUIRE(world.bob.sync(world.authority));
  CHECK(world.bob.get("/n") == "alice's");
  world.bob.erase("/n");
  REQUIRE(world.bob.sync(world.authority));
  REQUIRE(world.alice.sync(world.authority));
  CHECK(world.alice.get("/n") == "(none)");
  CHECK(world.alice.conflicts() == 0);
  // The late copy of the first message changes nothing either.
  const Digest head = world.authority.head();
  (void)world.authority.answer(lost.message, world.alice.now);
  CHECK(world.authority.head() == head);
}

TEST_CASE("R4: an answer sent twice is the same answer; an older one is superseded") {
  World world;
  world.alice.put("/n", "1");
  const Sealed first = world.alice.begin();
  const Bytes answer = world.authority.answer(first.message, world.alice.now);
  CHECK(world.authority.answer(first.message, world.alice.now + 5) == answer);
  world.alice.put("/n", "2");
  REQUIRE(world.alice.sync(world.authority));
  const Bytes late = world.authority.answer(first.message, world.alice.now);
  const auto receipt = decode_message(late)->receipt_of(first.invocation.cid());
  REQUIRE(*receipt);
  CHECK(*(*receipt)->error()->find("name")->as_text() == "Superseded");
  CHECK(world.alice.get("/n") == "2");
}

TEST_CASE("R4: a device that lost all it had takes nothing from the others by that") {
  World world;
  world.alice.put("/a", "1");
  world.alice.put("/b", "2");
  const bool has_answers = GENERATE(true, false);
  if (has_answers) REQUIRE(world.alice.sync(world.authority));
  world.alice.put("/c", "3");
  REQUIRE(world.alice.sync(world.authority));
  Device again = world.device(2);  // the same key, and nothing else
  again.put("/d", "4");
  again.put("/queue/old", "may have been cancelled long ago");
  const auto told = again.sync(world.authority);
  REQUIRE_FALSE(told);
  CHECK(told.error().code == Errc::superseded);
  const auto outcome = again.sync(world.authority);
  REQUIRE(outcome);
  for (const char* key : {"/a", "/b", "/c", "/d"}) CHECK(again.get(key) != "(none)");
  CHECK(again.replica.root() == world.authority.head());
  CHECK(outcome->refused.size() == (has_answers ? 1 : 0));
  if (has_answers) CHECK(again.get("/queue/old") == "(none)");
  CHECK(again.conflicts() == 0);
}

TEST_CASE("R10: a sync without news does not bring what is held; what was lost is asked for") {
  World world;
  world.alice.put("/a", "one");
  REQUIRE(world.alice.sync(world.authority));
  const Cid checkpoint = *world.alice.replica.checkpoint();
  world.alice.restart();  // it is in storage only
  const Sealed idle = world.alice.begin();
  const Bytes answer = world.authority.answer(idle.message, 1'000);
  CHECK_FALSE(decode_message(answer)->blocks.find(checkpoint));
  CHECK(idle.message.size() + answer.size() < 1'536);
  REQUIRE(world.alice.finish(idle.invocation, answer));
  CHECK(world.alice.reads == 0);

  world.alice.disk.erase(checkpoint);
  world.alice.restart();
  REQUIRE(world.alice.sync(world.authority));
  CHECK(world.alice.reads == 1);
  world.alice.restart();
  REQUIRE(world.alice.sync(world.authority));
  CHECK(world.alice.reads == 1);
}

TEST_CASE("R25: more than one sync carries goes in several, least keys first") {
  World world;
  std::vector<Replica::Change> changes;
  for (int i = 0; i < 12'500; ++i) {
    changes.push_back({key("/k/" + std::to_string(i)), text_value(std::to_string(i))});
  }
  REQUIRE(world.alice.replica.edit(changes));
  const auto first = world.alice.sync(world.authority);
  REQUIRE(first);
  CHECK(first->is_more);
  CHECK(world.alice.replica.is_ahead());
  const auto second = world.alice.sync(world.authority);
  REQUIRE(second);
  CHECK_FALSE(second->is_more);
  CHECK(world.alice.replica.root() == world.authority.head());

  // And back, to a device that has nothing.
  int rounds = 0;
  for (bool more = true; more; ++rounds) {
    world.bob.put("/own/" + std::to_string(rounds), "edited between the parts");
    const auto part = world.bob.sync(world.authority);
    REQUIRE(part);
    more = part->is_more;
  }
  CHECK(rounds == 2);
  CHECK(world.bob.get("/k/12499") == "12499");
  CHECK(world.bob.replica.root() == world.authority.head());
  CHECK(world.bob.conflicts() == 0);
}

TEST_CASE("R11: large values travel as blocks, both ways") {
  World world;
  const std::string large(200'000, 'x');
  world.alice.put("/large", large);
  REQUIRE(world.alice.sync(world.authority));
  REQUIRE(world.bob.sync(world.authority));
  CHECK(world.bob.get("/large") == large);
}

TEST_CASE("X3: an answer by another key, of another root, or below the last is refused") {
  World world;
  world.alice.put("/n", "1");
  Authority other(signer(4), world.space);
  SECTION("signature") {
    const Sealed sealed = world.alice.begin();
    const auto result = world.alice.replica.finish_sync(sealed.invocation,
                                                        other.answer(sealed.message, 1000), 1000);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::invalid_signature);
  }
  SECTION("flipped bytes never pass") {
    const Sealed sealed = world.alice.begin();
    const Bytes answer = world.authority.answer(sealed.message, 1000);
    const Digest root = world.alice.replica.root();
    for (std::size_t i = 0; i < answer.size(); i += 7) {
      Bytes bad = answer;
      bad[i] ^= 1;
      CHECK_FALSE(world.alice.replica.finish_sync(sealed.invocation, bad, 1000));
      CHECK(world.alice.replica.root() == root);
    }
    CHECK(world.alice.replica.finish_sync(sealed.invocation, answer, 1000));
  }
  SECTION("rollback and fork") {
    REQUIRE(world.alice.sync(world.authority));
    world.alice.put("/n", "2");
    REQUIRE(world.alice.sync(world.authority));
    // The same key signs for an authority that has forgotten everything.
    Authority forgetful(signer(1), world.space);
    const Sealed sealed = world.alice.begin();
    const auto result = world.alice.replica.finish_sync(
        sealed.invocation, forgetful.answer(sealed.message, 1000), 1000);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::rollback);
  }
}

TEST_CASE("R3: a replica is what its record and its blocks are") {
  World world;
  world.alice.put("/a", "kept");
  REQUIRE(world.alice.sync(world.authority));
  world.alice.put("/b", "ahead");
  auto again = Replica::load(world.alice.replica.record());
  REQUIRE(again);
  CHECK(again->root() == world.alice.replica.root());
  CHECK(again->is_ahead());
  // Blocks come as they are asked for.
  for (;;) {
    const auto found = again->get(key("/b"));
    if (found) {
      CHECK(**found == text_value("ahead"));
      break;
    }
    REQUIRE(found.error().code == Errc::missing);
    for (const Cid& cid : again->missing()) {
      again->blocks().put(world.alice.replica.blocks().block(cid));
    }
  }
  for (std::size_t size = 0; size < world.alice.replica.record().size(); ++size) {
    CHECK_FALSE(Replica::load(ByteView(world.alice.replica.record()).first(size)));
  }
}

TEST_CASE("R23: a state from a file goes on from its checkpoint, or is all edits") {
  World world;
  world.alice.put("/a", "synced");
  REQUIRE(world.alice.sync(world.authority));
  const Cid cid = *world.alice.replica.checkpoint();
  const auto checkpoint = Checkpoint::decode(world.alice.replica.blocks().block(cid));
  REQUIRE(checkpoint);
  world.alice.erase("/a");
  REQUIRE(world.alice.sync(world.authority));

  Map one{{key("/a"), StoredValue::of_inline(text_value("synced"))}};
  MemoryStore nodes;
  build(one, nodes);

  const auto restored = [&](int n, const Checkpoint* base) {
    Device device = world.device(n);
    device.replica = Replica::of_state(world.space, checkpoint->root, base);
    device.replica.know_service(world.authority.signer().did, world.authority.signer().did);
    for (const auto& [at, block] : nodes.blocks()) device.replica.blocks().put(block);
    return device;
  };

  Device going_on = restored(4, &*checkpoint);
  CHECK_FALSE(going_on.replica.is_ahead());
  CHECK(going_on.replica.seq() == 1);
  REQUIRE(going_on.sync(world.authority));
  CHECK(going_on.get("/a") == "(none)");

  Device apart = restored(5, nullptr);
  CHECK(apart.replica.is_ahead());
  REQUIRE(apart.sync(world.authority));
  CHECK(apart.get("/a") == "synced");
}

TEST_CASE("R29: nodes that neither the head nor the base needs are freed, and no others") {
  World world;
  std::mt19937_64 random(5);
  std::map<std::string, Block> stored;  // as a device would keep them
  const auto keep = [&](const Commit& commit) {
    for (const Block& block : commit.added) stored.emplace(block.cid.text(), block);
    for (const Cid& cid : commit.freed) stored.erase(cid.text());
  };
  std::vector<Replica::Change> many;
  for (int i = 0; i < 2000; ++i) {
    many.push_back({key("/k/" + std::to_string(i)), text_value(std::string(200, 'v'))});
  }
  keep(*world.alice.replica.edit(many));
  for (int round = 0; round < 60; ++round) {
    for (int i = 0; i < 10; ++i) {
      const std::string at = "/k/" + std::to_string(random() % 2000);
      Replica::Change change{key(at), text_value(std::to_string(random()))};
      if (random() % 5 == 0) change.value.reset();
      keep(*world.alice.replica.edit(std::span(&change, 1)));
    }
    if (round % 4 == 0) {
      auto outcome = world.alice.sync(world.authority);
      REQUIRE(outcome);
      keep(outcome->commit);
    }
  }
  // All of the head is there, from what was stored alone.
  auto again = Replica::load(world.alice.replica.record());
  REQUIRE(again);
  for (const auto& [cid, block] : stored) again->blocks().put(block);
  REQUIRE(again->list(Range{}));
  const auto last = world.alice.sync(world.authority);
  REQUIRE(last);
  keep(last->commit);
  MemoryStore nodes;
  Map map;
  const auto page = world.alice.replica.list(Range{});
  REQUIRE(page);
  for (const Entry& entry : page->entries) map[entry.key] = entry.value;
  build(map, nodes);
  std::size_t stored_nodes = 0;
  for (const auto& [cid, block] : stored) {
    if (Node::decode(block.bytes())) ++stored_nodes;
  }
  CHECK(stored_nodes <= nodes.size() + 2);
}

namespace {

/// A store that does what commits say, and nothing else.
struct Shelf {
  MemoryStore blocks;
  Bytes record;
  void take(const Commit& commit) {
    for (const Cid& cid : commit.freed) blocks.erase(cid);
    for (const Block& block : commit.added) blocks.put(block);
    record = commit.record;
  }
  /// Runs an operation, fetching what it misses, as a driver does.
  template <class Operation>
  auto run(Replica& replica, const Operation& operation) {
    for (int i = 0; i < 100; ++i) {
      auto outcome = operation();
      if (outcome || outcome.error().code != Errc::missing) return outcome;
      for (const Cid& cid : std::vector<Cid>(replica.missing())) {
        const Block block = blocks.block(cid);
        if (block.cid.is_null()) {
          replica.set_absent(cid);
        } else {
          replica.blocks().put(block);
        }
      }
    }
    FAIL("an operation goes on missing blocks");
    return operation();
  }
};

Bytes random_value(std::mt19937_64& random, std::size_t size) {
  Bytes bytes(size);
  for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random() % 5);
  return encode_cbor(Value(bytes));
}

}  // namespace

TEST_CASE("R29: storage holds what the replica needs, however often it is opened anew") {
  World world;
  std::mt19937_64 random(7);
  Shelf shelf;
  Device& alice = world.alice;
  std::vector<Replica::Change> changes;
  for (int i = 0; i < 300; ++i) {
    changes.push_back({key("/n/" + std::to_string(i)), random_value(random, 150)});
  }
  const auto edit = [&](std::span<const Replica::Change> some) {
    const auto commit = shelf.run(alice.replica, [&] { return alice.replica.edit(some); });
    REQUIRE(commit);
    shelf.take(*commit);
  };
  const auto sync = [&](bool is_lost) {
    const auto draft = shelf.run(alice.replica, [&] {
      return alice.replica.begin_sync(alice.agent.did, world.authority.signer().did, {}, 1'000);
    });
    REQUIRE(draft);
    shelf.take(draft->commit);
    if (is_lost) return;
    const Sealed sealed = seal_sync(*draft, alice.agent);
    const Bytes answer = world.authority.answer(sealed.message, 1'000);
    const auto outcome = shelf.run(
        alice.replica, [&] { return alice.replica.finish_sync(sealed.invocation, answer, 1'000); });
    REQUIRE(outcome);
    shelf.take(outcome->commit);
  };
  edit(changes);
  for (int step = 0; step < 200; ++step) {
    Replica::Change change{key("/n/" + std::to_string(random() % 300)), std::nullopt};
    const auto kind = random() % 4;
    if (kind > 0) change.value = random_value(random, kind == 1 ? 3000 : 150);
    edit(std::span(&change, 1));
    if (step % 10 == 9) sync(step % 30 == 9);
    if (step % 7 == 0) {  // another life, with nothing at hand
      auto loaded = Replica::load(shelf.record);
      REQUIRE(loaded);
      alice.replica = *std::move(loaded);
    }
  }
  sync(false);
  CHECK(alice.replica.root() == world.authority.head());
  // All there is at the end: the tree, its large values, and the notes of what holds what.
  CidSet needed;
  std::size_t notes = 0;
  std::vector<Digest> open{alice.replica.root()};
  while (!open.empty()) {
    const Digest digest = open.back();
    open.pop_back();
    needed.insert(node_cid(digest));
    const auto bytes = shelf.blocks.find(node_cid(digest));
    REQUIRE(bytes);
    const auto node = Node::decode(*bytes);
    REQUIRE(node);
    for (std::size_t i = 0; i < node->size(); ++i) {
      if (!node->is_leaf()) open.push_back(node->link(i));
      if (node->is_leaf() && node->is_linked(i)) needed.insert(node_cid(node->link(i)));
    }
  }
  for (const Cid& cid : needed) CHECK(shelf.blocks.find(cid));
  for (const auto& [cid, block] : shelf.blocks.blocks()) notes += needed.contains(cid) ? 0 : 1;
  CHECK(notes <= 10);
  // With all that is freed away everything can still be read.
  auto loaded = Replica::load(shelf.record);
  REQUIRE(loaded);
  for (int i = 0; i < 300; ++i) {
    REQUIRE(shelf.run(*loaded, [&] { return loaded->get(key("/n/" + std::to_string(i))); }));
  }
}

}  // namespace freehold::test
