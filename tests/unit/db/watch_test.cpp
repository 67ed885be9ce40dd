// A watch as a device runs it, and the hosts that lie in one.
#include "freehold/db/watch.hpp"

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

Bytes car_of(const Cid& root, std::span<const Block> blocks) {
  return encode_car(std::span(&root, 1), blocks);
}

/// The frame of an authority's head.
Bytes frame_of(const Authority& authority) {
  const Cid head = *authority.last_checkpoint();
  const Block block = authority.blocks().block(head);
  return encode_frame(car_of(head, std::span(&block, 1)));
}

/// Alice, who has accepted the checkpoint numbered 1 and watches.
struct Watching : World {
  Sealed sealed;
  std::optional<Watch> watch;

  Watching() {
    alice.put("/a", "one");
    REQUIRE(alice.sync(authority));
    begin(authority.signer().did);
  }

  void begin(const Did& service) {
    const auto draft = alice.replica.begin_watch(alice.agent.did, service, {}, alice.now);
    REQUIRE(draft);
    sealed = seal_sync(*draft, alice.agent);
    watch.emplace(sealed.invocation);
  }
  Bytes answer() { return authority.answer(sealed.message, alice.now); }

  /// What the next frame tells, made durable as a device does.
  Result<Noted> take() {
    auto noted = alice.run(nullptr, [&] { return watch->judge(alice.replica); });
    if (!noted) return noted;
    watch->pop();
    for (const Block& block : noted->commit.added) alice.disk.put(block);
    for (const Cid& cid : noted->commit.freed) alice.disk.erase(cid);
    alice.record = noted->commit.record;
    return noted;
  }
  Result<Noted> take(ByteView frame) {
    watch->push(frame);
    const auto is_ready = watch->is_ready();
    if (!is_ready) return tl::unexpected<Error>(is_ready.error());
    REQUIRE(*is_ready);
    return take();
  }
  void accept() { REQUIRE(take(encode_frame(answer()))); }
  Errc error_of(ByteView frame) {
    const auto noted = take(frame);
    REQUIRE_FALSE(noted);
    return noted.error().code;
  }

  std::string proved() const {
    if (!alice.replica.evidence()) return "no evidence";
    KnownServices keys;
    keys.set(alice.service, alice.service);
    ProofTrust trust{.now = alice.now, .keys = &keys};
    trust.space = space;
    const auto verdict = verify_evidence(*alice.replica.evidence(), trust);
    if (!verdict) return verdict.error().what;
    return verdict->kind == EvidenceKind::rollback ? "rollback" : "fork";
  }
};

}  // namespace

TEST_CASE("Watch: tells the head, then what is new, and how it stands to what was seen") {
  Watching world;
  const auto head = world.take(encode_frame(world.answer()));
  REQUIRE(head);
  CHECK(head->standing == Standing::current);
  CHECK(head->seq == 1);
  CHECK(head->root == world.alice.replica.root());
  CHECK(head->checkpoint == *world.alice.replica.checkpoint());
  for (std::uint64_t seq = 2; seq < 5; ++seq) {
    world.authority.edit({put_of("/b", std::to_string(seq))}, 1'000);
    const auto next = world.take(frame_of(world.authority));
    REQUIRE(next);
    CHECK(next->standing == Standing::newer);
    CHECK(next->seq == seq);
    CHECK(next->root == world.authority.head());
    CHECK(world.alice.replica.seq() == 1);
    CHECK(world.alice.replica.seq_seen() == seq);
  }
  CHECK(world.watch->end());
  // The edits come by a sync.
  REQUIRE(world.alice.sync(world.authority));
  CHECK(world.alice.get("/b") == "4");
}

TEST_CASE("Watch: says what it has seen, also after a restart") {
  Watching world;
  world.accept();
  world.authority.edit({put_of("/b", "two")}, 1'000);
  REQUIRE(world.take(frame_of(world.authority)));
  world.alice.restart();
  world.begin(world.authority.signer().did);
  const Value* since = world.sealed.invocation.capabilities[0].nb->find("since");
  REQUIRE(since != nullptr);
  CHECK(*since->as_link() == *world.authority.last_checkpoint());
  const auto head = world.take(encode_frame(world.answer()));
  REQUIRE(head);
  CHECK(head->standing == Standing::current);
  CHECK(head->seq == 2);
}

TEST_CASE("Watch: gaps in the numbers are as good as none") {
  Watching world;
  world.accept();
  for (int i = 0; i < 9; ++i) world.authority.edit({put_of("/b", std::to_string(i))}, 1'000);
  const auto next = world.take(frame_of(world.authority));
  REQUIRE(next);
  CHECK(next->seq == 10);
}

TEST_CASE("Watch: the stream may be cut anywhere") {
  Watching world;
  world.authority.edit({put_of("/b", "two")}, 1'000);
  Bytes stream = encode_frame(world.answer());
  const std::size_t first = stream.size();
  world.authority.edit({put_of("/b", "three")}, 1'000);
  append(stream, frame_of(world.authority));
  std::vector<std::uint64_t> seqs;
  for (std::size_t at = 0; at < stream.size(); ++at) {
    INFO("byte " << at);
    CHECK(world.watch->end().has_value() == (at == first));  // else it has ended in the middle
    world.watch->push(ByteView(stream).subspan(at, 1));
    while (*world.watch->is_ready()) seqs.push_back(world.take()->seq);
  }
  CHECK(seqs == std::vector<std::uint64_t>{2, 3});
  CHECK(world.watch->end());
}

TEST_CASE("Watch: nobody knows whose checkpoints count before the first sync") {
  World world;
  const auto draft =
      world.alice.replica.begin_watch(world.alice.agent.did, world.alice.service, {}, 1'000);
  REQUIRE_FALSE(draft);
  CHECK(draft.error().code == Errc::not_found);
}

TEST_CASE("Watch: an error receipt ends it, by its name") {
  Watching world;
  const auto refuse = [&](const char* name) {
    ReceiptFields fields;
    fields.ran = world.sealed.invocation.cid();
    fields.out = Value(Fields{{"error", freehold::error_of(name, "no")}});
    const Receipt receipt = issue(std::move(fields), world.authority.signer());
    return encode_frame(encode_message({}, std::span(&receipt, 1), std::span(&receipt.block, 1)));
  };
  CHECK(world.error_of(refuse("TooManyWatchers")) == Errc::protocol);
  CHECK(*world.alice.replica.service_error().find("name")->as_text() == "TooManyWatchers");
  world.begin(world.authority.signer().did);
  CHECK(world.error_of(refuse("Recovering")) == Errc::recovering);
  world.begin(world.authority.signer().did);
  CHECK(world.error_of(refuse("BaseUnknown")) == Errc::base_unknown);
}

TEST_CASE("X3: a watch answered by another, or altered, is refused") {
  Watching world;
  const Bytes answer = world.answer();
  const Ucan& invocation = world.sealed.invocation;
  SECTION("signed by another key") {
    const Bytes forged = resigned(answer, invocation, signer(8), [](Fields&) {});
    CHECK(world.error_of(encode_frame(forged)) == Errc::invalid_signature);
  }
  SECTION("a replay of the answer to another watch") {
    world.begin(world.authority.signer().did);
    world.alice.now += 1;
    world.begin(world.authority.signer().did);
    CHECK(world.error_of(encode_frame(answer)) == Errc::protocol);
  }
  SECTION("without the checkpoint, which is in storage, it is known all the same") {
    world.authority.edit({put_of("/b", "two")}, 1'000);
    const Bytes newer = world.answer();
    const Bytes less = without(newer, invocation, *world.authority.last_checkpoint());
    CHECK(world.error_of(encode_frame(less)) == Errc::protocol);
  }
  SECTION("an ok of another form") {
    const Bytes other = resigned(answer, invocation, world.authority.signer(),
                                 [](Fields& ok) { ok.set("checkpoint", Value("soon")); });
    CHECK(world.error_of(encode_frame(other)) == Errc::protocol);
  }
  SECTION("every byte of it") {
    for (std::size_t at = 0; at < answer.size(); at += 3) {
      Bytes altered = answer;
      altered[at] ^= 1;
      world.begin(world.authority.signer().did);
      const auto noted = world.take(encode_frame(altered));
      // What is altered is refused; what is left out of the answer's proofs does not matter.
      if (noted) CHECK(noted->checkpoint == *world.authority.last_checkpoint());
    }
  }
  CHECK(world.alice.replica.seq_seen() == 1);
}

TEST_CASE("R34 X3: a forked checkpoint in a stream is named, with two that prove it") {
  Watching world;
  world.accept();
  Authority other = world.authority;
  world.authority.edit({put_of("/b", "to Alice")}, 1'000);
  REQUIRE(world.take(frame_of(world.authority)));
  other.edit({put_of("/b", "to others")}, 1'000);
  const int ahead = GENERATE(0, 1);
  for (int i = 0; i < ahead; ++i) other.edit({put_of("/c", std::to_string(i))}, 1'000);
  const Bytes forked = frame_of(other);
  CHECK(world.error_of(forked) == Errc::fork);
  CHECK(world.proved() == "fork");
  CHECK(world.alice.replica.seq_seen() == 2);

  SECTION("also when what it contradicts is in storage only") {
    world.alice.restart();
    world.begin(world.authority.signer().did);
    world.accept();
    CHECK(world.error_of(forked) == Errc::fork);
    CHECK(world.proved() == "fork");
  }
  SECTION("also in the answer that it begins with") {
    world.begin(world.authority.signer().did);
    const Bytes answer = other.answer(world.sealed.message, 1'000);
    CHECK(world.error_of(encode_frame(answer)) == Errc::fork);
    CHECK(world.proved() == "fork");
  }
}

TEST_CASE("R34 X3: an authority that answers a watch below `since` has rolled back, provably") {
  Watching world;
  Authority older = world.authority;
  world.accept();
  world.authority.edit({put_of("/b", "two")}, 1'000);
  REQUIRE(world.take(frame_of(world.authority)));
  world.begin(world.authority.signer().did);
  const Bytes answer = older.answer(world.sealed.message, 1'000);
  CHECK(world.error_of(encode_frame(answer)) == Errc::rollback);
  CHECK(world.proved() == "rollback");
}

TEST_CASE("X3: a stale checkpoint in a stream is harmless, and told to be stale") {
  Watching world;
  world.accept();
  const Bytes stale = frame_of(world.authority);
  world.authority.edit({put_of("/b", "two")}, 1'000);
  REQUIRE(world.take(frame_of(world.authority)));
  const auto noted = world.take(stale);
  REQUIRE(noted);
  CHECK(noted->standing == Standing::stale);
  CHECK(noted->seq == 1);
  CHECK(world.alice.replica.seq_seen() == 2);

  SECTION("and so it is if a mirror begins with it") {
    Authority older = world.authority;
    world.authority.edit({put_of("/b", "three")}, 1'000);
    REQUIRE(world.take(frame_of(world.authority)));
    const Signer mirror = signer(7);
    world.begin(mirror.did);
    const Bytes answer = resigned(older.answer(world.sealed.message, 1'000),
                                  world.sealed.invocation, mirror, [](Fields&) {});
    const auto told = world.take(encode_frame(answer));
    REQUIRE(told);
    CHECK(told->standing == Standing::stale);
    CHECK_FALSE(world.alice.replica.evidence());
  }
}

TEST_CASE("X3: forged checkpoints and frames of something else are typed errors") {
  Watching world;
  world.accept();
  world.authority.edit({put_of("/b", "two")}, 1'000);
  const Cid head = *world.authority.last_checkpoint();
  const Block block = world.authority.blocks().block(head);

  const auto forged_by = [&](const Signer& by, const Did& space) {
    History history(by, space);
    history.add("one");
    history.add("two");
    const Block made = history.at(2).ucan.block;
    return encode_frame(car_of(made.cid, std::span(&made, 1)));
  };
  CHECK(world.error_of(forged_by(signer(8), world.space)) == Errc::invalid_signature);
  world.begin(world.authority.signer().did);
  world.accept();
  CHECK(world.error_of(forged_by(world.authority.signer(), signer(6).did)) == Errc::protocol);

  const Block other = Block::of_cbor(encode_cbor(Value("hello")));
  const Cid two_roots[] = {head, other.cid};
  const Block both[] = {block, other};
  const Block swapped(head, copy_of(other.bytes()));
  const std::pair<const char*, Bytes> frames[] = {
      {"no CAR", key("hello")},
      {"a message", world.answer()},
      {"no checkpoint", car_of(other.cid, std::span(&other, 1))},
      {"two roots", encode_car(two_roots, both)},
      {"no root", encode_car({}, std::span(&block, 1))},
      {"a root that is not there", car_of(head, std::span(&other, 1))},
      {"another block under its address", car_of(head, std::span(&swapped, 1))},
  };
  for (const auto& [what, content] : frames) {
    INFO(what);
    world.begin(world.authority.signer().did);
    world.accept();
    const Errc code = world.error_of(encode_frame(content));
    CHECK((code == Errc::malformed || code == Errc::protocol));
  }
  // What comes with a checkpoint and has nothing to do with it is not kept.
  world.begin(world.authority.signer().did);
  world.accept();
  world.authority.edit({put_of("/b", "three")}, 1'000);
  const Cid third = *world.authority.last_checkpoint();
  const Block with_other[] = {world.authority.blocks().block(third), other};
  const auto noted = world.take(encode_frame(car_of(third, with_other)));
  REQUIRE(noted);
  CHECK(noted->commit.added.size() == 1);
  CHECK(noted->commit.added.front().cid == third);
}

TEST_CASE("X3: a frame altered at any byte tells of nothing but what was signed") {
  Watching world;
  world.accept();
  world.authority.edit({put_of("/b", "two")}, 1'000);
  const Bytes frame = frame_of(world.authority);
  for (std::size_t at = 0; at < frame.size(); ++at) {
    INFO("byte " << at);
    Watch watch = *world.watch;
    Bytes altered = frame;
    altered[at] ^= 0x11;
    watch.push(altered);
    const auto is_ready = watch.is_ready();
    if (!is_ready || !*is_ready) continue;
    const auto noted = world.alice.run(nullptr, [&] { return watch.judge(world.alice.replica); });
    CHECK_FALSE(noted);
  }
  CHECK(world.alice.replica.seq_seen() == 1);
}

}  // namespace freehold::test
