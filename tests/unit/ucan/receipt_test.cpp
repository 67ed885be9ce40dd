#include "freehold/ucan/receipt.hpp"

#include <catch2/catch.hpp>

#include "freehold/codec/cbor.hpp"
#include "support/tokens.hpp"

namespace freehold {

namespace {

ReceiptFields sample() {
  ReceiptFields fields;
  fields.ran = Cid::of_cbor(Bytes{1});
  fields.out = Map{{"ok", Map{{"n", 1}}}};
  fields.fork = {Cid::of_cbor(Bytes{2})};
  fields.join = Cid::of_cbor(Bytes{3});
  return fields;
}

Result<Receipt> with_outcome(const Receipt& receipt, std::string_view key, Value value) {
  Map model = *decode_cbor(receipt.block.bytes())->as_map();
  Map outcome = *model.find("ocm")->as_map();
  outcome.set(std::string(key), std::move(value));
  model.set("ocm", std::move(outcome));
  return Receipt::decode(Block::of_cbor(encode_cbor(model)));
}

}  // namespace

TEST_CASE("Receipt: what is issued reads back and verifies") {
  const Signer service = test::signer("did:web:up.example", 1);
  const Receipt receipt = issue(sample(), service);
  const auto back = Receipt::decode(receipt.block);
  REQUIRE(back);
  CHECK(back->issuer == service.did);
  CHECK(back->fork == sample().fork);
  CHECK(back->join == sample().join);
  CHECK(back->signed_bytes == receipt.signed_bytes);
  CHECK(verify_signature(*back, Did::of_ed25519(service.key.public_key())));
  CHECK_FALSE(verify_signature(*back, test::signer(2).did));
  CHECK_FALSE(verify_signature(*back, service.did));  // a did:web is no key
}

TEST_CASE("R19: Receipt: no field of the outcome can change unnoticed, known or not") {
  const Signer service = test::signer(1);
  const Receipt receipt = issue(sample(), service);
  const std::pair<std::string_view, Value> changes[] = {
      {"ran", Cid::of_cbor(Bytes{9})},
      {"out", Map{{"ok", Map{{"n", 2}}}}},
      {"fx", Map{{"fork", List()}}},
      {"meta", Map{{"a", 1}}},
      {"iss", test::signer(2).did.text()},
      {"prf", List{Cid::of_cbor(Bytes{4})}},
      {"unknown", 1},
  };
  for (const auto& [key, value] : changes) {
    const auto changed = with_outcome(receipt, key, value);
    REQUIRE(changed);
    CHECK_FALSE(verify_signature(*changed, service.did));
  }
}

TEST_CASE("X4: Receipt: an outcome that could be read either way is refused") {
  const Receipt receipt = issue(sample(), test::signer(1));
  CHECK_FALSE(with_outcome(receipt, "out", Map{{"ok", 1}, {"error", 1}}));
  CHECK_FALSE(with_outcome(receipt, "out", Map()));
  CHECK_FALSE(with_outcome(receipt, "out", 1));
  CHECK_FALSE(with_outcome(receipt, "ran", "x"));
  CHECK_FALSE(with_outcome(receipt, "fx", nullptr));
  CHECK_FALSE(with_outcome(receipt, "fx", Map{{"fork", List{1}}}));
  CHECK_FALSE(with_outcome(receipt, "fx", Map{{"join", 1}}));
  CHECK_FALSE(with_outcome(receipt, "iss", Bytes{1}));
  CHECK_FALSE(with_outcome(receipt, "meta", 1));
}

TEST_CASE("Receipt: an await is a map of one key, and selects from the outcome") {
  const Cid task = Cid::of_cbor({});
  const auto await = as_await(await_of(".out.ok.site", task));
  REQUIRE(await);
  CHECK(await->task == task);
  CHECK_FALSE(as_await(Map{{"ucan/await", List{".out", task}}, {"x", 1}}));
  CHECK_FALSE(as_await(Map{{"ucan/await", List{".out"}}}));
  CHECK_FALSE(as_await("x"));
  const Value out = Map{{"ok", Map{{"site", 5}}}};
  CHECK(*select(out, await->selector) == Value(5));
  CHECK(select(out, ".out") == &out);
  for (const char* selector : {"", "x", ".ok", ".outx", ".out.", ".out..ok", ".out.ok.site.x"}) {
    CHECK(select(out, selector) == nullptr);
  }
}

}  // namespace freehold
