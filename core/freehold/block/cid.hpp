/// A CID: the address of a block by the hash of its bytes.
///
/// Source: https://github.com/multiformats/cid, versions 0 and 1. Which forms are read is set by
/// protocol.md section 1.2.
#pragma once

#include <array>
#include <functional>
#include <memory>

#include "freehold/base/bytes.hpp"
#include "freehold/base/result.hpp"
#include "freehold/crypto/hash.hpp"

namespace freehold {

namespace codec {
inline constexpr std::uint64_t raw = 0x55;
inline constexpr std::uint64_t dag_pb = 0x70;
inline constexpr std::uint64_t dag_cbor = 0x71;
inline constexpr std::uint64_t car = 0x0202;
}  // namespace codec

namespace multihash_code {
inline constexpr std::uint64_t identity = 0x00;
inline constexpr std::uint64_t sha2_256 = 0x12;
}  // namespace multihash_code

/// A value: cheap to copy, ordered by its bytes. There is no empty CID but the default, which is
/// equal to no other and addresses nothing.
class Cid {
 public:
  Cid() noexcept = default;

  /// Version 1, SHA-256: the address of all that Freehold makes.
  static Cid of_digest(std::uint64_t codec, const Digest& digest);
  /// Hashes `block`.
  static Cid of_cbor(ByteView block) { return of_digest(codec::dag_cbor, sha256(block)); }
  static Cid of_raw(ByteView block) { return of_digest(codec::raw, sha256(block)); }
  static Cid of_parts(std::uint64_t codec, ByteView multihash);
  /// With the identity hash: carries `block` in itself.
  static Cid of_identity(std::uint64_t codec, ByteView block);
  /// All of `bytes` is one CID. Fails with Errc::malformed.
  static Result<Cid> decode(ByteView bytes);
  /// The CID at the start of `bytes`; `*size` is how many bytes it has.
  static Result<Cid> decode_prefix(ByteView bytes, std::size_t* size);
  /// Whether `decode` would take `bytes`; allocates nothing.
  static bool is_valid(ByteView bytes) noexcept;
  /// Base32 lower, base36 or base58btc for version 1; `Qm...` for version 0.
  static Result<Cid> parse(std::string_view text);

  bool is_null() const noexcept { return size_ == 0; }
  ByteView bytes() const noexcept {
    return long_ ? ByteView(*long_) : ByteView(short_).first(size_);
  }
  int version() const noexcept;
  std::uint64_t codec() const noexcept;
  ByteView multihash() const noexcept;
  std::uint64_t hash_code() const noexcept;
  /// The digest inside the multihash.
  ByteView digest() const noexcept;
  /// Version 1, dag-cbor, SHA-256: the form of nodes, UCANs, receipts and messages.
  bool is_cbor_sha256() const noexcept;
  /// Base32 (`b...`) for version 1, base58btc without prefix (`Qm...`) for version 0.
  std::string text() const;

  /// Whether `block` has this address: recomputes the hash. False for hashes other than SHA-256
  /// and identity.
  bool matches(ByteView block) const noexcept;

  friend bool operator==(const Cid& a, const Cid& b) noexcept {
    return equal(a.bytes(), b.bytes());
  }
  friend bool operator<(const Cid& a, const Cid& b) noexcept {
    return compare(a.bytes(), b.bytes()) < 0;
  }

 private:
  static Cid of_bytes(ByteView bytes);

  std::array<std::uint8_t, 36> short_{};         // the bytes, if they fit: nearly always
  std::uint32_t size_ = 0;                       // of all bytes
  std::shared_ptr<const Bytes> long_ = nullptr;  // the bytes, if they do not fit
};

/// The digest of a CID of SHA-256.
inline Digest digest_of(const Cid& cid) noexcept {
  Digest digest{};
  const ByteView bytes = cid.digest();
  std::memcpy(digest.data(), bytes.data(), std::min(bytes.size(), digest_size));
  return digest;
}

/// Not a part of the CID's own hash: one block has as many CIDs as there are codecs, an identity
/// CID is what its maker likes, and a link need not lead to a block.
struct CidHash {
  std::size_t operator()(const Cid& cid) const noexcept {
    return static_cast<std::size_t>(table_hash(cid.bytes()));
  }
};

}  // namespace freehold
