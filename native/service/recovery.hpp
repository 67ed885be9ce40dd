/// What becomes of a space when a device shows that we have signed what we do not know: we were
/// restored from a backup (docs/design.md section 6).
#pragma once

#include "native/service/turn.hpp"

namespace freehold::native {

/// The error for an invocation that cannot be answered now: none if all is well. A checkpoint
/// `since` that we do not know must be shown, its block in the message: `BaseUnknown` asks for it.
/// If we signed it, and it is above our head, the space stops: `Recovering` names it and, until the
/// message has its whole tree, blocks of that which we lack. Then the ledger is rebuilt, a step
/// with each call (and in the background), and the space goes on above it.
/// Whether the space changed: that is to be kept, error or not. Errc::corrupt.
struct Recovery {
  std::optional<Value> error;
  bool is_changed = false;
};
Result<Recovery> recover_by(const Call& call, const MemoryStore& message, Space& space,
                            const std::optional<Cid>& since);

/// The same for an invocation that writes nothing, on a space that may be null or not ours: then it
/// is unknown. None: the space has a head to be shown.
std::optional<Value> refusal_to_show(const Call& call, Space* space,
                                     const std::optional<Cid>& since);

}  // namespace freehold::native
