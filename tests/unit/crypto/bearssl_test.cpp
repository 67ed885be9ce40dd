// BearSSL's RSA, the part of it that RS256 signatures need, is linked and works, in wasm as well.

#include <bearssl/bearssl_rsa.h>
#include <catch2/catch.hpp>

#include "freehold/base/bytes.hpp"
#include "freehold/crypto/hash.hpp"

namespace {

// Made by `openssl dgst -sha256 -sign` over the text "freehold", with a key of 2048 bits.
constexpr const char* modulus_hex =
    "998c540f8ba32ddd6ecf363c87fd7f1901a33fbd3de093ef4a96d5bd81591bbd"
    "9a45d17b04e4c242dab6af1b6528b8056824cffe9fecfd4652ab357afcf1dd62"
    "347b079f7a1f9b75cc20c8c0db9c2aca31794dd11aed77e2546990a450946f79"
    "323852469db5e4e4ca179fe8aa4114d59c5840f67435d6fff0201f710eba448c"
    "b7c767eecb8e17316d6f51d75b08e91884fd53d2f9d2cbc2aa9b6dede6ceb81b"
    "04ac3a93d6a473e231143c5e23d0aad47eff7c4a5894480e44cf3e392718f0ef"
    "9a370b2b249b4d7248ddae3283997426fb0a9cc863db2228a9b95aac883217b4"
    "f1dc89c780f4549bd6b5253e13b5cda308d79f1d5214364d09b42a156c4f14fd";
constexpr const char* signature_hex =
    "7299de3dfe35253fde826140db3c56488a9ded37642dc47bd866652ed699ab8f"
    "fdc001459eae42564e7f3a716d36b0637948639158ca4b17cb0c8d20eb4f65e2"
    "3c16c5b6dfbe806ae677f79a8a747dd1f5d22e9efaf3c062e9fd2f8d48abb566"
    "c5c26d0363898a39c2e5856444675757e8bb0bd16dc53c60f81cca1ed91722a3"
    "2ca55858ab8d697a9c2f5eb92ab44349bfbc846ca090aa33078525256285c7e3"
    "e32634c4d70704008c279b969a728af8968eefae72aa8f00dcc328510fdcb08f"
    "0d208171d24746da315a48e7d345c7945c79ec265fe99959e63da42ee25741ce"
    "c34a63ebfa38a069b65b53ac31c93af5c8bcb1bf76bae6e73c597725194d0ee6";

freehold::Bytes bytes_of(std::string_view hex) {
  freehold::Bytes bytes;
  for (std::size_t at = 0; at < hex.size(); at += 2) {
    const std::string pair(hex.substr(at, 2));
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(pair, nullptr, 16)));
  }
  return bytes;
}

/// Whether `signature` is PKCS#1 v1.5 over the SHA-256 of `text`, by the key above.
bool verify(std::string_view text, const freehold::Bytes& signature) {
  freehold::Bytes modulus = bytes_of(modulus_hex);
  unsigned char exponent[] = {1, 0, 1};
  const br_rsa_public_key key = {modulus.data(), modulus.size(), exponent, sizeof exponent};
  static constexpr unsigned char sha256_oid[] = {9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1};
  freehold::Digest signed_digest = {};
  return br_rsa_i31_pkcs1_vrfy(signature.data(), signature.size(), sha256_oid, signed_digest.size(),
                               &key, signed_digest.data()) == 1 &&
         signed_digest == freehold::sha256(freehold::view_of(text));
}

}  // namespace

TEST_CASE("BearSSL: takes a signature that OpenSSL made, for that text alone") {
  const freehold::Bytes signature = bytes_of(signature_hex);
  CHECK(verify("freehold", signature));
  CHECK_FALSE(verify("freeholD", signature));
}

TEST_CASE("BearSSL: refuses a signature changed in any byte, cut short or made longer") {
  const freehold::Bytes signature = bytes_of(signature_hex);
  for (std::size_t at = 0; at < signature.size(); ++at) {
    freehold::Bytes changed = signature;
    changed[at] ^= 1;
    CHECK_FALSE(verify("freehold", changed));
  }
  freehold::Bytes longer = signature;
  longer.push_back(0);
  CHECK_FALSE(verify("freehold", longer));
  CHECK_FALSE(verify("freehold", freehold::Bytes(signature.begin(), signature.end() - 1)));
  CHECK_FALSE(verify("freehold", {}));
}
