/// SHA-256, the one content hash.
///
/// Source: FIPS 180-4. Natively by OpenSSL, which uses the processor's SHA instructions (three to
/// five times libsodium's speed); in wasm by libsodium.
#pragma once

#include <array>
#include <memory>
#include <unordered_set>

#include "freehold/base/bytes.hpp"

namespace freehold {

inline constexpr std::size_t digest_size = 32;
using Digest = std::array<std::uint8_t, digest_size>;

Digest sha256(ByteView bytes) noexcept;
/// Of each: natively several at a time, side by side in the processor's registers, which takes half
/// the time.
void sha256_each(std::span<const ByteView> each, std::span<Digest> digests) noexcept;
/// How many nodes are worth gathering for that: no more than stay in the processor's cache.
#ifdef __EMSCRIPTEN__
inline constexpr std::size_t hashed_at_once = 1;
#else
inline constexpr std::size_t hashed_at_once = 32;
#endif

/// For tables in memory whose keys come from outside: who does not know this process's random key
/// cannot make keys whose hashes are the same. SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast
/// short-input PRF", 2012), by libsodium.
std::uint64_t table_hash(ByteView bytes) noexcept;

struct DigestHash {
  std::size_t operator()(const Digest& digest) const noexcept {
    return static_cast<std::size_t>(table_hash(digest));
  }
};
using DigestSet = std::unordered_set<Digest, DigestHash>;

/// SHA-256 of bytes that come in pieces.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  void update(ByteView bytes) noexcept;
  /// The digest of all that came; the hasher is not to be used after that.
  Digest finish() noexcept;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace freehold
