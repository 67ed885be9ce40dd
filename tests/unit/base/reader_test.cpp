#include "freehold/base/reader.hpp"

#include <catch2/catch.hpp>

namespace freehold {

TEST_CASE("Reader: gives what is there, in order") {
  const Bytes bytes{1, 0x12, 0x34, 0xac, 0x02, 7, 8};
  Reader reader(bytes);
  CHECK(reader.byte() == 1);
  CHECK(reader.big_endian(2) == 0x1234);
  CHECK(reader.varint() == 300);
  CHECK(reader.position() == 5);
  CHECK(equal(reader.take(2), Bytes{7, 8}));
  CHECK(reader.is_done());
  CHECK(reader.ok());
}

TEST_CASE("Reader: a read past the end fails for good, and reads as zero") {
  const Bytes bytes{9, 9, 9};
  Reader reader(bytes);
  CHECK(reader.take(4).empty());
  CHECK_FALSE(reader.ok());
  CHECK(reader.byte() == 0);
  CHECK(reader.big_endian(1) == 0);
  CHECK(reader.varint() == 0);
  CHECK(reader.left() == 0);
}

TEST_CASE("X4: Reader: a length near 2^64 does not wrap around") {
  const Bytes bytes{1, 2};
  Reader reader(bytes);
  CHECK(reader.take(UINT64_MAX).empty());
  CHECK_FALSE(reader.ok());
}

TEST_CASE("Reader: shortest_varint refuses what is longer than need be") {
  const Bytes longer{0x80, 0x00};
  Reader lenient(longer);
  CHECK(lenient.varint() == 0);
  CHECK(lenient.ok());
  Reader strict(longer);
  strict.shortest_varint();
  CHECK_FALSE(strict.ok());
}

TEST_CASE("X4: Reader: nothing is read from nothing") {
  Reader reader({});
  CHECK(reader.is_done());
  CHECK(reader.take(0).empty());
  CHECK(reader.ok());
  CHECK(reader.byte() == 0);
  CHECK_FALSE(reader.ok());
}

}  // namespace freehold
