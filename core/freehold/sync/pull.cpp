#include "freehold/sync/pull.hpp"

#include "freehold/tree/cursor.hpp"
#include "freehold/tree/diff_within.hpp"

namespace freehold {

namespace {

/// Where the entries from `from` on that are at hand end: at the first node, or block of a large
/// value, that is not held.
struct Reach {
  bool is_end = false;
  Bytes separator;  // the least key that it may have
};

/// Goes over the nodes below `digest` that may have keys in `keys`; false where it must stop.
bool walk(const BlockStore& held, NodeSource& source, const Digest& digest, int level,
          const Bytes& separator, const Interval& keys, Reach* reach) {
  const Node* node = source.node(digest, level);
  if (node == nullptr) {
    reach->separator = separator;
    return false;
  }
  const Interval::Slice slice = keys.slice_of(*node);
  for (std::size_t i = slice.begin; i < slice.end; ++i) {
    if (!node->is_leaf()) {
      const Bytes key = node->key(i);
      if (!walk(held, source, node->link(i), node->level() - 1, key, keys, reach)) return false;
    } else if (node->is_linked(i) && !held.find(node_cid(node->link(i)))) {
      reach->separator = node->key(i);
      return false;
    }
  }
  return true;
}

/// What is wanted in order.
Interval rest_of(const PullGoal& goal) {
  Range range;
  range.prefix = goal.prefix;
  range.from = goal.from;
  return Interval(range);
}

Result<Reach> reach_of(const BlockStore& held, const PullGoal& goal) {
  NodeSource source(held);
  Reach reach;
  reach.is_end = walk(held, source, goal.root, -1, {}, rest_of(goal), &reach);
  const Result<> status = source.status();
  if (!status && status.error().code != Errc::missing) {
    return fail(Errc::protocol, "read: a block of the tree is no node");
  }
  return reach;
}

/// Those of `wanted` that storage may have become missing; the rest is asked for, but for what is
/// lost.
Result<ReadCall> ask_for(const std::vector<Cid>& wanted, const Absence& absence, Missing* missing) {
  ReadCall call;
  call.depth = 0;
  for (const Cid& cid : wanted) {
    if (!absence.is_absent(cid)) {
      missing->add(cid);
    } else if (call.nodes.size() < limits::read_keys_max && !absence.is_lost(cid)) {
      call.nodes.push_back(cid);
    }
  }
  if (!missing->empty()) return fail(Errc::missing, "blocks are to be brought from storage");
  return call;
}

tl::unexpected<Error> lost() {
  return fail(Errc::protocol, "read: the service has not all of what it signed");
}

/// What belongs to the new entries; nothing if all of it is held, or had by nobody.
Result<std::optional<ReadCall>> ask_for_attachments(std::span<const Difference> differences,
                                                    const BlockStore& held, const Absence& absence,
                                                    Missing* missing) {
  CidSet seen;
  std::vector<Cid> found;
  std::vector<Cid> absent;
  for (const Difference& one : differences) {
    if (!one.after) continue;
    collect_attachments(one.key, *one.after, held, &seen, &found, &absent);
    const Cid large = one.after->is_linked ? node_cid(one.after->link()) : Cid();
    if (one.after->is_linked && !held.find(large) && absence.is_lost(large)) return lost();
  }
  FH_TRY(ReadCall call, ask_for(absent, absence, missing));
  if (call.nodes.empty()) return std::optional<ReadCall>();
  return std::optional<ReadCall>(std::move(call));
}

/// What can be named of the nodes that `have` has not.
Result<std::vector<Cid>> missing_nodes(const BlockStore& held, const PullGoal& goal) {
  Missing nodes;
  const auto since = nodes_since(held, goal.have, goal.root, &nodes);
  if (!since && since.error().code != Errc::missing) return tl::unexpected<Error>(since.error());
  for (const Digest& node : since ? *since : std::vector<Digest>()) {  // of leaves but the names
    if (!held.find(node_cid(node))) nodes.add(node_cid(node));
  }
  return nodes.cids();
}

}  // namespace

Result<std::optional<ReadCall>> next_read(const BlockStore& held, const PullGoal& goal,
                                          const Absence& absence, Missing* missing) {
  if (goal.have == empty_root()) {
    if (!goal.from) return std::optional<ReadCall>();
    ReadCall call;
    call.root = goal.root;
    call.range.emplace();
    if (!goal.from->empty()) call.range->from = goal.from;
    return std::optional<ReadCall>(std::move(call));
  }
  FH_TRY(const std::vector<Cid> nodes, missing_nodes(held, goal));
  if (!nodes.empty()) {
    FH_TRY(ReadCall call, ask_for(nodes, absence, missing));
    call.root = goal.root;  // so that it says so if it keeps that tree no more
    if (call.nodes.empty()) return lost();
    if (call.nodes.front() == node_cid(goal.root)) {
      call.depth.reset();  // with what is under the root: the upper levels are few
      call.budget = limits::read_top_bytes;
    }
    return std::optional<ReadCall>(std::move(call));
  }
  FH_TRY(const auto differences, diff(held, goal.have, goal.root, missing));
  return ask_for_attachments(differences, held, absence, missing);
}

Result<std::optional<ReadCall>> next_read_within(const BlockStore& held, const IntervalGoal& goal,
                                                 const Absence& absence, Missing* missing) {
  FH_TRY(const DiffWithin diff, diff_within(held, goal.have, goal.root, goal.intervals));
  for (const Cid& cid : diff.absent_before) {
    if (!absence.is_absent(cid)) missing->add(cid);
  }
  FH_TRY(ReadCall call, ask_for(diff.absent, absence, missing));
  if (diff.absent.empty()) {
    return ask_for_attachments(diff.differences, held, absence, missing);
  }
  if (call.nodes.empty()) return lost();
  call.root = goal.root;
  return std::optional<ReadCall>(std::move(call));
}

bool is_next_in_order(const ReadCall& call, const PullGoal& goal) {
  return call.range && call.root == goal.root && call.range->prefix == goal.prefix &&
         !call.range->to && !call.range->reverse && call.range->limit == SIZE_MAX && goal.from &&
         call.range->from.value_or(goal.prefix) == *goal.from;
}

Result<std::vector<Cid>> take_read(const ReadCall& call, const MemoryStore& answer,
                                   const std::optional<Bytes>& upto, const BlockStore& held,
                                   PullGoal* goal) {
  const LayeredStore all(answer, held);
  std::vector<Cid> taken;
  CidSet seen;
  std::vector<Cid> open = call.nodes;
  if (open.empty() && call.root) open.push_back(node_cid(*call.root));
  while (!open.empty()) {
    std::vector<Cid> below;
    for (const Cid& cid : open) {
      const auto bytes = answer.find(cid);
      if (!bytes || !seen.insert(cid).second) continue;
      taken.push_back(cid);
      const Result<Node> node = Node::decode(*bytes);
      if (!node) continue;
      for (std::size_t i = 0; i < node->size(); ++i) {
        if (!node->is_leaf()) {
          below.push_back(node_cid(node->link(i)));
        } else {
          collect_attachments(node->key(i), value_at(*node, i), answer, &seen, &taken);
        }
      }
    }
    open = std::move(below);
  }
  if (goal == nullptr || !call.range) return taken;
  FH_TRY(const Reach reach, reach_of(all, *goal));
  if (reach.is_end && !upto) {
    goal->from.reset();
    return taken;
  }
  if (!upto || compare(*upto, *goal->from) < 0 ||
      (!reach.is_end && compare(reach.separator, *upto) <= 0)) {
    return fail(Errc::protocol, "read: nodes of the range were left out");
  }
  goal->from = *upto;
  goal->from->push_back(0);  // the least key behind it
  return taken;
}

}  // namespace freehold
