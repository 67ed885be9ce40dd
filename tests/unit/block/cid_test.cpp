#include "freehold/block/cid.hpp"

#include <unordered_set>

#include <catch2/catch.hpp>

#include "freehold/base/limits.hpp"
#include "freehold/base/varint.hpp"

namespace freehold {

TEST_CASE("Cid: the address of a block matches the block, and no other") {
  const Bytes block{0xa0};
  const Cid cid = Cid::of_cbor(block);
  CHECK(cid.is_cbor_sha256());
  CHECK(cid.version() == 1);
  CHECK(cid.codec() == codec::dag_cbor);
  CHECK(cid.matches(block));
  CHECK_FALSE(cid.matches(Bytes{0xa1}));
  CHECK(cid.text() == "bafyreigbtj4x7ip5legnfznufuopl4sg4knzc2cof6duas4b3q2fy6swua");
  CHECK(*Cid::parse(cid.text()) == cid);
}

TEST_CASE("Cid: an identity CID carries its block, short or long") {
  for (const std::size_t size : {0u, 1u, 30u, 40u, 5000u}) {
    const Bytes block(size, 7);
    const Cid cid = Cid::of_identity(codec::raw, block);
    CHECK(equal(cid.digest(), block));
    CHECK(cid.matches(block));
    CHECK(*Cid::decode(cid.bytes()) == cid);
    CHECK(*Cid::parse(cid.text()) == cid);
  }
}

TEST_CASE("Cid: a copy of a long one is the same one") {
  Cid cid = Cid::of_identity(codec::raw, Bytes(100, 1));
  const Cid copy = cid;
  cid = Cid();
  CHECK(copy.digest().size() == 100);
  CHECK(cid.is_null());
  CHECK_FALSE(cid.matches({}));
  CHECK(cid.text().empty());
}

TEST_CASE("X4: Cid: one address has one spelling; long varints are refused") {
  const Cid cid = Cid::of_cbor(Bytes{0xa0});
  Bytes longer = copy_of(cid.bytes());
  longer[1] = 0xf1;
  longer.insert(longer.begin() + 2, 0x00);  // the codec in two bytes
  CHECK_FALSE(Cid::decode(longer));
  CHECK_FALSE(Cid::is_valid(longer));
}

TEST_CASE("X4: Cid: is_valid says what decode does, for every truncation and flip") {
  const Bytes bytes = copy_of(Cid::of_cbor(Bytes{0xa0}).bytes());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(Cid::decode(ByteView(bytes).first(size)));
    CHECK_FALSE(Cid::is_valid(ByteView(bytes).first(size)));
  }
  for (std::size_t at = 0; at < bytes.size() * 8; ++at) {
    Bytes flipped = bytes;
    flipped[at / 8] ^= static_cast<std::uint8_t>(1 << at % 8);
    CHECK(Cid::is_valid(flipped) == Cid::decode(flipped).has_value());
  }
}

TEST_CASE("X4: Cid: a length that exceeds the bytes allocates nothing") {
  Bytes bytes{1, 0x55, 0x00};
  write_varint(bytes, std::uint64_t{1} << 62);
  CHECK(Cid::decode(bytes).error().code == Errc::malformed);
}

TEST_CASE("X4: Cid: text of version 0 is Qm..., and only that") {
  const auto cid = Cid::parse("QmTtFgcrje5qKLHLgP1Yx6anD9mvLNjtqLanxa3G4tyUJR");
  REQUIRE(cid);
  CHECK(cid->version() == 0);
  CHECK(cid->codec() == codec::dag_pb);
  CHECK_FALSE(Cid::parse("z" + cid->text()));
  CHECK_FALSE(Cid::parse("Q"));
  CHECK_FALSE(Cid::parse("m" + cid->text()));
}

TEST_CASE("X4: CidHash differs where the ends of CIDs do not") {
  const Bytes block{1};
  const Digest digest = sha256(block);
  std::unordered_set<std::uint64_t> hashes;
  const auto add = [&](const Cid& cid) {
    const std::uint64_t hash = table_hash(cid.bytes());  // of 64 bits in wasm too
    hashes.insert(hash);
    CHECK(CidHash()(cid) == static_cast<std::size_t>(hash));
  };
  for (std::uint64_t i = 0; i < 1000; ++i) {
    add(Cid::of_digest(1000 + i, digest));  // all of them CIDs of the block
    Bytes carried(2 + digest_size);
    carried[0] = static_cast<std::uint8_t>(i);
    carried[1] = static_cast<std::uint8_t>(i >> 8);
    add(Cid::of_identity(codec::raw, carried));
    Digest link{};
    std::copy_n(carried.begin(), 2, link.begin());
    add(Cid::of_digest(codec::dag_cbor, link));
  }
  CHECK(hashes.size() == 3000);
}

TEST_CASE("Cid: ordered by bytes") {
  const Cid a = Cid::of_raw(Bytes{1});
  const Cid b = Cid::of_cbor(Bytes{1});
  CHECK(a < b);  // 0x55 before 0x71
  CHECK_FALSE(b < a);
}

}  // namespace freehold
