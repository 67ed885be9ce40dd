#include "freehold/ucan/varsig.hpp"

#include <catch2/catch.hpp>

#include "freehold/codec/car.hpp"
#include "freehold/crypto/rsa.hpp"
#include "support/tokens.hpp"

namespace freehold {

namespace {

/// A UCAN that the published library signed by RSA, and its issuer's key.
Ucan rsa_ucan() {
  const auto archive = decode_archive(test::vector_file("fixtures/files/ucan/rsa.car"));
  REQUIRE(archive);
  for (const Block& block : archive->blocks) {
    if (block.cid == archive->root) return *Ucan::decode(block);
  }
  FAIL("no root");
  return {};
}

}  // namespace

TEST_CASE("Varsig: the algorithm that a signature names must be that of the key") {
  const Signer alice = test::signer(1);
  const Bytes message{1, 2, 3};
  Varsig signature = Varsig::eddsa(alice.key.sign(message));
  CHECK(verify(alice.did, message, signature));
  for (const std::uint64_t code :
       {varsig_code::rs256, varsig_code::non_standard, std::uint64_t{0xd0e7}, std::uint64_t{0}}) {
    signature.code = code;
    CHECK_FALSE(verify(alice.did, message, signature));
  }
}

TEST_CASE("X4: Varsig: every truncation is refused, and absent is not valid") {
  const Signer alice = test::signer(1);
  const Bytes bytes = Varsig::eddsa(alice.key.sign({})).encode();
  CHECK(Varsig::decode(bytes)->raw.size() == 64);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(Varsig::decode(ByteView(bytes).first(size)));
  }
  const auto absent = Varsig::decode(Bytes{0x80, 0xa0, 0x03, 0x00});
  REQUIRE(absent);
  CHECK(absent->is_absent());
  CHECK(absent->algorithm().empty());
  CHECK_FALSE(verify(alice.did, {}, *absent));
}

TEST_CASE("RSA: a signature by a browser's key verifies, and no other does") {
  const Ucan ucan = rsa_ucan();
  CHECK(verify_signature(ucan, ucan.issuer));
  Ucan other = ucan;
  other.nonce = "changed";
  CHECK_FALSE(verify_signature(other, ucan.issuer));
  for (const std::size_t at : {std::size_t{0}, ucan.signature.raw.size() - 1}) {
    Ucan flipped = ucan;
    flipped.signature.raw[at] ^= 1;
    CHECK_FALSE(verify_signature(flipped, ucan.issuer));
  }
  Ucan shorter = ucan;
  shorter.signature.raw.pop_back();
  CHECK_FALSE(verify_signature(shorter, ucan.issuer));
}

TEST_CASE("X4: RSA: a key is one DER form; truncations, long lengths and small keys are refused") {
  const Bytes der = *rsa_ucan().issuer.rsa_key();
  const auto key = parse_rsa_key(der);
  REQUIRE(key);
  CHECK(key->modulus.size() == 256);
  CHECK(equal(key->exponent, Bytes{1, 0, 1}));
  for (std::size_t size = 0; size < der.size(); ++size) {
    CHECK_FALSE(parse_rsa_key(ByteView(der).first(size)));
  }
  for (std::size_t at = 0; at < der.size() * 8; ++at) {  // no crash, whatever it says
    Bytes flipped = der;
    flipped[at / 8] ^= static_cast<std::uint8_t>(1 << at % 8);
    parse_rsa_key(flipped);
  }
  Bytes longer = der;
  longer.push_back(0);
  CHECK_FALSE(parse_rsa_key(longer));
  // 1024 bits: 30 81 87, 02 81 81 00 ..., 02 01 03
  Bytes small{0x30, 0x81, 0x87, 0x02, 0x81, 0x81, 0x00};
  small.resize(small.size() + 128, 0xff);
  append(small, Bytes{0x02, 0x01, 0x03});
  CHECK_FALSE(parse_rsa_key(small));
}

TEST_CASE("X4: RSA: exponents that are even, one, negative or huge are refused") {
  const auto der_of = [](const Bytes& exponent) {
    Bytes body{0x02, 0x82, 0x01, 0x01, 0x00};
    body.resize(body.size() + 256, 0xff);
    body.push_back(0x02);
    body.push_back(static_cast<std::uint8_t>(exponent.size()));
    append(body, exponent);
    Bytes der{0x30, 0x82, static_cast<std::uint8_t>(body.size() >> 8),
              static_cast<std::uint8_t>(body.size())};
    append(der, body);
    return der;
  };
  CHECK(parse_rsa_key(der_of({3})));
  CHECK(parse_rsa_key(der_of({1, 0, 1})));
  CHECK(parse_rsa_key(der_of({0, 0xff, 0xff, 0xff, 0xff})));
  for (const Bytes& exponent :
       {Bytes{}, Bytes{1}, Bytes{2}, Bytes{0}, Bytes{0, 3}, Bytes{0x81}, Bytes{1, 0, 0, 0, 1}}) {
    CHECK_FALSE(parse_rsa_key(der_of(exponent)));
  }
}

}  // namespace freehold
