#include "freehold/sync/evidence.hpp"

#include <functional>

#include <catch2/catch.hpp>

#include "freehold/codec/car.hpp"
#include "freehold/codec/cbor.hpp"
#include "freehold/sync/calls.hpp"
#include "freehold/sync/names.hpp"
#include "support/liar.hpp"
#include "support/tokens.hpp"

namespace freehold::test {

namespace {

constexpr std::int64_t now = 1'000'000;

/// A space, a did:web that it made its authority, and two histories which that one signed.
struct World {
  Signer space = signer(9);
  Signer authority = signer("did:web:up.example", 1);
  Signer agent = signer(2);
  KnownServices keys;
  MemoryStore blocks;
  Ucan proof = issue_into(blocks, space, fields(authority.did, "assert/state", space.did.text()));
  History left{authority, space.did, proof.cid()};
  History right{authority, space.did, proof.cid()};

  World() {
    keys.set(authority.did, signer(1).did);
    left.add("one");
    left.add("two");
    right = left;
    for (int i = 0; i < 4; ++i) left.add("left");
    for (int i = 0; i < 4; ++i) right.add("right");
    left.put_into(blocks);
    right.put_into(blocks);
  }

  EvidenceFields stating(EvidenceKind kind) const {
    EvidenceFields fields;
    fields.kind = kind;
    fields.space = space.did;
    fields.authority = authority.did;
    return fields;
  }
  Bytes file(const EvidenceFields& fields) const {
    const auto made = make_evidence(blocks, fields);
    REQUIRE(made);
    return *made;
  }
  Bytes fork(const Checkpoint& a, const Checkpoint& b) const {
    EvidenceFields fields = stating(EvidenceKind::fork);
    fields.checkpoints = {a.cid(), b.cid()};
    return file(fields);
  }
  Bytes by_receipt(EvidenceKind kind, const Receipt& receipt) {
    blocks.put(receipt.block);
    EvidenceFields fields = stating(kind);
    fields.receipt = receipt.cid();
    return file(fields);
  }

  Ucan ask(const char* can, Value nb) {
    return issue_into(blocks, agent, fields(authority.did, can, space.did.text(), std::move(nb)));
  }
  Ucan ask_sync(std::optional<Cid> since) {
    SyncCall call;
    call.n = 1;
    call.since = std::move(since);
    return ask(ability::state_sync, encode(call));
  }
  Ucan ask_read(std::optional<Cid> since) {
    ReadCall call;
    call.since = std::move(since);
    return ask(ability::state_read, encode(call));
  }
  static Value synced(const Cid& checkpoint, std::optional<Cid> from) {
    SyncAnswer answer;
    answer.checkpoint = checkpoint;
    answer.from = std::move(from);
    return encode(answer);
  }
  static Value read(const Cid& checkpoint) {
    ReadAnswer answer;
    answer.checkpoint = checkpoint;
    return encode(answer);
  }

  ProofTrust trust() const {
    ProofTrust trust{.now = now, .keys = &keys};
    trust.space = space.did;
    return trust;
  }
  std::string refusal(ByteView bytes) const { return refusal(bytes, trust()); }
  static std::string refusal(ByteView bytes, const ProofTrust& trust) {
    const auto verdict = verify_evidence(bytes, trust);
    return verdict ? "proved" : verdict.error().what;
  }
};

Bytes restated(ByteView file, const std::function<void(Map&)>& change) {
  return test::restated(file, "freehold/evidence@1", change);
}

}  // namespace

TEST_CASE("R34 X3: two checkpoints that contradict each other prove a fork") {
  World world;
  const auto proved = [&](const Checkpoint& a, const Checkpoint& b) {
    const Bytes file = world.fork(a, b);
    CHECK(is_evidence(file));
    const auto verdict = verify_evidence(file, world.trust());
    REQUIRE(verdict);
    CHECK(verdict->kind == EvidenceKind::fork);
    CHECK(verdict->space == world.space.did);
    CHECK(verdict->authority == world.authority.did);
    CHECK(verdict->proven == Proven::yes);
    CHECK(verdict->checkpoints[0].cid() == a.cid());
    CHECK(verdict->checkpoints[1].cid() == b.cid());
    CHECK_FALSE(verdict->receipt);
    return verdict->number;
  };
  CHECK(proved(world.left.at(3), world.right.at(3)) == 3);
  CHECK(proved(world.left.at(3), world.right.at(4)) == 3);  // by prev
  CHECK(proved(world.right.at(4), world.left.at(3)) == 3);
  CHECK(proved(world.left.at(4), world.right.at(6)) == 4);  // by skip
}

TEST_CASE("R34 X3: a receipt from another checkpoint than was shown proves a fork") {
  World world;
  const Cid one = world.left.at(1).cid();
  const Cid two = world.left.at(2).cid();
  const Cid last = world.left.at(6).cid();
  const Ucan asked = world.ask_sync(two);
  const auto file = [&](std::optional<Cid> from) {
    return world.by_receipt(EvidenceKind::fork,
                            say(asked, world.synced(last, std::move(from)), world.authority));
  };
  for (const std::optional<Cid>& from : {std::optional<Cid>(one), std::optional<Cid>()}) {
    const auto verdict = verify_evidence(file(from), world.trust());
    REQUIRE(verdict);
    CHECK(verdict->kind == EvidenceKind::fork);
    CHECK(verdict->proven == Proven::yes);
    CHECK(verdict->invocation.cid() == asked.cid());
    CHECK(verdict->receipt);
  }
  CHECK(world.refusal(file(two)) == "evidence: the receipt's `from` is what the invocation asked");
}

TEST_CASE("R34 X3: a receipt that names a checkpoint below the one shown proves a rollback") {
  World world;
  const Checkpoint& high = world.left.at(5);
  const Checkpoint& low = world.left.at(4);
  for (const bool is_sync : {true, false}) {
    const Ucan asked = is_sync ? world.ask_sync(high.cid()) : world.ask_read(high.cid());
    const auto file = [&](const Checkpoint& answered) {
      const Value ok =
          is_sync ? world.synced(answered.cid(), high.cid()) : world.read(answered.cid());
      return world.by_receipt(EvidenceKind::rollback, say(asked, ok, world.authority));
    };
    const auto verdict = verify_evidence(file(low), world.trust());
    REQUIRE(verdict);
    CHECK(verdict->kind == EvidenceKind::rollback);
    CHECK(verdict->proven == Proven::yes);
    CHECK(verdict->checkpoints[0].seq == 5);
    CHECK(verdict->checkpoints[1].seq == 4);
    const std::string reason = "evidence: the receipt's checkpoint is not below `since`";
    CHECK(world.refusal(file(high)) == reason);
    CHECK(world.refusal(file(world.left.at(6))) == reason);
  }
  const Ucan first = world.ask_sync(std::nullopt);
  CHECK(world.refusal(
            world.by_receipt(EvidenceKind::rollback,
                             say(first, world.synced(low.cid(), std::nullopt), world.authority))) ==
        "evidence: the invocation shows no checkpoint in `since`");
}

TEST_CASE("X3: what the authority did not sign is no evidence against it") {
  World world;
  const std::string unsigned_checkpoint = "evidence: a checkpoint is not signed by the authority";
  const std::string unsigned_receipt = "evidence: the receipt is not signed by the authority";
  const auto forged = [&](const Signer& by) {
    History other = world.left;
    CheckpointFields fields = world.left.at(3);
    fields.root = sha256(view_of("forged"));
    const Checkpoint made = issue_checkpoint(std::move(fields), by, world.proof.cid());
    world.blocks.put(made.ucan.block);
    return made;
  };
  SECTION("a checkpoint by another key under its name") {
    const Checkpoint made = forged(signer("did:web:up.example", 5));
    CHECK(world.refusal(world.fork(world.left.at(3), made)) == unsigned_checkpoint);
    CHECK(world.refusal(world.fork(made, world.left.at(3))) == unsigned_checkpoint);
  }
  SECTION("a checkpoint by another, in the other's name") {
    const Checkpoint made = forged(signer(5));
    CHECK(world.refusal(world.fork(world.left.at(3), made)) == unsigned_checkpoint);
  }
  SECTION("a receipt by another") {
    const Ucan asked = world.ask_sync(world.left.at(5).cid());
    const Value ok = world.synced(world.left.at(4).cid(), world.left.at(5).cid());
    for (const Signer& by : {signer(5), signer("did:web:up.example", 5)}) {
      CHECK(world.refusal(world.by_receipt(EvidenceKind::rollback, say(asked, ok, by))) ==
            unsigned_receipt);
    }
  }
  SECTION("a receipt of an invocation to another") {
    const Ucan asked =
        issue_into(world.blocks, world.agent,
                   fields(signer(5).did, ability::state_read, world.space.did.text(),
                          world.ask_read(world.left.at(5).cid()).capabilities[0].nb));
    CHECK(world.refusal(world.by_receipt(EvidenceKind::rollback,
                                         say(asked, world.read(world.left.at(4).cid()),
                                             world.authority))) == unsigned_receipt);
  }
}

TEST_CASE("X3: evidence that proves nothing is refused, and why") {
  World world;
  CHECK(world.refusal(world.fork(world.left.at(3), world.left.at(4))) ==
        "evidence: the two checkpoints do not contradict each other");
  CHECK(world.refusal(world.fork(world.left.at(3), world.left.at(3))) ==
        "evidence: the two checkpoints do not contradict each other");
  const Ucan asked = world.ask_sync(world.left.at(5).cid());
  const Value ok = world.synced(world.left.at(4).cid(), world.left.at(5).cid());
  const Bytes rollback = world.by_receipt(EvidenceKind::rollback, say(asked, ok, world.authority));
  REQUIRE(world.refusal(rollback) == "proved");

  SECTION("a rollback told as a fork, and a fork as a rollback") {
    const Bytes as_fork = restated(rollback, [](Map& map) { map.set("kind", Value("fork")); });
    CHECK(world.refusal(as_fork) != "proved");
    const Bytes fork = world.fork(world.left.at(3), world.right.at(3));
    CHECK(world.refusal(restated(fork, [](Map& map) { map.set("kind", Value("rollback")); })) ==
          "evidence block: neither two checkpoints of a fork nor a receipt");
  }
  SECTION("an error receipt") {
    ReceiptFields error;
    error.ran = asked.cid();
    error.out = Value(Map{{"error", error_of("BaseUnknown", "")}});
    const Receipt receipt = issue(std::move(error), world.authority);
    world.blocks.put(receipt.block);
    EvidenceFields stating = world.stating(EvidenceKind::rollback);
    stating.receipt = receipt.cid();
    CHECK_FALSE(make_evidence(world.blocks, stating));
  }
  SECTION("the receipt of something else") {
    const Ucan other = world.ask("space/blob/add", Value(Map{}));
    const Receipt receipt = say(other, ok, world.authority);
    world.blocks.put(receipt.block);
    EvidenceFields stating = world.stating(EvidenceKind::rollback);
    stating.receipt = receipt.cid();
    CHECK_FALSE(make_evidence(world.blocks, stating));
  }
}

TEST_CASE("X3: evidence of another space or authority than it says is refused") {
  World world;
  const Bytes fork = world.fork(world.left.at(3), world.right.at(3));
  SECTION("the file names another space") {
    const Bytes moved =
        restated(fork, [](Map& map) { map.set("space", Value(signer(8).did.text())); });
    CHECK(world.refusal(moved) == "evidence: of another space than the one expected");
    ProofTrust any{.now = now, .keys = &world.keys};
    CHECK(World::refusal(moved, any) == "evidence: a checkpoint is of another space");
  }
  SECTION("the file names another authority") {
    const Bytes moved =
        restated(fork, [](Map& map) { map.set("authority", Value(signer(8).did.text())); });
    CHECK(world.refusal(moved) == "evidence: a checkpoint is not signed by the authority");
  }
  SECTION("no key is known") {
    const KnownServices nobody;
    CHECK(World::refusal(fork, {.now = now, .keys = &nobody}) ==
          "evidence: no key is known for the authority");
  }
}

TEST_CASE("X3: anyone can sign two histories: it takes the space or the caller to name one") {
  World world;
  const Signer stranger = signer(6);
  History left(stranger, world.space.did);
  left.add("one");
  History right(stranger, world.space.did);
  right.add("other");
  left.put_into(world.blocks);
  right.put_into(world.blocks);
  EvidenceFields fields = world.stating(EvidenceKind::fork);
  fields.authority = stranger.did;
  fields.checkpoints = {left.at(1).cid(), right.at(1).cid()};
  const Bytes file = world.file(fields);
  CHECK(world.refusal(file) == "evidence: neither the space nor the caller has named it");
  world.keys.set(stranger.did, stranger.did);
  const auto verdict = verify_evidence(file, world.trust());
  REQUIRE(verdict);
  CHECK(verdict->proven == Proven::no);
}

TEST_CASE("X3: an evidence file with anything changed, left out or added is refused") {
  World world;
  const Ucan asked = world.ask_sync(world.left.at(5).cid());
  const Value ok = world.synced(world.left.at(4).cid(), world.left.at(5).cid());
  const Bytes rollback = world.by_receipt(EvidenceKind::rollback, say(asked, ok, world.authority));
  for (const Bytes& file : {rollback, world.fork(world.left.at(4), world.right.at(6))}) {
    REQUIRE(world.refusal(file) == "proved");
    for (std::size_t size = 0; size < file.size(); ++size) {
      CHECK_FALSE(verify_evidence(ByteView(file).first(size), world.trust()));
    }
    for (std::size_t i = 0; i < file.size(); ++i) {
      Bytes bad = file;
      bad[i] ^= 1;
      CHECK_FALSE(verify_evidence(bad, world.trust()));
    }
    const std::size_t count = decode_car(file)->blocks.size();
    for (std::size_t i = 1; i < count; ++i) {
      const auto verdict =
          verify_evidence(rewritten(file,
                                    [&](std::vector<Block>& blocks) {
                                      blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(i));
                                    }),
                          world.trust());
      // Without the delegation the authority is still one that the caller has named.
      CHECK((!verdict || verdict->proven == Proven::no));
    }
    CHECK(world.refusal(rewritten(file, [](std::vector<Block>& blocks) {
      blocks.push_back(Block::of_cbor(encode_cbor(Value("stowaway"))));
    })) == "evidence: a block that has nothing to do with it, or too few");
    for (const char* name : {"kind", "space", "authority"}) {
      CHECK(world.refusal(restated(file, [&](Map& map) { map.erase(name); })) ==
            "evidence block: kind, space or authority");
    }
    CHECK(world.refusal(restated(file, [](Map& map) { map.set("more", Value(1)); })) ==
          "evidence block: neither two checkpoints of a fork nor a receipt");
    CHECK(world.refusal(restated(file, [](Map& map) { map.set("kind", Value("theft")); })) ==
          "evidence block: kind: neither fork nor rollback");
  }
  CHECK(world.refusal(Bytes(limits::evidence_bytes_max + 1)) == "evidence_bytes_max");
  CHECK_FALSE(is_evidence(Bytes{}));
}

}  // namespace freehold::test
