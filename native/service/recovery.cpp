#include "native/service/recovery.hpp"

#include "freehold/sync/attachments.hpp"
#include "freehold/tree/check.hpp"
#include "native/fault.hpp"
#include "native/service/errors.hpp"
#include "native/service/rebuild.hpp"
#include "native/service/usage.hpp"

namespace freehold::native {

namespace {

/// With links it goes on: without, somebody else has to show more.
Value recovering_error(const SpaceRecord& record, const std::vector<Cid>& links) {
  Map more{{"checkpoint", Value(*record.recovering)}, {"seq", Value(record.recovering_seq)}};
  List list;
  for (const Cid& link : links) list.push_back(Value(link));
  if (!list.empty()) more.set("links", Value(std::move(list)));
  return error_of(name_of(Errc::recovering),
                  "The service was restored from a backup: show it the tree of this checkpoint",
                  std::move(more));
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

/// A tree as far as it is there.
struct Survey {
  std::vector<Cid> lacking;  // nodes and values, from the top down, as many as one answer names
  std::vector<Kept> came;    // of the message: nodes, and what belongs to their entries
  std::uint64_t came_bytes = 0;
};

/// Walks all that is there: its cost is that of the part of the tree that has come.
class Surveyor {
 public:
  Surveyor(const MemoryStore& message, const BlockStore& blocks)
      : message_(&message), blocks_(&blocks) {}

  Survey survey(const Digest& root) {
    std::vector<Digest> open{root};
    while (!open.empty()) {
      const Digest digest = open.back();
      open.pop_back();
      const auto bytes = blocks_->find(node_cid(digest));
      if (!bytes) {
        ask_for(node_cid(digest));
        continue;
      }
      const bool is_new = note(node_cid(digest), Kept::node(digest));
      const Result<Node> node = Node::decode(*bytes);
      for (std::size_t i = 0; node && i < node->size(); ++i) {
        if (node->is_leaf()) {
          look_at(node->key(i), value_at(*node, i), is_new);
        } else {
          open.push_back(node->link(i));
        }
      }
    }
    return std::move(survey_);
  }

 private:
  void ask_for(const Cid& cid) {
    if (survey_.lacking.size() < limits::recovery_links_max) survey_.lacking.push_back(cid);
  }

  /// Whether it came with the message.
  bool note(const Cid& cid, Kept kept) {
    const auto bytes = message_->find(cid);
    if (!bytes) return false;
    survey_.came.push_back(std::move(kept));
    survey_.came_bytes += bytes->size() + Lifetimes::block_overhead_bytes;
    return true;
  }

  void look_at(ByteView key, const StoredValue& value, bool is_new) {
    if (value.is_linked && !blocks_->find(node_cid(value.link()))) {
      ask_for(node_cid(value.link()));
      return;
    }
    if (!is_new && !value.is_linked) return;  // what belongs to an entry comes with its leaf
    std::vector<Cid> attached;
    CidSet seen;
    collect_attachments(key, value, *message_, &seen, &attached, nullptr,
                        limits::attachments_held_max);
    for (const Cid& cid : attached) note(cid, Kept::block(cid));
  }

  const MemoryStore* message_;
  const BlockStore* blocks_;
  Survey survey_;
};

/// Keeps what came, and asks for the rest. Beside the space's own state there is room for as much
/// again as its plan allows.
Result<Recovery> ask_for_more(const Call& call, Space& space, const Survey& survey) {
  const SpaceRecord& record = space.record();
  const StateTerms terms = state_terms_of(space.kv(), space.id(), call.tenant);
  const std::uint64_t used = record.live_bytes + record.dead_bytes + survey.came_bytes;
  if (used / 2 > terms.quota) {
    Recovery full;
    full.error = error_of("QuotaExceeded", "More has come for the recovery than the plan allows");
    full.is_changed = true;  // it has stopped
    return full;
  }
  FH_CHECK(space.offer(survey.came, terms, call.turn.seconds()));
  fault_point("recovery-kept");
  return Recovery{recovering_error(record, survey.lacking), true};
}

/// Takes the tree, if all of it is in the message, or was in those before.
Result<Recovery> take_tree(const Call& call, const MemoryStore& message, Space& space,
                           const Checkpoint& checkpoint) {
  for (const auto& [cid, block] : message.blocks()) space.put(block);
  const SpaceBlocks& all = space.blocks();
  const Survey survey = Surveyor(message, all).survey(checkpoint.root);
  if (!survey.lacking.empty()) return ask_for_more(call, space, survey);
  const auto stats = check(all, checkpoint.root);
  const auto weight = Tree(all, checkpoint.root).weight();
  if (!stats || !weight || weight->count != checkpoint.weight.count ||
      weight->bytes != checkpoint.weight.bytes) {
    return fail(Errc::corrupt, "a checkpoint of ours states a tree that is none");
  }
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
    FH_TRY(recovery, take_tree(call, message, space, *checkpoint));
    if (recovery.error) return recovery;
  }
  if (!record.rebuilding) return recovery;
  recovery.is_changed = true;
  FH_TRY(const bool is_all, rebuild_ledger(call.turn, space));
  if (!is_all) recovery.error = rebuilding_error();
  return recovery;
}

std::optional<Value> refusal_to_show(const Call& call, Space* space,
                                     const std::optional<Cid>& since) {
  if (space != nullptr && space->is_ours()) {
    const SpaceRecord& record = space->record();
    if (record.recovering) return recovering_error(record, {});
    if (since && !find_seq(space->kv(), space->id(), *since)) return unknown_error(record);
    if (record.checkpoint) return std::nullopt;
  }
  return error_of("SpaceUnknown", "Space not found: " + call.capability().with);
}

}  // namespace freehold::native
