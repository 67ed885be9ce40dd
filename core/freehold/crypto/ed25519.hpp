/// Ed25519 signatures, by libsodium. Source: RFC 8032.
#pragma once

#include <array>

#include "freehold/base/bytes.hpp"

namespace freehold {

using Ed25519Seed = std::array<std::uint8_t, 32>;
using Ed25519PublicKey = std::array<std::uint8_t, 32>;
using Ed25519Signature = std::array<std::uint8_t, 64>;

/// A private key. The seed is all of it; the rest is derived once, on making. Wiped on destruction.
class Ed25519Key {
 public:
  explicit Ed25519Key(const Ed25519Seed& seed) noexcept;
  Ed25519Key(const Ed25519Key&) noexcept = default;
  Ed25519Key& operator=(const Ed25519Key&) noexcept = default;
  ~Ed25519Key();

  ByteView seed() const noexcept { return ByteView(secret_).first(32); }
  ByteView public_key() const noexcept { return ByteView(secret_).subspan(32); }
  Ed25519Signature sign(ByteView message) const noexcept;

 private:
  std::array<std::uint8_t, 64> secret_;  // seed, then public key: libsodium's form
};

/// Whether `signature` is by the holder of `public_key` over `message`. False for any wrong length.
bool ed25519_verify(ByteView public_key, ByteView message, ByteView signature) noexcept;

}  // namespace freehold
