/// Merging another copy of a space into a replica: three-way, by the rules of docs/design.md
/// section 3, where this replica is the side that keeps its values.
#pragma once

#include "native/replica/car_file.hpp"
#include "native/replica/local_replica.hpp"

namespace freehold::native {

/// What is merged in. Borrows the blocks.
struct OtherState {
  const BlockStore* blocks = nullptr;
  Digest head{};
  Checkpoints checkpoints;    // that it comes from, ascending
  std::optional<Did> device;  // whose edits these are; none: nobody knows
  std::uint64_t n = 0;
};

struct SpaceMerged {
  Digest base{};          // what both come from: the tree of a checkpoint, or the empty one
  std::uint64_t seq = 0;  // of that checkpoint; 0 if none is common
  Digest root{};
  std::vector<Bytes> changed;
  std::vector<Bytes> conflicts;
};

/// The base is the newest checkpoint that both come from. With none, what the two have under one
/// key is a conflict if it differs, and no delete comes through. Failures: Fork (two checkpoints of
/// one number), MissingBlocks, HeadMoved (others keep changing the replica).
SpaceMerged merge_into(LocalReplica& replica, const OtherState& other);

/// The state in a CAR: its first root, with the checkpoint that is its second, if there is one.
struct CarState {
  Digest head{};
  std::optional<Checkpoint> checkpoint;
};
/// Failures: Malformed (the tree is not canonical, or no tree), MissingBlocks.
CarState state_in(const CarFile& car, const std::string& name);

}  // namespace freehold::native
