#include "native/service/recovery.hpp"

#include "freehold/sync/attachments.hpp"
#include "freehold/tree/check.hpp"
#include "native/service/errors.hpp"
#include "native/service/rebuild.hpp"

namespace freehold::native {

namespace {

Value recovering_error(const SpaceRecord& record, const std::vector<Cid>& links) {
  List list;
  for (const Cid& link : links) list.push_back(Value(link));
  return error_of(name_of(Errc::recovering),
                  "The service was restored from a backup: show it the tree of this checkpoint",
                  Map{{"checkpoint", Value(*record.recovering)},
                      {"seq", Value(record.recovering_seq)},
                      {"links", Value(std::move(list))}});
}

Value rebuilding_error() {
  return error_of(name_of(Errc::recovering),
                  "The service was restored from a backup and is looking through what it signed: "
                  "ask again later",
                  Map{{"links", Value(List{})}, {"rebuilding", Value(true)}});
}

Value unknown_error(const SpaceRecord& record) {
  Map more;
  if (record.checkpoint) more.set("checkpoint", Value(*record.checkpoint));
  return error_of(name_of(Errc::base_unknown),
                  "nb.since: not known here; send its block, and the edits with `bases`",
                  std::move(more));
}

/// The checkpoint, if the message has it and we signed it.
std::optional<Checkpoint> shown(const Call& call, const MemoryStore& message, const Space& space,
                                const Cid& cid) {
  const Block block = message.block(cid);
  if (block.cid.is_null()) return std::nullopt;
  Result<Checkpoint> checkpoint = Checkpoint::decode(block);
  if (!checkpoint || checkpoint->space != space.did() ||
      checkpoint->ucan.issuer != call.tenant.did() ||
      !verify_signature(checkpoint->ucan, call.tenant.key_did)) {
    return std::nullopt;
  }
  return *std::move(checkpoint);
}

/// Nodes and values of a tree that are not there, from the top down, as many as one answer names.
std::vector<Cid> lacking(const BlockStore& blocks, const Digest& root) {
  std::vector<Cid> lacking;
  std::vector<Digest> open{root};
  while (!open.empty() && lacking.size() < limits::recovery_links_max) {
    const Digest digest = open.back();
    open.pop_back();
    const auto bytes = blocks.find(node_cid(digest));
    if (!bytes) {
      lacking.push_back(node_cid(digest));
      continue;
    }
    const Result<Node> node = Node::decode(*bytes);
    for (std::size_t i = 0; node && i < node->size(); ++i) {
      if (!node->is_leaf()) {
        open.push_back(node->link(i));
      } else if (const StoredValue value = value_at(*node, i); value.is_linked) {
        const Cid cid = node_cid(value.link());
        if (!blocks.find(cid)) lacking.push_back(cid);
      }
    }
  }
  return lacking;
}

/// Takes the tree out of the message, if all that we lack of it is there.
Result<Recovery> take_tree(const MemoryStore& message, Space& space, const Checkpoint& checkpoint) {
  const LayeredStore all(message, space.blocks());
  const std::vector<Cid> links = lacking(all, checkpoint.root);
  if (!links.empty()) return Recovery{recovering_error(space.record(), links), true};
  const auto stats = check(all, checkpoint.root);
  const auto weight = Tree(all, checkpoint.root).weight();
  if (!stats || !weight || weight->count != checkpoint.weight.count ||
      weight->bytes != checkpoint.weight.bytes) {
    return fail(Errc::corrupt, "a checkpoint of ours states a tree that is none");
  }
  for (const auto& [cid, block] : message.blocks()) space.put(block);
  FH_CHECK(space.recover(checkpoint));
  return Recovery{std::nullopt, true};
}

}  // namespace

Result<Recovery> recover_by(const Call& call, const MemoryStore& message, Space& space,
                            const std::optional<Cid>& since) {
  SpaceRecord& record = space.record();
  Recovery unchanged;
  const bool is_known = !since || find_seq(space.kv(), space.id(), *since);
  if (!is_known && !message.find(*since)) {
    unchanged.error = unknown_error(record);
    return unchanged;
  }
  const auto checkpoint = is_known ? std::nullopt : shown(call, message, space, *since);
  if (checkpoint && checkpoint->seq > std::max(record.seq, record.recovering_seq)) {
    space.stop_at(*checkpoint);
  }
  Recovery recovery;
  if (record.recovering) {
    if (!checkpoint || checkpoint->cid() != *record.recovering) {
      unchanged.error = recovering_error(record, {});
      return unchanged;
    }
    FH_TRY(recovery, take_tree(message, space, *checkpoint));
    if (recovery.error) return recovery;
  }
  if (!record.rebuilding) return recovery;
  recovery.is_changed = true;
  FH_TRY(const bool is_all, rebuild_ledger(call.turn, space));
  if (!is_all) recovery.error = rebuilding_error();
  return recovery;
}

std::optional<Value> refusal_to_read(Space& space, const std::optional<Cid>& since) {
  const SpaceRecord& record = space.record();
  if (record.recovering) return recovering_error(record, {});
  if (since && !find_seq(space.kv(), space.id(), *since)) return unknown_error(record);
  return std::nullopt;
}

}  // namespace freehold::native
