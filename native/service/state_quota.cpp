#include "native/service/state_quota.hpp"

#include "freehold/sync/attachments.hpp"
#include "freehold/sync/names.hpp"

namespace freehold::native {

namespace {

/// What an entry costs beside its bytes and the blocks that it brings.
constexpr std::uint64_t entry_overhead_bytes = 32;

std::uint64_t room_under(std::uint64_t quota, std::uint64_t used) {
  return quota > used ? quota - used : 0;
}

}  // namespace

StateQuota::StateQuota(Space& space, std::uint64_t quota) : space_(&space) {
  const std::uint64_t used = space.record().live_bytes + space.record().dead_bytes;
  room_ = room_under(quota, used);
  const bool fits = quota <= UINT64_MAX - limits::queue_reserve_bytes;
  queue_room_ = room_under(fits ? quota + limits::queue_reserve_bytes : quota, used);
}

bool StateQuota::admits(const Difference& put) {
  const std::uint64_t cost = cost_of(put);
  const bool is_queued = starts_with(put.key, view_of(key_prefix::queue));
  if (cost > (is_queued ? queue_room_ : room_)) {
    // What the head has already costs nothing more.
    const auto held = Tree(space_->blocks(), space_->record().root).get(put.key);
    return held && *held == put.after;
  }
  room_ -= std::min(room_, cost);
  queue_room_ -= std::min(queue_room_, cost);
  return true;
}

std::uint64_t StateQuota::cost_of(const Difference& put) {
  std::uint64_t cost = entry_overhead_bytes + put.key.size() + put.after->payload.size();
  std::vector<Cid> held;
  CidSet seen;
  collect_attachments(put.key, *put.after, space_->blocks(), &seen, &held, nullptr,
                      limits::attachments_held_max);
  for (const Cid& cid : held) {
    cost += cid.bytes().size() + 1;
    const auto bytes = space_->blocks().pending().find(cid);
    if (bytes && brought_.insert(cid).second) cost += bytes->size();
  }
  return cost;
}

}  // namespace freehold::native
