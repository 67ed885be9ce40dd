#include "freehold/base/varint.hpp"

namespace freehold {

void write_varint(Bytes& to, std::uint64_t value) {
  while (value >= 0x80) {
    to.push_back(static_cast<std::uint8_t>(value | 0x80));
    value >>= 7;
  }
  to.push_back(static_cast<std::uint8_t>(value));
}

std::size_t varint_size(std::uint64_t value) noexcept {
  std::size_t size = 1;
  while (value >= 0x80) {
    value >>= 7;
    ++size;
  }
  return size;
}

std::optional<Varint> read_varint(ByteView bytes) noexcept {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size() && i < 10; ++i) {
    const std::uint64_t group = bytes[i] & 0x7f;
    if (i == 9 && group > 1) return std::nullopt;  // bits above the 64th
    value |= group << (7 * i);
    if (bytes[i] < 0x80) return Varint{value, i + 1};
  }
  return std::nullopt;
}

}  // namespace freehold
