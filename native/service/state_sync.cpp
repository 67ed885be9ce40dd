// space/state/sync: check, merge, take from the queue, state the result, answer. What goes wrong
// on the way leaves nothing behind. The rules of merging and of retries are core's (SyncTurn).
#include "native/service/state_sync.hpp"

#include "freehold/db/sync_turn.hpp"
#include "native/fault.hpp"
#include "native/service/authority.hpp"
#include "native/service/errors.hpp"
#include "native/service/queue.hpp"
#include "native/service/recovery.hpp"
#include "native/service/state_quota.hpp"
#include "native/service/usage.hpp"

namespace freehold::native {

namespace {

using layout::Kind;
using Refused = SyncTurn::Refused;

Bytes device_key(const Space& space, const Did& device) {
  return layout::key(space.id(), Kind::device, {layout::hash_of(device)});
}

/// The space as the rules of sync see it.
class Held final : public HeldSpace {
 public:
  explicit Held(Space& space) noexcept : space_(&space) {}
  std::optional<ByteView> find(const Cid& cid) const override { return space_->blocks().find(cid); }
  void put(Block block) override { space_->put(std::move(block)); }
  Digest root() const override { return space_->record().root; }
  std::optional<Cid> checkpoint() const override { return space_->record().checkpoint; }
  std::optional<Digest> root_of(const Cid& checkpoint) const override {
    return root_of_checkpoint(space_->kv(), space_->id(), checkpoint);
  }
  bool is_kept(const Digest& root) const override { return space_->is_readable(root); }

 private:
  Space* space_;
};

Result<std::optional<DeviceRecord>> find_device(Call& call, const Space& space) {
  const auto bytes = call.turn.kv().get(device_key(space, call.invocation.issuer));
  if (!bytes) return std::optional<DeviceRecord>();
  FH_TRY(DeviceRecord record, decode_device(*bytes));
  return std::optional<DeviceRecord>(std::move(record));
}

void add_checkpoint(const Space& space, const Cid& checkpoint, const std::optional<Cid>& since,
                    std::vector<Block>* blocks) {
  for (Block& block : checkpoint_news(space, checkpoint, since)) {
    blocks->push_back(std::move(block));
  }
}

/// From the merged tree to what is to be committed: rights, and the queue.
Result<> take_over(Call& call, const MemoryStore& message, const SyncMerged& merged, Space& space,
                   bool* is_left) {
  space.move_to(merged.applied.root);
  fault_point("sync-merged");
  FH_CHECK(find_authority_proof(call.tenant, message, call.turn.seconds(), &space));
  std::vector<Bytes> queued;
  for (const Difference& change : merged.changes) {
    if (change.after && starts_with(change.key, view_of(key_prefix::queue))) {
      queued.push_back(change.key);
    }
  }
  return take_queue(call.turn, space, queued, is_left);
}

/// The answer to the same invocation again: the same receipt, the blocks from what is kept.
Result<Answer> answer_again(Space& space, const DeviceRecord& before,
                            const std::optional<Cid>& since) {
  FH_TRY(Receipt receipt, Receipt::decode(Block::of_cbor(before.receipt)));
  Held held(space);
  FH_TRY(SyncTurn::Told told, tell_again(held, before));
  Answer answer{std::move(receipt), std::move(told.blocks)};
  add_checkpoint(space, before.checkpoint, since, &answer.blocks);
  answer.blocks.push_back(answer.receipt.block);
  return answer;
}

}  // namespace

Result<SyncResult> sync_state(Call& call, const MemoryStore& message, Answer* answer) {
  SyncResult result;
  const auto refuse = [&](Value error, std::vector<Block> blocks = {}) {
    result.outcome = Outcome::failed(std::move(error));
    result.outcome.blocks = std::move(blocks);
    *answer = answer_of(call.tenant, call.invocation, result.outcome);
    return result;
  };
  const Result<SyncCall> sync =
      decode_sync_call(call.capability().nb ? *call.capability().nb : Value());
  if (!sync) return refuse(error_of(sync.error()));
  Space* space = call.turn.space(call.capability().with);
  if (space == nullptr) {
    return refuse(error_of("SpaceUnknown", "A space is a did:key of Ed25519"));
  }
  FH_TRY(std::optional<DeviceRecord> before, find_device(call, *space));
  if (before && before->invocation == call.invocation.cid()) {
    FH_TRY(*answer, answer_again(*space, *before, sync->since));
    return result;
  }
  const bool is_first = !space->is_ours();
  if (!is_first && space->record().authority != call.tenant.did()) {
    return refuse(error_of("NotAuthority", "Another service orders the edits of this space: " +
                                               space->record().authority.text()));
  }
  if (is_first) {
    space->found(call.tenant.did());
    subscribe_on_sync(call.tenant, *space);
  }

  FH_TRY(Recovery recovery, recover_by(call, message, *space, sync->since));
  // Kept even if the sync itself is refused: nothing else is written before it is not.
  result.is_recovering = result.is_kept = recovery.is_changed;
  if (recovery.error) return refuse(*std::move(recovery.error));

  Held held(*space);
  SyncTurn turn(held, message, call.invocation, std::move(before));
  const Recogniser recogniser(space->did(), space->blocks(), call.turn.context().tenants,
                              call.turn.seconds());
  StateQuota quota(*space, state_terms_of(space->kv(), space->id(), call.tenant).quota);
  FH_TRY(std::optional<Refused> refused, turn.take(*sync, recogniser, &quota));
  if (refused) {
    if (const Value* link = refused->error.find("checkpoint")) {
      add_checkpoint(*space, *link->as_link(), sync->since, &refused->blocks);
    }
    return refuse(std::move(refused->error), std::move(refused->blocks));
  }
  FH_CHECK(take_over(call, message, turn.merged(), *space, &result.is_left));
  FH_CHECK(call.turn.commit());

  const SpaceRecord& head = space->record();
  FH_TRY(SyncTurn::Told told, turn.tell(head.root, *head.checkpoint));
  result.outcome.out = Value(Map{{"ok", encode(told.answer)}});
  result.outcome.blocks = std::move(told.blocks);
  add_checkpoint(*space, *head.checkpoint, sync->since, &result.outcome.blocks);
  *answer = answer_of(call.tenant, call.invocation, result.outcome);
  // What the device may come back to: what it sent, and what it is on the way to.
  if (!turn.device().is_baseless) FH_CHECK(space->keep_beside(turn.device().root));
  FH_CHECK(space->keep_beside(turn.device().answered));
  result.nodes_written = space->nodes_written();
  turn.device().receipt = copy_of(answer->receipt.block.bytes());
  call.turn.kv().put(device_key(*space, call.invocation.issuer), encode(turn.device()));
  result.is_kept = true;
  return result;
}

}  // namespace freehold::native
