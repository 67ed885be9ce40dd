// Replica, what it makes of the checkpoints that come: whether they go up one after the other, and
// evidence if the authority contradicts itself (docs/design.md section 6).
#include "freehold/db/replica.hpp"
#include "freehold/sync/attachments.hpp"
#include "freehold/sync/lineage.hpp"
#include "freehold/tree/node.hpp"

namespace freehold {

// --- accusing -----------------------------------------------------------------------------------

/// Fails, and leaves the evidence if all that it needs is there.
tl::unexpected<Error> Replica::accuse(EvidenceFields fields, const BlockStore& all,
                                      const char* what) {
  const Errc code = fields.kind == EvidenceKind::fork ? Errc::fork : Errc::rollback;
  fields.space = space_;
  if (Result<Bytes> file = make_evidence(all, fields)) evidence_ = *std::move(file);
  return fail(code, what);
}

/// By what a receipt says: of the invocation that it is of, and in its own words.
tl::unexpected<Error> Replica::accuse(EvidenceKind kind, const Ucan& invocation,
                                      const Receipt& receipt, const BlockStore& all,
                                      const char* what) {
  MemoryStore own;
  own.put(invocation.block);
  own.put(receipt.block);
  EvidenceFields fields;
  fields.kind = kind;
  fields.authority = invocation.audience;
  fields.receipt = receipt.cid();
  return accuse(std::move(fields), LayeredStore(own, all), what);
}

// --- a service that knows less than it did -----------------------------------------------------

/// To one that does not know our base: the base's checkpoint, that it may see whether it signed it;
/// and of what it asked for to recover as much as one message takes, leaves with all that belongs
/// to their entries. It asks for the rest again.
Result<std::vector<Block>> Replica::shown_to_service() {
  std::vector<Block> blocks;
  if (!needs_bases_ || !checkpoint_) return blocks;
  constexpr std::size_t absent_bytes = 4096;  // about; until it is held nobody knows
  CidSet seen;
  std::vector<Cid> absent;
  std::size_t bytes = 0;
  std::vector<Cid> wanted(recovery_.begin(), recovery_.end());
  wanted.insert(wanted.begin(), *checkpoint_);
  for (const Cid& cid : wanted) {
    if (bytes + absent.size() * absent_bytes > limits::recovery_bytes_max) break;
    std::vector<Cid> group;
    if (!collect_shown(cid, &seen, &group, &absent)) continue;
    std::size_t group_bytes = 0;
    for (const Cid& one : group) group_bytes += blocks_.find(one)->size();
    const bool is_first = blocks.size() < 2;  // beside the checkpoint
    const bool fits = bytes + group_bytes <= limits::recovery_bytes_max &&
                      blocks.size() + group.size() <= limits::recovery_blocks_max;
    if (!fits && !is_first) break;
    for (const Cid& one : group) {
      const Block block = blocks_.block(one);
      // A leaf that is too large with all that belongs to its entries goes with what fits.
      if (bytes + block.bytes().size() > limits::recovery_bytes_max) continue;
      bytes += block.bytes().size();
      blocks.push_back(block);
    }
  }
  for (const Cid& cid : absent) missing_.add(cid);
  if (is_wanting(absent)) return fail(Errc::missing, "a block to be shown is not held");
  return blocks;
}

/// A block that is to be shown, and if it is a leaf what belongs to it. False if it was before, or
/// is not held.
bool Replica::collect_shown(const Cid& cid, CidSet* seen, std::vector<Cid>* group,
                            std::vector<Cid>* absent) const {
  const auto bytes = blocks_.find(cid);
  if (!bytes) absent->push_back(cid);
  if (!bytes || !seen->insert(cid).second) return false;
  group->push_back(cid);
  const Result<Node> node = Node::decode(*bytes);
  for (std::size_t i = 0; node && node->is_leaf() && i < node->size(); ++i) {
    collect_attachments(node->key(i), value_at(*node, i), blocks_, seen, group, absent);
  }
  return true;
}

// --- one checkpoint against another -------------------------------------------------------------

/// A checkpoint that came earlier and what proves it, as far as storage has them. Errc::missing as
/// long as it has not been asked.
Result<CidSet> Replica::reached(const Cid& checkpoint, const BlockStore& all) {
  CidSet reached;
  std::vector<Cid> found;
  std::vector<Cid> absent;
  collect_reached(checkpoint, all, &reached, &found, &absent);
  for (const Cid& cid : absent) {
    if (!absent_.contains(cid)) missing_.add(cid);
  }
  if (!missing_.empty()) return fail(Errc::missing, "an earlier checkpoint, or what proves it");
  return reached;
}

/// The same, decoded; of one that storage has lost, what the record knows.
Result<Checkpoint> Replica::earlier(const Seen& seen, const BlockStore& all) {
  FH_CHECK(reached(seen.cid, all));
  if (const auto bytes = all.find(seen.cid)) {
    return Checkpoint::decode(Block(seen.cid, copy_of(*bytes)));
  }
  Checkpoint known;
  known.seq = seen.seq;
  known.ucan.block.cid = seen.cid;
  return known;
}

/// Neither the base's checkpoint nor the newest that was seen may be contradicted.
Result<> Replica::check_lineage(const Checkpoint& checkpoint, const BlockStore& all) {
  std::vector<Seen> before;
  if (checkpoint_) before.push_back({*checkpoint_, seq_});
  if (seen_ && seen_->cid != checkpoint_) before.push_back(*seen_);
  const Did& authority = checkpoint.ucan.issuer;
  for (const Seen& seen : before) {
    FH_TRY(const Checkpoint known, earlier(seen, all));
    const auto other = find_contradiction(known, checkpoint, all, key_of_service(authority));
    if (!other) continue;
    EvidenceFields fields;
    fields.authority = authority;
    const Cid& lower = checkpoint.seq < known.seq ? checkpoint.cid() : known.cid();
    fields.checkpoints = {lower, other->cid()};
    return accuse(std::move(fields), all, "two checkpoints of the authority contradict each other");
  }
  return {};
}

/// The checkpoint, if it is of this space.
Result<Checkpoint> Replica::stated(const Cid& cid, const BlockStore& all) const {
  const auto bytes = all.find(cid);
  if (!bytes) return fail(Errc::protocol, "the checkpoint is not in the answer");
  FH_TRY(Checkpoint checkpoint, Checkpoint::decode(Block(cid, copy_of(*bytes))));
  if (checkpoint.space != space_) {
    return fail(Errc::protocol, "the checkpoint is of another space");
  }
  return checkpoint;
}

/// The same, if `authority` has signed it.
Result<Checkpoint> Replica::authentic(const Cid& cid, const Did& authority, const BlockStore& all) {
  FH_TRY(Checkpoint checkpoint, stated(cid, all));
  if (checkpoint.ucan.issuer != authority ||
      !verify_signature(checkpoint.ucan, key_of_service(authority))) {
    return fail(Errc::invalid_signature, "the checkpoint is not signed by the authority");
  }
  return checkpoint;
}

// --- what answers say ---------------------------------------------------------------------------

Result<> Replica::check_sync(const Ucan& invocation, const Receipt& receipt, const Answer& answer) {
  const LayeredStore all(answer.message.blocks, blocks_);
  const Checkpoint& checkpoint = answer.checkpoint;
  if (answer.sync.from != sent_->since) {
    return accuse(EvidenceKind::fork, invocation, receipt, all,
                  "sync: the receipt is from another checkpoint than was sent");
  }
  if (checkpoint_ && checkpoint.seq < seq_) {
    return accuse(EvidenceKind::rollback, invocation, receipt, all,
                  "sync: a checkpoint below the last one");
  }
  FH_CHECK(check_lineage(checkpoint, all));
  if (checkpoint_ && checkpoint.time < checkpoint_time_) {
    return fail(Errc::protocol, "sync: a checkpoint of an earlier time");
  }
  return {};
}

/// The checkpoint that an answer to a read or watch names, if it is not the newest seen. They tell
/// that one, so the authority itself may not answer with one below; from others it is merely stale.
Result<std::optional<Checkpoint>> Replica::check_read(const Ucan& invocation, const Reply& reply,
                                                      const Cid& named) {
  if (seen_ && seen_->cid == named) return std::optional<Checkpoint>();
  const LayeredStore all(reply.message.blocks, blocks_);
  const Did authority = authority_.value_or(invocation.audience);
  FH_TRY(Checkpoint checkpoint, authentic(named, authority, all));
  const Value* link = invocation.capabilities[0].nb->find("since");
  const Cid since = link != nullptr && link->as_link() != nullptr ? *link->as_link() : Cid();
  std::uint64_t shown = 0;
  if (checkpoint_ && since == *checkpoint_) shown = seq_;
  if (seen_ && since == seen_->cid) shown = seen_->seq;
  if (invocation.audience == authority && checkpoint.seq < shown) {
    FH_CHECK(reached(since, all));
    return accuse(EvidenceKind::rollback, invocation, reply.receipt, all,
                  "a checkpoint below the one that the service was shown");
  }
  FH_CHECK(check_lineage(checkpoint, all));
  return std::optional<Checkpoint>(std::move(checkpoint));
}

/// When one is accepted: the base's before it, and the newest seen unless that is still newer.
void Replica::free_checkpoints(const Checkpoint& accepted, std::vector<Cid>* freed) const {
  if (checkpoint_ && *checkpoint_ != accepted.cid()) freed->push_back(*checkpoint_);
  if (!seen_ || seen_->seq > accepted.seq || seen_->cid == accepted.cid()) return;
  if (seen_->cid != checkpoint_) freed->push_back(seen_->cid);
}

/// Takes note of a checkpoint that was found good. What is to be stored of it, and freed for it.
std::vector<Block> Replica::note(const Checkpoint& checkpoint, const BlockStore& found,
                                 std::vector<Cid>* freed) {
  std::vector<Block> blocks;
  if (seen_ && seen_->cid == checkpoint.cid()) return blocks;
  standing_ = checkpoint.seq < seq_seen() ? Standing::stale : Standing::newer;
  if (standing_ == Standing::stale) return blocks;
  if (seen_ && seen_->cid != checkpoint_) freed->push_back(seen_->cid);
  seen_ = Seen{checkpoint.cid(), checkpoint.seq};
  CidSet seen;
  std::vector<Cid> cids;
  collect_reached(checkpoint.cid(), found, &seen, &cids);
  for (const Cid& cid : cids) blocks.emplace_back(cid, copy_of(*found.find(cid)));
  return blocks;
}

Noted Replica::noted(const Checkpoint& checkpoint, const BlockStore& found) {
  Noted noted;
  std::vector<Block> blocks = note(checkpoint, found, &noted.commit.freed);
  hold(noted.commit, std::move(blocks));
  noted.standing = standing_;
  noted.checkpoint = checkpoint.cid();
  noted.seq = checkpoint.seq;
  noted.root = checkpoint.root;
  return noted;
}

Result<Noted> Replica::note_checkpoint(const Cid& cid, const BlockStore& found) {
  start();
  service_error_ = Value();
  evidence_.reset();
  standing_ = Standing::current;
  if (!authority_) return fail(Errc::invalid_signature, "no authority of the space is known yet");
  const LayeredStore all(found, blocks_);
  FH_TRY(const Checkpoint checkpoint, authentic(cid, *authority_, all));
  FH_CHECK(check_lineage(checkpoint, all));
  return noted(checkpoint, all);
}

Result<Noted> Replica::finish_watch(const Ucan& invocation, ByteView response) {
  start();
  FH_TRY(const Reply reply, verify_reply(invocation, response));
  FH_TRY(const WatchAnswer answer, decode_watch_answer(*reply.receipt.ok()));
  FH_TRY(auto checkpoint, check_read(invocation, reply, answer.checkpoint));
  const LayeredStore all(reply.message.blocks, blocks_);
  if (!checkpoint) {  // it was seen before
    FH_TRY(checkpoint, authentic(answer.checkpoint, authority_.value_or(invocation.audience), all));
  }
  return noted(*checkpoint, all);
}

}  // namespace freehold
