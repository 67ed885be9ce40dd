// space/state/restore: commitments of this service that the user has deleted go back into the tree,
// from the ledger.
#include "native/service/errors.hpp"
#include "native/service/state_sync.hpp"
#include "native/service/usage.hpp"

namespace freehold::native {

namespace {

/// Reads nb.keys. None: not lists of keys.
Result<std::vector<Bytes>> keys_of(const Call& call) {
  std::vector<Bytes> keys;
  const Value* list = call.nb("keys");
  if (list == nullptr || list->is_null()) return keys;
  if (list->as_list() == nullptr) return fail(Errc::malformed, "nb.keys: not a list of keys");
  if (list->as_list()->size() > limits::read_keys_max) {
    return fail(Errc::limit, "nb.keys: more than read_keys_max (1,024)");
  }
  for (const Value& key : *list->as_list()) {
    if (key.as_bytes() == nullptr) return fail(Errc::malformed, "nb.keys: not bytes");
    FH_CHECK(check_key(*key.as_bytes()));
    keys.push_back(*key.as_bytes());
  }
  return keys;
}

class Restorer {
 public:
  Restorer(Call& call, Space& space) : call_(&call), space_(&space) {}

  Result<> restore(const Owed& owed) {
    const auto record = find_task(call_->turn.kv(), owed.task);
    if (!record || record->tenant != call_->tenant.did() || record->archive.empty()) return {};
    const bool is_slot = starts_with(owed.key, view_of(key_prefix::blob));
    FH_TRY(const bool is_there, is_slot ? has_slot(owed.key) : space_->has(owed.key));
    if (is_there) return {};
    if (restored_.size() == limits::read_keys_max) {
      is_more_ = true;
      return {};
    }
    FH_TRY(const Answer answer, answer_of(owed.task, *record));
    for (const Block& block : answer.blocks) space_->put(block);
    const Cid& receipt = answer.receipt.cid();
    if (is_slot) {
      FH_CHECK(space_->set_slot(owed.key, call_->tenant.did(), receipt));
    } else {
      space_->set(owed.key, Value(receipt));
    }
    restored_.push_back(Value(owed.key));
    return {};
  }

  void miss(const Bytes& key) { unknown_.push_back(Value(key)); }
  bool is_more() const noexcept { return is_more_; }
  Outcome tell() {
    return Outcome::ok(Map{{"restored", Value(std::move(restored_))},
                           {"unknown", Value(std::move(unknown_))},
                           {"more", Value(is_more_)}});
  }

 private:
  Result<bool> has_slot(const Bytes& key) const {
    FH_TRY(const auto value, space_->get(key));
    return value && value->find(call_->tenant.did().text()) != nullptr;
  }

  Call* call_;
  Space* space_;
  List restored_;
  List unknown_;
  bool is_more_ = false;
};

/// All that is owed, until there is more than one call restores.
Result<> restore_all(Call& call, const Space& space, Restorer& restorer) {
  Result<> status;
  call.turn.kv().scan(layout::key(space.id(), layout::Kind::owed), [&](ByteView, ByteView bytes) {
    const Result<Owed> owed = decode_owed(bytes);
    status = owed ? restorer.restore(*owed) : Result<>(tl::unexpected<Error>(owed.error()));
    return status && !restorer.is_more();
  });
  return status;
}

}  // namespace

Result<Outcome> restore_state(Call& call) {
  const auto keys = keys_of(call);
  if (!keys) return Outcome::failed(error_of(keys.error()));
  Space* space = call.turn.space(call.capability().with);
  if (space == nullptr || !space->is_ours()) {
    return Outcome::failed(error_of("SpaceUnknown", "Space not found: " + call.capability().with));
  }
  const StateTerms terms = state_terms_of(call.turn.kv(), space->id(), call.tenant);
  if (space->record().live_bytes + space->record().dead_bytes >= terms.quota) {
    return Outcome::failed(
        error_of("QuotaExceeded", "The state of the space is over the quota of its plan"));
  }
  Restorer restorer(call, *space);
  if (keys->empty()) FH_CHECK(restore_all(call, *space, restorer));
  for (const Bytes& key : *keys) {
    if (const auto owed = find_owed(call.turn.kv(), space->id(), key)) {
      FH_CHECK(restorer.restore(*owed));
    } else {
      restorer.miss(key);
    }
  }
  return restorer.tell();
}

}  // namespace freehold::native
