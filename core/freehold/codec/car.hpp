/// CARv1: blocks in a row, after a header that names the roots.
///
/// Source: https://ipld.io/specs/transport/car/carv1/ as narrowed by protocol.md section 3.2.
#pragma once

#include "freehold/block/block.hpp"
#include "freehold/block/store.hpp"

namespace freehold {

struct Car {
  std::vector<Cid> roots;
  std::vector<Block> blocks;  // each CID once, in order of first appearance
};

/// The bytes of a CAR with these roots and blocks, in this order.
Bytes encode_car(std::span<const Cid> roots, std::span<const Block> blocks);

enum class CheckHashes { yes, no };

/// Reads a whole CAR. With CheckHashes::yes every block must hash to its CID (SHA-256 or identity),
/// else Errc::malformed. `roots` keeps only those roots whose block is there (as the reference
/// does). Errc::malformed, Errc::limit.
Result<Car> decode_car(ByteView bytes, CheckHashes check = CheckHashes::yes);

/// The roots that a header names, without its length. For who reads a CAR section by section.
Result<std::vector<Cid>> decode_car_header(ByteView header);

}  // namespace freehold
