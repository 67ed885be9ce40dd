#include "freehold/db/replica.hpp"

#include "freehold/codec/cbor.hpp"
#include "freehold/sync/names.hpp"
#include "freehold/tree/cursor.hpp"

namespace freehold {

std::vector<Did> KnownServices::keys_of(const Did& did) const {
  const auto found = keys_.find(did.text());
  if (found == keys_.end()) return {};
  return {found->second};
}

// --- the head record ----------------------------------------------------------------------------

Replica Replica::create(const Did& space) {
  Replica replica(space);
  replica.head_ = empty_root();
  replica.base_ = replica.head_;
  replica.blocks_.put(empty_node());
  return replica;
}

Bytes Replica::record() const {
  Map services;
  for (const auto& [did, key] : services_.all()) services.set(did, Value(key.text()));
  return encode_cbor(Value(Map{{"v", Value(1)},
                               {"space", Value(space_.text())},
                               {"head", Value(node_cid(head_))},
                               {"base", Value(node_cid(base_))},
                               {"checkpoint", checkpoint_ ? Value(*checkpoint_) : Value()},
                               {"seq", Value(seq_)},
                               {"time", Value(checkpoint_time_)},
                               {"n", Value(n_)},
                               {"services", Value(std::move(services))}}));
}

Result<Replica> Replica::load(ByteView record) {
  const auto broken = [] { return fail(Errc::corrupt, "head record: not what was stored"); };
  const Result<Value> value = decode_cbor(record);
  if (!value) return broken();
  const Value* space = value->find("space");
  const auto head = node_of(value->find("head"));
  const auto base = node_of(value->find("base"));
  const auto seq = uint_of(value->find("seq"));
  const auto n = uint_of(value->find("n"));
  const auto time = uint_of(value->find("time"));
  if (uint_of(value->find("v")) != 1u || space == nullptr || space->as_text() == nullptr || !head ||
      !base || !seq || !n || !time) {
    return broken();
  }
  const Result<Did> did = Did::parse(*space->as_text());
  if (!did) return broken();
  Replica replica(*did);
  replica.head_ = *head;
  replica.base_ = *base;
  replica.seq_ = *seq;
  replica.n_ = *n;
  replica.checkpoint_time_ = static_cast<std::int64_t>(*time);
  const Value* checkpoint = value->find("checkpoint");
  if (checkpoint != nullptr && checkpoint->as_link() != nullptr) {
    replica.checkpoint_ = *checkpoint->as_link();
  }
  const Value* services = value->find("services");
  if (services == nullptr || services->as_map() == nullptr) return broken();
  for (const auto& [service, key] : *services->as_map()) {
    const Result<Did> service_did = Did::parse(service);
    const Result<Did> key_did = Did::parse(key.as_text() == nullptr ? "" : *key.as_text());
    if (!service_did || !key_did) return broken();
    replica.services_.set(*service_did, *key_did);
  }
  replica.blocks_.put(empty_node());  // need not be stored: it is a constant
  return replica;
}

// --- reading ------------------------------------------------------------------------------------

Result<std::optional<Bytes>> Replica::get(ByteView key) {
  missing_ = Missing();
  FH_TRY(const auto value, Tree(blocks_, head_).get(key, &missing_));
  if (!value) return std::optional<Bytes>();
  FH_TRY(Bytes encoded, value_of(*value));
  return std::optional<Bytes>(std::move(encoded));
}

Result<Page> Replica::list(const Range& range) {
  missing_ = Missing();
  return Tree(blocks_, head_).list(range, &missing_);
}

Result<Weight> Replica::weight() {
  missing_ = Missing();
  return Tree(blocks_, head_).weight(&missing_);
}

Result<Bytes> Replica::value_of(const StoredValue& value) {
  const auto encoded = value.encoded(blocks_);
  if (encoded) return copy_of(*encoded);
  missing_.add(node_cid(value.link()));
  return fail(Errc::missing, "the block of a large value is not held");
}

Result<std::vector<BlobStatus>> Replica::blobs(const Range& range, std::int64_t now) {
  missing_ = Missing();
  FH_TRY(auto statuses,
         blob_statuses(Tree(blocks_, head_), blocks_, recogniser(now), range, &missing_));
  if (is_wanting(missing_.cids())) return fail(Errc::missing, "a block of a receipt is not held");
  return statuses;
}

/// Whether any of the blocks may yet be found in storage.
bool Replica::is_wanting(const std::vector<Cid>& cids) {
  return std::any_of(cids.begin(), cids.end(),
                     [&](const Cid& cid) { return !absent_.contains(cid); });
}

// --- editing ------------------------------------------------------------------------------------

/// What an operation makes, before it is known to succeed.
class Replica::Gathered final : public BlockSink {
 public:
  void put(Block block) override {
    store_.put(block);
    blocks_.push_back(std::move(block));
  }
  const MemoryStore& store() const noexcept { return store_; }
  std::vector<Block> take() { return std::move(blocks_); }

 private:
  MemoryStore store_;
  std::vector<Block> blocks_;
};

Result<Commit> Replica::edit(std::span<const Change> changes, std::vector<Block> attached) {
  missing_ = Missing();
  std::map<ByteView, const Change*, BytesLess> last;  // of each key
  for (const Change& change : changes) {
    FH_CHECK(check_key(change.key));
    last[change.key] = &change;
  }
  Gathered gathered;
  std::vector<Edit> edits;
  for (const auto& [key, change] : last) {
    Edit edit{change->key, std::nullopt};
    if (change->value) {
      FH_TRY(edit.value, StoredValue::of(*change->value, gathered));
    }
    edits.push_back(std::move(edit));
  }
  FH_TRY(const Applied applied, apply(blocks_, head_, edits, gathered, &missing_));
  for (Block& block : attached) gathered.put(std::move(block));

  Commit commit;
  hold(commit, gathered.take());
  head_ = applied.root;
  for (const Digest& node : applied.dropped) {
    if (!is_needed(node)) commit.freed.push_back(node_cid(node));
  }
  for (const Cid& cid : commit.freed) blocks_.erase(cid);
  commit.record = record();
  return commit;
}

void Replica::hold(Commit& commit, std::vector<Block> added) {
  for (const Block& block : added) {
    absent_.erase(block.cid);
    blocks_.put(block);
  }
  commit.added = std::move(added);
}

/// Whether the node lies in the tree under `root`. What cannot be seen for want of blocks counts as
/// there: it is kept.
bool Replica::tree_has(const Digest& root, const Digest& digest, const Node& node) {
  if (root == digest) return true;
  if (node.size() == 0) return false;
  NodeSource source(blocks_);
  const Node* top = source.node(root);
  if (top == nullptr) return true;
  if (top->level() <= node.level()) return false;
  LevelCursor cursor(source, root, node.level());
  return !cursor.seek(node.key(0)) || cursor.digest() == digest;
}

/// Whether the base or a sync under way needs a node that the head has dropped.
bool Replica::is_needed(const Digest& digest) {
  const auto bytes = blocks_.find(node_cid(digest));
  if (!bytes) return true;
  const Result<Node> node = Node::decode(*bytes);
  if (!node) return true;
  return tree_has(head_, digest, *node) || tree_has(base_, digest, *node) ||
         (sent_ && tree_has(sent_->root, digest, *node));
}

// --- syncing ------------------------------------------------------------------------------------

Result<SyncDraft> Replica::begin_sync(const Did& agent, const Did& service, std::vector<Cid> proofs,
                                      std::int64_t now, bool strict) {
  missing_ = Missing();
  FH_TRY(const auto differences, diff(blocks_, base_, head_, &missing_));
  std::vector<Cid> absent;
  Parcel parcel = pack(differences, blocks_, {}, &absent);
  for (const Cid& cid : absent) missing_.add(cid);
  if (is_wanting(absent)) return fail(Errc::missing, "a block to be sent is not held");

  SyncDraft draft;
  SyncCall call;
  call.n = n_ + 1;
  call.since = checkpoint_;
  call.root = head_;
  call.strict = strict;
  if (!parcel.is_all) {
    Gathered part;
    FH_TRY(const Applied applied, apply(blocks_, base_, parcel.edits, part, &missing_));
    call.root = applied.root;
    for (Block& block : part.take()) blocks_.put(std::move(block));
  }
  for (const Cid& cid : parcel.blocks) draft.blocks.push_back(blocks_.block(cid));
  if (!parcel.edits.empty()) {
    draft.blocks.push_back(Block::of_cbor(encode_edits({std::move(parcel.edits), {}})));
    call.edits = draft.blocks.back().cid;
  }
  draft.fields.issuer = agent;
  draft.fields.audience = service;
  draft.fields.capabilities.push_back({ability::state_sync, space_.text(), encode(call), {}});
  draft.fields.expires = now + 300;
  draft.fields.proofs = std::move(proofs);
  n_ = call.n;
  sent_ = Sent{call.root, call.since, call.n, !parcel.is_all};
  return draft;
}

Result<SyncOutcome> Replica::finish_sync(const Ucan& invocation, ByteView response,
                                         std::int64_t now) {
  missing_ = Missing();
  service_error_ = Value();
  if (!sent_) return fail(Errc::protocol, "no sync is under way");
  FH_TRY(const Answer answer, verify_answer(invocation, response, now));

  Gathered gathered;
  const LayeredStore received(answer.message.blocks, blocks_);
  const LayeredStore all(gathered.store(), received);
  std::vector<Edit> edits;
  if (answer.sync.edits) {
    const auto block = answer.message.blocks.find(*answer.sync.edits);
    if (!block) return fail(Errc::protocol, "sync: the edits are not in the answer");
    FH_TRY(EditsBlock decoded, decode_edits(*block));
    edits = std::move(decoded.entries);
  }
  FH_TRY(const Applied theirs, apply(all, sent_->root, edits, gathered, &missing_));
  const Digest expected = answer.sync.more ? answer.sync.more->root : answer.checkpoint.root;
  if (theirs.root != expected) {
    return fail(Errc::root_mismatch, "sync: the edits do not lead to the root that was signed");
  }
  CidSet seen;
  std::vector<Cid> attached;
  for (const Edit& edit : edits) {
    if (edit.value) collect_attachments(edit.key, *edit.value, received, &seen, &attached);
  }
  attached.push_back(answer.checkpoint.cid());
  for (const Cid& proof : answer.checkpoint.ucan.proofs) attached.push_back(proof);

  SyncOutcome outcome;
  Digest head = theirs.root;
  if (head_ != sent_->root) {  // edits made meanwhile, or not sent for the limits
    FH_TRY(const auto ours, diff(all, sent_->root, head_, &missing_));
    FH_TRY(const auto other, diff(all, sent_->root, theirs.root, &missing_));
    const Recogniser recognises(space_, all, services_, now, &signatures_);
    MergeResult merged = merge(ours, other, {invocation.issuer, sent_->n}, recognises, all);
    for (Block& block : merged.blocks) gathered.put(std::move(block));
    FH_TRY(const Applied applied, apply(all, theirs.root, merged.edits, gathered, &missing_));
    head = applied.root;
    outcome.conflicts = std::move(merged.conflicts);
  }
  // Nodes that only the old trees have are free; which, must be asked before anything changes.
  std::vector<Digest> old;
  for (const Digest& root : {base_, sent_->root, head_}) {
    FH_TRY(const auto gone, nodes_since(all, theirs.root, root, &missing_));
    old.insert(old.end(), gone.begin(), gone.end());
  }

  for (const Cid& cid : attached) {
    const Block block = answer.message.blocks.block(cid);
    if (!block.cid.is_null()) gathered.put(block);
  }
  hold(outcome.commit, gathered.take());
  outcome.is_more = answer.sync.more.has_value() || sent_->is_part;
  head_ = head;
  base_ = theirs.root;
  checkpoint_ = answer.checkpoint.cid();
  seq_ = answer.checkpoint.seq;
  checkpoint_time_ = answer.checkpoint.time;
  sent_.reset();
  CidSet freed;
  for (const Digest& node : old) {
    if (!is_needed(node)) freed.insert(node_cid(node));
  }
  for (const Cid& cid : freed) {
    blocks_.erase(cid);
    outcome.commit.freed.push_back(cid);
  }
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

Result<Replica::Answer> Replica::verify_answer(const Ucan& invocation, ByteView response,
                                               std::int64_t now) {
  Answer answer;
  FH_TRY(answer.message, decode_message(response));
  FH_TRY(const auto receipt, answer.message.receipt_of(invocation.cid()));
  if (!receipt) return fail(Errc::protocol, "sync: the answer has no receipt for it");
  const std::vector<Did> keys = services_.keys_of(invocation.audience);
  const Did key = invocation.audience.is_key() ? invocation.audience
                  : keys.empty()               ? Did()
                                               : keys.front();
  if (receipt->issuer != invocation.audience || !verify_signature(*receipt, key)) {
    return fail(Errc::invalid_signature, "sync: the receipt is not signed by the service");
  }
  if (const Value* error = receipt->error()) return fail_as_told(*error);
  if (receipt->ok() == nullptr) return fail(Errc::protocol, "sync: the receipt says nothing");
  FH_TRY(answer.sync, decode_sync_answer(*receipt->ok()));
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
  FH_TRY(answer.proven, verify_checkpoint(answer.checkpoint, invocation.audience, key, all, now));
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
  for (const Errc code :
       {Errc::superseded, Errc::base_unknown, Errc::rebase_required, Errc::root_mismatch,
        Errc::invalid_edits, Errc::invalid_value, Errc::limit, Errc::unauthorized}) {
    if (text == name_of(code)) return fail(code, "the service refused the sync");
  }
  return fail(Errc::protocol, "the service refused the sync");
}

}  // namespace freehold
