#include "freehold/base/utf8.hpp"

namespace freehold {

namespace {

/// The size of the sequence at `at`, which is not ASCII; 0 if there is none.
std::size_t sequence_size(const std::uint8_t* at, std::size_t left) noexcept {
  const std::uint8_t lead = at[0];
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || size > left) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((at[i] & 0xc0) != 0x80) return 0;
  }
  // The first continuation byte decides about overlong forms, surrogates and the upper end.
  const std::uint8_t next = at[1];
  if (lead == 0xe0 && next < 0xa0) return 0;
  if (lead == 0xed && next > 0x9f) return 0;
  if (lead == 0xf0 && next < 0x90) return 0;
  if (lead == 0xf4 && next > 0x8f) return 0;
  return size;
}

}  // namespace

bool is_utf8(ByteView bytes) noexcept {
  const std::uint8_t* at = bytes.data();
  std::size_t left = bytes.size();
  while (left > 0) {
    while (left >= 8) {  // nearly all text is ASCII: eight bytes at a time
      std::uint64_t word;
      std::memcpy(&word, at, sizeof word);
      if ((word & 0x8080808080808080u) != 0) break;
      at += 8;
      left -= 8;
    }
    if (left == 0) break;
    const std::size_t size = *at < 0x80 ? 1 : sequence_size(at, left);
    if (size == 0) return false;
    at += size;
    left -= size;
  }
  return true;
}

void write_utf8(std::string& to, std::uint32_t code_point) {
  const auto put = [&to](std::uint32_t byte) { to += static_cast<char>(byte); };
  if ((code_point >= 0xd800 && code_point < 0xe000) || code_point > 0x10ffff) code_point = 0xfffd;
  if (code_point < 0x80) {
    put(code_point);
  } else if (code_point < 0x800) {
    put(0xc0 | code_point >> 6);
    put(0x80 | (code_point & 0x3f));
  } else if (code_point < 0x10000) {
    put(0xe0 | code_point >> 12);
    put(0x80 | (code_point >> 6 & 0x3f));
    put(0x80 | (code_point & 0x3f));
  } else {
    put(0xf0 | code_point >> 18);
    put(0x80 | (code_point >> 12 & 0x3f));
    put(0x80 | (code_point >> 6 & 0x3f));
    put(0x80 | (code_point & 0x3f));
  }
}

}  // namespace freehold
