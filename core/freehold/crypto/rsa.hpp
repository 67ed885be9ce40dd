/// RSA signatures, as agents in browsers make them: RSASSA-PKCS1-v1_5 with SHA-256 (RS256), by
/// BearSSL. Only verifying. Source: RFC 8017.
#pragma once

#include "freehold/base/bytes.hpp"

namespace freehold {

/// A public key inside its DER form (RSAPublicKey of PKCS #1: a sequence of modulus and exponent).
/// The views are into the DER, without leading zeros.
struct RsaPublicKey {
  ByteView modulus;   // 2048 to 4096 bits, odd
  ByteView exponent;  // 3 to 2^32 - 1, odd
};

/// Nothing if `der` is anything but one such key of a size that we take.
std::optional<RsaPublicKey> parse_rsa_key(ByteView der) noexcept;

/// Whether `signature` is by the holder of the key over `message`. False for a malformed key.
bool rsa_verify(ByteView der, ByteView message, ByteView signature) noexcept;

}  // namespace freehold
