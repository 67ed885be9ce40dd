/// Syncing, with what is told of it: shared by sync and clone.
#pragma once

#include "native/cli/console.hpp"
#include "native/replica/space_sync.hpp"

namespace freehold::native {

/// Syncs until nothing moves, prints what that brought; the exit status that tells it.
int sync_and_report(LocalReplica& replica, bool is_strict, const char* label,
                    const Console& console);

}  // namespace freehold::native
