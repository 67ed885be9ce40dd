// space/state/sync: check, merge, take from the queue, state the result, answer. What goes wrong
// on the way leaves nothing behind.
#include "native/service/state_sync.hpp"

#include <algorithm>

#include "freehold/codec/cbor.hpp"
#include "freehold/sync/attachments.hpp"
#include "freehold/sync/serve.hpp"
#include "native/fault.hpp"
#include "native/service/authority.hpp"
#include "native/service/errors.hpp"
#include "native/service/queue.hpp"
#include "native/service/usage.hpp"

namespace freehold::native {

namespace {

using layout::Kind;

Bytes device_key(const Space& space, const Did& device) {
  return layout::key(space.id(), Kind::device, {layout::hash_of(device)});
}

class Sync {
 public:
  Sync(Call& call, const MemoryStore& message, Space& space)
      : call_(&call), message_(&message), space_(&space), all_(message, space.blocks()) {}

  /// The error of the receipt, if there is one. Else the sync is taken.
  Result<std::optional<Value>> take(const SyncCall& sync);
  bool is_left() const noexcept { return is_left_; }
  /// The ok of the receipt, and the blocks that go with it. After `take` and the commit.
  Result<Outcome> tell();
  /// The blocks that the error of `take` names.
  std::vector<Block> take_error_blocks() { return std::move(error_blocks_); }
  /// What is remembered of the device, but for the receipt.
  DeviceRecord& device() noexcept { return device_; }

 private:
  std::optional<Value> find_base(const SyncCall& sync, const EditsBlock& edits,
                                 const std::optional<DeviceRecord>& before);
  bool leads_to_root(const Digest& since_root, const EditsBlock& edits) const;
  Result<std::optional<Value>> read_edits(const SyncCall& sync, EditsBlock* edits);
  std::optional<Value> keep_blocks(const EditsBlock& edits);
  Result<std::optional<Value>> rebase_required(const SyncCall& sync);
  std::optional<Value> value_error(const StoredValue& value, std::vector<Cid>* absent);

  Call* call_;
  const MemoryStore* message_;
  Space* space_;
  LayeredStore all_;  // the message's blocks over the space's
  CidSet known_;      // attachments that the caller has
  DeviceRecord device_;
  Digest base_{};
  std::vector<Bytes> conflicts_;
  std::vector<Refusal> refused_;
  std::vector<Block> error_blocks_;
  bool is_left_ = false;
};

Value superseded(std::uint64_t n, const Space& space, const SpaceRecord& record) {
  return error_of(
      "Superseded",
      "A later sync of this device was taken: " + std::to_string(n) + " in " + space.did().text(),
      Map{{"n", Value(n)}, {"checkpoint", Value(*record.checkpoint)}});
}

/// Whether the edits, made to `since_root`, give the root that was stated.
bool Sync::leads_to_root(const Digest& since_root, const EditsBlock& edits) const {
  MemoryStore scratch;
  const auto applied = apply(space_->blocks(), since_root, edits.entries, scratch);
  return applied && applied->root == device_.root;
}

/// What the edits are made to, and what they are merged against.
std::optional<Value> Sync::find_base(const SyncCall& sync, const EditsBlock& edits,
                                     const std::optional<DeviceRecord>& before) {
  device_.n = sync.n;
  device_.since = sync.since;
  device_.invocation = call_->invocation.cid();
  device_.root = sync.root;
  const bool is_same_since = before && before->since == sync.since;
  // The part that the last answer brought, on the way to its checkpoint, is a base of its own.
  const bool may_be_part = before && before->is_part && before->checkpoint == sync.since;
  if (may_be_part && (!is_same_since || leads_to_root(before->answered, edits))) {
    device_.since_root = before->answered;
  } else if (!sync.since) {
    // If it was heard of before, it lost an answer, or everything: what it sent last is known.
    device_.since_root = empty_root();
    base_ = before ? before->root : device_.since_root;
    return std::nullopt;
  } else if (is_same_since) {
    // The answer was never seen: the edits are made to the same base as before, and those that
    // came before are not to be merged again.
    device_.since_root = before->since_root;
    base_ = before->root;
    return std::nullopt;
  } else if (const auto root = root_of_checkpoint(call_->turn.kv(), space_->id(), *sync.since)) {
    device_.since_root = *root;
  } else {
    return error_of("BaseUnknown", "nb.since: not a checkpoint that is kept of this space");
  }
  base_ = device_.since_root;
  return std::nullopt;
}

Result<std::optional<Value>> Sync::read_edits(const SyncCall& sync, EditsBlock* edits) {
  if (!sync.edits) return std::optional<Value>();
  const auto bytes = message_->find(*sync.edits);
  if (!bytes) return std::optional<Value>(missing_blocks({*sync.edits}));
  auto decoded = decode_edits(*bytes);
  if (!decoded) return std::optional<Value>(error_of(decoded.error()));
  *edits = *std::move(decoded);
  return std::optional<Value>();
}

/// A large value: its block must be here, and be what the edit says.
std::optional<Value> Sync::value_error(const StoredValue& value, std::vector<Cid>* absent) {
  const Cid cid = node_cid(value.link());
  const auto bytes = all_.find(cid);
  if (!bytes) {
    absent->push_back(cid);
    return std::nullopt;
  }
  if (bytes->size() != value.size) {
    return error_of("InvalidEdits", "edits: entries: size of a linked value is not its block's");
  }
  if (const auto checked = check_value(*bytes); !checked) return error_of(checked.error());
  return std::nullopt;
}

/// Stores all that came and belongs to the puts.
std::optional<Value> Sync::keep_blocks(const EditsBlock& edits) {
  std::vector<Cid> absent;
  std::vector<Cid> found;
  for (const Edit& edit : edits.entries) {
    if (!edit.value) continue;
    if (edit.value->is_linked) {
      if (auto error = value_error(*edit.value, &absent)) return error;
    }
    collect_attachments(edit.key, *edit.value, all_, &known_, &found);
  }
  if (!absent.empty()) return missing_blocks(absent);
  for (const Cid& cid : found) {
    if (const Block block = message_->block(cid); !block.cid.is_null()) space_->put(block);
  }
  return std::nullopt;
}

/// Strict mode: the head has moved on, and this is how far.
Result<std::optional<Value>> Sync::rebase_required(const SyncCall& sync) {
  if (!sync.strict || sync.since == space_->record().checkpoint) return std::optional<Value>();
  FH_TRY(const SyncReply reply,
         reply_to(space_->blocks(), device_.since_root, space_->record().root, {}, *space_));
  Map more;
  if (const auto& checkpoint = space_->record().checkpoint) {
    more.set("checkpoint", Value(*checkpoint));
    error_blocks_ = checkpoint_with_proofs(*space_, *checkpoint);
  }
  if (reply.edits) {
    error_blocks_.push_back(Block::of_cbor(*reply.edits));
    more.set("edits", Value(error_blocks_.back().cid));
  }
  for (const Cid& cid : reply.blocks) {
    if (const auto bytes = space_->blocks().find(cid)) {
      error_blocks_.emplace_back(cid, copy_of(*bytes));
    }
  }
  return std::optional<Value>(
      error_of("RebaseRequired", "The head is another than nb.since", std::move(more)));
}

Result<std::optional<Value>> Sync::take(const SyncCall& sync) {
  using Refused = std::optional<Value>;
  const Tenant& tenant = call_->tenant;
  const bool is_first = !space_->is_ours();
  if (!is_first && space_->record().authority != tenant.did()) {
    return Refused(error_of("NotAuthority", "Another service orders the edits of this space: " +
                                                space_->record().authority.text()));
  }
  std::optional<DeviceRecord> before;
  if (const auto bytes = call_->turn.kv().get(device_key(*space_, call_->invocation.issuer))) {
    FH_TRY(before, decode_device(*bytes));
  }
  if (before && sync.n <= before->n) {
    error_blocks_ = checkpoint_with_proofs(*space_, *space_->record().checkpoint);
    return Refused(superseded(before->n, *space_, space_->record()));
  }
  if (is_first) space_->found(tenant.did());
  SyncInput input;
  FH_TRY(const Refused unread, read_edits(sync, &input.edits));
  if (unread) return unread;
  if (auto error = find_base(sync, input.edits, before)) return error;
  FH_TRY(const Refused rebase, rebase_required(sync));
  if (rebase) return rebase;
  if (auto error = keep_blocks(input.edits)) return error;
  input.since_root = device_.since_root;
  input.base_root = base_;
  input.head_root = space_->record().root;
  input.stated_root = sync.root;
  input.by = {call_->invocation.issuer, sync.n};
  input.may_lack_keys = before && !sync.since;
  input.has_lost_base = input.may_lack_keys && before->since;
  const Recogniser recogniser(space_->did(), space_->blocks(), call_->turn.context().tenants,
                              call_->turn.seconds());
  Missing missing;
  auto merged = merge_sync(space_->blocks(), input, recogniser, *space_, &missing);
  if (!merged && merged.error().code == Errc::missing) return fail(Errc::corrupt, "lost blocks");
  if (!merged) return Refused(error_of(merged.error()));
  space_->move_to(merged->applied.root);
  conflicts_ = std::move(merged->conflicts);
  refused_ = std::move(merged->refused);
  fault_point("sync-merged");

  if (is_first) subscribe_on_sync(tenant, *space_);
  FH_CHECK(find_authority_proof(tenant, *message_, call_->turn.seconds(), space_));
  std::vector<Bytes> queued;
  for (const Difference& change : merged->changes) {
    if (change.after && starts_with(change.key, view_of(key_prefix::queue))) {
      queued.push_back(change.key);
    }
  }
  FH_CHECK(take_queue(call_->turn, *space_, queued, &is_left_));
  return Refused();
}

Result<Outcome> Sync::tell() {
  const SpaceRecord& head = space_->record();
  FH_TRY(SyncReply reply, reply_to(space_->blocks(), device_.root, head.root, known_, *space_));
  SyncAnswer answer;
  answer.checkpoint = *head.checkpoint;
  answer.from = device_.since;
  answer.conflicts = conflicts_;
  answer.refused = refused_;
  answer.more = reply.more;
  Outcome outcome;
  if (reply.edits) {
    outcome.blocks.push_back(Block::of_cbor(*std::move(reply.edits)));
    answer.edits = outcome.blocks.back().cid;
  }
  for (const Cid& cid : reply.blocks) {
    if (const auto bytes = space_->blocks().find(cid)) {
      outcome.blocks.emplace_back(cid, copy_of(*bytes));
    }
  }
  for (Block& block : checkpoint_with_proofs(*space_, *head.checkpoint)) {
    outcome.blocks.push_back(std::move(block));
  }
  outcome.out = Value(Map{{"ok", encode(answer)}});
  device_.checkpoint = *head.checkpoint;
  device_.is_part = reply.more.has_value();
  device_.answered = reply.more ? reply.more->root : head.root;
  return outcome;
}

/// The same invocation again: the same receipt, and the blocks made anew from what is kept.
Result<Answer> answer_again(Call& call, Space& space, const DeviceRecord& before) {
  FH_TRY(Receipt receipt, Receipt::decode(Block::of_cbor(before.receipt)));
  Answer answer{std::move(receipt), with_proofs(call.invocation, call.blocks)};
  FH_TRY(const SyncReply reply, reply_to(space.blocks(), before.root, before.answered, {}, space));
  if (reply.edits) answer.blocks.push_back(Block::of_cbor(*reply.edits));
  for (const Cid& cid : reply.blocks) {
    if (const auto bytes = space.blocks().find(cid)) {
      answer.blocks.emplace_back(cid, copy_of(*bytes));
    }
  }
  for (Block& block : checkpoint_with_proofs(space, before.checkpoint)) {
    answer.blocks.push_back(std::move(block));
  }
  answer.blocks.push_back(answer.receipt.block);
  return answer;
}

}  // namespace

Result<SyncResult> sync_state(Call& call, const MemoryStore& message, Answer* answer) {
  SyncResult result;
  const auto refuse = [&](Value error, std::vector<Block> blocks = {}) {
    result.outcome = Outcome::failed(std::move(error));
    result.outcome.blocks = std::move(blocks);
    *answer = answer_of(call.tenant, call.invocation, call.blocks, result.outcome);
    return result;
  };
  const Result<SyncCall> sync =
      decode_sync_call(call.capability().nb ? *call.capability().nb : Value());
  if (!sync) return refuse(error_of(sync.error()));
  Space* space = call.turn.space(call.capability().with);
  if (space == nullptr) {
    return refuse(error_of("SpaceUnknown", "A space is a did:key of Ed25519"));
  }
  const Bytes key = device_key(*space, call.invocation.issuer);
  if (const auto bytes = call.turn.kv().get(key)) {
    FH_TRY(const DeviceRecord before, decode_device(*bytes));
    if (before.invocation == call.invocation.cid()) {
      FH_TRY(*answer, answer_again(call, *space, before));
      return result;
    }
  }
  Sync taking(call, message, *space);
  FH_TRY(auto error, taking.take(*sync));
  if (error) return refuse(*std::move(error), taking.take_error_blocks());
  FH_CHECK(call.turn.commit());
  FH_TRY(result.outcome, taking.tell());
  *answer = answer_of(call.tenant, call.invocation, call.blocks, result.outcome);
  taking.device().receipt = copy_of(answer->receipt.block.bytes());
  call.turn.kv().put(key, encode(taking.device()));
  result.is_kept = true;
  result.is_left = taking.is_left();
  return result;
}

}  // namespace freehold::native
