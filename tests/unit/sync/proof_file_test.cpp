#include <functional>

#include <catch2/catch.hpp>

#include "freehold/codec/car.hpp"
#include "freehold/codec/cbor.hpp"
#include "freehold/sync/names.hpp"
#include "freehold/sync/proof_report.hpp"
#include "freehold/tree/apply.hpp"
#include "support/liar.hpp"
#include "support/tokens.hpp"
#include "support/trees.hpp"

namespace freehold::test {

namespace {

using Fields = freehold::Map;

constexpr std::int64_t now = 1'000'000;

/// A space with a blob's receipt among 2,000 notes, and a checkpoint of it by a proven authority.
struct World {
  Signer space = signer(1);
  Signer agent = signer(2);
  Signer service = signer("did:web:up.example", 3);
  KnownServices keys;
  MemoryStore blocks;
  Digest root{};
  Weight weight;
  Bytes multihash{0x12, 0x20};
  Cid delegation;
  Receipt stored;
  Cid checkpoint;

  World() {
    keys.set(service.did, Did::of_ed25519(service.key.public_key()));
    append(multihash, sha256(view_of("the blob")));
    const Ucan to_agent = issue_into(blocks, space, fields(agent.did, "*", space.did.text()));
    const Ucan to_service = issue_into(
        blocks, agent, fields(service.did, "assert/state", space.did.text(), {}, {to_agent.cid()}));
    delegation = to_service.cid();
    const Value nb(
        Fields{{"blob", Value(Fields{{"digest", Value(multihash)}, {"size", Value(8)}})}});
    const Ucan add =
        issue_into(blocks, agent,
                   fields(service.did, "space/blob/add", space.did.text(), nb, {to_agent.cid()}));
    stored = receipt_of(add, service);

    blocks.put(empty_node());
    std::vector<Edit> edits;
    edits.push_back({blob_key(multihash), StoredValue::of_inline(encode_cbor(Value(Fields{
                                              {service.did.text(), Value(stored.cid())}})))});
    for (int i = 0; i < 2'000; ++i) {
      const std::string name = "/note/" + std::to_string(10'000 + i);
      edits.push_back({key(name), StoredValue::of_inline(encode_cbor(Value(i)))});
    }
    edits.push_back({key("/zz/large"), *StoredValue::of(cbor_bytes(3'000, 5), blocks)});
    const auto applied = apply(blocks, empty_root(), edits, blocks);
    REQUIRE(applied);
    root = applied->root;
    weight = *Tree(blocks, root).weight();
    checkpoint = state(service, delegation);
  }

  Receipt receipt_of(const Ucan& ran, const Signer& by) {
    ReceiptFields fields;
    fields.ran = ran.cid();
    fields.out = Value(Fields{{"ok", Value(Fields{})}});
    const Receipt receipt = issue(std::move(fields), by);
    blocks.put(receipt.block);
    return receipt;
  }

  Cid state(const Signer& authority, std::optional<Cid> proof,
            const std::function<void(CheckpointFields&)>& change = {}) {
    CheckpointFields fields;
    fields.space = space.did;
    fields.root = root;
    fields.seq = 1;
    fields.weight = weight;
    fields.time = now - 10;
    if (change) change(fields);
    const Checkpoint made = issue_checkpoint(std::move(fields), authority, proof);
    blocks.put(made.ucan.block);
    return made.cid();
  }

  ProofFields stating(std::vector<Claim> claims) const {
    ProofFields fields;
    fields.space = space.did;
    fields.root = root;
    fields.claims = std::move(claims);
    fields.checkpoint = checkpoint;
    return fields;
  }
  Bytes file(const ProofFields& fields) const {
    const auto made = make_proof(blocks, fields);
    REQUIRE(made);
    return *made;
  }
  Bytes notes() const {
    Claim claim;
    claim.prefix = key("/note/101");
    return file(stating({claim}));
  }
  ProofTrust trust() const {
    ProofTrust trust{.now = now, .keys = &keys};
    trust.space = space.did;
    return trust;
  }
  std::string refusal(ByteView bytes) const { return refusal(bytes, trust()); }
  static std::string refusal(ByteView bytes, const ProofTrust& trust) {
    const auto verdict = verify_proof(bytes, trust);
    return verdict ? "proved" : verdict.error().what;
  }
};

Claim claim_of(std::string_view text) {
  Claim claim;
  claim.key = key(text);
  return claim;
}

Bytes restated(ByteView file, const std::function<void(Fields&)>& change) {
  return test::restated(file, "freehold/proof@1", change);
}

}  // namespace

TEST_CASE("M6 R13 R23: one file carries checkpoint, proof and receipt, and says what they prove") {
  World world;
  Claim range;
  range.prefix = key("/note/101");
  const Bytes blob = blob_key(world.multihash);
  Claim of_blob;
  of_blob.key = blob;
  ProofFields fields =
      world.stating({range, of_blob, claim_of("/note/none"), claim_of("/zz/large")});
  fields.receipts = {world.stored.cid()};
  const Bytes file = world.file(fields);
  const auto verdict = verify_proof(file, world.trust());
  REQUIRE(verdict);
  CHECK(verdict->space == world.space.did);
  CHECK(verdict->root == world.root);
  CHECK(verdict->weight.count == 2'002);
  REQUIRE(verdict->checkpoint);
  CHECK(verdict->checkpoint->cid() == world.checkpoint);
  CHECK(verdict->proven == Proven::yes);
  REQUIRE(verdict->claims.size() == 4);  // in the order of their keys
  REQUIRE(verdict->claims[0].entries.size() == 1);
  const Commitment& commitment = verdict->claims[0].entries[0].commitments.at(0);
  CHECK(commitment.slot == world.service.did.text());
  CHECK(commitment.recognition);
  CHECK(verdict->claims[1].entries.size() == 100);
  CHECK(verdict->claims[2].entries.empty());
  CHECK(verdict->claims[3].entries.at(0).value == cbor_bytes(3'000, 5));
  REQUIRE(verdict->receipts.size() == 1);
  CHECK(verdict->receipts[0].receipt->cid() == world.stored.cid());
  const auto decoded = decode_cbor(report_of(*verdict));
  REQUIRE(decoded);
  const Value& report = *decoded;
  CHECK(*report.find("checkpoint")->find("proven") == Value(true));
  CHECK(report.find("claims")->as_list()->size() == 4);
  CHECK(file == world.file(fields));  // one file for one statement
}

TEST_CASE("M6: a file without a checkpoint proves a root, and binds it to no space") {
  World world;
  ProofFields fields = world.stating({claim_of("/note/10000")});
  fields.checkpoint.reset();
  const Bytes file = world.file(fields);
  ProofTrust trust = world.trust();
  CHECK(World::refusal(file, trust) == "proof: no checkpoint binds the root to the space");
  trust.root = world.root;
  CHECK(World::refusal(file, trust) == "proved");
  trust.space.reset();
  CHECK(World::refusal(file, trust) == "proved");
  trust.root = sha256(view_of("another"));
  CHECK(World::refusal(file, trust) == "proof: of another root than the one expected");
}

TEST_CASE("M6: what the prover lacks is named, as everywhere") {
  World world;
  const ProofFields fields = world.stating({claim_of("/note/10000")});
  Missing missing;
  const MemoryStore nothing;
  CHECK(make_proof(nothing, fields, &missing).error().code == Errc::missing);
  CHECK(missing.cids() == std::vector<Cid>{node_cid(world.root)});
  MemoryStore blocks = world.blocks;
  blocks.erase(world.checkpoint);
  Missing checkpoint;
  CHECK(make_proof(blocks, fields, &checkpoint).error().code == Errc::missing);
  CHECK(checkpoint.cids() == std::vector<Cid>{world.checkpoint});
}

TEST_CASE("X3: files that are not whole, or more than whole, are refused, each for its reason") {
  World world;
  const Bytes file = world.notes();
  REQUIRE(world.refusal(file) == "proved");

  SECTION("cut short, at every eleventh byte") {
    for (std::size_t size = 0; size < file.size(); size += 11) {
      CHECK(!verify_proof(ByteView(file).first(size), world.trust()));
    }
  }
  SECTION("a byte flipped, at every seventh") {
    for (std::size_t i = 0; i < file.size(); i += 7) {
      Bytes flipped = file;
      flipped[i] ^= 0x20;
      CHECK(!verify_proof(flipped, world.trust()));
    }
  }
  SECTION("any block taken away: none is there for nothing") {
    const std::size_t count = decode_car(file)->blocks.size();
    REQUIRE(count > 6);
    for (std::size_t i = 1; i < count; ++i) {
      const Bytes less = rewritten(file, [&](std::vector<Block>& blocks) {
        blocks.erase(blocks.begin() + static_cast<std::ptrdiff_t>(i));
      });
      // Without a delegation the checkpoint is still that of a service that the caller has named.
      const auto verdict = verify_proof(less, world.trust());
      CHECK((!verdict || verdict->proven == Proven::no));
    }
  }
  SECTION("a block twice") {
    Bytes twice = rewritten(
        file, [](std::vector<Block>& blocks) { blocks.push_back(blocks[blocks.size() - 1]); });
    CHECK(world.refusal(twice) == "not a CAR of one root, that first, each block once");
  }
  SECTION("a block that has nothing to do with it") {
    const Bytes more = rewritten(file, [](std::vector<Block>& blocks) {
      blocks.push_back(Block::of_cbor(encode_cbor(Value("stowaway"))));
    });
    CHECK(world.refusal(more) == "proof: a block that has nothing to do with what is claimed");
  }
  SECTION("two roots, and a root that is not first") {
    const Car car = *decode_car(file);
    const std::vector<Cid> two{car.blocks[0].cid, car.blocks[1].cid};
    const char* reason = "not a CAR of one root, that first, each block once";
    CHECK(world.refusal(encode_car(two, car.blocks)) == reason);
    CHECK(world.refusal(encode_car(std::span(&two[1], 1), car.blocks)) == reason);
  }
  SECTION("too large") {
    CHECK(world.refusal(Bytes(limits::proof_bytes_max + 1)) == "proof_bytes_max");
  }
}

TEST_CASE("X3: a proof block that is not of the one form is refused") {
  World world;
  const Bytes file = world.notes();
  const auto refusal = [&](const std::function<void(Fields&)>& change) {
    return world.refusal(restated(file, change));
  };
  REQUIRE(refusal([](Fields&) {}) == "proved");
  CHECK(refusal([](Fields& map) { map.set("more", Value(1)); }) == "proof block: fields");
  CHECK(refusal([](Fields& map) { map.erase("claims"); }) == "proof block: fields");
  CHECK(refusal([](Fields& map) { map.set("root", Value("x")); }) ==
        "proof block: space, root or claims");
  CHECK(refusal([](Fields& map) { map.set("checkpoint", Value()); }) == "proof block: checkpoint");
  CHECK(refusal([](Fields& map) { map.set("receipts", Value(List{})); }) ==
        "proof block: receipts");
  CHECK(refusal([](Fields& map) {
          map.set("claims",
                  Value(List{Value(Fields{{"key", Value(key("a"))}, {"to", Value(key("b"))}})}));
        }) == "proof block: a claim is {key} or {prefix?, from?, to?}");
  CHECK(refusal([](Fields& map) {
          map.set("claims", Value(List{Value(Fields{{"key", Value("text")}})}));
        }) == "proof block: a claim's key is no bytes");
  CHECK(refusal([](Fields& map) {
          map.set("claims", Value(List{Value(Fields{{"prefix", Value(Bytes{})}})}));
        }) == "proof block: an empty prefix");
  CHECK(refusal([](Fields& map) {
          map.set("claims", Value(List(1025, Value(Fields{{"key", Value(key("a"))}}))));
        }) == "proof_claims_max");
}

TEST_CASE("M6 X3: a file that claims more than its blocks prove is refused") {
  World world;
  const Bytes file = world.notes();
  const Bytes wider = restated(file, [](Fields& map) {
    map.set("claims", Value(List{Value(Fields{{"prefix", Value(key("/note/1"))}})}));
  });
  CHECK(world.refusal(wider) == "proof: a block of what it claims is missing");
  const Bytes narrower = restated(file, [](Fields& map) {
    map.set("claims", Value(List{Value(Fields{{"key", Value(key("/note/10150"))}})}));
  });
  CHECK(world.refusal(narrower) != "proved");
  const Bytes elsewhere = restated(
      file, [](Fields& map) { map.set("root", Value(node_cid(sha256(view_of("elsewhere"))))); });
  CHECK(world.refusal(elsewhere) == "proof: a block of what it claims is missing");
}

TEST_CASE("X3: a checkpoint counts only for its space, root and sums, signed by its authority") {
  World world;
  const auto with = [&](const Cid& checkpoint) {
    World& w = world;
    w.checkpoint = checkpoint;
    const Claim claim = claim_of("/note/10000");
    ProofFields fields = w.stating({claim});
    fields.checkpoint.reset();
    // Put in by hand: the prover itself would refuse most of these.
    const Bytes bare = w.file(fields);
    const Bytes stated =
        restated(bare, [&](Fields& map) { map.set("checkpoint", Value(checkpoint)); });
    const Bytes whole = rewritten(stated, [&](std::vector<Block>& blocks) {
      blocks.push_back(w.blocks.block(checkpoint));
      const Ucan ucan = *Ucan::decode(w.blocks.block(checkpoint));
      for (std::optional<Cid> next = checkpoint; next;) {
        const auto proofs = Ucan::decode(w.blocks.block(*next))->proofs;
        next = proofs.empty() ? std::nullopt : std::optional<Cid>(proofs[0]);
        if (next) blocks.push_back(w.blocks.block(*next));
      }
    });
    return whole;
  };
  const auto refusal = [&](const Cid& checkpoint) { return world.refusal(with(checkpoint)); };
  REQUIRE(refusal(world.checkpoint) == "proved");

  SECTION("of another root") {
    CHECK(refusal(world.state(world.service, world.delegation, [](CheckpointFields& fields) {
            fields.root = sha256(view_of("another"));
          })) == "proof: the checkpoint is of another root");
  }
  SECTION("of another space") {
    CHECK(refusal(world.state(world.service, world.delegation, [](CheckpointFields& fields) {
            fields.space = signer(9).did;
          })) == "proof: the checkpoint is of another space");
  }
  SECTION("of other sums") {
    CHECK(refusal(world.state(world.service, world.delegation, [](CheckpointFields& fields) {
            fields.weight.count += 1;
          })) == "proof: the checkpoint has not the root's count and bytes");
  }
  SECTION("signed by another key") {
    CHECK(refusal(world.state(signer("did:web:up.example", 8), world.delegation)) ==
          "proof: the checkpoint is not signed by its issuer");
  }
  SECTION("by a service whose key is not known") {
    CHECK(refusal(world.state(signer("did:web:else.example", 8), {})) ==
          "proof: no key is known for the checkpoint's issuer");
  }
  SECTION("by a did:key that nobody has named") {
    CHECK(refusal(world.state(signer(8), {})) ==
          "proof: neither the space nor the caller has named the checkpoint's issuer");
    CHECK(refusal(world.state(signer(8), world.delegation)) ==
          "proof: neither the space nor the caller has named the checkpoint's issuer");
  }
  SECTION("by a service that the caller has named, and the space has not: unproven") {
    const auto verdict = verify_proof(with(world.state(world.service, {})), world.trust());
    REQUIRE(verdict);
    CHECK(verdict->proven == Proven::no);
  }
  SECTION("by the space itself") {
    const auto verdict = verify_proof(with(world.state(world.space, {})), world.trust());
    REQUIRE(verdict);
    CHECK(verdict->proven == Proven::yes);
  }
  SECTION("another space than the one expected") {
    ProofTrust trust = world.trust();
    trust.space = signer(9).did;
    CHECK(World::refusal(with(world.checkpoint), trust) ==
          "proof: of another space than the one expected");
  }
}

TEST_CASE("X3: an authority is proven only by delegations that hold") {
  World world;
  const auto proven = [&](UcanFields last, const Signer& by) {
    const Ucan made = issue_into(world.blocks, by, std::move(last));
    world.checkpoint = world.state(world.service, made.cid());
    const auto verdict =
        verify_proof(world.file(world.stating({claim_of("/note/10000")})), world.trust());
    REQUIRE(verdict);  // the caller has named the service
    return verdict->proven == Proven::yes;
  };
  const auto to_service = [&](const char* can, const std::string& with) {
    return fields(world.service.did, can, with);
  };
  const std::string space = world.space.did.text();
  CHECK(proven(to_service("assert/state", space), world.space));
  CHECK(proven(to_service("assert/*", space), world.space));
  CHECK(proven(to_service("*", "ucan:*"), world.space));
  CHECK(!proven(to_service("space/*", space), world.space));
  CHECK(!proven(to_service("assert/location", space), world.space));
  CHECK(!proven(to_service("assert/state", signer(9).did.text()), world.space));
  CHECK(!proven(to_service("assert/state", space), signer(9)));
  CHECK(!proven(fields(signer(9).did, "assert/state", space), world.space));
  UcanFields expired = to_service("assert/state", space);
  expired.expires = now;
  CHECK(!proven(expired, world.space));
  expired.expires = now + 1;
  CHECK(proven(expired, world.space));
  UcanFields early = to_service("assert/state", space);
  early.not_before = now;
  CHECK(!proven(early, world.space));
  CHECK(!proven(fields(world.service.did, "assert/state", space, Value(Fields{{"a", Value(1)}})),
                world.space));
  // The name of the space under another key's signature.
  CHECK(!proven(to_service("assert/state", space), Signer(world.space.did, signer(9).key)));
}

TEST_CASE("R13 X3: a receipt that does not hold is not recognised, and none is vouched for") {
  World world;
  Claim blob;
  blob.key = blob_key(world.multihash);
  const Bytes file = world.file(world.stating({blob}));
  ProofTrust trust = world.trust();
  KnownServices others;
  others.set(world.service.did, signer(9).did);
  trust.keys = &others;
  CHECK(World::refusal(file, trust) == "proof: the checkpoint is not signed by its issuer");

  ProofFields fields = world.stating({blob});
  fields.checkpoint.reset();
  const Bytes bare = world.file(fields);
  trust.space.reset();
  const auto verdict = verify_proof(bare, trust);
  REQUIRE(verdict);
  CHECK(!verdict->claims[0].entries[0].commitments[0].recognition);

  fields.receipts = {world.stored.cid()};  // named by the file itself, it must hold
  CHECK(World::refusal(world.file(fields), trust) == "the signature is not by a key of the issuer");
  fields.receipts = {world.delegation};
  CHECK(!verify_proof(world.file(fields), trust));
}

}  // namespace freehold::test
