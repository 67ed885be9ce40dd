/// SHA-256, the one content hash.
///
/// Source: FIPS 180-4. Natively by OpenSSL, which uses the processor's SHA instructions (three to
/// five times libsodium's speed); in wasm by libsodium.
#pragma once

#include <array>
#include <memory>

#include "freehold/base/bytes.hpp"

namespace freehold {

inline constexpr std::size_t digest_size = 32;
using Digest = std::array<std::uint8_t, digest_size>;

Digest sha256(ByteView bytes) noexcept;

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
