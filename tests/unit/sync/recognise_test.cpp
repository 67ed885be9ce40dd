#include <functional>

#include <catch2/catch.hpp>

#include "freehold/codec/cbor.hpp"
#include "freehold/db/replica.hpp"
#include "freehold/sync/blob_state.hpp"
#include "freehold/sync/names.hpp"
#include "support/tokens.hpp"

namespace freehold::test {

namespace {

Signer service_of(int n, const char* did) {
  return signer(did, n);
}
Bytes multihash_of(ByteView bytes) {
  Bytes multihash{0x12, 0x20};
  append(multihash, sha256(bytes));
  return multihash;
}

/// What a service does for one blob, step by step, as it would stand in the tree of a space.
struct Story {
  Signer space = signer(1);
  Signer agent = signer(2);
  Signer service = service_of(3, "did:web:up.example");
  KnownServices keys;
  Bytes multihash = multihash_of(view_of("the bytes"));
  std::int64_t now = 1'000;

  MemoryStore blocks;
  std::vector<Edit> entries;
  Ucan add, allocate, put, accept, site;
  Receipt added, allocated, putted, accepted;

  Story() {
    keys.set(service.did, Did::of_ed25519(service.key.public_key()));
    add = ucan(agent, service.did, ability::blob_add, space.did.text(), blob_nb());
    allocate = ucan(service, service.did, ability::blob_allocate, service.did.text(), Value(Map{}));
    put = ucan(service, service.did, ability::http_put, service.did.text(), Value(Map{}));
    accept = ucan(service, service.did, ability::blob_accept, service.did.text(), Value(Map{}));
    site = ucan(service, space.did, ability::location, service.did.text(),
                Value(Map{{"content", Value(Map{{"digest", Value(multihash)}})},
                          {"location", Value(List{Value("http://127.0.0.1/blob")})},
                          {"space", Value(space.did.bytes())}}));
    added = receipt(service, add, ok(Map{{"site", await_of(".out.ok.site", accept.cid())}}),
                    {allocate.cid(), put.cid(), accept.cid()});
    allocated = receipt(service, allocate,
                        ok(Map{{"size", Value(9)},
                               {"address", Value(Map{{"url", Value("http://127.0.0.1/put")},
                                                     {"headers", Value(Map{{"x-a", Value("b")}})},
                                                     {"expires", Value(2'000)}})}}));
    putted = receipt(service, put, ok({}));
    accepted = receipt(service, accept, ok(Map{{"site", Value(site.cid())}}));
  }

  Value blob_nb() const {
    return Value(Map{{"blob", Value(Map{{"digest", Value(multihash)}, {"size", Value(9)}})}});
  }
  static Value ok(Map what) { return Value(Map{{"ok", Value(std::move(what))}}); }

  Ucan ucan(const Signer& issuer, const Did& audience, const char* can, std::string with,
            Value nb) {
    UcanFields fields;
    fields.audience = audience;
    fields.capabilities.push_back({can, std::move(with), std::move(nb), {}});
    fields.nonce = can;
    Ucan made = issue(std::move(fields), issuer);
    blocks.put(made.block);
    return made;
  }
  Receipt receipt(const Signer& issuer, const Ucan& ran, Value out, std::vector<Cid> fork = {}) {
    ReceiptFields fields;
    fields.ran = ran.cid();
    fields.out = std::move(out);
    fields.fork = std::move(fork);
    Receipt made = issue(std::move(fields), issuer);
    blocks.put(made.block);
    return made;
  }

  void entry(Bytes key, const Value& value) {
    std::erase_if(entries, [&](const Edit& edit) { return edit.key == key; });
    entries.push_back({std::move(key), StoredValue::of_inline(encode_cbor(value))});
    std::sort(entries.begin(), entries.end(),
              [](const Edit& a, const Edit& b) { return compare(a.key, b.key) < 0; });
  }
  void slot(const Receipt& receipt) {
    entry(blob_key(multihash), Value(Map{{service.did.text(), Value(receipt.cid())}}));
  }
  void task(const Receipt& receipt) {
    entry(key_of(key_prefix::receipt, receipt.ran), Value(receipt.cid()));
  }

  std::vector<BlobStatus> statuses() {
    blocks.put(empty_node());
    const auto applied = apply(blocks, empty_root(), entries, blocks);
    REQUIRE(applied);
    const Recogniser recogniser(space.did, blocks, keys, now);
    Missing missing;
    const auto all = blob_statuses(Tree(blocks, applied->root), blocks, recogniser, {}, &missing);
    REQUIRE(all);
    return *all;
  }
  BlobStatus status() {
    const auto all = statuses();
    REQUIRE(all.size() == 1);
    return all[0];
  }
};

}  // namespace

TEST_CASE("R15 R16: every state of a blob is derived, and a pending one names what it awaits") {
  Story story;
  story.entry(key_of(key_prefix::queue, story.add.cid()), Value(story.add.cid()));
  CHECK(story.status().state == BlobState::queued);
  story.entries.clear();

  story.slot(story.added);
  CHECK(story.status().state == BlobState::pending);
  CHECK(story.status().awaits == "allocate");
  story.task(story.allocated);
  const BlobStatus put = story.status();
  CHECK(put.state == BlobState::pending);
  CHECK(put.awaits == "put");
  CHECK(put.put_url == "http://127.0.0.1/put");
  CHECK(put.put_headers == std::vector<std::pair<std::string, std::string>>{{"x-a", "b"}});
  CHECK(put.put_task == story.put.cid());
  CHECK(put.size == 9);
  story.now = 2'000;
  CHECK(story.status().state == BlobState::expired);
  story.now = 1'000;
  story.task(story.putted);
  CHECK(story.status().awaits == "accept");
  story.task(story.accepted);
  const BlobStatus stored = story.status();
  CHECK(stored.state == BlobState::stored);
  CHECK(stored.site == story.site.cid());
  CHECK(stored.locations == std::vector<std::string>{"http://127.0.0.1/blob"});

  story.task(story.receipt(story.service, story.accept,
                           Value(Map{{"error", Value(Map{{"name", Value("Lost")},
                                                         {"message", Value("disk on fire")}})}})));
  CHECK(story.status().state == BlobState::failed);
  CHECK(story.status().reason == "Lost: disk on fire");
  story.slot(
      story.receipt(story.service, story.add,
                    Value(Map{{"error", Value(Map{{"name", Value("InsufficientStorage")}})}})));
  CHECK(story.status().state == BlobState::failed);
  CHECK(story.status().reason == "InsufficientStorage");

  const Ucan remove =
      story.ucan(story.agent, story.service.did, ability::blob_remove, story.space.did.text(),
                 Value(Map{{"digest", Value(story.multihash)}}));
  story.slot(story.receipt(story.service, remove, Story::ok(Map{{"size", Value(9)}})));
  CHECK(story.status().state == BlobState::removed);
}

TEST_CASE("R6: junk under /blob/ is listed as unrecognised, and nothing else happens") {
  Story story;
  for (const Value& junk :
       {Value("junk"), Value(), Value(List{}), Value(Map{}), Value(story.added.cid()),
        Value(Map{{"did:web:up.example", Value("junk")}}), Value(Map{{"x", Value(1)}})}) {
    story.entry(blob_key(story.multihash), junk);
    CHECK(story.status().state == BlobState::unrecognised);
  }
  story.entries.clear();
  story.entry(copy_of(view_of("/blob/not-a-multihash")), Value("junk"));
  CHECK(story.statuses().empty());
}

TEST_CASE("R19: no forgery is recognised, each for its own reason") {
  struct Forgery {
    const char* reason;
    std::function<void(Story&)> make;
  };
  const Signer other = signer(7);
  const std::vector<Forgery> forgeries = {
      {"the signature is not by a key of the issuer",  // 1: signed by the user
       [](Story& s) {
         s.slot(s.receipt({s.service.did, s.agent.key}, s.add, s.added.out));
       }},
      {"the signature is not by a key of the issuer",  // 2: `out` changed under a real signature
       [](Story& s) {
         ReceiptFields changed = s.added;
         changed.out = Story::ok(Map{{"site", Value("changed")}});
         const Receipt receipt = seal(changed, s.added.signature);
         s.blocks.put(receipt.block);
         s.slot(receipt);
       }},
      {"the signature is not by a key of the issuer",  // 3: `ran` swapped under a real signature
       [](Story& s) {
         const Ucan mine =
             s.ucan(s.agent, s.service.did, ability::blob_add, s.space.did.text(), s.blob_nb());
         ReceiptFields changed = s.added;
         changed.ran = mine.cid();
         const Receipt receipt = seal(changed, Varsig::eddsa(Bytes(64, 1)));
         s.blocks.put(receipt.block);
         s.slot(receipt);
       }},
      {"the receipt is by another than the invocation was addressed to",  // 4: issued by the user
       [](Story& s) { s.slot(s.receipt(s.agent, s.add, s.added.out)); }},
      {"the receipt is of another space",  // 5: a real receipt of another space, replayed
       [other](Story& s) {
         const Ucan add =
             s.ucan(s.agent, s.service.did, ability::blob_add, other.did.text(), s.blob_nb());
         s.slot(s.receipt(s.service, add, s.added.out));
       }},
      {"the receipt is of another blob",  // 6: a real receipt of another blob, replayed
       [](Story& s) {
         const Ucan add =
             s.ucan(s.agent, s.service.did, ability::blob_add, s.space.did.text(),
                    Value(Map{{"blob", Value(Map{{"digest", Value(multihash_of(view_of("other")))},
                                                 {"size", Value(9)}})}}));
         s.slot(s.receipt(s.service, add, s.added.out));
       }},
      {"the receipt is of another service",  // 7: another tenant's receipt in this slot
       [](Story& s) {
         const Signer tenant = service_of(8, "did:web:other.example");
         s.keys.set(tenant.did, Did::of_ed25519(tenant.key.public_key()));
         const Ucan add =
             s.ucan(s.agent, tenant.did, ability::blob_add, s.space.did.text(), s.blob_nb());
         s.slot(s.receipt(tenant, add, s.added.out));
       }},
      {"the receipt is of another ability",  // 8: a receipt for something that costs nothing
       [](Story& s) {
         const Ucan info =
             s.ucan(s.agent, s.service.did, "space/info", s.space.did.text(), s.blob_nb());
         s.slot(s.receipt(s.service, info, s.added.out));
       }},
      {"the link is to no receipt",  // 9: the invocation itself
       [](Story& s) {
         s.entry(blob_key(s.multihash), Value(Map{{s.service.did.text(), Value(s.add.cid())}}));
       }},
      {"the link is to no receipt",  // 10: the receipt in another encoding: keys unsorted
       [](Story& s) {
         Bytes bytes = copy_of(s.added.block.bytes());
         bytes[0] = 0xb8;  // a map head longer than need be
         bytes.insert(bytes.begin() + 1, 2);
         Block block = Block::of_cbor(std::move(bytes));
         s.blocks.put(block);
         s.entry(blob_key(s.multihash), Value(Map{{s.service.did.text(), Value(block.cid)}}));
       }},
      {"the signature is not by a key of the issuer",  // 11: algorithm confusion: RS256 in name
       [](Story& s) {
         Varsig confused = s.added.signature;
         confused.code = varsig_code::rs256;
         const Receipt receipt = seal(static_cast<const ReceiptFields&>(s.added), confused);
         s.blocks.put(receipt.block);
         s.slot(receipt);
       }},
      {"the signature is not by a key of the issuer",  // 12: no signature at all
       [](Story& s) {
         const Receipt receipt = seal(static_cast<const ReceiptFields&>(s.added), Varsig{});
         s.blocks.put(receipt.block);
         s.slot(receipt);
       }},
      {"the receipt names no issuer",  // 13: no issuer, so that nothing can be held against it
       [](Story& s) {
         ReceiptFields changed = s.added;
         changed.issuer.reset();
         const Receipt receipt = seal(changed, s.added.signature);
         s.blocks.put(receipt.block);
         s.slot(receipt);
       }},
      {"a block is not held",  // 14: the invocation is kept back
       [](Story& s) {
         s.slot(s.added);
         s.blocks.erase(s.add.cid());
       }},
  };
  int number = 0;
  for (const Forgery& forgery : forgeries) {
    Story story;
    forgery.make(story);
    const BlobStatus status = story.status();
    INFO("forgery " << ++number);
    CHECK(status.state == BlobState::unrecognised);
    CHECK(status.reason == forgery.reason);
  }
}

TEST_CASE("R17 R20: an effect counts only by its cause, and a site only by its node") {
  Story story;
  story.slot(story.added);
  story.task(story.allocated);
  story.task(story.putted);
  const auto state = [&] { return story.status().state; };
  SECTION("an acceptance that the add did not fork") {
    const Ucan mine = story.ucan(story.agent, story.service.did, ability::blob_accept,
                                 story.service.did.text(), Value(Map{{"mine", Value(true)}}));
    story.task(story.receipt(story.service, mine, story.accepted.out));
    CHECK(state() == BlobState::pending);
  }
  SECTION("an acceptance that the user signed") {
    story.task(story.receipt(story.agent, story.accept, story.accepted.out));
    CHECK(state() == BlobState::pending);
  }
  SECTION("a receipt of another task under the key of the acceptance") {
    story.entry(key_of(key_prefix::receipt, story.accept.cid()), Value(story.putted.cid()));
    CHECK(state() == BlobState::pending);
  }
  const auto with_site = [&](const Signer& issuer, std::string with, const Bytes& digest,
                             std::optional<std::int64_t> expires) {
    UcanFields fields;
    fields.audience = story.space.did;
    fields.expires = expires;
    fields.capabilities.push_back(
        {ability::location,
         std::move(with),
         Value(Map{{"content", Value(Map{{"digest", Value(digest)}})},
                   {"location", Value(List{Value("http://127.0.0.1/blob")})}}),
         {}});
    const Ucan site = issue(std::move(fields), issuer);
    story.blocks.put(site.block);
    story.task(
        story.receipt(story.service, story.accept, Story::ok(Map{{"site", Value(site.cid())}})));
    return story.status();
  };
  SECTION("a good one, for comparison") {
    CHECK(with_site(story.service, story.service.did.text(), story.multihash, {}).state ==
          BlobState::stored);
  }
  SECTION("a site that the user signed") {
    CHECK(with_site(story.agent, story.agent.did.text(), story.multihash, {}).state ==
          BlobState::unrecognised);
  }
  SECTION("a site signed by the user in the service's name") {
    const BlobStatus status = with_site({story.service.did, story.agent.key},
                                        story.service.did.text(), story.multihash, {});
    CHECK(status.reason == "the site is not signed by the node");
    CHECK(status.locations.empty());
  }
  SECTION("a site of another blob") {
    CHECK(
        with_site(story.service, story.service.did.text(), multihash_of(view_of("x")), {}).reason ==
        "the site is of another blob");
  }
  SECTION("a site that has expired is not shown as available") {
    const BlobStatus status =
        with_site(story.service, story.service.did.text(), story.multihash, 1'000);
    CHECK(status.state == BlobState::expired);
    CHECK(status.locations.empty());
  }
}

}  // namespace freehold::test
