/// Whether the checkpoints of one authority can all be (docs/design.md section 6, Fork).
///
/// A checkpoint says of up to three numbers which checkpoint has them: of its own, of the one
/// before it by `prev`, and of the one that it skips to. Two that say different things of one
/// number contradict each other; an authority that signed both has shown different histories.
#pragma once

#include "freehold/sync/checkpoint.hpp"

namespace freehold {

/// The number of which the two say different things, if there is one.
std::optional<std::uint64_t> contradiction_of(const Checkpoint& a, const Checkpoint& b);

/// Looks for a contradiction between two checkpoints, or between the lower and one on the way from
/// the upper down to it, by `skip` and `prev` as far as `blocks` has that way, signed by `key`. The
/// checkpoint that contradicts the lower; none if there is none to be seen. Verifies a signature a
/// step: about as many as a number has bits, and at most lineage_steps_max.
std::optional<Checkpoint> find_contradiction(const Checkpoint& a, const Checkpoint& b,
                                             const BlockStore& blocks, const Did& key);

}  // namespace freehold
