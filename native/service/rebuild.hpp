/// The ledger of a space that was recovered (recovery.hpp), made again from the receipts in its
/// tree, as far as they say what it was (docs/design.md section 6).
///
/// Only what a tenant of ours has signed counts, and only for this space. Until all of the tree was
/// looked at the space stays stopped: how much of a plan is used is known at the end, and a task
/// whose receipt has not been come to would run twice.
#pragma once

#include "native/service/turn.hpp"

namespace freehold::native {

/// Looks at a bounded number of entries. Whether those were the last: then the space is no longer
/// stopped. Nothing is to be done unless `space.record().rebuilding`. Errc::missing, Errc::corrupt:
/// the tree is damaged.
Result<bool> rebuild_ledger(Turn& turn, Space& space);

/// Spaces whose ledger is being rebuilt, at most `most`.
std::vector<layout::SpaceId> spaces_to_rebuild(KvReader& kv, std::size_t most);

}  // namespace freehold::native
