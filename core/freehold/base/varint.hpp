/// Unsigned LEB128 varints, as multiformats use them.
///
/// Source: https://github.com/multiformats/unsigned-varint, of at most 64 bits here.
#pragma once

#include <cstdint>

#include "freehold/base/bytes.hpp"

namespace freehold {

/// Appends `value` in its shortest form.
void write_varint(Bytes& to, std::uint64_t value);

/// How many bytes `write_varint` would append.
std::size_t varint_size(std::uint64_t value) noexcept;

struct Varint {
  std::uint64_t value;
  std::size_t size;  // bytes read
};

/// The varint at the start of `bytes`; nothing if it is cut short or over 64 bits. Encodings
/// longer than need be are read, as the reference does (protocol.md section 1.1).
std::optional<Varint> read_varint(ByteView bytes) noexcept;

}  // namespace freehold
