#include "freehold/crypto/rsa.hpp"

#include <bearssl.h>

#include "freehold/base/reader.hpp"
#include "freehold/crypto/hash.hpp"

namespace freehold {

namespace {

constexpr std::uint8_t der_integer = 0x02;
constexpr std::uint8_t der_sequence = 0x30;
constexpr std::size_t modulus_bytes_min = 2048 / 8;
constexpr std::size_t modulus_bytes_max = 4096 / 8;
constexpr std::size_t exponent_bytes_max = 4;

/// The content of the next element, if it has this tag; DER has one form of each length.
ByteView element(Reader& reader, std::uint8_t tag) noexcept {
  if (reader.byte() != tag) reader.fail();
  std::uint64_t size = reader.byte();
  if (size >= 0x80) {
    const std::size_t bytes = size & 0x7f;
    if (bytes < 1 || bytes > 2) reader.fail();  // longer than any key that we take
    size = reader.big_endian(bytes <= 2 ? bytes : 0);
    if (size < (bytes == 1 ? 0x80u : 0x100u)) reader.fail();
  }
  return reader.take(size);
}

/// A positive integer without its sign byte; empty if it is none.
ByteView positive(ByteView integer) noexcept {
  if (integer.size() > 1 && integer[0] == 0 && integer[1] >= 0x80) return integer.subspan(1);
  const bool is_positive = !integer.empty() && integer[0] != 0 && integer[0] < 0x80;
  return is_positive ? integer : ByteView();
}

bool is_odd(ByteView integer) noexcept {
  return (integer.back() & 1) != 0;
}

// BearSSL does not write to keys or signatures, but its structure is for both kinds of use.
unsigned char* unconst(ByteView bytes) noexcept {
  return const_cast<unsigned char*>(bytes.data());
}

}  // namespace

std::optional<RsaPublicKey> parse_rsa_key(ByteView der) noexcept {
  Reader outer(der);
  Reader inner(element(outer, der_sequence));
  const RsaPublicKey key{positive(element(inner, der_integer)),
                         positive(element(inner, der_integer))};
  if (!outer.ok() || !outer.is_done() || !inner.ok() || !inner.is_done()) return std::nullopt;
  const std::size_t size = key.modulus.size();
  if (size < modulus_bytes_min || size > modulus_bytes_max || !is_odd(key.modulus)) {
    return std::nullopt;
  }
  if (key.exponent.empty() || key.exponent.size() > exponent_bytes_max || !is_odd(key.exponent) ||
      (key.exponent.size() == 1 && key.exponent[0] < 3)) {
    return std::nullopt;
  }
  return key;
}

bool rsa_verify(ByteView der, ByteView message, ByteView signature) noexcept {
  const auto key = parse_rsa_key(der);
  if (!key || signature.size() != key->modulus.size()) return false;
  const br_rsa_public_key public_key{unconst(key->modulus), key->modulus.size(),
                                     unconst(key->exponent), key->exponent.size()};
  Digest signed_digest;
  const std::uint32_t is_well_formed =
      br_rsa_i31_pkcs1_vrfy(signature.data(), signature.size(), BR_HASH_OID_SHA256,
                            signed_digest.size(), &public_key, signed_digest.data());
  return is_well_formed == 1 && signed_digest == sha256(message);
}

}  // namespace freehold
