#include "freehold/base/multibase.hpp"

#include <random>

#include <catch2/catch.hpp>

#include "freehold/base/limits.hpp"

namespace freehold {

namespace {

constexpr Base all_bases[] = {Base::base16,    Base::base32,    Base::base32upper,
                              Base::base36,    Base::base58btc, Base::base64,
                              Base::base64pad, Base::base64url, Base::base64urlpad};

}  // namespace

TEST_CASE("Multibase: what is written is read back, whatever the length and the leading zeros") {
  std::mt19937 random(1);
  for (std::size_t size = 0; size < 70; ++size) {
    Bytes bytes(size);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
    for (std::size_t i = 0; i < size % 4; ++i) bytes[i] = 0;
    for (const Base base : all_bases) {
      const auto back = decode_multibase(encode_multibase(base, bytes));
      REQUIRE(back);
      REQUIRE(*back == bytes);
    }
  }
}

TEST_CASE("Multibase: padding belongs to the padded bases, all of it or none") {
  CHECK(decode_base(Base::base64pad, "AA=="));
  CHECK(decode_base(Base::base64pad, "AA"));
  CHECK_FALSE(decode_base(Base::base64pad, "AA="));
  CHECK_FALSE(decode_base(Base::base64pad, "AAAA===="));
  CHECK_FALSE(decode_base(Base::base64pad, "===="));
  CHECK_FALSE(decode_base(Base::base64, "AA=="));
  CHECK_FALSE(decode_base(Base::base32, "aa======"));
}

TEST_CASE("X4: Multibase: text has one spelling; leftover bits and foreign letters are refused") {
  CHECK_FALSE(decode_base(Base::base64, "AB"));
  CHECK_FALSE(decode_base(Base::base64, "A"));
  CHECK_FALSE(decode_base(Base::base32, "ab"));
  CHECK_FALSE(decode_base(Base::base32, "AA"));
  CHECK_FALSE(decode_base(Base::base64url, "+/"));
  CHECK_FALSE(decode_base(Base::base58btc, "0OIl"));
  CHECK_FALSE(decode_base(Base::base58btc, std::string_view("1\0", 2)));
  CHECK_FALSE(decode_multibase(""));
  CHECK_FALSE(decode_multibase("x00"));
}

TEST_CASE("X4: Multibase: bases of quadratic cost are bounded") {
  const std::string text(limits::radix_bytes_max * 2 + 1, '2');
  CHECK(decode_base(Base::base58btc, text).error().code == Errc::limit);
  CHECK(decode_base(Base::base36, text).error().code == Errc::limit);
}

}  // namespace freehold
