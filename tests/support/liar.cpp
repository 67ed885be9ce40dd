#include "support/liar.hpp"

#include <cstdlib>

#include "freehold/codec/cbor.hpp"

namespace freehold::test {

const Checkpoint& History::add(std::string_view what) {
  CheckpointFields fields;
  fields.space = space_;
  fields.root = sha256(view_of(what));
  fields.seq = seq() + 1;
  if (seq() > 0) fields.prev = at(seq()).cid();
  if (const std::uint64_t skip = fields.seq & seq(); skip != 0) fields.skip = at(skip).cid();
  fields.time = 1'000;
  made_.push_back(issue_checkpoint(std::move(fields), authority_, proof_));
  return made_.back();
}

void History::put_into(MemoryStore& blocks) const {
  for (const Checkpoint& checkpoint : made_) blocks.put(checkpoint.ucan.block);
}

Receipt say(const Ucan& invocation, Value ok, const Signer& by) {
  ReceiptFields fields;
  fields.ran = invocation.cid();
  fields.out = Value(Map{{"ok", std::move(ok)}});
  return issue(std::move(fields), by);
}

namespace {

/// The message with another receipt in the place of its own, and other blocks.
Bytes message_with(const Message& message, const Cid& old, const Receipt& receipt,
                   std::vector<Block> blocks, const std::optional<Cid>& left_out = {}) {
  for (const auto& [cid, block] : message.blocks.blocks()) {
    if (cid != message.root && cid != old && cid != left_out) blocks.push_back(block);
  }
  blocks.push_back(receipt.block);
  return encode_message({}, std::span(&receipt, 1), blocks);
}

}  // namespace

Bytes resigned(ByteView answer, const Ucan& invocation, const Signer& by,
               const std::function<void(Map&)>& change, std::vector<Block> more) {
  const auto message = decode_message(answer);
  const auto receipt = message->receipt_of(invocation.cid());
  if (!receipt || !*receipt || (*receipt)->ok() == nullptr) std::abort();
  Map ok = *(*receipt)->ok()->as_map();
  change(ok);
  return message_with(*message, (*receipt)->cid(), say(invocation, Value(std::move(ok)), by),
                      std::move(more));
}

Bytes without(ByteView answer, const Ucan& invocation, const Cid& block) {
  const auto message = decode_message(answer);
  const auto receipt = message->receipt_of(invocation.cid());
  if (!receipt || !*receipt || !message->blocks.find(block)) std::abort();
  return message_with(*message, (*receipt)->cid(), **receipt, {}, block);
}

Bytes rewritten(ByteView file, const std::function<void(std::vector<Block>&)>& change) {
  Car car = *decode_car(file);
  change(car.blocks);
  return encode_car(std::span(&car.blocks[0].cid, 1), car.blocks);
}

Bytes restated(ByteView file, const char* tag, const std::function<void(Map&)>& change) {
  return rewritten(file, [&](std::vector<Block>& blocks) {
    Map inner = *decode_cbor(blocks[0].bytes())->find(tag)->as_map();
    change(inner);
    blocks[0] = Block::of_cbor(encode_cbor(Value(Map{{tag, Value(std::move(inner))}})));
  });
}

}  // namespace freehold::test
