/// Syncing, with what is told of it: shared by sync and clone.
#pragma once

#include "native/cli/console.hpp"
#include "native/replica/space_sync.hpp"

namespace freehold::native {

/// Adds and removes the scopes that `--scope` and `--no-scope` name. Failures: NotFound,
/// LimitExceeded, InvalidKey.
void change_scopes(LocalReplica& replica, const Arguments& arguments);

/// Syncs until nothing moves, prints what that brought; the exit status that tells it.
int sync_and_report(LocalReplica& replica, bool is_strict, const char* label,
                    const Console& console);

}  // namespace freehold::native
