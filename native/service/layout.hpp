/// Where things lie in the key-value engine. Keys start with the space, so data shards by space:
///
///     <space: 32 bytes, its public key> <kind: 1 byte> <rest>
///
/// What belongs to no space (tasks are found by their CID alone) has zeros for it. All keys are
/// shorter than kv_key_bytes_max: what may be long is hashed. A change of this, or of a record, is
/// another format (storage/data_folder.hpp).
#pragma once

#include "freehold/block/cid.hpp"
#include "freehold/ucan/did.hpp"

namespace freehold::native::layout {

enum class Kind : std::uint8_t {
  head = 'h',          // SpaceRecord
  node = 'n',          // + digest -> the bytes of a node of a tree
  block = 'b',         // + CID -> the bytes of another block
  life = 'l',          // + kind, digest or CID -> how many hold it, or since when it is dead
  dead = 'g',          // + checkpoint's number (8 bytes), kind, digest or CID -> nothing
  held = 'a',          // + hash of an entry's key -> the CIDs of the blocks that it holds
  owed = 'o',          // + hash of an entry's key -> {key, task}: what the service has promised
  seq = 's',           // + number (8 bytes) -> the block of a checkpoint
  checkpoint = 'c',    // + digest -> number of the checkpoint (8 bytes)
  device = 'd',        // + hash of the device's DID -> DeviceRecord
  waiting = 'q',       // + hash of the audience's DID, due time (8 bytes), hash of CID -> CID
  subscription = 'u',  // + hash of the tenant's DID -> SubscriptionRecord
  blob = 'm',          // + hash of the tenant's DID, digest -> BlobRecord
  reserved = 'x',      // + hash of the tenant's DID, expiry (8 bytes), digest -> nothing
  // with zeros for the space:
  task = 't',     // + hash of CID -> TaskRecord
  claimed = 'p',  // + hash of CID -> CID: tasks that were taken and have not run
  served = 'v',   // + digest, space -> nothing: blobs that somebody was promised
  sweep = 'y',    // + due time (8 bytes), space -> nothing: spaces that have blocks to free then
  rebuild = 'z',  // + space -> nothing: spaces whose ledger is being rebuilt
};

using SpaceId = Ed25519PublicKey;
inline constexpr SpaceId no_space{};

inline Bytes key(const SpaceId& space, Kind kind, std::initializer_list<ByteView> rest = {}) {
  Bytes key(space.begin(), space.end());
  key.push_back(static_cast<std::uint8_t>(kind));
  for (const ByteView part : rest) append(key, part);
  return key;
}

/// Ascends with `number`.
inline std::array<std::uint8_t, 8> ordered(std::uint64_t number) {
  std::array<std::uint8_t, 8> bytes{};
  for (std::size_t i = 8; i-- > 0; number >>= 8) bytes[i] = static_cast<std::uint8_t>(number);
  return bytes;
}
inline std::uint64_t number_of(ByteView bytes) {
  std::uint64_t number = 0;
  for (const std::uint8_t byte : bytes.first(8)) number = number << 8 | byte;
  return number;
}

inline Digest hash_of(const Did& did) {
  return sha256(view_of(did.text()));
}
inline Digest hash_of(const Cid& cid) {
  return sha256(cid.bytes());
}

}  // namespace freehold::native::layout
