#include "support/authority.hpp"

#include <cstdlib>

#include "freehold/sync/names.hpp"
#include "freehold/tree/cursor.hpp"

namespace freehold::test {

Authority::Authority(Signer signer, Did space)
    : signer_(std::move(signer)), space_(std::move(space)), head_(empty_root()) {
  blocks_.put(empty_node());
}

std::optional<ByteView> Authority::find(const Cid& cid) const {
  const auto found = blocks_.find(cid);
  if (!found) return std::nullopt;
  found_.push_back(copy_of(*found));
  return ByteView(found_.back());
}

/// As in a database, a view of what was found does not outlast a change.
void Authority::put(Block block) {
  for (Bytes& bytes : found_) std::fill(bytes.begin(), bytes.end(), std::uint8_t{0xff});
  found_.clear();
  blocks_.put(std::move(block));
}

std::optional<Cid> Authority::checkpoint() const {
  return checkpoint_ ? std::optional<Cid>(checkpoint_->cid()) : std::nullopt;
}

std::optional<Digest> Authority::root_of(const Cid& checkpoint) const {
  const auto found = roots_.find(checkpoint);
  return found == roots_.end() ? std::nullopt : std::optional<Digest>(found->second);
}

bool Authority::is_kept(const Digest& root) const {
  return blocks_.find(node_cid(root)).has_value();
}

Bytes Authority::respond(const Ucan& invocation, Value out, std::vector<Block> blocks) {
  ReceiptFields fields;
  fields.ran = invocation.cid();
  fields.out = std::move(out);
  const Receipt receipt = issue(std::move(fields), signer_);
  const Capability& asked = invocation.capabilities[0];
  const Value* since = asked.can == ability::state_sync ? asked.nb->find("since") : nullptr;
  const bool is_held = since != nullptr && checkpoint_ && *since == Value(checkpoint_->cid());
  if (checkpoint_ && !is_held) blocks.push_back(checkpoint_->ucan.block);
  blocks.push_back(receipt.block);
  return encode_message({}, std::span(&receipt, 1), blocks);
}

void Authority::advance(const Digest& root, std::int64_t now) {
  CheckpointFields fields;
  fields.space = space_;
  fields.root = root;
  fields.seq = ++seq_;
  if (checkpoint_) fields.prev = checkpoint_->cid();
  if (const std::uint64_t skip = seq_ & (seq_ - 1); skip != 0) fields.skip = by_seq_[skip];
  fields.weight = *Tree(blocks_, root).weight();
  fields.time = checkpoint_ ? std::max(now, checkpoint_->time) : now;
  checkpoint_ = issue_checkpoint(std::move(fields), signer_, std::nullopt);
  blocks_.put(checkpoint_->ucan.block);
  by_seq_[seq_] = checkpoint_->cid();
  roots_[checkpoint_->cid()] = root;
  head_ = root;
}

void Authority::edit(std::vector<Edit> edits, std::int64_t now) {
  const auto applied = apply(blocks_, head_, edits, blocks_);
  if (!applied) std::abort();
  if (applied->root != head_) advance(applied->root, now);
}

void Authority::forget() {
  MemoryStore kept;
  kept.put(empty_node());
  std::vector<Digest> open{head_};
  CidSet seen;
  std::vector<Cid> attached;
  while (!open.empty()) {
    const Digest digest = open.back();
    open.pop_back();
    const Block block = blocks_.block(node_cid(digest));
    if (block.cid.is_null()) std::abort();
    const auto node = Node::decode(block.bytes());
    for (std::size_t i = 0; i < node->size(); ++i) {
      if (!node->is_leaf()) {
        open.push_back(node->link(i));
      } else {
        collect_attachments(node->key(i), value_at(*node, i), blocks_, &seen, &attached);
      }
    }
    kept.put(block);
  }
  for (const Cid& cid : attached) kept.put(blocks_.block(cid));
  roots_.clear();
  if (checkpoint_) {
    kept.put(checkpoint_->ucan.block);
    roots_[checkpoint_->cid()] = head_;
  }
  blocks_ = std::move(kept);
}

Bytes Authority::answer(ByteView bytes, std::int64_t now) {
  const auto message = decode_message(bytes);
  if (!message || message->execute.size() != 1) std::abort();
  const auto invocation = Ucan::decode(message->blocks.block(message->execute[0]));
  if (!invocation) std::abort();
  if (invocation->capabilities[0].can == ability::state_read) return read(*invocation);
  if (invocation->capabilities[0].can == ability::state_watch) return watch(*invocation);
  return sync(*invocation, *message, now);
}

/// What has come into /queue/ goes to /invoked/ and runs, if it never has.
Digest Authority::take_queue(const SyncMerged& merged) {
  std::map<Bytes, std::optional<StoredValue>, BytesLess> moved;
  for (const Difference& change : merged.changes) {
    if (!change.after || !starts_with(change.key, view_of(key_prefix::queue))) continue;
    const Bytes name(change.key.begin() + static_cast<std::ptrdiff_t>(key_prefix::queue.size()),
                     change.key.end());
    Bytes invoked = copy_of(view_of(key_prefix::invoked));
    append(invoked, name);
    moved[change.key] = std::nullopt;
    moved[invoked] = change.after;
    if (!runs_.contains(name)) ++runs_[name];
  }
  std::vector<Edit> edits;
  for (auto& [key, value] : moved) edits.push_back({key, value});
  const auto applied = apply(blocks_, merged.applied.root, edits, blocks_);
  if (!applied) std::abort();
  return applied->root;
}

Bytes Authority::sync(const Ucan& invocation, const Message& message, std::int64_t now) {
  const auto refuse = [&](Value error, std::vector<Block> blocks = {}) {
    return respond(invocation, Value(Map{{"error", std::move(error)}}), std::move(blocks));
  };
  const auto call = decode_sync_call(*invocation.capabilities[0].nb);
  if (!call) return refuse(error_of(call.error()));
  std::optional<DeviceRecord> before;
  const auto device = devices_.find(invocation.issuer.text());
  if (device != devices_.end()) {
    if (device->second.record.invocation == invocation.cid()) return device->second.response;
    before = device->second.record;
  }
  SyncTurn turn(*this, message.blocks, invocation, std::move(before));
  const KnownServices nobody;
  const Recogniser recogniser(space_, blocks_, nobody, now);
  auto refused = turn.take(*call, recogniser);
  if (!refused) std::abort();
  if (*refused) return refuse((*refused)->error, (*refused)->blocks);
  const Digest root = takes_queues_ ? take_queue(turn.merged()) : turn.merged().applied.root;
  if (root != head_ || !checkpoint_) advance(root, now);
  auto told = turn.tell(head_, checkpoint_->cid());
  if (!told) std::abort();
  Bytes response = respond(invocation, Value(Map{{"ok", encode(told->answer)}}), told->blocks);
  devices_[invocation.issuer.text()] = {turn.device(), response};
  return response;
}

Bytes Authority::read(const Ucan& invocation) {
  const auto call = decode_read_call(*invocation.capabilities[0].nb);
  if (!call || !checkpoint_) std::abort();
  const auto reply = freehold::read(blocks_, *call, head_);
  if (!reply) return respond(invocation, Value(Map{{"error", error_of(reply.error())}}), {});
  std::vector<Block> blocks;
  for (const Cid& cid : reply->blocks) blocks.push_back(blocks_.block(cid));
  const Value ok = encode(
      ReadAnswer{call->root.value_or(head_), checkpoint_->cid(), reply->is_complete, reply->upto});
  return respond(invocation, Value(Map{{"ok", ok}}), std::move(blocks));
}

Bytes Authority::watch(const Ucan& invocation) {
  if (!checkpoint_) std::abort();
  return respond(invocation, Value(Map{{"ok", encode(WatchAnswer{checkpoint_->cid()})}}), {});
}

Sealed seal_sync(const SyncDraft& draft, const Signer& agent) {
  Sealed sealed;
  sealed.invocation = issue(draft.fields, agent);
  std::vector<Block> blocks = draft.blocks;
  blocks.push_back(sealed.invocation.block);
  const Cid cid = sealed.invocation.cid();
  sealed.message = encode_message(std::span(&cid, 1), {}, blocks);
  return sealed;
}

}  // namespace freehold::test
