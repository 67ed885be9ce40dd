// A host that omits, alters, replays, delays, forks and rolls back: each is detected, named, and
// where it is the authority's own doing, proved to others.
#include <catch2/catch.hpp>

#include "support/device.hpp"
#include "support/liar.hpp"
#include "support/tokens.hpp"
#include "support/trees.hpp"

namespace freehold::test {

namespace {

using Fields = freehold::Map;

Edit put_of(std::string_view at, std::string_view text) {
  return {key(at), StoredValue::of_inline(text_value(text))};
}

/// What a replica's evidence proves, to one who only knows the authority's name.
std::string proved_by(const Device& device) {
  if (!device.replica.evidence()) return "no evidence";
  KnownServices keys;
  keys.set(device.service, device.service);
  ProofTrust trust{.now = device.now, .keys = &keys};
  trust.space = device.replica.space();
  const auto verdict = verify_evidence(*device.replica.evidence(), trust);
  if (!verdict) return verdict.error().what;
  if (verdict->kind == EvidenceKind::rollback) return "rollback";
  return verdict->receipt ? "fork by from" : "fork of " + std::to_string(verdict->number);
}

/// Syncs; if the base is not known there, once more with its values.
Result<SyncOutcome> sync_twice(Device& device, Authority& authority) {
  auto outcome = device.sync(authority);
  if (outcome || outcome.error().code != Errc::base_unknown) return outcome;
  return device.sync(authority);
}

/// Alice with an accepted checkpoint, numbered 2.
struct Accepted : World {
  Accepted() {
    authority.edit({put_of("/a", "one")}, 1'000);
    alice.put("/b", "two");
    REQUIRE(alice.sync(authority));
    REQUIRE(alice.replica.seq() == 2);
  }
};

/// A read by Alice of the key "/a", answered by `host` as if it were `service`.
struct Reading {
  ReadCall call;
  Sealed sealed;
  Bytes answer;

  Reading(Device& device, Authority& host, const Did& service) {
    call.root = host.head();
    call.keys = {key("/a")};
    sealed = seal_sync(device.replica.begin_read(call, device.agent.did, service, {}, device.now),
                       device.agent);
    answer = host.answer(sealed.message, device.now);
  }
  Result<Commit> finish(Device& device) const {
    return device.run(nullptr,
                      [&] { return device.replica.finish_read(call, sealed.invocation, answer); });
  }
};

/// The same, by a mirror that passes on what it has.
Result<Commit> read_from_mirror(Device& device, Authority& source) {
  const Signer mirror = signer(7);
  Reading reading(device, source, mirror.did);
  reading.answer = resigned(reading.answer, reading.sealed.invocation, mirror, [](Fields&) {});
  return reading.finish(device);
}

}  // namespace

TEST_CASE("R34 X3: a host that forks is named, with two checkpoints that prove it") {
  Accepted world;
  Authority other = world.authority;
  world.authority.edit({put_of("/x", "to Alice")}, 1'000);
  REQUIRE(world.alice.sync(world.authority));  // 3
  const Digest root = world.alice.replica.root();
  const int ahead = GENERATE(1, 2);
  INFO(ahead << " checkpoints of the other history");
  for (int i = 0; i < ahead; ++i) {
    other.edit({put_of("/y" + std::to_string(i), "to others")}, 1'000);
  }
  const auto result = sync_twice(world.alice, other);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Errc::fork);
  CHECK(proved_by(world.alice) == "fork of 3");
  CHECK(world.alice.replica.root() == root);
  CHECK(world.alice.replica.seq() == 3);
  // What she had goes on.
  CHECK(world.alice.sync(world.authority));
  CHECK_FALSE(world.alice.replica.evidence());
}

TEST_CASE("R34 X3: a fork further back is seen by the checkpoints that are at hand") {
  Accepted world;
  Authority other = world.authority;
  world.authority.edit({put_of("/x", "to Alice")}, 1'000);
  REQUIRE(world.alice.sync(world.authority));  // 3
  for (int i = 0; i < 2; ++i) other.edit({put_of("/y" + std::to_string(i), "y")}, 1'000);
  const Block fourth = other.blocks().block(*other.last_checkpoint());
  for (int i = 2; i < 4; ++i) other.edit({put_of("/y" + std::to_string(i), "y")}, 1'000);
  const Sealed sealed = world.alice.begin();
  const Bytes answer = other.answer(sealed.message, 1'000);  // 6, which skips to 4
  const Bytes with_fourth =
      resigned(answer, sealed.invocation, other.signer(), [](Fields&) {}, {fourth});
  const auto result = world.alice.finish(sealed.invocation, with_fourth);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Errc::fork);
  CHECK(proved_by(world.alice) == "fork of 3");
}

TEST_CASE("R34 X3: the proof of a fork survives a restart of the device") {
  Accepted world;
  Authority other = world.authority;
  world.authority.edit({put_of("/x", "to Alice")}, 1'000);
  REQUIRE(world.alice.sync(world.authority));
  other.edit({put_of("/y", "to others")}, 1'000);
  world.alice.restart();  // the checkpoints are in storage only
  const auto result = sync_twice(world.alice, other);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Errc::fork);
  CHECK(proved_by(world.alice) == "fork of 3");

  SECTION("without the block in storage the fork is named, if not proved") {
    world.alice.disk.erase(*world.alice.replica.checkpoint());
    world.alice.restart();
    const auto again = sync_twice(world.alice, other);
    REQUIRE_FALSE(again);
    CHECK(again.error().code == Errc::fork);
    CHECK_FALSE(world.alice.replica.evidence());
  }
}

TEST_CASE("R34 X3: a host that rolls back is named, with its receipt that proves it") {
  World world;
  world.authority.edit({put_of("/a", "one")}, 1'000);
  Authority older = world.authority;
  world.alice.put("/b", "two");
  REQUIRE(world.alice.sync(world.authority));  // 2
  const auto result = sync_twice(world.alice, older);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Errc::rollback);
  CHECK(proved_by(world.alice) == "rollback");
  CHECK(world.alice.get("/b") == "two");
  world.alice.restart();
  const auto again = sync_twice(world.alice, older);
  REQUIRE_FALSE(again);
  CHECK(proved_by(world.alice) == "rollback");
}

TEST_CASE("R34 X3: a host whose receipt is from another checkpoint is named and proved to lie") {
  Accepted world;
  world.alice.put("/c", "three");
  const Sealed sealed = world.alice.begin();
  const Bytes honest = world.authority.answer(sealed.message, 1'000);
  const Bytes lie = resigned(honest, sealed.invocation, world.authority.signer(),
                             [](Fields& ok) { ok.set("from", Value()); });
  const auto result = world.alice.finish(sealed.invocation, lie);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Errc::fork);
  CHECK(proved_by(world.alice) == "fork by from");
  CHECK(world.alice.finish(sealed.invocation, honest));
}

TEST_CASE("R34 X3: a host that omits is named, and nothing is changed by it") {
  Accepted world;
  world.authority.edit({put_of("/x", "new")}, 1'000);
  const Sealed sealed = world.alice.begin();
  const Bytes honest = world.authority.answer(sealed.message, 1'000);
  const auto ok =
      decode_sync_answer(*(*decode_message(honest)->receipt_of(sealed.invocation.cid()))->ok());
  const auto refused = [&](ByteView answer) {
    const auto result = world.alice.finish(sealed.invocation, answer);
    CHECK(world.alice.get("/x") == "(none)");
    return result ? "taken" : std::string(name_of(result.error().code));
  };
  CHECK(refused(without(honest, sealed.invocation, ok->checkpoint)) == "ProtocolError");
  CHECK(refused(without(honest, sealed.invocation, *ok->edits)) == "ProtocolError");
  // An edit left out, under the authority's own signature.
  CHECK(refused(resigned(honest, sealed.invocation, world.authority.signer(),
                         [](Fields& map) { map.erase("edits"); })) == "RootMismatch");
  CHECK(world.alice.finish(sealed.invocation, honest));
  CHECK(world.alice.get("/x") == "new");
}

TEST_CASE("R34 X3: a host that alters what was signed is named") {
  Accepted world;
  world.authority.edit({put_of("/x", "new")}, 1'000);
  const Sealed sealed = world.alice.begin();
  const Bytes honest = world.authority.answer(sealed.message, 1'000);
  // By a host that has not the authority's key.
  const Bytes altered =
      resigned(honest, sealed.invocation, Signer(world.authority.signer().did, signer(7).key),
               [](Fields&) {});
  const auto result = world.alice.finish(sealed.invocation, altered);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Errc::invalid_signature);
  CHECK_FALSE(world.alice.replica.evidence());
}

TEST_CASE("R34 X3: answers replayed or delayed count for nothing") {
  Accepted world;
  world.alice.put("/c", "three");
  const Sealed first = world.alice.begin();
  const Bytes late = world.authority.answer(first.message, 1'000);
  world.alice.put("/d", "four");
  const Sealed second = world.alice.begin();
  const Bytes answer = world.authority.answer(second.message, 1'000);

  const auto replayed = world.alice.finish(second.invocation, late);
  REQUIRE_FALSE(replayed);
  CHECK(replayed.error().code == Errc::protocol);
  REQUIRE(world.alice.finish(second.invocation, answer));
  const std::uint64_t seq = world.alice.replica.seq();
  const auto delayed = world.alice.finish(first.invocation, late);
  REQUIRE_FALSE(delayed);
  CHECK(delayed.error().code == Errc::protocol);
  CHECK(world.alice.replica.seq() == seq);
  CHECK(world.alice.get("/d") == "four");
}

TEST_CASE("R34: a service that is not the space's authority cannot take its place") {
  Accepted world;
  Authority usurper(signer(8), world.space);
  for (int i = 0; i < 5; ++i) usurper.edit({put_of("/u" + std::to_string(i), "u")}, 1'000);
  world.alice.service = usurper.signer().did;
  world.alice.replica.know_service(world.alice.service, world.alice.service);
  const auto result = sync_twice(world.alice, usurper);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Errc::unauthorized);
}

TEST_CASE("R34: reads tell of newer checkpoints, and those are held against the authority") {
  Accepted world;
  Authority other = world.authority;
  world.authority.edit({put_of("/x", "to Alice")}, 1'000);
  const Did& service = world.authority.signer().did;
  REQUIRE(Reading(world.alice, world.authority, service).finish(world.alice));
  CHECK(world.alice.replica.standing() == Standing::newer);
  CHECK(world.alice.replica.seq() == 2);
  CHECK(world.alice.replica.seq_seen() == 3);
  REQUIRE(Reading(world.alice, world.authority, service).finish(world.alice));
  CHECK(world.alice.replica.standing() == Standing::current);

  SECTION("the authority may not answer below it") {
    const auto result = Reading(world.alice, other, service).finish(world.alice);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::rollback);
    CHECK(proved_by(world.alice) == "rollback");
  }
  SECTION("an answer that was long under way is stale, and no more") {
    const Reading slow(world.alice, world.authority, service);
    world.authority.edit({put_of("/z", "later")}, 1'000);
    REQUIRE(Reading(world.alice, world.authority, service).finish(world.alice));
    REQUIRE(slow.finish(world.alice));
    CHECK(world.alice.replica.standing() == Standing::stale);
    CHECK(world.alice.replica.seq_seen() == 4);
  }
  SECTION("a sync that leads elsewhere contradicts it") {
    other.edit({put_of("/y", "to others")}, 1'000);
    const auto result = world.alice.sync(other);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::fork);
    CHECK(proved_by(world.alice) == "fork of 3");
  }
  SECTION("a sync that leads there is in order") {
    REQUIRE(world.alice.sync(world.authority));
    CHECK(world.alice.replica.seq() == 3);
  }
}

TEST_CASE("R34 X3: a mirror that lags is stale and harmless; one with another history proves it") {
  Accepted world;
  Authority behind = world.authority;
  world.authority.edit({put_of("/x", "new")}, 1'000);
  REQUIRE(world.alice.sync(world.authority));
  Authority ahead = world.authority;
  ahead.edit({put_of("/z", "newer")}, 1'000);

  REQUIRE(read_from_mirror(world.alice, behind));
  CHECK(world.alice.replica.standing() == Standing::stale);
  CHECK(world.alice.replica.seq_seen() == 3);
  REQUIRE(read_from_mirror(world.alice, world.authority));
  CHECK(world.alice.replica.standing() == Standing::current);
  REQUIRE(read_from_mirror(world.alice, ahead));
  CHECK(world.alice.replica.standing() == Standing::newer);

  behind.edit({put_of("/y", "another history")}, 1'000);
  const auto forked = read_from_mirror(world.alice, behind);
  REQUIRE_FALSE(forked);
  CHECK(forked.error().code == Errc::fork);
  CHECK(proved_by(world.alice) == "fork of 3");

  SECTION("a mirror cannot sign for the authority") {
    Authority usurper(signer(7), world.space);
    for (int i = 0; i < 9; ++i) usurper.edit({put_of("/u" + std::to_string(i), "u")}, 1'000);
    const auto result = read_from_mirror(world.alice, usurper);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::invalid_signature);
  }
  SECTION("a mirror that leaves the checkpoint out") {
    Authority newest = ahead;
    newest.edit({put_of("/zz", "newest")}, 1'000);
    const Signer mirror = signer(7);
    Reading reading(world.alice, newest, mirror.did);
    reading.answer = resigned(reading.answer, reading.sealed.invocation, mirror, [](Fields&) {});
    const auto ok = decode_read_answer(
        *(*decode_message(reading.answer)->receipt_of(reading.sealed.invocation.cid()))->ok());
    reading.answer = without(reading.answer, reading.sealed.invocation, ok->checkpoint);
    const auto result = reading.finish(world.alice);
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::protocol);
  }
}

TEST_CASE("X3: a checkpoint that came some other way is told to be stale, newer or of a fork") {
  Accepted world;
  const Authority behind = world.authority;
  Authority other = world.authority;
  world.authority.edit({put_of("/x", "new")}, 1'000);
  REQUIRE(world.alice.sync(world.authority));
  world.authority.edit({put_of("/y", "newer")}, 1'000);
  other.edit({put_of("/z", "other")}, 1'000);
  const auto note = [&](const Authority& from) {
    return world.alice.run(nullptr, [&] {
      return world.alice.replica.note_checkpoint(*from.last_checkpoint(), from.blocks());
    });
  };
  REQUIRE(note(behind));
  CHECK(world.alice.replica.standing() == Standing::stale);
  const auto newer = note(world.authority);
  REQUIRE(newer);
  CHECK(world.alice.replica.standing() == Standing::newer);
  REQUIRE(newer->commit.added.size() == 1);
  auto again = Replica::load(newer->commit.record);
  REQUIRE(again);
  CHECK(again->seq() == 3);
  CHECK(again->seq_seen() == 4);
  CHECK(again->authority() == world.authority.signer().did);
  const auto forked = note(other);
  REQUIRE_FALSE(forked);
  CHECK(forked.error().code == Errc::fork);
  CHECK(proved_by(world.alice) == "fork of 3");
}

}  // namespace freehold::test
