/// What one message of a sync carries: as many edits as the limits allow, with the blocks that they
/// need. The same for both directions.
#pragma once

#include "freehold/sync/attachments.hpp"
#include "freehold/tree/diff.hpp"

namespace freehold {

struct Parcel {
  std::vector<Edit> edits;  // the least keys
  std::vector<Cid> blocks;  // large values and attachments of the puts among them
  bool is_all = true;
};

/// The first of `differences`, up to edits_entries_max, edits_bytes_max, and parcel_bytes_max with
/// the blocks; one at the least. Blocks in `known` are left out; links to blocks that are not held
/// go into `*absent`.
Parcel pack(std::span<const Difference> differences, const BlockStore& store, const CidSet& known,
            std::vector<Cid>* absent = nullptr);

}  // namespace freehold
