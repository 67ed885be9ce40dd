/// Text forms of bytes: multibase, and the bases under it.
///
/// Source: https://github.com/multiformats/multibase; base58btc by libbase58's alphabet; RFC 4648.
#pragma once

#include "freehold/base/bytes.hpp"
#include "freehold/base/result.hpp"

namespace freehold {

enum class Base : char {
  base16 = 'f',
  base32 = 'b',
  base32upper = 'B',
  base36 = 'k',
  base58btc = 'z',
  base64 = 'm',
  base64pad = 'M',
  base64url = 'u',
  base64urlpad = 'U',
};

/// Without the prefix letter.
std::string encode_base(Base base, ByteView bytes);
/// Without the prefix letter. Refuses characters outside the alphabet, leftover bits that are not
/// zero, and padding where none belongs; base64pad may lack its padding. Errc::malformed, and
/// Errc::limit for base36 and base58btc over radix_bytes_max: their cost is quadratic.
Result<Bytes> decode_base(Base base, std::string_view text);

/// With the prefix letter.
std::string encode_multibase(Base base, ByteView bytes);
Result<Bytes> decode_multibase(std::string_view text);

}  // namespace freehold
