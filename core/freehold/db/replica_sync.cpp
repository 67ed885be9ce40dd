// Replica, syncing: what is sent, and what is made of the answer.
#include "freehold/codec/cbor.hpp"
#include "freehold/db/gathered.hpp"
#include "freehold/db/replica.hpp"
#include "freehold/sync/names.hpp"

namespace freehold {

namespace {

constexpr std::int64_t invocation_seconds = 300;

SyncDraft draft_of(const char* can, const Did& space, Value nb, const Did& agent,
                   const Did& service, std::vector<Cid> proofs, std::int64_t now) {
  SyncDraft draft;
  draft.fields.issuer = agent;
  draft.fields.audience = service;
  draft.fields.capabilities.push_back({can, space.text(), std::move(nb), {}});
  draft.fields.expires = now + invocation_seconds;
  draft.fields.proofs = std::move(proofs);
  return draft;
}

std::vector<Digest> unique(std::initializer_list<Digest> roots) {
  std::vector<Digest> once;
  for (const Digest& root : roots) {
    if (std::find(once.begin(), once.end(), root) == once.end()) once.push_back(root);
  }
  return once;
}

}  // namespace

// --- sending ------------------------------------------------------------------------------------

Result<SyncDraft> Replica::begin_sync(const Did& agent, const Did& service, std::vector<Cid> proofs,
                                      std::int64_t now, SyncOptions options) {
  start();
  FH_TRY(const auto differences, diff(blocks_, base_, head_, &missing_));
  std::vector<Cid> absent;
  Parcel parcel = pack(differences, blocks_, {}, &absent);
  for (const Cid& cid : absent) missing_.add(cid);
  if (is_wanting(absent)) return fail(Errc::missing, "a block to be sent is not held");

  SyncCall call;
  call.n = n_ + 1;
  call.since = checkpoint_;
  call.root = head_;
  call.strict = options.strict;
  call.lazy = options.lazy;
  call.sent = unanswered_;
  if (!parcel.is_all) {
    Gathered part;
    FH_TRY(const Applied applied, apply(blocks_, base_, parcel.edits, part, &missing_));
    call.root = applied.root;
    for (Block& block : part.take()) blocks_.put(std::move(block));
  }
  std::vector<Block> blocks;
  for (const Cid& cid : parcel.blocks) blocks.push_back(blocks_.block(cid));
  if (!parcel.edits.empty()) {
    EditsBlock edits{std::move(parcel.edits), {}};
    for (std::size_t i = 0; needs_bases_ && i < edits.entries.size(); ++i) {
      edits.bases.push_back(base_digest_of(differences[i].before));
    }
    blocks.push_back(Block::of_cbor(encode_edits(edits)));
    call.edits = blocks.back().cid;
  }
  SyncDraft draft =
      draft_of(ability::state_sync, space_, encode(call), agent, service, std::move(proofs), now);
  draft.blocks = std::move(blocks);
  n_ = call.n;
  if (std::find(unanswered_.begin(), unanswered_.end(), call.root) == unanswered_.end()) {
    unanswered_.push_back(call.root);
  }
  if (unanswered_.size() > limits::syncs_unanswered_max) unanswered_.erase(unanswered_.begin());
  sent_ = Sent{call.root, call.since, call.n, !parcel.is_all};
  return draft;
}

SyncDraft Replica::begin_read(const ReadCall& call, const Did& agent, const Did& service,
                              std::vector<Cid> proofs, std::int64_t now) const {
  return draft_of(ability::state_read, space_, encode(call), agent, service, std::move(proofs),
                  now);
}

// --- the answer ---------------------------------------------------------------------------------

/// What the service says of the invocation: signed by it, and no error.
Result<Replica::Reply> Replica::verify_reply(const Ucan& invocation, ByteView response) {
  service_error_ = Value();
  Reply reply;
  FH_TRY(reply.message, decode_message(response));
  FH_TRY(const auto receipt, reply.message.receipt_of(invocation.cid()));
  if (!receipt) return fail(Errc::protocol, "the answer has no receipt for the invocation");
  if (receipt->issuer != invocation.audience ||
      !verify_signature(*receipt, key_of_service(invocation.audience))) {
    return fail(Errc::invalid_signature, "the receipt is not signed by the service");
  }
  if (const Value* error = receipt->error()) return fail_as_told(*error);
  if (receipt->ok() == nullptr) return fail(Errc::protocol, "the receipt says nothing");
  reply.ok = *receipt->ok();
  return reply;
}

/// The key that it signs with: its own, or the one known for it; no DID if there is none.
Did Replica::key_of_service(const Did& service) const {
  if (service.is_key()) return service;
  const std::vector<Did> keys = services_.keys_of(service);
  return keys.empty() ? Did() : keys.front();
}

Result<Replica::Answer> Replica::verify_answer(const Ucan& invocation, ByteView response,
                                               std::int64_t now) {
  FH_TRY(Reply reply, verify_reply(invocation, response));
  Answer answer;
  answer.message = std::move(reply.message);
  FH_TRY(answer.sync, decode_sync_answer(reply.ok));
  if (answer.sync.from != sent_->since) {
    return fail(Errc::fork, "sync: the receipt is from another checkpoint than was sent");
  }
  const LayeredStore all(answer.message.blocks, blocks_);
  const auto block = all.find(answer.sync.checkpoint);
  if (!block) return fail(Errc::protocol, "sync: the checkpoint is not in the answer");
  FH_TRY(answer.checkpoint, Checkpoint::decode(Block(answer.sync.checkpoint, copy_of(*block))));
  if (answer.checkpoint.space != space_) {
    return fail(Errc::protocol, "sync: the checkpoint is of another space");
  }
  FH_TRY(answer.proven, verify_checkpoint(answer.checkpoint, invocation.audience,
                                          key_of_service(invocation.audience), all, now));
  FH_CHECK(check_order(answer.checkpoint));
  return answer;
}

/// Checkpoints go up, one after the other (docs/design.md section 6).
Result<> Replica::check_order(const Checkpoint& checkpoint) const {
  if (!checkpoint_) return {};
  if (checkpoint.seq < seq_) {
    return fail(Errc::rollback, "sync: a checkpoint below the last one");
  }
  if (checkpoint.seq == seq_ && checkpoint.cid() != *checkpoint_) {
    return fail(Errc::fork, "sync: another checkpoint of the same number");
  }
  if (checkpoint.seq == seq_ + 1 && checkpoint.prev != checkpoint_) {
    return fail(Errc::fork, "sync: a checkpoint that does not follow the last one");
  }
  if (checkpoint.time < checkpoint_time_) {
    return fail(Errc::protocol, "sync: a checkpoint of an earlier time");
  }
  return {};
}

/// The error of the service as one of ours, told apart by its name.
tl::unexpected<Error> Replica::fail_as_told(const Value& error) {
  service_error_ = error;
  const Value* name = error.find("name");
  const std::string text = name == nullptr || name->as_text() == nullptr ? "" : *name->as_text();
  if (text == name_of(Errc::superseded)) {  // another tab or a lost record: count on from there
    n_ = std::max(n_, uint_of(error.find("n")).value_or(0));
  }
  if (text == name_of(Errc::base_unknown)) needs_bases_ = true;
  for (const Errc code : {Errc::superseded, Errc::base_unknown, Errc::rebase_required,
                          Errc::root_mismatch, Errc::invalid_edits, Errc::invalid_value,
                          Errc::limit, Errc::unauthorized, Errc::not_found}) {
    if (text == name_of(code)) return fail(code, "the service refused");
  }
  return fail(Errc::protocol, "the service refused");
}

// --- what is made of it -------------------------------------------------------------------------

Result<std::vector<Edit>> Replica::edits_of(const Answer& answer) const {
  if (!answer.sync.edits) return std::vector<Edit>();
  const auto block = answer.message.blocks.find(*answer.sync.edits);
  if (!block) return fail(Errc::protocol, "sync: the edits are not in the answer");
  FH_TRY(EditsBlock decoded, decode_edits(*block));
  return std::move(decoded.entries);
}

/// The root that the answer leads to: rebuilt from the edits, or the signed one whose nodes are to
/// be read.
Result<Digest> Replica::theirs_of(const Answer& answer, std::span<const Edit> edits,
                                  const BlockStore& all, BlockSink& sink) {
  if (answer.sync.nodes) return answer.checkpoint.root;
  FH_TRY(const Applied theirs, apply(all, sent_->root, edits, sink, &missing_));
  const Digest expected = answer.sync.more ? answer.sync.more->root : answer.checkpoint.root;
  if (theirs.root != expected) {
    return fail(Errc::root_mismatch, "sync: the edits do not lead to the root that was signed");
  }
  return theirs.root;
}

/// The head: `theirs`, with what was edited since the sync began or was not sent for the limits.
/// Of their tree only the values of those keys are asked for.
Result<Digest> Replica::merge_meanwhile(const Ucan& invocation, const Digest& theirs,
                                        const BlockStore& all, Gathered& gathered, std::int64_t now,
                                        SyncOutcome* outcome) {
  if (head_ == sent_->root) return theirs;
  FH_TRY(const auto ours, diff(all, sent_->root, head_, &missing_));
  std::vector<Bytes> keys;
  for (const Difference& one : ours) keys.push_back(one.key);
  wanted_ = call_of_keys(std::move(keys));
  wanted_->root = theirs;
  const Tree tree(all, theirs);
  std::vector<Difference> other;
  for (const Difference& one : ours) {
    FH_TRY(auto value, tree.get(one.key, &missing_));
    if (!(value == one.before)) other.push_back({one.key, one.before, std::move(value)});
  }
  const Recogniser recognises(space_, all, services_, now, &signatures_);
  MergeResult merged = merge(ours, other, {invocation.issuer, sent_->n}, recognises, all);
  for (Block& block : merged.blocks) gathered.put(std::move(block));
  FH_TRY(const Applied applied, apply(all, theirs, merged.edits, gathered, &missing_));
  outcome->conflicts = std::move(merged.conflicts);
  return applied.root;
}

/// Nodes of old trees that the one at `now` has not.
Result<std::vector<Digest>> Replica::left_behind(const std::vector<Digest>& roots,
                                                 const Digest& now, const BlockStore& all) {
  std::vector<Digest> old;
  for (const Digest& root : roots) {
    FH_TRY(const auto gone, nodes_since(all, now, root, &missing_));
    old.insert(old.end(), gone.begin(), gone.end());
  }
  return old;
}

/// Of `nodes`, those that no tree of ours needs.
void Replica::free(const std::vector<Digest>& nodes, Commit* commit) {
  CidSet freed;
  for (const Digest& node : nodes) {
    if (!is_needed(node)) freed.insert(node_cid(node));
  }
  for (const Cid& cid : freed) {
    blocks_.erase(cid);
    commit->freed.push_back(cid);
  }
}

Result<SyncOutcome> Replica::finish_sync(const Ucan& invocation, ByteView response,
                                         std::int64_t now) {
  start();
  if (!sent_) return fail(Errc::protocol, "no sync is under way");
  FH_TRY(const Answer answer, verify_answer(invocation, response, now));
  is_reading_ = answer.sync.nodes;

  Gathered gathered;
  const LayeredStore received(answer.message.blocks, blocks_);
  const LayeredStore all(gathered.store(), received);
  SyncOutcome outcome;
  FH_TRY(const std::vector<Edit> edits, edits_of(answer));
  FH_TRY(const Digest theirs, theirs_of(answer, edits, all, gathered));
  FH_TRY(const Digest head, merge_meanwhile(invocation, theirs, all, gathered, now, &outcome));
  const bool by_nodes = answer.sync.nodes && theirs != sent_->root;
  const std::vector<Digest> before = unique({base_, sent_->root, head_});
  // Which nodes only the old trees have, must be asked before anything changes. One that is not
  // whole cannot tell.
  std::vector<Digest> old;
  if (!by_nodes && !pulling_) {
    FH_TRY(old, left_behind(before, theirs, all));
  }

  CidSet seen;
  std::vector<Cid> attached;
  for (const Edit& edit : edits) {
    if (edit.value) collect_attachments(edit.key, *edit.value, received, &seen, &attached);
  }
  attached.push_back(answer.checkpoint.cid());
  for (const Cid& proof : answer.checkpoint.ucan.proofs) attached.push_back(proof);
  for (const Cid& cid : attached) {
    const Block block = answer.message.blocks.block(cid);
    if (!block.cid.is_null()) gathered.put(block);
  }
  hold(outcome.commit, gathered.take());
  outcome.is_more = answer.sync.more.has_value() || sent_->is_part;
  head_ = head;
  base_ = theirs;
  checkpoint_ = answer.checkpoint.cid();
  seq_ = answer.checkpoint.seq;
  checkpoint_time_ = answer.checkpoint.time;
  sent_.reset();
  needs_bases_ = false;
  unanswered_.clear();
  if (by_nodes) pulling_ = Pulling{pulling_ ? pulling_->have : before, Bytes()};
  free(old, &outcome.commit);
  outcome.commit.record = record();
  outcome.seq = seq_;
  outcome.root = answer.checkpoint.root;
  outcome.proven = answer.proven;
  for (const Edit& edit : edits) outcome.changed.push_back(edit.key);
  outcome.conflicts.insert(outcome.conflicts.end(), answer.sync.conflicts.begin(),
                           answer.sync.conflicts.end());
  outcome.refused = answer.sync.refused;
  return outcome;
}

// --- reading from the service -------------------------------------------------------------------

class Replica::Absent final : public Absence {
 public:
  explicit Absent(const Replica& replica) noexcept : replica_(&replica) {}
  bool is_absent(const Cid& cid) const override { return replica_->absent_.contains(cid); }
  bool is_lost(const Cid& cid) const override { return replica_->lost_.contains(cid); }

 private:
  const Replica* replica_;
};

Result<std::optional<ReadCall>> Replica::next_read() {
  start();
  if (!pulling_) return std::optional<ReadCall>();
  const PullGoal goal{base_, pulling_->have.front(), pulling_->from};
  return freehold::next_read(blocks_, goal, Absent(*this), &missing_);
}

std::optional<ReadCall> Replica::missing_read() {
  // By key a path takes one round trip. It may not be enough: an edit looks at its neighbours.
  const auto& missing = missing_.cids();
  const bool is_repeated = std::any_of(missing.begin(), missing.end(),
                                       [&](const Cid& cid) { return asked_.contains(cid); });
  asked_ = CidSet(missing.begin(), missing.end());
  if (!is_repeated && wanted_ && (wanted_->range || !wanted_->keys.empty())) return *wanted_;
  ReadCall call;
  call.depth = 0;
  for (const Cid& cid : missing) {
    const bool is_asked = absent_.contains(cid) && !lost_.contains(cid);
    if (is_asked && call.nodes.size() < limits::read_keys_max) call.nodes.push_back(cid);
  }
  if (call.nodes.empty()) return std::nullopt;
  return call;
}

Result<Commit> Replica::finish_read(const ReadCall& call, const Ucan& invocation,
                                    ByteView response) {
  missing_ = Missing();
  FH_TRY(const Reply reply, verify_reply(invocation, response));
  FH_TRY(const ReadAnswer answer, decode_read_answer(reply.ok));
  PullGoal goal;
  if (pulling_) goal = {base_, pulling_->have.front(), pulling_->from};
  const bool is_in_order = pulling_ && is_next_in_order(call, goal);
  FH_TRY(const auto taken, take_read(call, reply.message.blocks, answer.upto, blocks_,
                                     is_in_order ? &goal : nullptr));
  Commit commit;
  std::vector<Block> blocks;
  for (const Cid& cid : taken) blocks.push_back(reply.message.blocks.block(cid));
  if (taken.empty()) {
    // What is merely attached can be done without: a receipt may name effects that nobody sent.
    for (const Cid& cid : call.nodes) lost_.insert(cid);
    if (call.nodes.empty()) {
      return fail(Errc::not_found, "read: the service has not what was asked for");
    }
  }
  hold(commit, std::move(blocks));
  if (is_in_order) pulling_->from = std::move(goal.from);
  commit.record = record();
  return commit;
}

Result<Commit> Replica::finish_pull() {
  start();
  Commit commit;
  if (pulling_) {
    FH_TRY(const auto old, left_behind(pulling_->have, base_, blocks_));
    pulling_.reset();
    free(old, &commit);
  }
  commit.record = record();
  return commit;
}

}  // namespace freehold
