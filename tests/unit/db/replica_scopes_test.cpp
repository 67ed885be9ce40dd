#include <catch2/catch.hpp>

#include "support/device.hpp"
#include "support/liar.hpp"
#include "support/tokens.hpp"
#include "support/trees.hpp"

namespace freehold::test {

namespace {

constexpr SyncOptions lazy{.strict = false, .lazy = true};

std::string at(std::string_view folder, int number) {
  return std::string(folder) + std::to_string(100'000 + number);
}

Edit put_of(const std::string& where, std::string_view text) {
  return {key(where), StoredValue::of_inline(text_value(text))};
}

/// A space of `count` entries in each of three folders, at the authority only.
void fill(World& world, int count) {
  std::vector<Edit> edits;
  for (const char* folder : {"/a/", "/b/", "/c/"}) {
    for (int i = 0; i < count; ++i) {
      edits.push_back(put_of(at(folder, i), std::string(200, 'v') + std::to_string(i)));
    }
  }
  world.authority.edit(std::move(edits), 1'000);
}

/// All that can be asked of a folder, without a network.
std::size_t entries_offline(Device& device, std::string_view prefix) {
  Range range;
  range.prefix = key(prefix);
  const auto page = device.run(nullptr, [&] { return device.replica.list(range); });
  range.reverse = true;
  const auto back = device.run(nullptr, [&] { return device.replica.list(range); });
  const FolderQuery folder{key(prefix), key("/"), std::nullopt, SIZE_MAX};
  const auto folders = device.run(nullptr, [&] { return device.replica.list_folder(folder); });
  if (!page || !back || !folders) return SIZE_MAX;
  CHECK(page->entries.size() == back->entries.size());
  for (const Entry& entry : page->entries) {
    CHECK(device.run(nullptr, [&] { return device.replica.value_of(entry.value); }));
  }
  return page->entries.size();
}

/// Alice, who holds /b/ only.
struct Scoped : World {
  explicit Scoped(int count) {
    freehold::test::fill(*this, count);
    alice.set_scopes({"/b/"});
    REQUIRE(alice.sync(authority, lazy));
    REQUIRE(alice.fill(authority));
    REQUIRE(alice.replica.is_filled());
    alice.reads = 0;
    alice.read_bytes = 0;
  }
};

}  // namespace

TEST_CASE("R12: what is small under a scope comes with the first sync, in one round trip") {
  World world;
  fill(world, 5'000);
  for (int i = 0; i < 300; ++i) {
    world.authority.edit({put_of(at("/small/", i), "text")}, 1'000);
  }
  world.alice.set_scopes({"/small/"});
  REQUIRE(world.alice.sync(world.authority, lazy));
  CHECK(world.alice.reads == 0);
  CHECK(world.alice.replica.is_filled());
  CHECK_FALSE(world.alice.replica.is_whole());
  CHECK(entries_offline(world.alice, "/small/") == 300);
  CHECK(entries_offline(world.alice, "/a/") == SIZE_MAX);
}

TEST_CASE("R12: everything under a scope is there offline, and nothing else is brought") {
  Scoped world(20'000);
  Device& alice = world.alice;
  CHECK(entries_offline(alice, "/b/") == 20'000);
  CHECK(alice.get("/b/119999").ends_with("19999"));
  CHECK(alice.get("/b/absent") == "(none)");
  CHECK(alice.get("/a/100000") == "(missing)");
  CHECK(alice.disk.bytes() < world.authority.blocks().bytes() / 2);
  alice.restart();
  CHECK(alice.replica.scopes() == std::vector<Bytes>{key("/b/")});
  CHECK(entries_offline(alice, "/b/") == 20'000);
}

TEST_CASE("R10: the usual sync keeps a scope fresh in one round trip, whatever changed elsewhere") {
  Scoped world(10'000);
  Device& alice = world.alice;
  std::vector<Edit> edits;
  for (int i = 0; i < 3'000; ++i) edits.push_back(put_of(at("/a/", i), "changed"));
  edits.push_back(put_of("/b/055", "new"));
  edits.push_back(put_of("/b/100007", "changed"));
  edits.push_back({key("/b/100500"), std::nullopt});
  world.authority.edit(std::move(edits), 1'000);
  const Sealed sealed = alice.begin(lazy);
  const Bytes answer = world.authority.answer(sealed.message, alice.now);
  CHECK(answer.size() < 80'000);
  REQUIRE(alice.finish(sealed.invocation, answer));
  CHECK(alice.replica.is_filled());
  CHECK(entries_offline(alice, "/b/") == 10'000);
  CHECK(alice.get("/b/100007") == "changed");
  CHECK(alice.get("/b/055") == "new");
  CHECK(alice.get("/b/100500") == "(none)");
  CHECK(alice.reads == 0);
}

TEST_CASE("R1: entries under a scope are edited offline, also at its ends") {
  Scoped world(5'000);
  Device& alice = world.alice;
  for (const char* where : {"/b/0", "/b/102500", "/b/1025001", "/b/9"}) {
    REQUIRE(alice.edit({{key(where), text_value("mine")}}));
  }
  REQUIRE(alice.edit({{key("/b/104999"), std::nullopt}}));
  REQUIRE(alice.edit({{key("/b/100000"), std::nullopt}}));
  world.authority.edit({put_of("/b/102500", "theirs"), put_of("/c/100000", "theirs")}, 1'000);
  REQUIRE(alice.sync(world.authority, lazy));
  REQUIRE(alice.fill(world.authority));
  CHECK(alice.replica.root() == world.authority.head());
  CHECK(entries_offline(alice, "/b/") == 5'001);
  CHECK(alice.get("/b/102500") == "theirs");
  CHECK(alice.get("/b/9") == "mine");
}

TEST_CASE(
    "R10: a large scope is read in order, goes on after a crash, and is read from meanwhile") {
  World world;
  fill(world, 60'000);
  Device& alice = world.alice;
  alice.set_scopes({"/a/1", "/b/"});
  REQUIRE(alice.sync(world.authority, lazy));
  REQUIRE(alice.fill(world.authority, 1));
  CHECK_FALSE(alice.replica.is_filled());
  CHECK(alice.get("/a/100010").ends_with("10"));
  CHECK(alice.get("/b/159999") == "(missing)");
  alice.restart();
  world.authority.edit({put_of("/a/100010", "changed"), put_of("/b/100010", "changed")}, 1'000);
  REQUIRE(alice.sync(world.authority, lazy));
  CHECK(alice.get("/a/100010") == "changed");  // what had come is kept fresh
  const std::size_t before = alice.read_bytes;
  REQUIRE(alice.fill(world.authority));
  CHECK(alice.replica.is_filled());
  CHECK(alice.read_bytes - before < 25'000'000);  // what had come was not read again
  CHECK(entries_offline(alice, "/a/") == 60'000);
  CHECK(entries_offline(alice, "/b/") == 60'000);
  CHECK(alice.get("/b/100010") == "changed");
}

TEST_CASE("scopes are added and removed later, and what was under them goes with the sweep") {
  Scoped world(10'000);
  Device& alice = world.alice;
  alice.set_scopes({"/b/", "/c/"});
  CHECK_FALSE(alice.replica.is_filled());
  CHECK(entries_offline(alice, "/b/") == 10'000);
  REQUIRE(alice.fill(world.authority));
  CHECK(entries_offline(alice, "/c/") == 10'000);
  CHECK_FALSE(alice.replica.is_sweep_due());
  const std::size_t both = alice.disk.bytes();
  alice.set_scopes({"/c/1050"});
  CHECK(alice.replica.is_filled());  // it was within another
  CHECK(alice.replica.is_sweep_due());
  REQUIRE(alice.sweep());
  CHECK(alice.disk.bytes() < both / 10);
  CHECK(entries_offline(alice, "/c/1050") == 100);
  CHECK(entries_offline(alice, "/b/") == SIZE_MAX);
  CHECK_FALSE(alice.replica.is_sweep_due());
}

TEST_CASE("a sweep leaves scopes, unsent edits and a sync under way, and little else") {
  Scoped world(10'000);
  Device& alice = world.alice;
  const std::size_t scoped = alice.disk.bytes();
  Range everything;
  REQUIRE(alice.run(&world.authority, [&] { return alice.replica.list(everything); }));
  CHECK(alice.disk.bytes() > 2 * scoped);
  const std::string large(5'000, 'x');
  REQUIRE(alice.edit({{key("/a/105000"), text_value("unsent")}}, &world.authority));
  REQUIRE(alice.edit({{key("/c/large"), text_value(large)}}, &world.authority));
  const Sealed sealed = alice.begin(lazy);
  REQUIRE(alice.edit({{key("/a/100500"), text_value("meanwhile")}}, &world.authority));
  REQUIRE(alice.sweep());
  CHECK(alice.disk.bytes() < scoped + 300'000);
  CHECK(entries_offline(alice, "/b/") == 10'000);
  CHECK(alice.get("/a/105000") == "unsent");
  CHECK(alice.get("/c/large") == large);
  CHECK(alice.get("/a/108000") == "(missing)");
  world.authority.edit({put_of("/a/100500", "theirs"), put_of("/b/100000", "theirs")}, 1'000);
  const auto outcome = alice.finish(
      sealed.invocation, world.authority.answer(sealed.message, alice.now), &world.authority);
  REQUIRE(outcome);
  CHECK(outcome->conflicts.size() == 1);
  alice.restart();
  REQUIRE(alice.sync(world.authority, lazy));
  REQUIRE(alice.fill(world.authority));
  CHECK(alice.replica.root() == world.authority.head());
  CHECK(alice.get("/b/100000") == "theirs");
  // And it can still become whole.
  REQUIRE(alice.pull(world.authority));
  CHECK(alice.replica.is_whole());
  CHECK(entries_offline(alice, "/a/") == 10'000);
  CHECK(alice.get("/c/large") == large);
}

TEST_CASE("what was read on demand is bounded: a sweep is due after 32 MiB") {
  World world;
  for (int i = 0; i < 40; ++i) {
    world.bob.put(at("/large/", i), std::string(1'000'000, 'x') + std::to_string(i));
    if (i % 8 == 7) REQUIRE(world.bob.sync(world.authority));
  }
  while (world.bob.sync(world.authority)->is_more) continue;
  Device& alice = world.alice;
  alice.set_scopes({"/large/100001"});
  REQUIRE(alice.sync(world.authority, lazy));
  REQUIRE(alice.fill(world.authority));
  for (int i = 0; i < 40; ++i) {
    CHECK(alice.replica.is_sweep_due() == (i > 34));
    CHECK(alice.get(at("/large/", i), &world.authority).size() > 1'000'000);
  }
  alice.restart();
  CHECK(alice.replica.is_sweep_due());
  REQUIRE(alice.sweep());
  CHECK(alice.disk.bytes() < 1'100'000);
  CHECK(alice.get("/large/100001").size() > 1'000'000);
}

TEST_CASE("R12: a range outside the scopes costs the nodes that it lies in") {
  Scoped world(20'000);
  Device& alice = world.alice;
  const std::size_t before = alice.disk.size();
  const int height = *Tree(world.authority.blocks(), world.authority.head()).height();
  Range range;
  range.prefix = key("/a/1055");
  const auto page = alice.run(&world.authority, [&] { return alice.replica.list(range); });
  REQUIRE(page);
  CHECK(page->entries.size() == 100);
  const std::size_t fetched = alice.disk.size() - before;
  const std::size_t fan_out = 10;  // entries of 230 bytes, nodes of 4 KB: 17 in the mean
  CHECK(fetched <= static_cast<std::size_t>(height) + 100 / fan_out + 1);
  CHECK(alice.reads == 1);
}

TEST_CASE("the blobs of a lazy replica are read with what belongs to them, range by range") {
  World world;
  fill(world, 5'000);
  std::vector<Edit> edits;
  for (int i = 0; i < 2'000; ++i) edits.push_back(put_of(at("/blob/", i), "no receipt"));
  world.authority.edit(std::move(edits), 1'000);
  Device& alice = world.alice;
  REQUIRE(alice.sync(world.authority, lazy));
  const auto blobs = alice.run(&world.authority, [&] { return alice.replica.blobs({}, 1'000); });
  REQUIRE(blobs);
  CHECK(alice.reads <= 5);  // /blob/ as a range; then the path to /queue/
}

TEST_CASE("X3: a node of a scope that the authority keeps back is an omission, and named") {
  Scoped world(5'000);
  Device& alice = world.alice;
  world.authority.edit({put_of("/b/100007", "changed")}, 1'000);
  // What lies under the key: the last that was sent.
  NodeSource source(world.authority.blocks());
  LevelCursor cursor(source, world.authority.head(), 0);
  REQUIRE(cursor.seek(key("/b/100007")));
  const Cid leaf = node_cid(cursor.digest());

  struct Liar final : Service {
    Authority* authority;
    Cid leaf;
    Bytes answer(ByteView message, std::int64_t now) override {
      const auto asked = decode_message(message);
      const auto invocation = Ucan::decode(asked->blocks.block(asked->execute[0]));
      const Bytes honest = authority->answer(message, now);
      const bool has = decode_message(honest)->blocks.find(leaf).has_value();
      return has ? without(honest, *invocation, leaf) : honest;
    }
  } liar;
  liar.authority = &world.authority;
  liar.leaf = leaf;
  REQUIRE(alice.sync(liar, lazy));
  CHECK_FALSE(alice.replica.is_filled());
  CHECK(alice.get("/b/104000").ends_with("4000"));  // the rest can be read
  const auto filled = alice.fill(liar);
  REQUIRE_FALSE(filled);
  CHECK(filled.error().code == Errc::protocol);
  CHECK(std::string(filled.error().what) == "read: the service has not all of what it signed");
  alice.restart();
  REQUIRE(alice.fill(world.authority));  // once it is honest
  CHECK(alice.get("/b/100007") == "changed");
}

TEST_CASE("X3: of a scope that is read in order no node and no large value can be kept back") {
  World world;
  fill(world, 3'000);
  const std::string large(3'000, 'x');
  world.bob.put("/b/1000005", large);
  while (world.bob.sync(world.authority)->is_more) continue;
  Device& alice = world.alice;
  alice.set_scopes({"/b/"});
  REQUIRE(alice.sync(world.authority, lazy));
  const auto call = alice.run(nullptr, [&] { return alice.replica.next_fill(); });
  REQUIRE(call);
  REQUIRE(*call);
  REQUIRE((*call)->range);
  const auto draft = alice.replica.begin_read(**call, alice.agent.did, alice.service, {}, 1'000);
  const Sealed sealed = seal_sync(draft, alice.agent);
  const Bytes answer = world.authority.answer(sealed.message, 1'000);
  const auto message = decode_message(answer);
  std::size_t kept_back = 0;
  for (const auto& [cid, block] : message->blocks.blocks()) {
    const auto node = Node::decode(block.bytes());
    const bool is_value = equal(block.bytes(), text_value(large));
    if ((!node || alice.replica.blocks().find(cid)) && !is_value) continue;
    if (++kept_back % 20 != 0 && !is_value) continue;
    const auto taken = alice.replica.finish_read(**call, sealed.invocation,
                                                 without(answer, sealed.invocation, cid));
    REQUIRE_FALSE(taken);
    CHECK(taken.error().code == Errc::protocol);
  }
  CHECK(kept_back > 50);
  CHECK(alice.replica.finish_read(**call, sealed.invocation, answer));
}

TEST_CASE("a scope is filled also when the authority has forgotten the base") {
  Scoped world(10'000);
  Device& alice = world.alice;
  REQUIRE(alice.edit({{key("/b/100000"), text_value("mine")}}));
  world.authority.edit({put_of("/a/100000", "theirs"), put_of("/b/100001", "theirs")}, 1'000);
  world.authority.forget();
  const auto told = alice.sync(world.authority, lazy);
  REQUIRE_FALSE(told);
  CHECK(told.error().code == Errc::base_unknown);
  REQUIRE(alice.sync(world.authority, lazy));
  REQUIRE(alice.fill(world.authority));
  CHECK(alice.reads <= 4);
  CHECK(alice.read_bytes < 500'000);
  CHECK(alice.get("/b/100000") == "mine");
  CHECK(alice.get("/b/100001") == "theirs");
  CHECK(entries_offline(alice, "/b/") == 10'000);
}

TEST_CASE("a head record from before there were scopes is read, and has none") {
  World world;
  fill(world, 3'000);
  REQUIRE(world.alice.sync(world.authority, lazy));
  const auto record = decode_cbor(world.alice.record);
  freehold::Map old;
  for (const auto& [name, value] : *record->as_map()) {
    if (name != "scopes" && name != "cached") old.set(name, value);
  }
  const auto replica = Replica::load(encode_cbor(Value(std::move(old))));
  REQUIRE(replica);
  CHECK(replica->scopes().empty());
  CHECK(replica->is_filled());
  CHECK_FALSE(replica->is_sweep_due());
  CHECK(replica->root() == world.authority.head());
}

}  // namespace freehold::test
