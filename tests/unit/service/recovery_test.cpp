#include "native/service/recovery.hpp"

#include <catch2/catch.hpp>

#include "support/device.hpp"
#include "support/server.hpp"
#include "support/tokens.hpp"

namespace freehold::test {

namespace {

/// A server, and one with the same key that has what the first had when it was backed up.
struct Backup {
  Signer space = signer(9);
  Server server{native::StateTerms(), signer(1)};
  Server restored{native::StateTerms(), signer(1)};
  Device alice{signer(2), signer(1), space.did};
  Device bob{signer(3), signer(1), space.did};

  /// `count` syncs of Alice that both have taken, then one that only the first has.
  explicit Backup(int count) {
    std::vector<Replica::Change> many;
    for (int i = 0; i < 2'000; ++i) {
      many.push_back({copy_of(view_of("/n/" + std::to_string(10'000 + i))),
                      text_value(std::string(150, 'x') + std::to_string(i))});
    }
    REQUIRE(alice.edit(std::move(many)));
    for (int i = 0; i < count; ++i) {
      alice.put("/kept/" + std::to_string(i), "in the backup");
      sync_both();
    }
    alice.put("/n/10007", "lost");
    alice.put("/lost", std::string(5'000, 'l'));
    REQUIRE(alice.sync(server));
  }

  void sync_both() {
    const Sealed sealed = alice.begin();
    const Bytes answer = server.answer(sealed.message, alice.now);
    REQUIRE(restored.answer(sealed.message, alice.now) == answer);
    REQUIRE(alice.finish(sealed.invocation, answer));
  }

  /// The names of the errors that a device gets from the restored server until it is in sync.
  std::vector<std::string> sync(Device& device) {
    std::vector<std::string> names;
    while (names.size() < 20) {
      const auto outcome = device.sync(restored);
      if (outcome) break;
      names.emplace_back(name_of(outcome.error().code));
    }
    return names;
  }
  std::string read_name(std::optional<Cid> since) {
    freehold::Map nb;
    if (since) nb.set("since", Value(*since));
    const Value out = restored.ask(space, "space/state/read", nb, alice.now);
    const Value* error = out.find("error");
    return error == nullptr ? "ok" : *error->find("name")->as_text();
  }
  native::SpaceRecord record() {
    std::optional<native::SpaceRecord> found;
    REQUIRE(restored.engine().read([&](native::KvReader& kv) {
      found = native::find_space(kv, *native::space_id_of(space.did));
    }));
    REQUIRE(found);
    return *found;
  }
};

}  // namespace

TEST_CASE("R34: a restored server that is shown its own checkpoint stops until it has its tree") {
  Backup world(2);
  const Cid lost = *world.alice.replica.checkpoint();
  const std::uint64_t seq = world.alice.replica.seq();
  world.alice.put("/later", "after the restore");

  auto outcome = world.alice.sync(world.restored);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::base_unknown);  // show me
  CHECK_FALSE(world.record().recovering);
  outcome = world.alice.sync(world.restored);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::recovering);
  CHECK(*world.alice.replica.service_error().find("checkpoint")->as_link() == lost);
  CHECK(world.record().recovering == lost);  // durably
  CHECK(world.record().seq < seq);
  CHECK(world.read_name(std::nullopt) == "Recovering");

  SECTION("nobody else gets a checkpoint meanwhile") {
    const auto stopped = world.record();
    world.bob.put("/bob", "new here");
    const auto refused = world.bob.sync(world.restored);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::recovering);
    CHECK(world.record().seq == stopped.seq);
    CHECK(world.record().root == stopped.root);
  }
  const auto names = world.sync(world.alice);
  CHECK(std::all_of(names.begin(), names.end(), [](auto& name) { return name == "Recovering"; }));
  CHECK(names.size() < 5);
  CHECK_FALSE(world.record().recovering);
  CHECK(world.record().seq == seq + 1);
  CHECK(world.alice.replica.seq() == seq + 1);
  CHECK(world.record().root == world.alice.replica.root());
  world.restored.audit(world.space.did);

  // The chain goes on above the one shown, and others come along with all of it.
  REQUIRE(world.bob.sync(world.restored));
  CHECK(world.bob.get("/n/10007") == "lost");
  CHECK(world.bob.get("/lost").size() == 5'000);
  CHECK(world.bob.get("/later") == "after the restore");
  for (int i = 0; i < 9; ++i) {
    world.bob.put("/more", std::to_string(i));
    REQUIRE(world.bob.sync(world.restored));
    REQUIRE(world.alice.sync(world.restored));  // to whom no fork shows
  }
  world.restored.audit(world.space.did);
}

TEST_CASE("R34: a server that lost a space whole recovers it from a device") {
  Backup world(0);
  const std::uint64_t seq = world.alice.replica.seq();
  const auto names = world.sync(world.alice);
  REQUIRE(names.size() > 1);
  CHECK(names.front() == "BaseUnknown");
  CHECK(names.back() == "Recovering");
  CHECK(world.record().seq == seq);
  CHECK(world.record().root == world.alice.replica.root());
  world.restored.audit(world.space.did);
  world.bob.put("/bob", "new here");
  REQUIRE(world.bob.sync(world.restored));
}

TEST_CASE("R34 X3: a restored server never signs what would be a rollback") {
  Backup world(1);
  const Cid lost = *world.alice.replica.checkpoint();
  CHECK(world.read_name(lost) == "BaseUnknown");
  // Alice has nothing to tell, and shows nothing yet: still no receipt names an older checkpoint.
  const auto outcome = world.alice.sync(world.restored);
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Errc::base_unknown);
  CHECK_FALSE(world.alice.replica.evidence());
}

TEST_CASE("X3: a checkpoint that the server did not sign stops nothing") {
  Backup world(1);
  const Cid lost = *world.alice.replica.checkpoint();
  REQUIRE_FALSE(world.alice.sync(world.restored));
  const Sealed sealed = world.alice.begin();
  // The same claim, with a block that is no checkpoint of its own in the place of the one shown.
  CheckpointFields fields;
  fields.space = world.space.did;
  fields.seq = 1'000;
  fields.prev = lost;
  fields.skip = lost;
  const Checkpoint forged = issue_checkpoint(std::move(fields), signer(4), std::nullopt);
  const auto draft = world.alice.replica.begin_sync(world.alice.agent.did, world.alice.service, {},
                                                    world.alice.now);
  REQUIRE(draft);
  UcanFields lie = draft->fields;
  freehold::Map nb = *lie.capabilities[0].nb->as_map();
  nb.set("since", Value(forged.cid()));
  lie.capabilities[0].nb = Value(std::move(nb));
  const Ucan invocation = issue(std::move(lie), world.alice.agent);
  const Cid cid = invocation.cid();
  const std::vector<Block> blocks{forged.ucan.block, invocation.block};
  world.restored.answer(encode_message(std::span(&cid, 1), {}, blocks), world.alice.now);
  CHECK_FALSE(world.record().recovering);
}

}  // namespace freehold::test
