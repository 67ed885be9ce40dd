#include "freehold/tree/diff.hpp"

#include <unordered_set>

#include "freehold/tree/cursor.hpp"

namespace freehold {

namespace {

using DigestSet = std::unordered_set<Digest, DigestHash>;

/// The subtrees of one tree that may differ from the other's, all of one level, in key order.
struct Side {
  explicit Side(const Digest& root) : nodes{root} {}
  int level = 0;
  bool is_root = true;
  std::vector<Digest> nodes;

  const Node* node(NodeSource& source, const Digest& digest) const {
    return source.node(digest, is_root ? -1 : level);
  }
};

/// Drops from both sides what both have. A subtree of one can only equal one of the same level.
void drop_shared(Side& left, Side& right) {
  const DigestSet in_left(left.nodes.begin(), left.nodes.end());
  DigestSet shared;
  for (const Digest& node : right.nodes) {
    if (in_left.contains(node)) shared.insert(node);
  }
  if (shared.empty()) return;
  const auto is_shared = [&](const Digest& node) { return shared.contains(node); };
  std::erase_if(left.nodes, is_shared);
  std::erase_if(right.nodes, is_shared);
}

/// Replaces the nodes by their children. What cannot be read is noted by the source and left out.
void descend(NodeSource& source, Side& side) {
  std::vector<Digest> below;
  for (const Digest& digest : side.nodes) {
    const Node* node = side.node(source, digest);
    if (node == nullptr) continue;
    for (std::size_t i = 0; i < node->size(); ++i) below.push_back(node->link(i));
  }
  side.nodes = std::move(below);
  side.is_root = false;
  --side.level;
}

/// Brings both sides down to the leaves that differ; `visit` sees each level before it is left.
template <class Visit>
Result<> descend_to_leaves(NodeSource& source, Side& from, Side& to, Visit visit) {
  const Node* from_root = source.node(from.nodes[0]);
  const Node* to_root = source.node(to.nodes[0]);
  if (from_root != nullptr && to_root != nullptr) {
    from.level = from_root->level();
    to.level = to_root->level();
    for (;;) {
      if (from.level == to.level) drop_shared(from, to);
      if (to.level >= from.level) visit(to);
      if (from.level == 0 && to.level == 0) break;
      const int level = std::max(from.level, to.level);
      if (from.level == level) descend(source, from);
      if (to.level == level) descend(source, to);
    }
  }
  return source.status();
}

struct LeafEntry {
  const Node* leaf;
  std::size_t i;
};

std::vector<LeafEntry> entries_of(NodeSource& source, const Side& side) {
  std::vector<LeafEntry> entries;
  for (const Digest& digest : side.nodes) {
    const Node* leaf = side.node(source, digest);
    if (leaf == nullptr) continue;
    for (std::size_t i = 0; i < leaf->size(); ++i) entries.push_back({leaf, i});
  }
  return entries;
}

int compare_entries(const LeafEntry& a, const LeafEntry& b) {
  const ByteView prefix_a = a.leaf->prefix();
  const ByteView prefix_b = b.leaf->prefix();
  if (equal(prefix_a, prefix_b)) return compare(a.leaf->suffix(a.i), b.leaf->suffix(b.i));
  return a.leaf->compare_key(a.i, b.leaf->key(b.i));
}

void give_missing(const NodeSource& source, Missing* missing) {
  if (missing == nullptr) return;
  for (const Cid& cid : source.missing().cids()) missing->add(cid);
}

}  // namespace

Result<std::vector<Difference>> diff(const BlockStore& store, const Digest& from, const Digest& to,
                                     Missing* missing) {
  NodeSource nodes(store);
  auto differences = diff(nodes, from, to);
  if (!differences) give_missing(nodes, missing);
  return differences;
}

Result<std::vector<Difference>> diff(NodeSource& source, const Digest& from, const Digest& to) {
  std::vector<Difference> differences;
  if (from == to) return differences;
  Side left(from);
  Side right(to);
  FH_CHECK(descend_to_leaves(source, left, right, [](const Side&) {}));
  const std::vector<LeafEntry> before = entries_of(source, left);
  const std::vector<LeafEntry> after = entries_of(source, right);
  FH_CHECK(source.status());

  for (std::size_t b = 0, a = 0; b < before.size() || a < after.size();) {
    const int order = b == before.size()  ? 1
                      : a == after.size() ? -1
                                          : compare_entries(before[b], after[a]);
    const LeafEntry old = order <= 0 ? before[b++] : LeafEntry{};
    const LeafEntry now = order >= 0 ? after[a++] : LeafEntry{};
    if (order == 0 && equal(old.leaf->payload(old.i), now.leaf->payload(now.i)) &&
        old.leaf->is_linked(old.i) == now.leaf->is_linked(now.i)) {
      continue;
    }
    Difference one;
    one.key = order <= 0 ? old.leaf->key(old.i) : now.leaf->key(now.i);
    if (order <= 0) one.before = value_at(*old.leaf, old.i);
    if (order >= 0) one.after = value_at(*now.leaf, now.i);
    differences.push_back(std::move(one));
  }
  return differences;
}

Result<std::vector<Digest>> nodes_since(const BlockStore& store, const Digest& from,
                                        const Digest& to, Missing* missing) {
  std::vector<Digest> nodes;
  if (from == to) return nodes;
  NodeSource source(store);
  Side left(from);
  Side right(to);
  const auto visit = [&](const Side& side) {
    nodes.insert(nodes.end(), side.nodes.begin(), side.nodes.end());
  };
  const Result<> status = descend_to_leaves(source, left, right, visit);
  give_missing(source, missing);
  FH_CHECK(status);
  return nodes;
}

std::vector<Edit> edits_of(std::span<const Difference> differences) {
  std::vector<Edit> edits;
  edits.reserve(differences.size());
  for (const Difference& one : differences) edits.push_back({one.key, one.after});
  return edits;
}

}  // namespace freehold
