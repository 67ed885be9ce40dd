#include "freehold/ucan/ucan.hpp"

#include <catch2/catch.hpp>

#include "freehold/base/limits.hpp"
#include "freehold/base/multibase.hpp"
#include "freehold/codec/cbor.hpp"
#include "support/tokens.hpp"

namespace freehold {

namespace {

Ucan decoded(const Value& model) {
  auto ucan = Ucan::decode(Block::of_cbor(encode_cbor(model)));
  REQUIRE(ucan);
  return *std::move(ucan);
}

bool is_refused(const Map& model) {
  return !Ucan::decode(Block::of_cbor(encode_cbor(model)));
}

/// The map of a valid UCAN, to be changed.
Map model_of(const Ucan& ucan) {
  return *decode_cbor(ucan.block.bytes())->as_map();
}

}  // namespace

TEST_CASE("Ucan: the worked example of the protocol") {
  Ed25519Seed one;
  Ed25519Seed two;
  one.fill(1);
  two.fill(2);
  const Signer issuer{Ed25519Key(one)};
  const Signer audience{Ed25519Key(two)};
  UcanFields fields = test::fields(audience.did, "upload/list", issuer.did.text());
  fields.expires = 4102444800;
  const Ucan ucan = issue(fields, issuer);
  CHECK(ucan.block.bytes().size() == 260);
  CHECK(ucan.cid().text() == "bafyreib6vv6kzxhwoyfgejedp2qm3c7vkqkz5tn6oxcvbdyhgrrdqfqd3u");
  CHECK(verify_signature(ucan, issuer.did));
  CHECK_FALSE(verify_signature(ucan, audience.did));
}

TEST_CASE("Ucan: what is issued reads back, all fields of it") {
  const Signer alice = test::signer(1);
  UcanFields fields = test::fields(test::signer(2).did, "store/add", alice.did.text(),
                                   Map{{"link", Cid::of_raw({})}}, {Cid::of_cbor({})});
  fields.capabilities.push_back({"*", "ucan:*", {}, Map{{"extra", 1}}});
  fields.not_before = 5;
  fields.nonce = "n";
  fields.facts.push_back(Map{{"a", Bytes{1}}});
  const Ucan ucan = issue(fields, alice);
  const auto back = Ucan::decode(ucan.block);
  REQUIRE(back);
  CHECK(verify_signature(*back, alice.did));
  CHECK(signed_text(*back) == signed_text(ucan));
  CHECK(seal(*back, back->signature).cid() == ucan.cid());
  CHECK(back->capabilities[1].more == Map{{"extra", 1}});
  CHECK_FALSE(back->expires);
}

TEST_CASE("R19: Ucan: a field that the signature covers cannot change unnoticed") {
  const Signer alice = test::signer(1);
  const Ucan ucan = issue(test::fields(test::signer(2).did, "a/b", alice.did.text()), alice);
  const auto check = [&](std::string_view key, Value value) {
    Map model = model_of(ucan);
    model.set(std::string(key), std::move(value));
    CHECK_FALSE(verify_signature(decoded(model), alice.did));
  };
  check("exp", 1);
  check("nbf", 1);
  check("nnc", "x");
  check("v", "0.9.2");
  check("aud", test::signer(3).did.bytes());
  check("iss", test::signer(3).did.bytes());
  check("prf", List{Cid::of_cbor({})});
  check("fct", List{Map{{"a", 1}}});
  check("att", List());
}

TEST_CASE("Ucan: what the signed text leaves out when empty may be in the block or not") {
  const Signer alice = test::signer(1);
  const Ucan ucan = issue(test::fields(test::signer(2).did, "a/b", alice.did.text()), alice);
  Map model = model_of(ucan);
  model.set("nbf", 0);
  model.set("nnc", "");
  model.set("fct", List());
  model.set("unknown", 1);
  CHECK(verify_signature(decoded(model), alice.did));
}

TEST_CASE("X4: Ucan: fields of a wrong kind are refused") {
  const Signer alice = test::signer(1);
  const Map good =
      model_of(issue(test::fields(test::signer(2).did, "a/b", alice.did.text()), alice));
  const auto with = [&good](std::string_view key, Value value) {
    Map model = good;
    model.set(std::string(key), std::move(value));
    return model;
  };
  const auto capability = [&](Value can, Value resource) {
    return with("att", List{Map{{"can", std::move(can)}, {"with", std::move(resource)}}});
  };
  CHECK_FALSE(is_refused(good));
  CHECK(is_refused(with("exp", "soon")));
  CHECK(is_refused(with("exp", 1.5)));
  CHECK(is_refused(with("exp", 1e21)));
  CHECK(is_refused(with("exp", std::uint64_t{1} << 53)));
  CHECK(is_refused(with("nbf", nullptr)));
  CHECK(is_refused(with("nnc", nullptr)));
  CHECK(is_refused(with("prf", nullptr)));
  CHECK(is_refused(with("fct", List(1, Value(List())))));
  CHECK(is_refused(with("s", Bytes{0xed})));
  CHECK(is_refused(with("iss", Bytes())));
  CHECK(is_refused(with("v", "1.x")));
  CHECK(is_refused(capability("/a", "did:x")));
  CHECK(is_refused(capability("a/", "did:x")));
  CHECK(is_refused(capability("a", "did:x")));
  CHECK(is_refused(capability("a/b", "x")));
  CHECK_FALSE(is_refused(capability("a/b/", "did:x")));
  CHECK_FALSE(is_refused(capability("*", "did:x")));
}

TEST_CASE("X4: Ucan: size, capabilities and proofs are bounded") {
  const Signer alice = test::signer(1);
  UcanFields fields = test::fields(alice.did, "a/b", alice.did.text());
  UcanFields many = fields;
  many.capabilities.resize(limits::ucan_capabilities_max + 1, fields.capabilities[0]);
  CHECK(Ucan::decode(issue(many, alice).block).error().code == Errc::limit);
  many = fields;
  many.proofs.resize(limits::ucan_proofs_max + 1, Cid::of_cbor({}));
  CHECK(Ucan::decode(issue(many, alice).block).error().code == Errc::limit);
  many = fields;
  many.nonce = std::string(limits::invocation_bytes_max, 'x');
  CHECK(Ucan::decode(issue(many, alice).block).error().code == Errc::limit);
}

TEST_CASE("Ucan: abilities are read in lower case, and signed so") {
  const Signer alice = test::signer(1);
  const Ucan ucan = issue(test::fields(alice.did, "a/b", alice.did.text()), alice);
  Map model = model_of(ucan);
  model.set("att", List{Map{{"can", "A/B"}, {"with", alice.did.text()}}});
  const Ucan upper = decoded(model);
  CHECK(upper.capabilities[0].can == "a/b");
  CHECK(verify_signature(upper, alice.did));
}

TEST_CASE("Ucan: a JWT has the same fields, and verifies over them") {
  const Signer alice = test::signer(1);
  const Ucan ucan = issue(test::fields(alice.did, "a/b", alice.did.text()), alice);
  const std::string jwt =
      signed_text(ucan) + "." + encode_base(Base::base64url, ucan.signature.raw);
  const Bytes bytes = copy_of(view_of(jwt));
  const auto back = Ucan::decode(Block(Cid::of_raw(bytes), bytes));
  REQUIRE(back);
  CHECK(verify_signature(*back, alice.did));
  CHECK(back->cid() == Cid::of_raw(bytes));
  CHECK(seal(*back, back->signature).cid() == ucan.cid());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    const auto cut_ucan = Ucan::decode(Block(Cid::of_raw(cut), cut));
    CHECK_FALSE((cut_ucan && verify_signature(*cut_ucan, alice.did)));
  }
}

}  // namespace freehold
