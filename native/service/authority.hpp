/// How a space makes us its authority, and what its checkpoints prove that with.
#pragma once

#include "native/service/turn.hpp"

namespace freehold::native {

/// A space without a plan gets the one that is given to spaces which sync for the first time.
void subscribe_on_sync(const Tenant& tenant, Space& space);

/// Looks for the space's delegation of assert/state to `tenant`, under /delegation/ and in the
/// message, if checkpoints have no proof yet. From then on they have it.
Result<> find_authority_proof(const Tenant& tenant, const MemoryStore& message, std::int64_t now,
                              Space* space);

/// The block of a checkpoint, and those of the chain that proves it.
std::vector<Block> checkpoint_with_proofs(const Space& space, const Cid& checkpoint);
/// The same for a caller that holds the checkpoint `since` with what proves it: what it lacks.
std::vector<Block> checkpoint_news(const Space& space, const Cid& checkpoint,
                                   const std::optional<Cid>& since);

}  // namespace freehold::native
