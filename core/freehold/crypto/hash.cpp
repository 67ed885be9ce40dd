#include "freehold/crypto/hash.hpp"

#include <sodium.h>

#ifndef __EMSCRIPTEN__
#include <openssl/evp.h>
#endif

namespace freehold {

#ifdef __EMSCRIPTEN__

Digest sha256(ByteView bytes) noexcept {
  Digest digest;
  crypto_hash_sha256(digest.data(), bytes.data(), bytes.size());
  return digest;
}

struct Sha256::State {
  crypto_hash_sha256_state value;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  crypto_hash_sha256_init(&state_->value);
}

void Sha256::update(ByteView bytes) noexcept {
  crypto_hash_sha256_update(&state_->value, bytes.data(), bytes.size());
}

Digest Sha256::finish() noexcept {
  Digest digest;
  crypto_hash_sha256_final(&state_->value, digest.data());
  return digest;
}

#else

namespace {

// A context per thread, made once: making one costs more than hashing a small node.
struct Context {
  EVP_MD* algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  EVP_MD_CTX* value = EVP_MD_CTX_new();
  ~Context() {
    EVP_MD_CTX_free(value);
    EVP_MD_free(algorithm);
  }
};

}  // namespace

Digest sha256(ByteView bytes) noexcept {
  thread_local Context context;
  Digest digest;
  EVP_DigestInit_ex2(context.value, context.algorithm, nullptr);
  EVP_DigestUpdate(context.value, bytes.data(), bytes.size());
  EVP_DigestFinal_ex(context.value, digest.data(), nullptr);
  return digest;
}

struct Sha256::State {
  EVP_MD_CTX* value = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(value); }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  EVP_DigestInit_ex2(state_->value, EVP_sha256(), nullptr);
}

void Sha256::update(ByteView bytes) noexcept {
  EVP_DigestUpdate(state_->value, bytes.data(), bytes.size());
}

Digest Sha256::finish() noexcept {
  Digest digest;
  EVP_DigestFinal_ex(state_->value, digest.data(), nullptr);
  return digest;
}

#endif

std::uint64_t table_hash(ByteView bytes) noexcept {
  struct Key {
    std::array<std::uint8_t, crypto_shorthash_KEYBYTES> bytes;
    Key() noexcept { randombytes_buf(bytes.data(), bytes.size()); }
  };
  static const Key key;
  std::uint64_t hash = 0;
  crypto_shorthash(reinterpret_cast<std::uint8_t*>(&hash), bytes.data(), bytes.size(),
                   key.bytes.data());
  return hash;
}

Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

}  // namespace freehold
