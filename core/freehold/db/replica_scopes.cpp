// Replica, the part of a space that it always holds: its scopes, and the sweep of what it need not
// hold.
#include "freehold/db/replica.hpp"
#include "freehold/tree/diff_within.hpp"

namespace freehold {

// --- the scopes ---------------------------------------------------------------------------------

std::vector<Bytes> Replica::scopes() const {
  std::vector<Bytes> prefixes;
  for (const Scope& scope : scopes_.list) prefixes.push_back(scope.prefix);
  return prefixes;
}

/// All of the tree is here.
void Replica::fill_all() {
  for (Scope& scope : scopes_.list) scope.from.reset();
  scopes_.is_filled = true;
}

Result<Commit> Replica::set_scopes(std::vector<Bytes> prefixes) {
  start();
  FH_TRY(const std::vector<Bytes> wanted, normalise_scopes(std::move(prefixes)));
  const bool is_less = std::any_of(scopes_.list.begin(), scopes_.list.end(), [&](const Scope& old) {
    return std::none_of(wanted.begin(), wanted.end(),
                        [&](const Bytes& prefix) { return starts_with(old.prefix, prefix); });
  });
  scopes_ = changed_scopes(scopes_, wanted);
  if (!pulling_) fill_all();
  if (pulling_ && is_less) cached_ = limits::replica_cache_bytes_max + 1;
  Commit commit;
  hold(commit, {});
  return commit;
}

/// How far the scopes are held of `theirs`, the tree that a sync leads to. `by_nodes`: its nodes
/// are to be read.
Result<Scopes> Replica::filled_by(const Digest& theirs, bool by_nodes, const BlockStore& all) {
  Scopes scopes = scopes_;
  if (!pulling_) {  // all of the base was here
    scopes.root = base_;
    if (!by_nodes) return scopes;
  }
  if (scopes.list.empty()) return scopes;
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

Commit Replica::finish_fill() {
  Commit commit;
  hold(commit, {});
  return commit;
}

/// What is being read in the order of keys: to become whole, and of new scopes.
std::vector<PullGoal> Replica::goals_in_order() const {
  std::vector<PullGoal> goals;
  if (!pulling_) return goals;
  goals.push_back({base_, pulling_->have.front(), pulling_->from});
  if (scopes_.root != base_) return goals;
  for (const Scope& scope : scopes_.list) {
    if (scope.from) goals.push_back({base_, empty_root(), scope.from, scope.prefix});
  }
  return goals;
}

/// The goal has moved on.
void Replica::reach_in_order(const PullGoal& goal) {
  if (goal.prefix.empty()) pulling_->from = goal.from;
  for (Scope& scope : scopes_.list) {
    if (scope.prefix == goal.prefix) scope.from = goal.from;
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
Result<std::vector<Cid>> Replica::kept_of_scopes(const BlockStore& all,
                                                 std::vector<Cid>* absent) const {
  const std::vector<Interval> held = scopes_.held();
  std::vector<Cid> kept;
  CidSet seen;
  for (const Digest& root : {scopes_.root, base_, head_, sent_root_.value_or(head_)}) {
    FH_TRY(const std::vector<Digest> nodes, nodes_within(all, root, held, absent));
    for (const Digest& digest : nodes) {
      const Cid cid = node_cid(digest);
      if (!seen.insert(cid).second) continue;
      kept.push_back(cid);
      const auto bytes = all.find(cid);
      if (!bytes) absent->push_back(cid);
      const Result<Node> node = bytes ? Node::decode(*bytes) : fail(Errc::missing, "a node");
      if (node && node->is_leaf()) keep_attachments(*node, held, all, &seen, &kept, absent);
    }
  }
  return kept;
}

/// What edits that wait, and a sync under way, are told and merged from.
Result<std::vector<Cid>> Replica::kept_of_edits(const BlockStore& all, std::vector<Cid>* absent) {
  const Digest roots[] = {base_, head_, sent_root_.value_or(head_)};
  std::vector<Cid> kept;
  CidSet seen;
  for (const Digest& from : roots) {
    kept.push_back(node_cid(from));
    for (const Digest& to : roots) {
      FH_TRY(const auto nodes, nodes_since(all, from, to, &missing_));
      for (const Digest& node : nodes) kept.push_back(node_cid(node));
    }
    FH_TRY(const auto differences, diff(all, base_, from, &missing_));
    for (const Difference& one : differences) {
      if (one.after) collect_attachments(one.key, *one.after, all, &seen, &kept, absent);
    }
  }
  if (checkpoint_) collect_reached(*checkpoint_, all, &seen, &kept, absent);
  if (seen_) collect_reached(seen_->cid, all, &seen, &kept, absent);
  return kept;
}

Result<Commit> Replica::sweep(std::span<const Cid> stored, const BlockStore* storage) {
  start();
  Commit commit;
  if (!pulling_) {
    hold(commit, {});
    return commit;
  }
  const MemoryStore nothing;
  const LayeredStore all(blocks_,
                         storage == nullptr ? static_cast<const BlockStore&>(nothing) : *storage);
  CidSet kept;
  std::vector<Cid> absent;
  FH_TRY(const std::vector<Cid> of_edits, kept_of_edits(all, &absent));
  FH_TRY(const std::vector<Cid> of_scopes, kept_of_scopes(all, &absent));
  for (const Cid& cid : absent) {
    if (storage == nullptr && !absent_.contains(cid)) missing_.add(cid);
  }
  if (!missing_.empty()) return fail(Errc::missing, "a block to be held is not at hand");
  kept.insert(of_edits.begin(), of_edits.end());
  kept.insert(of_scopes.begin(), of_scopes.end());
  for (const Cid& cid : stored) {
    if (!kept.contains(cid)) commit.freed.push_back(cid);
  }
  pulling_ = Pulling{{empty_root()}, Bytes()};
  held_ = empty_root();
  held_of_ = empty_root();
  cached_ = 0;
  hold(commit, {});
  return commit;
}

}  // namespace freehold
