/// Reads canonical DAG-CBOR item by item, without building a Value.
///
/// Refuses what `encode_cbor` would not have written, as far as one item tells: long heads, floats
/// that are integers, text that is not UTF-8. The order of map keys is for the caller to check.
#pragma once

#include "freehold/base/limits.hpp"
#include "freehold/base/reader.hpp"
#include "freehold/codec/cbor.hpp"

namespace freehold {

struct CborHead {
  CborMajor major = CborMajor::simple;
  std::uint8_t info = 0;
  std::uint64_t n = 0;  // the number, length or count; of a float its bits
};

namespace cbor_info {
inline constexpr std::uint8_t is_false = 20;
inline constexpr std::uint8_t is_true = 21;
inline constexpr std::uint8_t is_null = 22;
inline constexpr std::uint8_t is_float64 = 27;
}  // namespace cbor_info

class CborReader : public Reader {
 public:
  using Reader::Reader;

  /// The next head. A simple value is one of those in cbor_info.
  CborHead head() noexcept;

  /// What follows a head of the kind, `n` being its number.
  ByteView bytes(std::uint64_t n) noexcept { return take(n); }
  std::string_view text(std::uint64_t n) noexcept;
  /// Like `text`, and not `__proto__`, which JavaScript loses.
  std::string_view key(std::uint64_t n) noexcept;
  double float64(std::uint64_t bits) noexcept;
  /// After the head of a tag: the bytes of the CID, not yet looked at.
  ByteView link(std::uint64_t tag) noexcept;

  /// A head of the kind that is wanted, and its number; anything else is a failure.
  std::uint64_t expect(CborMajor major) noexcept;
};

}  // namespace freehold
