#include "freehold/codec/cbor.hpp"

#include <cmath>
#include <random>

#include <catch2/catch.hpp>

#include "freehold/base/limits.hpp"

namespace freehold {

namespace {

Bytes of_hex(std::string_view text) {
  return *bytes_of_hex(text);
}

/// `depth` lists, one in the other.
Bytes nested_lists(int depth) {
  Bytes bytes(static_cast<std::size_t>(depth), 0x81);
  bytes.back() = 0x80;
  return bytes;
}

Value random_value(std::mt19937_64& random, int depth) {
  switch (random() % (depth > 4 ? 7 : 9)) {
    case 0: return nullptr;
    case 1: return random() % 2 == 0;
    case 2: return Integer{random() >> random() % 64, random() % 2 == 0};
    case 3: return static_cast<double>(random() >> random() % 64) / 8;
    case 4: return Bytes(random() % 300, 5);
    case 5: return std::string(random() % 40, 'x') + "\xc3\xbc";
    case 6: return Cid::of_raw(Bytes{static_cast<std::uint8_t>(random())});
    case 7: {
      List list;
      for (auto n = random() % 6; n > 0; --n) list.push_back(random_value(random, depth + 1));
      return list;
    }
    default: {
      Map map;
      for (auto n = random() % 6; n > 0; --n) {
        map.set(std::string(random() % 4, static_cast<char>('a' + random() % 26)),
                random_value(random, depth + 1));
      }
      return map;
    }
  }
}

bool is_refused(std::string_view hex) {
  const Bytes bytes = of_hex(hex);
  return !decode_cbor(bytes) && !check_value(bytes) && !links_of_cbor(bytes);
}

}  // namespace

TEST_CASE("CBOR: what is encoded decodes to the same encoding") {
  std::mt19937_64 random(7);
  for (int i = 0; i < 3000; ++i) {
    const Bytes bytes = encode_cbor(random_value(random, 0));
    const auto value = decode_cbor(bytes);
    REQUIRE(value);
    REQUIRE(encode_cbor(*value) == bytes);
    REQUIRE(links_of_cbor(bytes));
  }
}

TEST_CASE("CBOR: whatever is decoded is canonical: it encodes to the bytes it came from") {
  std::mt19937_64 random(8);
  int taken = 0;
  for (int i = 0; i < 20000; ++i) {
    Bytes bytes = encode_cbor(random_value(random, 0));
    bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    if (const auto value = decode_cbor(bytes)) {
      ++taken;
      REQUIRE(encode_cbor(*value) == bytes);
    } else {
      REQUIRE_FALSE(check_value(bytes));
    }
  }
  CHECK(taken > 1000);
}

TEST_CASE("CBOR: a number without fraction is written as an integer, as JavaScript would") {
  CHECK(encode_cbor(1.0) == of_hex("01"));
  CHECK(encode_cbor(-0.0) == of_hex("00"));
  CHECK(encode_cbor(-5.0) == of_hex("24"));
  CHECK(encode_cbor(9007199254740991.0) == of_hex("1b001fffffffffffff"));
  CHECK(encode_cbor(9007199254740992.0) == of_hex("fb4340000000000000"));
  CHECK(encode_cbor(1.5) == of_hex("fb3ff8000000000000"));
}

TEST_CASE("X4: CBOR: floats that JavaScript would not write are refused") {
  CHECK(is_refused("fb3ff0000000000000"));  // 1.0
  CHECK(is_refused("fb8000000000000000"));  // -0
  CHECK(is_refused("fb433fffffffffffff"));  // 2^53 - 1
  CHECK(is_refused("fb7ff8000000000000"));  // NaN
  CHECK(is_refused("fbfff0000000000000"));  // -Infinity
  CHECK(is_refused("f93e00"));              // 1.5 in 16 bits
  CHECK(is_refused("fa3fc00000"));
}

TEST_CASE("X4: CBOR: text that JavaScript would change is refused") {
  CHECK(is_refused("63efbbbf"));                       // a byte order mark
  CHECK(is_refused("a163efbbbf00"));                   // ... as key
  CHECK(is_refused("a1695f5f70726f746f5f5f00"));       // the key __proto__
  CHECK(decode_cbor(of_hex("695f5f70726f746f5f5f")));  // but as a text it is as good as any
  CHECK(is_refused("61ff"));
  CHECK(is_refused("a161ff00"));
}

TEST_CASE("X4: CBOR: keys ascend strictly, shorter ones first") {
  CHECK(is_refused("a2616200616100"));
  CHECK(is_refused("a2616100616100"));
  CHECK(is_refused("a262616100616200"));
  CHECK(is_refused("a10000"));
  CHECK(decode_cbor(of_hex("a2616200626161f6")));
}

TEST_CASE("X4: CBOR: a list nested to the limit is taken, past it refused") {
  CHECK(check_value(nested_lists(limits::cbor_depth_max)));
  CHECK_FALSE(check_value(nested_lists(limits::cbor_depth_max + 1)));
  const Bytes at_limit = nested_lists(limits::cbor_block_depth_max);
  CHECK(decode_cbor(at_limit));
  CHECK(links_of_cbor(at_limit));
  const Bytes over_limit = nested_lists(limits::cbor_block_depth_max + 1);
  REQUIRE_FALSE(decode_cbor(over_limit));
  CHECK(decode_cbor(over_limit).error().code == Errc::limit);
  CHECK_FALSE(links_of_cbor(over_limit));
  CHECK_FALSE(decode_cbor(nested_lists(1'000'000)));
  CHECK_FALSE(check_value(nested_lists(1'000'000)));
}

TEST_CASE("X4: CBOR: counts and lengths that exceed the bytes are refused, unallocated") {
  for (const char* hex :
       {"9a ffffffff", "9b ffffffffffffffff", "ba ffffffff", "bb ffffffffffffffff", "5a ffffffff",
        "5b 7fffffffffffffff", "7b ffffffffffffffff", "9b 0000000100000000"}) {
    std::string text(hex);
    text.erase(2, 1);
    CHECK(is_refused(text));
  }
}

TEST_CASE("X4: CBOR: more values than a block may have are refused") {
  Bytes bytes;
  write_cbor_head(bytes, CborMajor::list, limits::decoded_values_max);
  bytes.resize(bytes.size() + limits::decoded_values_max, 0x00);
  CHECK(decode_cbor(bytes).error().code == Errc::limit);
  CHECK(check_value(bytes));  // allocates nothing, so it has no such bound
}

TEST_CASE("CBOR: values of entries are within 64 bits signed") {
  CHECK(check_value(of_hex("1b7fffffffffffffff")));
  CHECK(check_value(of_hex("3b7fffffffffffffff")));
  CHECK_FALSE(check_value(of_hex("1b8000000000000000")));
  CHECK_FALSE(check_value(of_hex("3b8000000000000000")));
  CHECK(decode_cbor(of_hex("1bffffffffffffffff")));
  CHECK(check_value(of_hex("00")).has_value());
  CHECK(check_value({}).error().code == Errc::invalid_value);
}

TEST_CASE("CBOR: the links of a block, in order") {
  const Cid a = Cid::of_raw(Bytes{1});
  const Cid b = Cid::of_cbor(Bytes{2});
  const Bytes bytes = encode_cbor(Map{{"x", List{a, 1, Map{{"y", b}}}}, {"zz", a}});
  CHECK(*links_of_cbor(bytes) == std::vector<Cid>{a, b, a});
}

TEST_CASE("CBOR: heads take as many bytes as cbor_head_size says") {
  for (const std::uint64_t n : {0ull, 23ull, 24ull, 255ull, 256ull, 65535ull, 65536ull,
                                4294967295ull, 4294967296ull, ~0ull}) {
    Bytes bytes;
    write_cbor_head(bytes, CborMajor::uint, n);
    CHECK(bytes.size() == cbor_head_size(n));
    CHECK(*decode_cbor(bytes)->as_integer()->as_uint64() == n);
  }
}

TEST_CASE("X4: CBOR: no truncation and no flip of a token crashes, or is taken unless canonical") {
  const Bytes bytes = encode_cbor(Map{{"a", List{1, -1, 1.5, nullptr, true}},
                                      {"b", Cid::of_cbor({})},
                                      {"bytes", Bytes(30, 1)},
                                      {"text", "\xc3\xbc"}});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK_FALSE(decode_cbor(ByteView(bytes).first(size)));
  }
  for (std::size_t at = 0; at < bytes.size() * 8; ++at) {
    Bytes flipped = bytes;
    flipped[at / 8] ^= static_cast<std::uint8_t>(1 << at % 8);
    const auto value = decode_cbor(flipped);
    if (value) CHECK(encode_cbor(*value) == flipped);
  }
}

}  // namespace freehold
