/// Byte strings: the two types in which all bytes travel, their order, and hexadecimal.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace freehold {

/// Bytes that belong to somebody else; valid as long as that somebody says.
using ByteView = std::span<const std::uint8_t>;
/// Bytes that are one's own.
using Bytes = std::vector<std::uint8_t>;

inline ByteView view_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view text_of(ByteView bytes) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline Bytes copy_of(ByteView bytes) {
  return {bytes.begin(), bytes.end()};
}
inline void append(Bytes& to, ByteView more) {
  to.insert(to.end(), more.begin(), more.end());
}

/// Bytewise order, a shorter string before those it begins; negative, zero or positive.
inline int compare(ByteView left, ByteView right) noexcept {
  const std::size_t shared = std::min(left.size(), right.size());
  if (shared != 0) {  // memcmp must not see the null of an empty view
    if (const int order = std::memcmp(left.data(), right.data(), shared); order != 0) return order;
  }
  if (left.size() == right.size()) return 0;
  return left.size() < right.size() ? -1 : 1;
}
inline bool equal(ByteView left, ByteView right) noexcept {
  return left.size() == right.size() && compare(left, right) == 0;
}
inline bool starts_with(ByteView bytes, ByteView prefix) noexcept {
  return bytes.size() >= prefix.size() && equal(bytes.first(prefix.size()), prefix);
}

/// How many bytes `left` and `right` share from the start.
inline std::size_t shared_prefix(ByteView left, ByteView right) noexcept {
  const std::size_t end = std::min(left.size(), right.size());
  std::size_t at = 0;
  while (at < end && left[at] == right[at]) ++at;
  return at;
}

/// Orders byte strings of either kind; lets an ordered map be searched by a view.
struct BytesLess {
  using is_transparent = void;
  bool operator()(ByteView left, ByteView right) const noexcept { return compare(left, right) < 0; }
};

/// Lower case hexadecimal, and back; nothing if `text` is not that.
std::string hex_of(ByteView bytes);
std::optional<Bytes> bytes_of_hex(std::string_view text);

}  // namespace freehold
