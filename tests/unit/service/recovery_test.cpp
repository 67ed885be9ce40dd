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
  /// What a read says; a watch must say the same.
  std::string read_name(std::optional<Cid> since) {
    const std::string name = name_of_asking(ability::state_read, since);
    CHECK(name_of_asking(ability::state_watch, since) == name);
    return name;
  }
  std::string name_of_asking(const char* can, const std::optional<Cid>& since) {
    freehold::Map nb;
    if (since) nb.set("since", Value(*since));
    const Value out = restored.ask(space, can, nb, alice.now);
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

/// A space whose state takes more than one message to bring back, and a server that lost all of it.
struct Large {
  Signer space = signer(9);
  Server server{native::StateTerms(), signer(1)};
  Server restored;
  Device alice{signer(2), signer(1), space.did};
  std::size_t largest = 0;  // message
  int attempts = 0;

  explicit Large(native::StateTerms terms = {}) : restored(terms, signer(1)) {
    for (int part = 0; part < 4; ++part) {
      std::vector<Replica::Change> many;
      for (int i = 0; i < 10'000; ++i) {
        const std::string number = std::to_string(part * 10'000 + i);
        many.push_back({copy_of(view_of("/n/" + std::string(6 - number.size(), '0') + number)),
                        text_value(std::string(350, 'x') + number)});
      }
      many.push_back({copy_of(view_of("/large/" + std::to_string(part))),
                      text_value(std::string(1'000'000, static_cast<char>('a' + part)))});
      REQUIRE(alice.edit(std::move(many)));
      while (alice.sync(server)->is_more) {
      }
    }
    REQUIRE(alice.replica.root() == alice.replica.base_root());
  }

  /// One more attempt; empty when it worked.
  std::string attempt() {
    const Sealed sealed = alice.begin();
    largest = std::max(largest, sealed.message.size());
    ++attempts;
    const Bytes answer = restored.answer(sealed.message, alice.now);
    const auto outcome = alice.finish(sealed.invocation, answer);
    return outcome ? "" : name_of(outcome.error().code);
  }
  native::SpaceRecord record() {
    std::optional<native::SpaceRecord> found;
    REQUIRE(restored.engine().read([&](native::KvReader& kv) {
      found = native::find_space(kv, *native::space_id_of(space.did));
    }));
    return found.value_or(native::SpaceRecord());
  }
  /// Attempts until the server has kept some of the tree, and not all.
  void begin() {
    while (record().dead_bytes < limits::recovery_bytes_max / 2) {
      REQUIRE(attempt() != "");
    }
    REQUIRE(record().recovering);
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

TEST_CASE("R34: a tree larger than one message comes back in several") {
  Large world;
  world.begin();
  world.restored.audit(world.space.did);
  SECTION("of a device that goes on") {}
  SECTION("of one that starts again, and knows nothing of what it has sent") {
    world.alice.restart();
  }
  for (std::string name; !(name = world.attempt()).empty();) {
    REQUIRE(world.attempts < 40);
    CHECK((name == "Recovering" || name == "BaseUnknown"));
  }
  CHECK(world.largest < limits::message_bytes_max / 2);
  CHECK_FALSE(world.record().is_stopped());
  CHECK(world.record().root == world.alice.replica.root());
  CHECK(world.restored.audit(world.space.did).dead_nodes == 0);
  Device bob(signer(3), signer(1), world.space.did);
  while (bob.sync(world.restored)->is_more) {
  }
  REQUIRE(bob.pull(world.restored));
  CHECK(bob.get("/n/039999").size() == 355);
  CHECK(bob.get("/large/3").size() == 1'000'000);
}

TEST_CASE("R34: what came for a recovery that never ends is freed, and asked for again") {
  Large world;
  world.begin();
  const std::int64_t later = world.alice.now + native::StateTerms().retention_seconds;
  const auto tidy_all = [&](std::int64_t now) {
    while (!world.restored.tidy_once(world.space.did, now)) {
    }
    return world.restored.audit(world.space.did);
  };
  CHECK(tidy_all(later - 1).dead_nodes > 0);
  const native::Audit after = tidy_all(later);
  CHECK(after.dead_nodes + after.dead_blocks == 0);
  CHECK(world.record().recovering);
  int rounds = 0;
  while (!world.attempt().empty()) REQUIRE(++rounds < 40);
  CHECK(world.record().root == world.alice.replica.root());
  world.restored.audit(world.space.did);
}

TEST_CASE("R34: a recovery takes no more room than the plan allows, and says so") {
  native::StateTerms terms;
  terms.quota = 4 << 20;
  Large world(terms);
  int rounds = 0;
  while (world.attempt() != "ProtocolError") REQUIRE(++rounds < 40);
  const Value* name = world.alice.replica.service_error().find("name");
  REQUIRE(name != nullptr);
  CHECK(*name->as_text() == "QuotaExceeded");
  CHECK(world.record().recovering);
  CHECK(world.record().dead_bytes <= 2 * terms.quota);
}

}  // namespace freehold::test
