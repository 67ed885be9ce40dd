#include "freehold/tree/apply.hpp"

#include <cassert>
#include <functional>

#include "freehold/base/heap_sort.hpp"
#include "freehold/tree/builder.hpp"
#include "freehold/tree/level_pass.hpp"

namespace freehold {

namespace {

/// Asks for every node between `digest` and the keys of `edits`, so that all that is missing is
/// named at once.
void touch(NodeSource& source, const Digest& digest, int level, std::span<const LevelEdit> edits) {
  const Node* node = source.node(digest, level);
  if (node == nullptr || node->is_leaf()) return;
  for (std::size_t at = 0; at < edits.size();) {
    const std::size_t child = node->child_of(edits[at].key);
    std::size_t end = at + 1;
    while (end < edits.size() &&
           (child + 1 == node->size() || node->compare_key(child + 1, edits[end].key) > 0)) {
      ++end;
    }
    touch(source, node->link(child), node->level() - 1, edits.subspan(at, end - at));
    at = end;
  }
}

/// All nodes of the tree's levels from `level` up.
bool collect_levels(NodeSource& source, const Digest& root, int level, int height,
                    std::vector<Digest>& to) {
  for (; level < height; ++level) {
    LevelCursor cursor(source, root, level);
    if (!cursor.seek_first()) return false;
    for (bool more = true; more;) {
      to.push_back(cursor.digest());
      if (!cursor.next(&more)) return false;
    }
  }
  return true;
}

/// What one run of `apply` has gathered.
struct Work {
  std::vector<Block> written;
  std::vector<Digest> dropped;

  void take(LevelPass& pass, bool with_written) {
    if (with_written) {
      for (Block& block : pass.take_written()) written.push_back(std::move(block));
    }
    dropped.insert(dropped.end(), pass.dropped().begin(), pass.dropped().end());
  }
};

class WorkSink final : public BlockSink {
 public:
  explicit WorkSink(Work& work) : work_(&work) {}
  void put(Block block) override { work_->written.push_back(std::move(block)); }

 private:
  Work* work_;
};

/// Nodes that were written as well as dropped stay; the sink gets what is new.
void finish(Work& work, Applied& applied, NodeSource& source, BlockSink& sink) {
  heap_sort(work.dropped, std::less<>());
  assert(std::adjacent_find(work.dropped.begin(), work.dropped.end()) == work.dropped.end());
  std::vector<Digest> kept;
  for (Block& block : work.written) {
    const Digest digest = digest_of(block.cid);
    if (std::binary_search(work.dropped.begin(), work.dropped.end(), digest)) {
      kept.push_back(digest);
      continue;
    }
    applied.added.push_back(digest);
    sink.put(std::move(block));
  }
  heap_sort(kept, std::less<>());
  assert(std::adjacent_find(kept.begin(), kept.end()) == kept.end());
  auto next_kept = kept.begin();
  for (const Digest& digest : work.dropped) {
    if (next_kept != kept.end() && *next_kept == digest) {
      ++next_kept;
      continue;
    }
    source.forget(digest);
    applied.dropped.push_back(digest);
  }
}

std::vector<LevelEdit> level_edits_of(std::span<const Edit> edits) {
  std::vector<LevelEdit> level;
  level.reserve(edits.size());
  for (const Edit& edit : edits) {
    assert(level.empty() || compare(level.back().key, edit.key) < 0);
    LevelEdit one{edit.key, std::nullopt, false, {}};
    if (edit.value) {
      one.payload = ByteView(edit.value->payload);
      one.is_linked = edit.value->is_linked;
      one.weight = {1, leaf_entry_bytes(edit.key.size(), edit.value->payload.size()) +
                           (edit.value->is_linked ? edit.value->size : 0)};
    }
    level.push_back(std::move(one));
  }
  return level;
}

/// The root over these nodes of `level`: the one there is, or a tree built on them.
void crown(std::vector<LevelEdit>& nodes, int level, const KeyHash& hash, Work& work,
           Applied& applied) {
  if (nodes.size() == 1) {
    applied.root = link_of(*nodes[0].payload);
    applied.weight = nodes[0].weight;
    return;
  }
  WorkSink sink(work);
  Builder builder(sink, level + 1, hash);
  for (const LevelEdit& node : nodes) builder.push(node.key, *node.payload, true, node.weight);
  const TreeStats stats = builder.finish();
  applied.root = stats.root;
  applied.weight = stats.weight;
}

/// From the leaves up. False if a node could not be had.
bool run_levels(NodeSource& source, const Digest& root, const Node& root_node,
                std::vector<LevelEdit> edits, const KeyHash& hash, Work& work, Applied& applied) {
  const int height = root_node.level() + 1;
  Arena arena;
  for (int level = 0; level < height; ++level) {
    LevelPass pass(source, root, level, edits, arena, hash);
    if (!pass.run()) return false;
    if (level == 0) applied.effective = pass.edits_effective();
    work.take(pass, !pass.only_child());
    if (pass.is_empty() && level == 0) {
      work.written.push_back(empty_node());
      applied.root = empty_root();
      applied.weight = {};
      return collect_levels(source, root, 1, height, work.dropped);
    }
    std::vector<LevelEdit> above = pass.edits_above();
    if (above.empty()) {  // nothing reaches further up
      applied.root = root;
      applied.weight = root_node.total();
      return true;
    }
    if (pass.only_child()) {
      applied.root = *pass.only_child();
      applied.weight = above.front().weight;
      return collect_levels(source, root, level + 1, height, work.dropped);
    }
    edits = std::move(above);
  }
  crown(edits, height - 1, hash, work, applied);
  return true;
}

}  // namespace

Result<Applied> apply(const BlockStore& store, const Digest& root, std::span<const Edit> edits,
                      BlockSink& sink, Missing* missing) {
  NodeSource nodes(store);
  Result<Applied> applied = apply(nodes, root, edits, sink);
  if (!applied) nodes.tell_missing(missing);
  return applied;
}

Result<Applied> apply(NodeSource& source, const Digest& root, std::span<const Edit> edits,
                      BlockSink& sink, const KeyHash& hash) {
  std::vector<LevelEdit> level_edits = level_edits_of(edits);
  const Node* root_node = source.node(root);
  Applied applied;
  Work work;
  if (root_node == nullptr ||
      !run_levels(source, root, *root_node, level_edits, hash, work, applied)) {
    touch(source, root, -1, level_edits);
    FH_CHECK(source.status());
    return fail(Errc::corrupt, "tree: cannot be read");
  }
  finish(work, applied, source, sink);
  return applied;
}

}  // namespace freehold
