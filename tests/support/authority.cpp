#include "support/authority.hpp"

#include <cstdlib>

namespace freehold::test {

Bytes Authority::respond(const Ucan& invocation, Value out, std::vector<Block> blocks) {
  ReceiptFields fields;
  fields.ran = invocation.cid();
  fields.out = std::move(out);
  const Receipt receipt = issue(std::move(fields), signer_);
  blocks.push_back(receipt.block);
  return encode_message({}, std::span(&receipt, 1), blocks);
}

Bytes Authority::refuse(const Ucan& invocation, const char* name, Map more) {
  more.set("name", Value(name));
  more.set("message", Value("refused"));
  return respond(invocation, Value(Map{{"error", Value(std::move(more))}}), {});
}

void Authority::advance(const Digest& root, std::int64_t now) {
  CheckpointFields fields;
  fields.space = space_;
  fields.root = root;
  fields.seq = ++seq_;
  if (checkpoint_) fields.prev = checkpoint_->cid();
  if (const std::uint64_t skip = seq_ & (seq_ - 1); skip != 0) fields.skip = by_seq_[skip];
  fields.weight = *Tree(blocks_, root).weight();
  fields.time = now;
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

Bytes Authority::answer(ByteView bytes, std::int64_t now) {
  const auto message = decode_message(bytes);
  if (!message || message->execute.size() != 1) std::abort();
  const auto invocation = Ucan::decode(message->blocks.block(message->execute[0]));
  if (!invocation) std::abort();
  const auto call = decode_sync_call(*invocation->capabilities[0].nb);
  if (!call) return refuse(*invocation, "Malformed");
  Device& device = devices_[invocation->issuer.text()];
  if (call->n <= device.n) {
    if (invocation->cid() == device.invocation) return device.response;
    return refuse(*invocation, name_of(Errc::superseded), {{"n", Value(device.n)}});
  }
  if (call->since && !roots_.contains(*call->since)) {
    return refuse(*invocation, name_of(Errc::base_unknown));
  }
  for (const auto& [cid, block] : message->blocks.blocks()) blocks_.put(block);

  SyncInput input;
  input.since_root = call->since ? roots_[*call->since] : empty_root();
  if (device.more_checkpoint && call->since == device.more_checkpoint) {
    input.since_root = device.more_root;
  }
  input.base_root = input.since_root;
  input.may_lack_keys = device.n > 0 && !call->since;
  input.has_lost_base = input.may_lack_keys && device.since;
  const bool is_retry = device.n > 0 && call->since == device.since;
  if (is_retry || input.may_lack_keys) input.base_root = device.root;
  input.head_root = head_;
  input.stated_root = call->root;
  input.by = {invocation->issuer, call->n};
  if (call->edits) {
    auto edits = decode_edits(*message->blocks.find(*call->edits));
    if (!edits) return refuse(*invocation, name_of(edits.error().code));
    input.edits = *std::move(edits);
  }
  const KnownServices nobody;
  const Recogniser recogniser(space_, blocks_, nobody, now);
  const auto merged = merge_sync(blocks_, input, recogniser, blocks_);
  if (!merged) return refuse(*invocation, name_of(merged.error().code));
  if (merged->applied.root != head_ || !checkpoint_) advance(merged->applied.root, now);

  const CidSet known;
  auto reply = reply_to(blocks_, merged->caller_root, head_, known, blocks_);
  if (!reply) std::abort();
  SyncAnswer answer;
  answer.checkpoint = checkpoint_->cid();
  answer.from = call->since;
  answer.conflicts = merged->conflicts;
  answer.refused = merged->refused;
  answer.more = reply->more;
  std::vector<Block> blocks{checkpoint_->ucan.block};
  for (const Cid& cid : reply->blocks) blocks.push_back(blocks_.block(cid));
  if (reply->edits) {
    blocks.push_back(Block::of_cbor(*reply->edits));
    answer.edits = blocks.back().cid;
  }
  device.n = call->n;
  device.since = call->since;
  device.root = merged->caller_root;
  device.invocation = invocation->cid();
  device.more_checkpoint.reset();
  if (reply->more) {
    device.more_checkpoint = checkpoint_->cid();
    device.more_root = reply->more->root;
  }
  device.response = respond(*invocation, Value(Map{{"ok", encode(answer)}}), std::move(blocks));
  return device.response;
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
