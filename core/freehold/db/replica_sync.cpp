// Replica, syncing: what is sent, and what is made of the answer.
#include "freehold/codec/cbor.hpp"
#include "freehold/db/gathered.hpp"
#include "freehold/db/replica.hpp"
#include "freehold/sync/names.hpp"

namespace freehold {

namespace {

constexpr std::int64_t invocation_seconds = 300;  // of those that are answered at once

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
  is_pulling_ = false;
  FH_TRY(const auto differences, diff(blocks_, base_, head_, &missing_));
  std::vector<Cid> absent;
  Parcel parcel = pack(differences, blocks_, {}, &absent);
  for (const Cid& cid : absent) missing_.add(cid);
  if (is_wanting(absent)) return fail(Errc::missing, "a block to be sent is not held");
  FH_TRY(std::vector<Block> blocks, shown_to_service());

  Commit commit;
  if (sent_root_ && !pulling_) {  // of a sync that was never finished
    const Digest needed[] = {head_, base_};
    FH_CHECK(free_left_behind(std::span(&*sent_root_, 1), blocks_, needed, &commit.freed));
  }
  SyncCall call;
  call.n = n_ + 1;
  call.since = checkpoint_;
  call.root = head_;
  call.strict = options.strict;
  call.lazy = options.lazy;
  call.sent = unanswered_;
  if (options.lazy) call.scopes = scopes_.held();
  Gathered part;
  if (!parcel.is_all) {
    FH_TRY(const Applied applied, apply(blocks_, base_, parcel.edits, part, &missing_));
    call.root = applied.root;
  }
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
  sent_root_ = call.root;
  std::vector<Block> added = part.take();
  CidSet remade;  // a node of the old part may be one of the new
  for (const Block& block : added) remade.insert(block.cid);
  std::erase_if(commit.freed, [&](const Cid& cid) { return remade.contains(cid); });
  hold(commit, std::move(added));
  draft.commit = std::move(commit);
  return draft;
}

SyncDraft Replica::begin_read(const ReadCall& call, const Did& agent, const Did& service,
                              std::vector<Cid> proofs, std::int64_t now) const {
  ReadCall showing = call;
  if (seen_) showing.since = seen_->cid;
  return draft_of(ability::state_read, space_, encode(showing), agent, service, std::move(proofs),
                  now);
}

Result<SyncDraft> Replica::begin_watch(const Did& agent, const Did& service,
                                       std::vector<Cid> proofs, std::int64_t now) const {
  if (!authority_) return fail(Errc::not_found, "watch: no checkpoint is known yet: sync first");
  WatchCall call;
  if (seen_) call.since = seen_->cid;
  SyncDraft draft =
      draft_of(ability::state_watch, space_, encode(call), agent, service, std::move(proofs), now);
  draft.fields.expires = now + limits::watch_seconds_max;
  return draft;
}

// --- the answer ---------------------------------------------------------------------------------

/// What the service says of the invocation: signed by it, and no error.
Result<Replica::Reply> Replica::verify_reply(const Ucan& invocation, ByteView response) {
  service_error_ = Value();
  evidence_.reset();
  standing_ = Standing::current;
  Reply reply;
  FH_TRY(reply.message, decode_message(response));
  FH_TRY(auto receipt, reply.message.receipt_of(invocation.cid()));
  if (!receipt) return fail(Errc::protocol, "the answer has no receipt for the invocation");
  if (receipt->issuer != invocation.audience ||
      !verify_signature(*receipt, key_of_service(invocation.audience))) {
    return fail(Errc::invalid_signature, "the receipt is not signed by the service");
  }
  if (const Value* error = receipt->error()) return fail_as_told(*error);
  if (receipt->ok() == nullptr) return fail(Errc::protocol, "the receipt says nothing");
  reply.receipt = *std::move(receipt);
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
  if (authority_ && *authority_ != invocation.audience) {
    return fail(Errc::unauthorized, "sync: the service is not the space's authority");
  }
  Answer answer;
  answer.message = std::move(reply.message);
  FH_TRY(answer.sync, decode_sync_answer(*reply.receipt.ok()));
  const LayeredStore all(answer.message.blocks, blocks_);
  // The base's checkpoint, and what proves it, do not come again.
  if (checkpoint_) FH_CHECK(reached(*checkpoint_, all));
  if (answer.sync.checkpoint == checkpoint_ && !all.find(*checkpoint_)) {
    is_reading_ = true;
    missing_.add(*checkpoint_);
    return fail(Errc::missing, "storage has lost the base's checkpoint");
  }
  FH_TRY(answer.checkpoint, stated(answer.sync.checkpoint, all));
  FH_TRY(answer.proven, verify_checkpoint(answer.checkpoint, invocation.audience,
                                          key_of_service(invocation.audience), all, now));
  FH_CHECK(check_sync(invocation, reply.receipt, answer));
  return answer;
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
  if (text == name_of(Errc::recovering)) {
    needs_bases_ = true;
    recovery_.clear();  // what came before is kept there, or asked for again
    const Value* links = error.find("links");
    const bool is_list = links != nullptr && links->as_list() != nullptr;
    for (const Value& link : is_list ? *links->as_list() : List()) {
      if (link.as_link() != nullptr && recovery_.size() < limits::recovery_blocks_max) {
        recovery_.insert(*link.as_link());
      }
    }
  }
  for (const Errc code : {Errc::superseded, Errc::base_unknown, Errc::rebase_required,
                          Errc::root_mismatch, Errc::invalid_edits, Errc::invalid_value,
                          Errc::limit, Errc::unauthorized, Errc::not_found, Errc::recovering}) {
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

/// The head: `theirs`, with what was edited since the sync began, or was not sent for the limits,
/// or was refused for want of room. Of their tree only the values of those keys are asked for.
Result<Digest> Replica::merge_meanwhile(const Ucan& invocation, const SyncAnswer& sync,
                                        const Digest& theirs, const BlockStore& all,
                                        Gathered& gathered, std::int64_t now,
                                        SyncOutcome* outcome) {
  if (head_ == sent_->root && sync.refused.empty()) return theirs;
  if (theirs == sent_->root && sync.refused.empty()) return head_;  // it lies upon that already
  FH_TRY(auto ours, diff(all, sent_->root, head_, &missing_));
  std::vector<Bytes> keys;
  for (const Difference& one : ours) keys.push_back(one.key);
  for (const Refusal& one : sync.refused) keys.push_back(one.key);
  wanted_ = call_of_keys(std::move(keys));
  wanted_->root = theirs;
  FH_TRY(auto other, changed_at(Tree(all, theirs), ours, &missing_));
  FH_CHECK(keep_refused(sync.refused, theirs, all, &ours, &other));
  const Recogniser recognises(space_, all, services_, now, &signatures_);
  MergeResult merged = merge(ours, other, {invocation.issuer, sent_->n}, recognises, all);
  for (Block& block : merged.blocks) gathered.put(std::move(block));
  FH_TRY(const Applied applied, apply(all, theirs, merged.edits, gathered, &missing_));
  outcome->conflicts = std::move(merged.conflicts);
  return applied.root;
}

/// What the authority had no room for stays an edit of ours, made to what it was made to before.
Result<> Replica::keep_refused(std::span<const Refusal> refused, const Digest& theirs,
                               const BlockStore& all, std::vector<Difference>* ours,
                               std::vector<Difference>* other) {
  const auto set = [](std::vector<Difference>* list, Difference one) {
    const auto at = std::lower_bound(
        list->begin(), list->end(), one,
        [](const Difference& a, const Difference& b) { return compare(a.key, b.key) < 0; });
    const bool is_listed = at != list->end() && at->key == one.key;
    if (one.before == one.after) {
      if (is_listed) list->erase(at);
    } else if (is_listed) {
      *at = std::move(one);
    } else {
      list->insert(at, std::move(one));
    }
  };
  for (const Refusal& refusal : refused) {
    if (refusal.name != "QuotaExceeded") continue;
    FH_TRY(const auto before, Tree(all, base_).get(refusal.key, &missing_));
    FH_TRY(auto mine, Tree(all, head_).get(refusal.key, &missing_));
    FH_TRY(auto now, Tree(all, theirs).get(refusal.key, &missing_));
    set(ours, {refusal.key, before, std::move(mine)});
    set(other, {refusal.key, before, std::move(now)});
  }
  return {};
}

/// Nodes of old trees under `roots` that those under `needed`, the first of them the base's, have
/// not.
Result<> Replica::free_left_behind(std::span<const Digest> roots, const BlockStore& all,
                                   std::span<const Digest> needed, std::vector<Cid>* freed) {
  CidSet seen;
  for (const Digest& root : needed.subspan(1)) {
    FH_TRY(const auto kept, nodes_since(all, needed[0], root, &missing_));
    for (const Digest& node : kept) seen.insert(node_cid(node));
  }
  for (const Digest& root : roots) {
    if (std::find(needed.begin(), needed.end(), root) != needed.end()) continue;
    FH_TRY(const auto gone, nodes_since(all, needed[0], root, &missing_));
    for (const Digest& node : gone) {
      if (seen.insert(node_cid(node)).second) freed->push_back(node_cid(node));
    }
  }
  return {};
}

/// The sync is done.
void Replica::move_to(const Checkpoint& checkpoint, const Digest& theirs, const Digest& head) {
  head_ = head;
  base_ = theirs;
  checkpoint_ = checkpoint.cid();
  seq_ = checkpoint.seq;
  checkpoint_time_ = checkpoint.time;
  authority_ = checkpoint.ucan.issuer;
  if (seq_seen() <= seq_) seen_ = Seen{*checkpoint_, seq_};
  sent_.reset();
  sent_root_.reset();
  unanswered_.clear();
  needs_bases_ = false;
  recovery_.clear();
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
  CidSet seen;
  std::vector<Cid> attached;
  for (const Edit& edit : edits) {
    if (edit.value) collect_attachments(edit.key, *edit.value, received, &seen, &attached);
  }
  if (answer.sync.nodes) {  // the upper levels may have come along
    ReadCall top;
    top.root = theirs;
    FH_TRY(attached, take_read(top, answer.message.blocks, std::nullopt, blocks_, nullptr));
  }
  collect_reached(answer.checkpoint.cid(), received, &seen, &attached);
  for (const Cid& cid : attached) {
    const Block block = answer.message.blocks.block(cid);
    if (!block.cid.is_null()) gathered.put(block);
  }
  FH_TRY(const Digest head,
         merge_meanwhile(invocation, answer.sync, theirs, all, gathered, now, &outcome));
  const bool by_nodes = answer.sync.nodes && theirs != sent_->root;
  const std::vector<Digest> before = unique({base_, sent_->root, head_});
  // Which nodes only the old trees have, and what their entries held, can be told of whole trees.
  std::vector<Cid>& freed = outcome.commit.freed;
  Digest held = held_;
  if (!by_nodes && !pulling_) {
    const Digest needed[] = {theirs, head};
    FH_CHECK(free_left_behind(before, all, needed, &freed));
    FH_TRY(held, move_held(head, false, gathered, &freed));
  }
  free_checkpoints(answer.checkpoint, &freed);
  FH_TRY(Scopes scopes, filled_by(theirs, by_nodes, all));

  outcome.is_more = answer.sync.more.has_value() || sent_->is_part;
  move_to(answer.checkpoint, theirs, head);
  if (by_nodes) pulling_ = Pulling{pulling_ ? pulling_->have : before, Bytes()};
  scopes_ = std::move(scopes);
  held_ = held;
  if (!pulling_) held_of_ = head_;
  hold(outcome.commit, gathered.take());
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

Result<std::optional<ReadCall>> Replica::next_read() {
  start();
  is_pulling_ = true;
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
  FH_TRY(const ReadAnswer answer, decode_read_answer(*reply.receipt.ok()));
  FH_TRY(const auto checkpoint, check_read(invocation, reply, answer.checkpoint));
  PullGoal goal;
  const bool is_ordered = is_in_order(call, &goal);
  FH_TRY(const auto taken,
         take_read(call, reply.message.blocks, answer.upto, blocks_, is_ordered ? &goal : nullptr));
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
  if (checkpoint) {
    for (Block& block : note(*checkpoint, reply.message.blocks, &commit.freed)) {
      blocks.push_back(std::move(block));
    }
  }
  if (is_ordered) reach_in_order(goal);
  hold(commit, std::move(blocks), !is_ordered);
  return commit;
}

Result<Commit> Replica::finish_pull() {
  start();
  Commit commit;
  Gathered gathered;
  if (pulling_) {
    const Digest needed[] = {base_, head_, sent_root_.value_or(head_)};
    FH_CHECK(free_left_behind(pulling_->have, blocks_, needed, &commit.freed));
    FH_TRY(held_, move_held(head_, sent_.has_value(), gathered, &commit.freed));
    held_of_ = head_;
    pulling_.reset();
    scopes_.fill();
  }
  is_pulling_ = false;
  hold(commit, gathered.take());
  return commit;
}

}  // namespace freehold
