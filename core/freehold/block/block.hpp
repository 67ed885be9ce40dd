/// A block: bytes under their address.
#pragma once

#include <memory>

#include "freehold/block/cid.hpp"

namespace freehold {

/// Immutable and cheap to copy. The bytes are those received or made, and are never encoded anew:
/// a CID is over the bytes themselves.
struct Block {
  Cid cid;
  std::shared_ptr<const Bytes> data;

  Block() = default;
  Block(Cid address, Bytes bytes)
      : cid(std::move(address)), data(std::make_shared<const Bytes>(std::move(bytes))) {}

  /// Hashes `bytes` to find their address.
  static Block of_cbor(Bytes bytes) {
    Cid address = Cid::of_cbor(bytes);
    return {std::move(address), std::move(bytes)};
  }
  ByteView bytes() const noexcept { return data ? ByteView(*data) : ByteView(); }
};

}  // namespace freehold
