#include "freehold/codec/car.hpp"

#include <catch2/catch.hpp>

#include "freehold/base/varint.hpp"

namespace freehold {

namespace {

Block raw_block(std::uint8_t fill, std::size_t size = 10) {
  Bytes bytes(size, fill);
  Cid cid = Cid::of_raw(bytes);
  return {std::move(cid), std::move(bytes)};
}

}  // namespace

TEST_CASE("CAR: blocks come out in the order they went in") {
  const std::vector<Block> blocks{raw_block(1), raw_block(2, 0), raw_block(3, 70'000)};
  const Bytes bytes = encode_car(std::span(&blocks[1].cid, 1), blocks);
  const auto car = decode_car(bytes);
  REQUIRE(car);
  CHECK(car->roots == std::vector<Cid>{blocks[1].cid});
  REQUIRE(car->blocks.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(car->blocks[i].cid == blocks[i].cid);
    CHECK(equal(car->blocks[i].bytes(), blocks[i].bytes()));
  }
}

TEST_CASE("CAR: a header alone names its roots, also those without a block") {
  const std::vector<Cid> roots{raw_block(1).cid, raw_block(2).cid};
  const Bytes bytes = encode_car(roots, {});
  const auto size = read_varint(bytes);
  REQUIRE(size);
  const ByteView header = ByteView(bytes).subspan(size->size);
  CHECK(header.size() == size->value);
  CHECK(*decode_car_header(header) == roots);
  for (std::size_t end = 0; end < header.size(); ++end) {
    CHECK_FALSE(decode_car_header(header.first(end)));
  }
}

TEST_CASE("X3: CAR: a block under the address of another is refused, unless nobody asks") {
  const Block honest = raw_block(1);
  const Block forged(honest.cid, Bytes(10, 2));
  const Bytes bytes = encode_car(std::span(&honest.cid, 1), std::span(&forged, 1));
  CHECK(decode_car(bytes).error().code == Errc::malformed);
  CHECK(decode_car(bytes, CheckHashes::no));
}

TEST_CASE("CAR: a block that comes twice is kept once, a root without block not at all") {
  const std::vector<Block> blocks{raw_block(1), raw_block(1)};
  const Cid roots[] = {raw_block(9).cid, blocks[0].cid};
  const auto car = decode_car(encode_car(roots, blocks));
  REQUIRE(car);
  CHECK(car->roots.size() == 1);
  CHECK(car->blocks.size() == 1);
}

TEST_CASE("X4: CAR: every truncation is refused or ends between two blocks") {
  const std::vector<Block> blocks{raw_block(1), raw_block(2), raw_block(3)};
  const Bytes bytes = encode_car({}, blocks);
  std::size_t taken = 0;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    taken += decode_car(ByteView(bytes).first(size)).has_value();
  }
  CHECK(taken == 3);  // after the header, the first and the second block
}

TEST_CASE("X4: CAR: lengths that exceed the bytes are refused") {
  for (const std::uint64_t size : {std::uint64_t{1} << 32, UINT64_MAX, std::uint64_t{100}}) {
    Bytes bytes = encode_car({}, {});
    write_varint(bytes, size);
    bytes.push_back(1);
    CHECK_FALSE(decode_car(bytes));
    Bytes header;
    write_varint(header, size);
    header.push_back(0xa0);
    CHECK_FALSE(decode_car(header));
  }
}

}  // namespace freehold
