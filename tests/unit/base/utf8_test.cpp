#include "freehold/base/utf8.hpp"

#include <catch2/catch.hpp>

namespace freehold {

namespace {

bool is_valid(std::string_view text) {
  return is_utf8(view_of(text));
}

}  // namespace

TEST_CASE("UTF-8: every code point that is written is read, at any place in eight bytes") {
  for (std::uint32_t point = 0; point <= 0x10ffff; point += point < 0x900 ? 1 : 97) {
    std::string text;
    write_utf8(text, point);
    for (std::size_t before = 0; before < 9; before += 4) {
      const std::string padded = std::string(before, 'a') + text + "end";
      if (!is_valid(padded)) FAIL("code point " << point);
    }
  }
}

TEST_CASE("UTF-8: surrogates and what is above U+10FFFF are written as U+FFFD") {
  for (const std::uint32_t point : {0xd800u, 0xdfffu, 0x110000u}) {
    std::string text;
    write_utf8(text, point);
    CHECK(text == "\xef\xbf\xbd");
  }
}

TEST_CASE("X4: UTF-8: overlong forms, surrogates, stray and missing bytes are refused") {
  for (const std::string_view text :
       {"\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xe0\x9f\xbf", "\xf0\x80\x80\x80",
        "\xf0\x8f\xbf\xbf", "\xed\xa0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xff", "\x80", "\xc2", "\xe2\x82", "\xf0\x9f\x98", "\xc2\x41", "abcdefgh\x80",
        "abcdefg\xc3"}) {
    CHECK_FALSE(is_valid(text));
  }
}

TEST_CASE("UTF-8: the ends of each range are taken") {
  for (const std::string_view text :
       {"", "\x7f", "\xc2\x80", "\xdf\xbf", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"}) {
    CHECK(is_valid(text));
  }
}

}  // namespace freehold
