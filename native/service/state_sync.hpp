/// space/state/sync and space/state/read: the tree of a space, for those who hold a copy.
#pragma once

#include "native/service/turn.hpp"

namespace freehold::native {

/// What became of a sync: an answer, or the error of its receipt. `is_kept`: what the turn changed
/// is to be kept; after an error, no more than how far a recovery is.
struct SyncResult {
  Outcome outcome;
  bool is_kept = false;
  bool is_left = false;             // tasks were taken that have yet to be run
  bool is_recovering = false;       // the space has come nearer to where it can go on, or there
  std::uint64_t nodes_written = 0;  // bytes
};

/// @pre `call.invocation` is authorized; `message` has what came with it.
Result<SyncResult> sync_state(Call& call, const MemoryStore& message, Answer* answer);

Result<Outcome> read_state(Call& call);

/// space/state/restore. What it puts into the tree waits for the turn's commit.
Result<Outcome> restore_state(Call& call);

}  // namespace freehold::native
