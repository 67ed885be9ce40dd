// Replica, the part of a space that it always holds: its scopes, and the sweep of what it need not
// hold.
#include "freehold/db/replica.hpp"
#include "freehold/tree/diff_within.hpp"

namespace freehold {

// --- the scopes ---------------------------------------------------------------------------------

Result<Commit> Replica::set_scopes(std::vector<Bytes> prefixes) {
  start();
  FH_TRY(std::vector<Bytes> wanted, normalise_scopes(std::move(prefixes)));
  const bool is_less = std::any_of(scopes().begin(), scopes().end(), [&](const Bytes& old) {
    return std::none_of(wanted.begin(), wanted.end(),
                        [&](const Bytes& prefix) { return starts_with(old, prefix); });
  });
  scopes_ = changed_scopes(scopes_, std::move(wanted));
  if (!pulling_) scopes_.fill();
  if (is_less) cached_ = limits::replica_cache_bytes_max + 1;
  return save();
}

/// How far the scopes are held of `theirs`, the tree that a sync leads to. `by_nodes`: its nodes
/// are to be read.
Result<Scopes> Replica::filled_by(const Digest& theirs, bool by_nodes, const BlockStore& all) {
  Scopes scopes = scopes_;
  if (!pulling_) {  // all of the base was here
    scopes.root = base_;
    if (!by_nodes) return scopes;
  }
  if (scopes.prefixes.empty()) return scopes;
  scopes.is_filled = false;
  const auto call = freehold::next_fill(all, theirs, Absent(*this), &scopes, &missing_);
  // What is lacking is asked for later; what the service lacks, is told then.
  if (!call && call.error().code == Errc::missing) return tl::unexpected<Error>(call.error());
  return scopes;
}

Result<std::optional<ReadCall>> Replica::next_fill() {
  start();
  if (is_filled()) return std::optional<ReadCall>();
  return freehold::next_fill(blocks_, base_, Absent(*this), &scopes_, &missing_);
}

Commit Replica::save() {
  Commit commit;
  hold(commit, {});
  return commit;
}

/// Whether a read goes on with what is read in the order of keys: to become whole, or of a new
/// scope.
bool Replica::is_in_order(const ReadCall& call, PullGoal* goal) const {
  if (!pulling_ || !call.range) return false;
  goal->root = base_;
  goal->have = pulling_->have.front();
  goal->from = pulling_->from;
  goal->prefix = call.range->prefix;
  if (!goal->prefix.empty()) {
    const auto at = std::find(scopes().begin(), scopes().end(), goal->prefix);
    if (at == scopes().end() || scopes_.root != base_) return false;
    goal->from = scopes_.from[static_cast<std::size_t>(at - scopes().begin())];
  }
  return is_next_in_order(call, *goal);
}

/// The goal has moved on.
void Replica::reach_in_order(const PullGoal& goal) {
  if (goal.prefix.empty()) pulling_->from = goal.from;
  for (std::size_t i = 0; i < scopes().size(); ++i) {
    if (scopes()[i] == goal.prefix) scopes_.from[i] = goal.from.value_or(Bytes());
  }
}

// --- the sweep ----------------------------------------------------------------------------------

namespace {

void keep_attachments(const Node& leaf, std::span<const Interval> intervals, const BlockStore& all,
                      CidSet* seen, std::vector<Cid>* kept, std::vector<Cid>* absent) {
  for (const Interval& keys : intervals) {
    const Interval::Slice slice = keys.slice_of(leaf);
    for (std::size_t i = slice.begin; i < slice.end; ++i) {
      collect_attachments(leaf.key(i), value_at(leaf, i), all, seen, kept, absent);
    }
  }
}

}  // namespace

/// The nodes of the scopes, in every tree that counts, and what belongs to their entries.
Result<> Replica::keep_scopes(const BlockStore& all, std::vector<Cid>* kept,
                              std::vector<Cid>* absent) {
  const std::vector<Interval> held = scopes_.held();
  CidSet seen;
  for (const Digest& root : {scopes_.root, base_, head_, sent_root_.value_or(head_)}) {
    FH_TRY(const std::vector<Digest> nodes, nodes_within(all, root, held, absent));
    for (const Digest& digest : nodes) {
      const Cid cid = node_cid(digest);
      if (!seen.insert(cid).second) continue;
      kept->push_back(cid);
      const auto bytes = all.find(cid);
      if (!bytes) absent->push_back(cid);
      if (!bytes) continue;
      FH_TRY(const Node node, Node::decode(*bytes));
      if (node.is_leaf()) keep_attachments(node, held, all, &seen, kept, absent);
    }
  }
  return {};
}

/// What edits that wait, and a sync under way, are told and merged from; and checkpoints.
Result<> Replica::keep_edits(const BlockStore& all, std::vector<Cid>* kept,
                             std::vector<Cid>* absent) {
  const Digest roots[] = {base_, head_, sent_root_.value_or(head_)};
  CidSet seen;
  for (const Digest& from : roots) {
    kept->push_back(node_cid(from));
    for (const Digest& to : roots) {
      FH_TRY(const auto nodes, nodes_since(all, from, to, &missing_));
      for (const Digest& node : nodes) kept->push_back(node_cid(node));
    }
    FH_TRY(const auto differences, diff(all, base_, from, &missing_));
    for (const Difference& one : differences) {
      if (one.after) collect_attachments(one.key, *one.after, all, &seen, kept, absent);
    }
  }
  for (const auto& checkpoint : {checkpoint_, seen_ ? std::optional(seen_->cid) : checkpoint_}) {
    if (checkpoint) collect_reached(*checkpoint, all, &seen, kept, absent);
  }
  return {};
}

Result<Commit> Replica::sweep(std::span<const Cid> stored, const BlockStore* storage) {
  start();
  if (!pulling_) return save();
  const LayeredStore all(blocks_, storage != nullptr ? *storage : blocks_);
  std::vector<Cid> kept;
  std::vector<Cid> absent;
  FH_CHECK(keep_edits(all, &kept, &absent));
  FH_CHECK(keep_scopes(all, &kept, &absent));
  for (const Cid& cid : absent) {
    if (storage == nullptr && !absent_.contains(cid)) missing_.add(cid);
  }
  if (!missing_.empty()) return fail(Errc::missing, "a block to be held is not at hand");
  const CidSet needed(kept.begin(), kept.end());
  Commit commit;
  for (const Cid& cid : stored) {
    if (!needed.contains(cid)) commit.freed.push_back(cid);
  }
  pulling_ = Pulling{{empty_root()}, Bytes()};
  held_ = empty_root();
  held_of_ = empty_root();
  cached_ = 0;
  hold(commit, {});
  return commit;
}

}  // namespace freehold
