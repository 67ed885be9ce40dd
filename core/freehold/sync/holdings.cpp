#include "freehold/sync/holdings.hpp"

#include "freehold/sync/names.hpp"

namespace freehold {

namespace {

std::vector<Cid> held_of(const Difference& change, const BlockStore& blocks,
                         std::vector<Cid>* absent) {
  std::vector<Cid> held;
  if (!may_hold(change.key, change.after)) return held;
  CidSet seen;
  collect_attachments(change.key, *change.after, blocks, &seen, &held, absent,
                      limits::attachments_held_max);
  return held;
}

}  // namespace

bool may_hold(ByteView key, const std::optional<StoredValue>& value) noexcept {
  if (!value) return false;
  return value->is_linked || is_reserved(key) || starts_with(key, view_of(key_prefix::conflict));
}

Result<> move_holdings(std::span<const Difference> changes, const BlockStore& blocks,
                       HoldingStore& store, std::vector<Cid>* absent) {
  // What the new entries hold is held first: a block that moves from one to another never drops to
  // none on the way.
  std::vector<std::vector<Cid>> before;
  for (const Difference& change : changes) {
    const bool may = may_hold(change.key, change.before) || may_hold(change.key, change.after);
    if (!may) continue;
    FH_TRY(std::vector<Cid> old, store.held_by(change.key));
    const std::vector<Cid> held = held_of(change, blocks, absent);
    for (const Cid& cid : held) FH_CHECK(store.hold(cid));
    if (!old.empty() || !held.empty()) FH_CHECK(store.set_held_by(change.key, held));
    before.push_back(std::move(old));
  }
  for (const std::vector<Cid>& old : before) {
    for (const Cid& cid : old) FH_CHECK(store.release(cid));
  }
  return {};
}

}  // namespace freehold
