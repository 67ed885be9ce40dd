/// How much more a space's state may hold (docs/design.md section 6): what the head and its entries
/// hold, and the history that is kept, stay below the plan's quota.
#pragma once

#include "freehold/sync/serve.hpp"
#include "native/service/space.hpp"

namespace freehold::native {

class StateQuota final : public Admission {
 public:
  /// `space` must outlive it; blocks that came for its new entries are at hand there.
  StateQuota(Space& space, std::uint64_t quota);

  /// Whether there is room for the entry with the blocks that it brings. Entries of /queue/ may go
  /// over the quota by queue_reserve_bytes: by them a user asks to be relieved.
  bool admits(const Difference& put) override;

 private:
  std::uint64_t cost_of(const Difference& put);

  Space* space_;
  std::uint64_t room_;        // bytes
  std::uint64_t queue_room_;  // ... for entries of /queue/
  CidSet brought_;            // blocks that were counted
};

}  // namespace freehold::native
