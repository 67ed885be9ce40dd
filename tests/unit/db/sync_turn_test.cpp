#include <catch2/catch.hpp>

#include "freehold/sync/names.hpp"
#include "support/device.hpp"
#include "support/tokens.hpp"
#include "support/trees.hpp"

namespace freehold::test {

namespace {

/// The first conflict entry of a device.
Value conflict_of(Device& device) {
  Range range;
  range.prefix = key("/conflict/");
  const auto page = device.run(nullptr, [&] { return device.replica.list(range); });
  REQUIRE(page);
  REQUIRE(page->entries.size() == 1);
  return *decode_cbor(page->entries[0].value.payload);
}

/// Syncs a device whose base the authority has forgotten.
Result<SyncOutcome> sync_baseless(Device& device, Authority& authority) {
  const auto told = device.sync(authority);
  REQUIRE_FALSE(told);
  REQUIRE(told.error().code == Errc::base_unknown);
  auto outcome = device.sync(authority);
  if (outcome) REQUIRE(device.pull(authority));
  return outcome;
}

std::string name_of_error(ByteView response, const Cid& task) {
  const auto receipt = decode_message(response)->receipt_of(task);
  REQUIRE(*receipt);
  const Value* error = (*receipt)->error();
  return error == nullptr ? "ok" : *error->find("name")->as_text();
}

}  // namespace

TEST_CASE("R4: base digests are a three-way merge without the base's tree") {
  World world;
  for (const char* at : {"/a", "/b", "/c", "/d", "/e"}) world.alice.put(at, "base");
  REQUIRE(world.alice.sync(world.authority));
  REQUIRE(world.bob.sync(world.authority));
  world.bob.put("/b", "bob");
  world.bob.erase("/c");
  world.bob.put("/d", "same");
  REQUIRE(world.bob.sync(world.authority));
  world.authority.forget();

  world.alice.put("/a", "alice");  // only here
  world.alice.put("/d", "same");   // alike on both sides
  world.alice.erase("/e");         // only here
  world.alice.put("/f", "new");
  const bool has_conflicts = GENERATE(false, true);
  if (has_conflicts) world.alice.put("/b", "alice");
  REQUIRE(sync_baseless(world.alice, world.authority));
  CHECK(world.alice.get("/a") == "alice");
  CHECK(world.alice.get("/b") == "bob");
  CHECK(world.alice.get("/c") == "(none)");
  CHECK(world.alice.get("/d") == "same");
  CHECK(world.alice.get("/e") == "(none)");
  CHECK(world.alice.get("/f") == "new");
  CHECK(world.alice.replica.root() == world.authority.head());
  CHECK(world.alice.conflicts() == (has_conflicts ? 1 : 0));
  if (has_conflicts) {
    const Value conflict = conflict_of(world.alice);
    CHECK(*conflict.find("lost")->find("value")->as_text() == "alice");
    const Digest digest = sha256(text_value("base"));
    CHECK(*conflict.find("base")->find("digest")->as_bytes() ==
          Bytes(digest.begin(), digest.begin() + 16));
  }
  world.alice.put("/g", "the new base is known again");
  REQUIRE(world.alice.sync(world.authority));
  CHECK(world.alice.replica.root() == world.authority.head());
}

TEST_CASE("R4: without a base too, an edit against a delete stays") {
  for (const bool alice_deletes : {true, false}) {
    World world;
    world.alice.put("/n", "base");
    REQUIRE(world.alice.sync(world.authority));
    REQUIRE(world.bob.sync(world.authority));
    if (alice_deletes) {
      world.bob.put("/n", "edit");
    } else {
      world.bob.erase("/n");
    }
    REQUIRE(world.bob.sync(world.authority));
    world.authority.forget();
    if (alice_deletes) {
      world.alice.erase("/n");
    } else {
      world.alice.put("/n", "edit");
    }
    REQUIRE(sync_baseless(world.alice, world.authority));
    CHECK(world.alice.get("/n") == "edit");
    CHECK(world.alice.conflicts() == 1);
  }
}

TEST_CASE("R4: a lost answer to a sync without base brings nothing back that was deleted since") {
  World world;
  world.alice.put("/n", "1");
  REQUIRE(world.alice.sync(world.authority));
  REQUIRE(world.bob.sync(world.authority));
  world.bob.put("/other", "moves the head");
  REQUIRE(world.bob.sync(world.authority));
  world.authority.forget();
  world.alice.put("/new", "alice's");
  REQUIRE_FALSE(world.alice.sync(world.authority));
  const Sealed lost = world.alice.begin();
  (void)world.authority.answer(lost.message, 1'000);  // taken, and never heard of
  while (world.bob.sync(world.authority)->is_more) continue;
  CHECK(world.bob.get("/new") == "alice's");
  world.bob.erase("/new");
  REQUIRE(world.bob.sync(world.authority));
  const bool is_forgotten = GENERATE(false, true);
  if (is_forgotten) world.authority.forget();
  const auto retried = world.alice.sync(world.authority);
  REQUIRE(retried);
  REQUIRE(world.alice.pull(world.authority));
  CHECK(world.alice.replica.root() == world.authority.head());
  CHECK(world.alice.get("/new") == "(none)");
  CHECK(world.alice.conflicts() == 0);
}

TEST_CASE(
    "R30: an invocation that was cancelled meanwhile does not run when its device is back "
    "after a year") {
  World world;
  world.authority.take_queues();
  world.alice.put("/n", "1");
  REQUIRE(world.alice.sync(world.authority));
  world.alice.put("/queue/task", "run me");
  const bool was_heard = GENERATE(false, true);
  if (was_heard) {
    // The queue was held up, so another device could cancel what this one had sent.
    const Sealed lost = world.alice.begin();
    (void)world.authority.answer(lost.message, 1'000);
    CHECK(world.authority.runs().size() == 1);
  }
  world.authority.edit({{key("/later"), StoredValue::of_inline(text_value("x"))}}, 1'000);
  world.authority.forget();
  REQUIRE(world.alice.sync(world.authority).error().code == Errc::base_unknown);
  const auto outcome = world.alice.sync(world.authority);
  REQUIRE(outcome);
  REQUIRE(world.alice.pull(world.authority));
  CHECK(world.authority.runs().at(key("task")) == 1);  // never twice
  CHECK(outcome->refused.size() == (was_heard ? 1 : 0));
  CHECK(world.alice.get("/queue/task") == "(none)");
}

TEST_CASE(
    "R4: storage that was put back takes nothing from anybody, and brings back no old value") {
  World world;
  world.alice.put("/n", "1");
  REQUIRE(world.alice.sync(world.authority));
  const bool has_base = GENERATE(true, false);
  Device copy = has_base ? world.alice : world.device(2);  // the same key
  if (!has_base) copy.put("/n", "0");
  world.alice.put("/n", "2");
  world.alice.put("/two", "since the copy was made");
  REQUIRE(world.alice.sync(world.authority));
  world.alice.put("/three", "and more");
  REQUIRE(world.alice.sync(world.authority));
  copy.put("/four", "by the copy");
  copy.put("/queue/old", "from long ago");
  Result<SyncOutcome> outcome = copy.sync(world.authority);
  while (!outcome && outcome.error().code == Errc::superseded) outcome = copy.sync(world.authority);
  REQUIRE(outcome);
  CHECK(outcome->refused.size() == 1);
  CHECK(copy.replica.root() == world.authority.head());
  CHECK(copy.get("/n") == "2");
  CHECK(copy.get("/two") == "since the copy was made");
  CHECK(copy.get("/three") == "and more");
  CHECK(copy.get("/four") == "by the copy");
  CHECK(copy.conflicts() == (has_base ? 0 : 1));
}

TEST_CASE("M5: strict mode changes nothing when the head has moved on, and tells how far") {
  World world;
  world.alice.put("/n", "1");
  REQUIRE(world.alice.sync(world.authority));
  REQUIRE(world.bob.sync(world.authority));
  world.bob.put("/b", "bob");
  REQUIRE(world.bob.sync(world.authority));
  const Digest head = world.authority.head();
  world.alice.put("/a", "alice");
  const auto told = world.alice.sync(world.authority, {.strict = true, .lazy = false});
  REQUIRE_FALSE(told);
  CHECK(told.error().code == Errc::rebase_required);
  CHECK(world.alice.replica.service_error().find("checkpoint")->as_link() != nullptr);
  CHECK(world.alice.replica.service_error().find("edits")->as_link() != nullptr);
  CHECK(world.authority.head() == head);
  CHECK(world.alice.get("/a") == "alice");
  // Without strict it is merged; and from there strict passes.
  REQUIRE(world.alice.sync(world.authority));
  world.alice.put("/a", "again");
  CHECK(world.alice.sync(world.authority, {.strict = true, .lazy = false}));
}

TEST_CASE("M3: edits that are none, or that do not lead to the stated root, change nothing") {
  World world;
  world.alice.put("/n", "1");
  REQUIRE(world.alice.sync(world.authority));
  const Digest head = world.authority.head();
  const auto answer_to = [&](SyncCall call, EditsBlock edits) {
    const Block block = Block::of_cbor(encode_edits(edits));
    call.n = 7;
    call.since = world.alice.replica.checkpoint();
    call.edits = block.cid;
    SyncDraft draft;
    draft.fields =
        fields(world.alice.service, ability::state_sync, world.space.text(), encode(call));
    draft.blocks.push_back(block);
    const Sealed sealed = seal_sync(draft, world.alice.agent);
    return name_of_error(world.authority.answer(sealed.message, 1'000), sealed.invocation.cid());
  };
  SyncCall call;
  call.root = empty_root();
  const Edit put{key("/n"), StoredValue::of_inline(text_value("2"))};
  const Edit same{key("/n"), StoredValue::of_inline(text_value("1"))};
  const Edit no_delete{key("/absent"), std::nullopt};
  CHECK(answer_to(call, {{put}, {}}) == "RootMismatch");
  CHECK(answer_to(call, {{same}, {}}) == "InvalidEdits");
  CHECK(answer_to(call, {{no_delete}, {}}) == "InvalidEdits");
  CHECK(world.authority.head() == head);

  world.authority.edit({put}, 1'000);
  world.authority.forget();
  const Digest later = world.authority.head();
  const Digest digest = sha256(text_value("1"));
  const Bytes base(digest.begin(), digest.begin() + 16);
  CHECK(answer_to(call, {{put}, {}}) == "BaseUnknown");
  CHECK(answer_to(call, {{same}, {base}}) == "InvalidEdits");
  CHECK(answer_to(call, {{no_delete}, {Bytes()}}) == "InvalidEdits");
  CHECK(world.authority.head() == later);
}

}  // namespace freehold::test
