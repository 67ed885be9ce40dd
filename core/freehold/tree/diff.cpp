#include "freehold/tree/diff.hpp"

#include "freehold/tree/cursor.hpp"

namespace freehold {

namespace {

/// The subtrees of one tree that may differ from the other's, all of one level, in key order.
struct Side {
  explicit Side(const Digest& root) : nodes{root}, places{{}} {}
  int level = 0;
  bool is_root = true;
  std::vector<Digest> nodes;
  struct Place {
    const Node* parent = nullptr;  // none of the root
    std::size_t i = 0;
  };
  std::vector<Place> places;  // of `nodes`

  const Node* node(NodeSource& source, const Digest& digest) const {
    return source.node(digest, is_root ? -1 : level);
  }
  Bytes separator(std::size_t i) const {
    return places[i].parent == nullptr ? Bytes() : places[i].parent->key(places[i].i);
  }
  void keep_first(std::size_t count) {
    nodes.resize(count);
    places.resize(count);
  }
  void keep_only(const std::vector<std::size_t>& kept) {
    for (std::size_t i = 0; i < kept.size(); ++i) {
      nodes[i] = nodes[kept[i]];
      places[i] = places[kept[i]];
    }
    keep_first(kept.size());
  }
};

/// How much of two trees is looked at, from their first keys on.
struct Reach {
  std::size_t nodes_max = SIZE_MAX;  // on either side of a level
  std::optional<Bytes> end;          // no key from here on is looked at

  /// Leaves out what is too much on one side, and on both what lies behind the rest.
  void cut(Side& left, Side& right) {
    for (Side* side : {&left, &right}) {
      if (side->nodes.size() <= nodes_max) continue;
      Bytes first_out = side->separator(nodes_max);
      if (!end || compare(first_out, *end) < 0) end = std::move(first_out);
    }
    for (Side* side : {&left, &right}) {
      std::size_t count = side->nodes.size();
      while (end && count > 0 && compare(side->separator(count - 1), *end) >= 0) --count;
      side->keep_first(count);
    }
  }
};

/// Order of the separators of two subtrees; the root's is empty.
int compare_separators(Side::Place left, Side::Place right) {
  const Bytes of_right = right.parent == nullptr ? Bytes() : right.parent->key(right.i);
  if (left.parent != nullptr) return left.parent->compare_key(left.i, of_right);
  return of_right.empty() ? 0 : -1;
}

/// Drops from both sides, in one walk by key, what both have under one separator.
void drop_aligned(Side& left, Side& right) {
  std::vector<std::size_t> kept_left;
  std::vector<std::size_t> kept_right;
  for (std::size_t l = 0, r = 0; l < left.nodes.size() || r < right.nodes.size();) {
    const bool is_both = l < left.nodes.size() && r < right.nodes.size();
    if (is_both && left.nodes[l] == right.nodes[r]) {
      ++l;
      ++r;
      continue;
    }
    const int order = is_both                 ? compare_separators(left.places[l], right.places[r])
                      : l < left.nodes.size() ? -1
                                              : 1;
    if (order <= 0) kept_left.push_back(l++);
    if (order >= 0) kept_right.push_back(r++);
  }
  left.keep_only(kept_left);
  right.keep_only(kept_right);
}

/// Drops from both sides what both have. A subtree of one can only equal one of the same level;
/// nearly all that do stand under the same separator, and few are left to be looked up.
void drop_shared(Side& left, Side& right) {
  drop_aligned(left, right);
  const DigestSet in_left(left.nodes.begin(), left.nodes.end());
  DigestSet shared;
  for (const Digest& node : right.nodes) {
    if (in_left.contains(node)) shared.insert(node);
  }
  if (shared.empty()) return;
  for (Side* side : {&left, &right}) {
    std::vector<std::size_t> kept;
    for (std::size_t i = 0; i < side->nodes.size(); ++i) {
      if (!shared.contains(side->nodes[i])) kept.push_back(i);
    }
    side->keep_only(kept);
  }
}

/// Replaces the nodes by their children. What cannot be read is noted by the source and left out.
void descend(NodeSource& source, Side& side) {
  std::vector<Digest> below;
  std::vector<Side::Place> places;
  for (const Digest& digest : side.nodes) {
    const Node* node = side.node(source, digest);
    if (node == nullptr) continue;
    for (std::size_t i = 0; i < node->size(); ++i) {
      below.push_back(node->link(i));
      places.push_back({node, i});
    }
  }
  side.nodes = std::move(below);
  side.places = std::move(places);
  side.is_root = false;
  --side.level;
}

/// Brings both sides down to the leaves that differ; `visit` sees each level before it is left.
template <class Visit>
Result<> descend_to_leaves(NodeSource& source, Side& from, Side& to, Reach& reach, Visit visit) {
  const Node* from_root = source.node(from.nodes[0]);
  const Node* to_root = source.node(to.nodes[0]);
  if (from_root != nullptr && to_root != nullptr) {
    from.level = from_root->level();
    to.level = to_root->level();
    for (;;) {
      if (from.level == to.level) drop_shared(from, to);
      reach.cut(from, to);
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

/// Those in the interval, if there is one.
std::vector<LeafEntry> entries_of(const Leaves& leaves, const Interval* keys) {
  std::vector<LeafEntry> entries;
  for (const Digest& digest : leaves.nodes) {
    const Node* leaf = leaves.source.node(digest, leaves.level);
    if (leaf == nullptr) continue;
    const auto slice = keys == nullptr ? Interval::Slice{0, leaf->size()} : keys->slice_of(*leaf);
    for (std::size_t i = slice.begin; i < slice.end; ++i) entries.push_back({leaf, i});
  }
  return entries;
}

int compare_entries(const LeafEntry& a, const LeafEntry& b) {
  const ByteView prefix_a = a.leaf->prefix();
  const ByteView prefix_b = b.leaf->prefix();
  if (equal(prefix_a, prefix_b)) return compare(a.leaf->suffix(a.i), b.leaf->suffix(b.i));
  return a.leaf->compare_key(a.i, b.leaf->key(b.i));
}

/// The first of the differences, `most` at most; whether that is all.
bool compare_all(const std::vector<LeafEntry>& before, const std::vector<LeafEntry>& after,
                 std::size_t most, std::vector<Difference>* differences) {
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
    if (differences->size() == most) return false;
    Difference one;
    one.key = order <= 0 ? old.leaf->key(old.i) : now.leaf->key(now.i);
    if (order <= 0) one.before = value_at(*old.leaf, old.i);
    if (order >= 0) one.after = value_at(*now.leaf, now.i);
    differences->push_back(std::move(one));
  }
  return true;
}

Result<DiffPart> diff_within_reach(NodeSource& source, const Digest& from, const Digest& to,
                                   Reach reach, std::size_t most) {
  DiffPart part;
  if (from == to) return part;
  Side left(from);
  Side right(to);
  FH_CHECK(descend_to_leaves(source, left, right, reach, [](const Side&) {}));
  Range range;
  range.to = reach.end;
  const Interval keys(range);
  const Interval* in = reach.end ? &keys : nullptr;
  const auto before = entries_of({source, left.nodes, left.is_root ? -1 : 0}, in);
  const auto after = entries_of({source, right.nodes, right.is_root ? -1 : 0}, in);
  FH_CHECK(source.status());
  part.is_all = compare_all(before, after, most, &part.differences) && !reach.end;
  return part;
}

}  // namespace

Result<std::vector<Difference>> diff(const BlockStore& store, const Digest& from, const Digest& to,
                                     Missing* missing) {
  NodeSource nodes(store);
  auto differences = diff(nodes, from, to);
  if (!differences) nodes.tell_missing(missing);
  return differences;
}

Result<std::vector<Difference>> diff(NodeSource& source, const Digest& from, const Digest& to) {
  FH_TRY(DiffPart part, diff_within_reach(source, from, to, {}, SIZE_MAX));
  return std::move(part.differences);
}

Result<DiffPart> diff_first(const BlockStore& store, const Digest& from, const Digest& to,
                            std::size_t most, std::size_t nodes_max) {
  NodeSource source(store);
  FH_TRY(DiffPart part, diff_within_reach(source, from, to, {nodes_max, {}}, most));
  if (part.is_all || !part.differences.empty()) return part;
  return diff_within_reach(source, from, to, {}, most);
}

void diff_leaves(const Leaves& from, const Leaves& to, const Interval& keys,
                 std::vector<Difference>* differences) {
  compare_all(entries_of(from, &keys), entries_of(to, &keys), SIZE_MAX, differences);
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
  Reach reach;
  const Result<> status = descend_to_leaves(source, left, right, reach, visit);
  source.tell_missing(missing);
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
