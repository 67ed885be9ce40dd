#include "freehold/db/sync_turn.hpp"

#include "freehold/codec/cbor.hpp"

namespace freehold {

namespace {

using Refused = SyncTurn::Refused;

std::optional<Refused> refuse(Value error) {
  return Refused{std::move(error), {}};
}
std::optional<Refused> refuse(const Error& error) {
  return refuse(error_of(error));
}

void add_found(const BlockStore& store, const std::vector<Cid>& cids, std::vector<Block>* blocks) {
  for (const Cid& cid : cids) {
    if (const auto bytes = store.find(cid)) blocks->emplace_back(cid, copy_of(*bytes));
  }
}

/// The upper levels of a tree whose nodes will be read: they are few, and the first to be asked
/// for.
Result<> add_top(const BlockStore& store, const Digest& root, std::vector<Block>* blocks) {
  ReadCall call;
  call.budget = limits::read_top_bytes;
  FH_TRY(const ReadReply reply, read(store, call, root));
  add_found(store, reply.blocks, blocks);
  return {};
}

/// Whether a tree is so small that its entries may as well be sent at once.
bool is_small(const BlockStore& store, const Digest& root) {
  const auto weight = Tree(store, root).weight();
  return weight && weight->bytes <= limits::first_sync_bytes_max;
}

}  // namespace

Result<std::optional<Refused>> SyncTurn::take(const SyncCall& call, const Recogniser& recogniser,
                                              Admission* admission) {
  admission_ = admission;
  FH_TRY(auto refused, check_order(call));
  if (refused) return refused;
  FH_TRY(refused, read_edits(call));
  if (refused) return refused;
  device_.n = call.n;
  device_.since = call.since;
  device_.invocation = invocation_->cid();
  device_.root = call.root;
  is_lazy_ = call.lazy;
  scopes_ = call.scopes;
  place(call);
  device_.is_baseless =
      !find_base() || !space_->is_kept(device_.since_root) || !space_->is_kept(base_);
  FH_TRY(refused, check_strict(call));
  if (refused) return refused;
  if (auto error = keep_blocks()) return refuse(*std::move(error));
  return device_.is_baseless ? merge_without_base(recogniser) : merge_based(recogniser);
}

SyncTurn::Refusing SyncTurn::check_order(const SyncCall& call) {
  if (!before_ || call.n > before_->n) return std::optional<Refused>();
  Map more{{"n", Value(before_->n)}};
  if (const auto checkpoint = space_->checkpoint()) more.set("checkpoint", Value(*checkpoint));
  return refuse(error_of("Superseded",
                         "A later sync of this device was taken: " + std::to_string(before_->n),
                         std::move(more)));
}

SyncTurn::Refusing SyncTurn::read_edits(const SyncCall& call) {
  if (!call.edits) return std::optional<Refused>();
  const auto bytes = message_->find(*call.edits);
  if (!bytes) return refuse(missing_blocks({*call.edits}));
  Result<EditsBlock> decoded = decode_edits(*bytes);
  if (!decoded) return refuse(decoded.error());
  edits_ = *std::move(decoded);
  return std::optional<Refused>();
}

/// How this sync follows the one remembered. A device knows its base from the last answer that it
/// saw: this one's, or the one before, if it says that it has sent what was taken then. Otherwise
/// its storage was put back or copied, and it is merged as if it had been another device.
void SyncTurn::place(const SyncCall& call) {
  if (!before_) return;
  const auto is_taken = [&](const Digest& root) { return root == before_->root; };
  is_retry_ =
      before_->since == call.since && std::any_of(call.sent.begin(), call.sent.end(), is_taken);
  const bool has_seen_answer = before_->checkpoint == call.since;
  is_restored_ = !is_retry_ && !has_seen_answer && (call.since || before_->since);
}

/// What the edits are made to, and what they are merged against. False if that is not known.
bool SyncTurn::find_base() {
  const auto& since = device_.since;
  if (!since) {
    // If it was heard of before, it lost an answer, or everything: what it sent last is known.
    device_.since_root = empty_root();
    base_ = before_ ? before_->root : device_.since_root;
    return true;
  }
  if (is_retry_) {
    // The edits are made to the same base as before; those that came then are not merged again.
    if (before_->is_baseless) return false;
    device_.since_root = before_->since_root;
    base_ = before_->root;
    return true;
  }
  // The tree that the last answer led to may be a part, on the way to its checkpoint's.
  const auto root = before_ && before_->is_part && before_->checkpoint == since
                        ? std::optional<Digest>(before_->answered)
                        : space_->root_of(*since);
  if (!root) return false;
  device_.since_root = *root;
  base_ = *root;
  return true;
}

/// Strict mode: the head has moved on, and this is how far.
SyncTurn::Refusing SyncTurn::check_strict(const SyncCall& call) {
  const auto checkpoint = space_->checkpoint();
  if (!call.strict || call.since == checkpoint) return std::optional<Refused>();
  Map more;
  if (checkpoint) more.set("checkpoint", Value(*checkpoint));
  std::vector<Block> blocks;
  if (!device_.is_baseless) {
    FH_TRY(const SyncReply reply,
           reply_to(*space_, device_.since_root, space_->root(), {}, *space_));
    if (reply.edits) {
      blocks.push_back(Block::of_cbor(*reply.edits));
      more.set("edits", Value(blocks.back().cid));
    }
    add_found(*space_, reply.blocks, &blocks);
  }
  return std::optional<Refused>(
      Refused{error_of("RebaseRequired", "The head is another than nb.since", std::move(more)),
              std::move(blocks)});
}

/// A large value: its block must be here, and be what the edit says.
std::optional<Value> SyncTurn::value_error(const StoredValue& value,
                                           std::vector<Cid>* absent) const {
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
std::optional<Value> SyncTurn::keep_blocks() {
  std::vector<Cid> absent;
  std::vector<Cid> found;
  for (const Edit& edit : edits_.entries) {
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

Refused SyncTurn::base_unknown() const {
  Map more;
  if (const auto checkpoint = space_->checkpoint()) more.set("checkpoint", Value(*checkpoint));
  return {error_of("BaseUnknown",
                   "nb.since: no checkpoint whose tree is kept; send the edits with `bases`",
                   std::move(more)),
          {}};
}

SyncTurn::Refusing SyncTurn::merge_based(const Recogniser& recogniser) {
  SyncInput input;
  input.since_root = device_.since_root;
  input.base_root = base_;
  input.head_root = space_->root();
  input.stated_root = device_.root;
  input.edits = std::move(edits_);
  input.by = {invocation_->issuer, device_.n};
  input.may_lack_keys = before_ && !device_.since && !is_retry_;
  input.may_be_taken = is_restored_;
  input.admission = admission_;
  Missing missing;
  auto merged = merge_sync(*space_, input, recogniser, *space_, &missing);
  if (!merged && merged.error().code == Errc::missing) return fail(Errc::corrupt, "lost blocks");
  if (!merged) return refuse(merged.error());
  merged_ = *std::move(merged);
  return std::optional<Refused>();
}

SyncTurn::Refusing SyncTurn::merge_without_base(const Recogniser& recogniser) {
  if (edits_.bases.size() != edits_.entries.size()) return base_unknown();
  BaselessInput input;
  input.head_root = space_->root();
  if (!edits_.entries.empty()) device_.edits = encode_edits(edits_);
  input.edits = std::move(edits_);
  input.by = {invocation_->issuer, device_.n};
  if (is_retry_ && !before_->edits.empty()) {
    FH_TRY(input.sent, decode_edits(before_->edits));
  }
  // What came then is not known, or the device does not know what it had.
  input.may_be_taken = is_restored_ || (is_retry_ && !before_->is_baseless);
  input.admission = admission_;
  Missing missing;
  auto merged = merge_baseless(*space_, input, recogniser, *space_, &missing);
  if (!merged && merged.error().code == Errc::missing) return fail(Errc::corrupt, "lost blocks");
  if (!merged) return refuse(merged.error());
  merged_ = *std::move(merged);
  device_.since_root = empty_root();
  return std::optional<Refused>();
}

/// What a partial device is to hold. Of one whose tree is not known the upper levels, in which it
/// sees what it lacks; of one that has nothing yet no more than a first read.
Result<> SyncTurn::add_scopes(const Digest& root, std::vector<Block>* blocks) const {
  if (scopes_.empty()) return {};
  const bool is_known = !device_.is_baseless && device_.since;
  FH_TRY(const std::vector<Cid> found,
         new_in_scopes(*space_, is_known ? device_.root : empty_root(), root, scopes_,
                       is_known ? limits::read_budget_bytes_max : limits::first_sync_bytes_max));
  add_found(*space_, found, blocks);
  return {};
}

Result<SyncTurn::Told> SyncTurn::tell(const Digest& root, const Cid& checkpoint) {
  device_.checkpoint = checkpoint;
  device_.answered = root;
  device_.by_nodes =
      device_.is_baseless || (is_lazy_ && (device_.since || !is_small(*space_, root)));
  Told told;
  told.answer.checkpoint = checkpoint;
  told.answer.from = device_.since;
  told.answer.conflicts = std::move(merged_.conflicts);
  told.answer.refused = std::move(merged_.refused);
  told.answer.nodes = device_.by_nodes;
  if (device_.by_nodes) {
    if (!is_lazy_) FH_CHECK(add_top(*space_, root, &told.blocks));
    if (is_lazy_) FH_CHECK(add_scopes(root, &told.blocks));
    return told;
  }
  FH_TRY(SyncReply reply, reply_to(*space_, device_.root, root, known_, *space_));
  told.answer.more = reply.more;
  device_.is_part = reply.more.has_value();
  if (reply.more) device_.answered = reply.more->root;
  if (reply.edits) {
    told.blocks.push_back(Block::of_cbor(*std::move(reply.edits)));
    told.answer.edits = told.blocks.back().cid;
  }
  add_found(*space_, reply.blocks, &told.blocks);
  return told;
}

Result<SyncTurn::Told> tell_again(HeldSpace& space, const DeviceRecord& before) {
  SyncTurn::Told told;
  const bool is_kept = space.is_kept(before.root) && space.is_kept(before.answered);
  if (before.by_nodes || !is_kept) return told;
  FH_TRY(SyncReply reply, reply_to(space, before.root, before.answered, {}, space));
  if (reply.edits) told.blocks.push_back(Block::of_cbor(*std::move(reply.edits)));
  add_found(space, reply.blocks, &told.blocks);
  return told;
}

}  // namespace freehold
