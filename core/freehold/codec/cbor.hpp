/// DAG-CBOR: a canonical encoder, and a decoder that takes nothing else.
///
/// Source: https://ipld.io/specs/codecs/dag-cbor/spec/ as narrowed by protocol.md section 1.3.
#pragma once

#include "freehold/codec/value.hpp"

namespace freehold {

/// The one encoding of `value`. NaN and infinities have none: asserted.
Bytes encode_cbor(const Value& value);

/// The value whose encoding `bytes` is. What `encode_cbor` would not have written (unsorted or
/// repeated keys, long forms, short floats, undefined, invalid UTF-8, trailing bytes, ...), and
/// nesting deeper than cbor_block_depth_max, is Errc::malformed or Errc::limit.
Result<Value> decode_cbor(ByteView bytes);

/// Whether `bytes` may be the value of an entry: one canonical value, by design.md section 4
/// (integers within 64 bits signed, no key `__proto__`). Allocates nothing per item.
/// Fails with Errc::invalid_value.
Result<> check_value(ByteView bytes);

/// The links in the value, in order, for walking blocks without building a Value. Fails with
/// Errc::malformed if `bytes` is not canonical.
Result<std::vector<Cid>> links_of_cbor(ByteView bytes);

// --- parts, for formats that are written by hand ------------------------------------------------

/// How many bytes the head of an item takes whose length or number is `n`.
constexpr std::size_t cbor_head_size(std::uint64_t n) noexcept {
  return n < 24 ? 1 : n < 0x100 ? 2 : n < 0x10000 ? 3 : n < 0x1'0000'0000 ? 5 : 9;
}
enum class CborMajor : std::uint8_t {
  uint = 0,
  negative = 1,
  bytes = 2,
  text = 3,
  list = 4,
  map = 5,
  tag = 6,
  simple = 7
};
void write_cbor_head(Bytes& to, CborMajor major, std::uint64_t n);
void write_cbor_bytes(Bytes& to, ByteView bytes);
void write_cbor_text(Bytes& to, std::string_view text);
void write_cbor_link(Bytes& to, const Cid& cid);

}  // namespace freehold
