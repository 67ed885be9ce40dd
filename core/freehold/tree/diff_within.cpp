#include "freehold/tree/diff_within.hpp"

#include <algorithm>

#include "freehold/tree/apply.hpp"

namespace freehold {

namespace {

/// The nodes of an interval on one level of a tree, in key order. Of those that reach into it the
/// ones inside may have been dropped since they are the other tree's too; the first and the last
/// stay, for what lies at their ends below is decided there.
struct Run {
  int level = -1;
  bool is_root = true;
  std::optional<Digest> before;
  std::vector<Digest> nodes;
  std::optional<Digest> after;

  void start(NodeSource& source, const Digest& root) {
    const Node* node = source.node(root);
    if (node == nullptr) return;
    level = node->level();
    nodes.push_back(root);
  }

  template <class Visit>
  void visit(Visit visit) const {
    if (before) visit(*before);
    for (const Digest& node : nodes) visit(node);
    if (after) visit(*after);
  }
  template <class Visit>
  void visit_ends(Visit visit) const {
    if (before) visit(*before);
    if (!nodes.empty()) visit(nodes.front()), visit(nodes.back());
    if (after) visit(*after);
  }

  /// To the level below. What cannot be read is noted by the source, and left out.
  void descend(NodeSource& source, const Interval& keys) {
    std::optional<Digest> left = child(source, before, false);
    std::optional<Digest> right = child(source, after, true);
    std::vector<Digest> below;
    for (std::size_t k = 0; k < nodes.size(); ++k) {
      const Node* node = source.node(nodes[k], level);
      if (node == nullptr) continue;
      const Interval::Slice slice = keys.slice_of(*node);
      if (k == 0 && slice.begin > 0) left = node->link(slice.begin - 1);
      if (k + 1 == nodes.size() && slice.end < node->size()) right = node->link(slice.end);
      for (std::size_t i = slice.begin; i < slice.end; ++i) below.push_back(node->link(i));
    }
    before = left;
    nodes = std::move(below);
    after = right;
    is_root = false;
    --level;
  }

 private:
  std::optional<Digest> child(NodeSource& source, const std::optional<Digest>& of,
                              bool is_first) const {
    const Node* node = of ? source.node(*of, level) : nullptr;
    if (node == nullptr) return std::nullopt;
    return node->link(is_first ? 0 : node->size() - 1);
  }
};

DigestSet set_of(const Run& run) {
  DigestSet set;
  run.visit([&](const Digest& node) { set.insert(node); });
  return set;
}

/// Drops from both what lies inside both.
void drop_shared(Run& left, Run& right) {
  DigestSet kept;
  for (const Run* run : {&left, &right}) {
    run->visit_ends([&](const Digest& node) { kept.insert(node); });
  }
  const DigestSet in_left(left.nodes.begin(), left.nodes.end());
  DigestSet shared;
  for (const Digest& node : right.nodes) {
    if (in_left.contains(node) && !kept.contains(node)) shared.insert(node);
  }
  if (shared.empty()) return;
  const auto is_shared = [&](const Digest& node) { return shared.contains(node); };
  std::erase_if(left.nodes, is_shared);
  std::erase_if(right.nodes, is_shared);
}

Result<> status_of(const NodeSource& source) {
  const Result<> status = source.status();
  if (!status && status.error().code != Errc::missing) return status;
  return {};
}

/// One walk for all intervals.
class Walk {
 public:
  Walk(const BlockStore& store, bool reads_leaves, std::size_t nodes_max)
      : before_(store), after_(store), reads_leaves_(reads_leaves), nodes_max_(nodes_max) {}

  Result<> run(const Digest& from, const Digest& to, const Interval& keys) {
    Run old;
    Run now;
    if (from != empty_root()) old.start(before_, from);
    now.start(after_, to);
    for (; now.level >= 0 && is_all_;) {
      const bool is_level = old.level == now.level;
      if (now.level >= old.level) take(now, is_level ? set_of(old) : DigestSet());
      if (is_level) drop_shared(old, now);
      const int level = std::max(old.level, now.level);
      if (level == 0) break;
      // A server does not go through a tree for whoever has another one altogether.
      if (old.nodes.size() > nodes_max_) old = Run();
      if (old.level == level) old.descend(before_, keys);
      if (now.level == level) now.descend(after_, keys);
    }
    if (is_all_ && reads_leaves_ && now.level == 0) compare_leaves(old, now, keys);
    FH_CHECK(status_of(before_));
    return status_of(after_);
  }

  DiffWithin finish() {
    for (std::size_t level = found_.size(); level-- > 0;) {
      result_.nodes.insert(result_.nodes.end(), found_[level].begin(), found_[level].end());
    }
    result_.absent = after_.missing().cids();
    result_.absent_before = before_.missing().cids();
    result_.is_all = is_all_;
    if (!is_all_) result_.differences.clear();
    return std::move(result_);
  }

 private:
  void take(const Run& now, const DigestSet& known) {
    const auto level = static_cast<std::size_t>(now.level);
    if (found_.size() <= level) found_.resize(level + 1);
    now.visit([&](const Digest& node) {
      if (known.contains(node) || !seen_.insert(node).second) return;
      is_all_ = is_all_ && seen_.size() <= nodes_max_;
      if (is_all_) found_[level].push_back(node);
    });
  }

  void compare_leaves(const Run& old, const Run& now, const Interval& keys) {
    now.visit_ends([&](const Digest& leaf) { after_.node(leaf, now.is_root ? -1 : 0); });
    diff_leaves({before_, old.nodes, old.is_root ? -1 : 0},
                {after_, now.nodes, now.is_root ? -1 : 0}, keys, &result_.differences);
  }

  NodeSource before_;
  NodeSource after_;
  bool reads_leaves_;
  std::size_t nodes_max_;
  bool is_all_ = true;
  DigestSet seen_;
  std::vector<std::vector<Digest>> found_;  // by level
  DiffWithin result_;
};

}  // namespace

Result<DiffWithin> diff_within(const BlockStore& store, const Digest& from, const Digest& to,
                               std::span<const Interval> intervals, std::size_t nodes_max) {
  Walk walk(store, true, nodes_max);
  for (const Interval& keys : intervals) FH_CHECK(walk.run(from, to, keys));
  return walk.finish();
}

Result<std::vector<Digest>> nodes_within(const BlockStore& store, const Digest& root,
                                         std::span<const Interval> intervals,
                                         std::vector<Cid>* absent) {
  Walk walk(store, false, SIZE_MAX);
  for (const Interval& keys : intervals) FH_CHECK(walk.run(empty_root(), root, keys));
  DiffWithin found = walk.finish();
  absent->insert(absent->end(), found.absent.begin(), found.absent.end());
  return std::move(found.nodes);
}

}  // namespace freehold
