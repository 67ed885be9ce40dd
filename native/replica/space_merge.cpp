#include "native/replica/space_merge.hpp"

#include <algorithm>

#include "freehold/sync/merge.hpp"
#include "freehold/tree/check.hpp"
#include "native/replica/evidence_file.hpp"

namespace freehold::native {

namespace {

constexpr int attempts_max = 16;  // when other processes keep changing the replica

std::optional<Checkpoint> checkpoint_at(const BlockStore& blocks, const Cid& cid) {
  const auto bytes = blocks.find(cid);
  if (!bytes) return std::nullopt;
  Result<Checkpoint> checkpoint = Checkpoint::decode(Block(cid, copy_of(*bytes)));
  if (!checkpoint) return std::nullopt;
  return *std::move(checkpoint);
}

struct Fork {
  std::uint64_t seq;
  Cid ours;
  Cid theirs;
};

/// Both lists ascend.
std::optional<Fork> find_fork(const Checkpoints& ours, const Checkpoints& theirs) {
  auto other = theirs.begin();
  for (const auto& [seq, cid] : ours) {
    while (other != theirs.end() && other->first < seq) ++other;
    if (other == theirs.end()) break;
    if (other->first == seq && other->second != cid) return Fork{seq, cid, other->second};
  }
  return std::nullopt;
}

/// Of a fork that the authority signed; nothing if it did not, or not all that proves it is held.
std::optional<Bytes> evidence_of(const Fork& fork, const Replica& held, const BlockStore& all) {
  const auto checkpoint = checkpoint_at(all, fork.ours);
  if (!checkpoint) return std::nullopt;
  EvidenceFields fields;
  fields.space = held.space();
  fields.authority = checkpoint->ucan.issuer;
  fields.checkpoints = {fork.ours, fork.theirs};
  const Result<Bytes> file = make_evidence(all, fields);
  const ProofTrust trust{now_seconds(), &held.services(), held.space()};
  if (!file || !verify_evidence(*file, trust)) return std::nullopt;
  return *file;
}

void check_fork(const LocalReplica& replica, const Snapshot& mine, const OtherState& other) {
  const auto fork = find_fork(mine.checkpoints(), other.checkpoints);
  if (!fork) return;
  Failure failure("Fork", "two checkpoints of number " + std::to_string(fork->seq) + ": " +
                              fork->ours.text() + " and " + fork->theirs.text());
  const LayeredStore all(*other.blocks, mine.blocks);
  const auto evidence = evidence_of(*fork, mine.head, all);
  if (!evidence) throw failure;
  throw with_evidence(std::move(failure), replica.folder(), *evidence, mine.head.services());
}

/// Checkpoints that both sides come from, newest first. The authority signs one chain, so what is
/// not above the last one of either side lies behind both.
Checkpoints common_checkpoints(const Checkpoints& ours, const Checkpoints& theirs) {
  if (ours.empty() || theirs.empty()) return {};
  const std::uint64_t last = std::min(ours.back().first, theirs.back().first);
  Checkpoints all = ours;
  all.insert(all.end(), theirs.begin(), theirs.end());
  std::erase_if(all, [&](const auto& each) { return each.first > last; });
  std::sort(all.begin(), all.end(), [](auto& a, auto& b) { return a.first > b.first; });
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

struct Differences {
  std::vector<Difference> ours;
  std::vector<Difference> theirs;
};

/// Of both sides from `base`; nothing if not all of its tree is at hand.
std::optional<Differences> differences_from(const Digest& base, const Snapshot& mine,
                                            const OtherState& other, const BlockStore& all) {
  auto ours = diff(all, base, other.head);
  if (!ours && ours.error().code == Errc::missing) return std::nullopt;
  auto theirs = diff(all, base, mine.head.root());
  if (!theirs && theirs.error().code == Errc::missing) return std::nullopt;
  return Differences{unwrap(std::move(ours)), unwrap(std::move(theirs))};
}

Differences find_base(const Snapshot& mine, const OtherState& other, const BlockStore& all,
                      SpaceMerged* merged) {
  for (const auto& [seq, cid] : common_checkpoints(mine.checkpoints(), other.checkpoints)) {
    const auto checkpoint = checkpoint_at(all, cid);
    if (!checkpoint) continue;
    auto found = differences_from(checkpoint->root, mine, other, all);
    if (!found) continue;
    merged->base = checkpoint->root;
    merged->seq = seq;
    return *std::move(found);
  }
  merged->base = empty_root();
  auto found = differences_from(merged->base, mine, other, all);
  if (!found) throw Failure("MissingBlocks", "not all nodes of the two trees are held");
  return *std::move(found);
}

struct Changes {
  std::vector<Replica::Change> changes;
  std::vector<Block> attached;
};

/// Leaves out what an earlier merge of the same has done: a conflict that is there already.
void drop_done(const Tree& mine, MergeResult* result) {
  const auto is_done = [&](const Edit& edit) { return unwrap(mine.get(edit.key)) == edit.value; };
  std::erase_if(result->edits, is_done);
  const auto& edits = result->edits;
  std::erase_if(result->conflicts, [&](const Bytes& key) {
    const auto at = std::lower_bound(
        edits.begin(), edits.end(), key,
        [](const Edit& edit, const Bytes& other) { return compare(edit.key, other) < 0; });
    return at == edits.end() || at->key != key;
  });
}

/// The edits with everything that belongs to them.
Changes gather(const MergeResult& result, const BlockStore& all) {
  MemoryStore made;
  for (const Block& block : result.blocks) made.put(block);
  const LayeredStore store(made, all);
  Changes gathered;
  CidSet seen;
  std::vector<Cid> found;
  for (const Edit& edit : result.edits) {
    Replica::Change change{edit.key, std::nullopt};
    if (edit.value) {
      const auto encoded = edit.value->encoded(store);
      if (!encoded) throw Failure("MissingBlocks", "the block of a large value is not held");
      change.value = copy_of(*encoded);
      collect_attachments(edit.key, *edit.value, store, &seen, &found);
    }
    gathered.changes.push_back(std::move(change));
  }
  for (const Cid& cid : found) gathered.attached.emplace_back(cid, copy_of(*store.find(cid)));
  return gathered;
}

/// Whether the head was still the one that was merged with.
bool try_merge(LocalReplica& replica, const OtherState& other, SpaceMerged* merged) {
  Changes gathered;
  Digest seen{};
  replica.read([&](const Snapshot& mine) {
    *merged = SpaceMerged();
    seen = mine.head.root();
    check_fork(replica, mine, other);
    const LayeredStore all(*other.blocks, mine.blocks);
    const Differences found = find_base(mine, other, all, merged);
    const Recogniser recogniser(mine.head.space(), all, mine.head.services(), now_seconds());
    const MergeBy by{other.device.value_or(replica.agent_did()),
                     other.device ? other.n : mine.syncs};
    MergeResult result = merge(found.ours, found.theirs, by, recogniser, all);
    drop_done(mine.tree(), &result);
    gathered = gather(result, all);
    merged->conflicts = std::move(result.conflicts);
  });
  for (const auto& change : gathered.changes) merged->changed.push_back(change.key);
  merged->root = seen;
  if (gathered.changes.empty()) return true;
  bool is_same = false;
  replica.change([&](Replica& held) -> Result<Commit> {
    is_same = held.root() == seen;
    if (!is_same) return Commit{{}, {}, held.record()};
    Result<Commit> commit = held.edit(gathered.changes, gathered.attached);
    merged->root = held.root();
    return commit;
  });
  return is_same;
}

}  // namespace

SpaceMerged merge_into(LocalReplica& replica, const OtherState& other) {
  SpaceMerged merged;
  for (int attempts = 0; attempts < attempts_max; ++attempts) {
    if (try_merge(replica, other, &merged)) return merged;
  }
  throw Failure("HeadMoved", "other processes keep changing the replica");
}

CarState state_in(const CarFile& car, const std::string& name) {
  if (car.roots().empty() || !car.roots()[0].is_cbor_sha256()) {
    throw Failure("Malformed", name + ": its first root is no tree");
  }
  CarState state;
  state.head = digest_of(car.roots()[0]);
  unwrap(check(car, state.head), name);
  if (car.roots().size() < 2) return state;
  state.checkpoint = checkpoint_at(car, car.roots()[1]);
  if (!state.checkpoint) throw Failure("Malformed", name + ": its second root is no checkpoint");
  return state;
}

}  // namespace freehold::native
