#include "freehold/crypto/ed25519.hpp"

#include <sodium.h>

namespace freehold {

Ed25519Key::Ed25519Key(const Ed25519Seed& seed) noexcept {
  Ed25519PublicKey public_key;
  crypto_sign_seed_keypair(public_key.data(), secret_.data(), seed.data());
}

Ed25519Key::~Ed25519Key() {
  sodium_memzero(secret_.data(), secret_.size());
}

Ed25519Signature Ed25519Key::sign(ByteView message) const noexcept {
  Ed25519Signature signature;
  crypto_sign_detached(signature.data(), nullptr, message.data(), message.size(), secret_.data());
  return signature;
}

bool ed25519_verify(ByteView public_key, ByteView message, ByteView signature) noexcept {
  return public_key.size() == 32 && signature.size() == 64 &&
         crypto_sign_verify_detached(signature.data(), message.data(), message.size(),
                                     public_key.data()) == 0;
}

}  // namespace freehold
