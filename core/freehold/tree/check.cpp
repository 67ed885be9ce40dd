#include "freehold/tree/check.hpp"

namespace freehold {

namespace {

class Nowhere final : public BlockSink {
 public:
  void put(Block) override {}
};

/// Walks down, each node decoded and checked, and forgotten when left.
class Walk {
 public:
  Walk(const BlockStore& store, Missing* missing)
      : store_(&store), missing_(missing), builder_(nowhere_) {}

  Result<> node(const Digest& digest, int level) {
    const Cid cid = node_cid(digest);
    const auto bytes = store_->find(cid);
    if (!bytes) {
      if (missing_ != nullptr) missing_->add(cid);
      return fail(Errc::missing, "a node of the tree is not held");
    }
    FH_TRY(const Node view, Node::decode(*bytes));
    FH_CHECK(view.check());
    if (level >= 0 && view.level() != level) {
      return fail(Errc::malformed, "node: not of the level below its parent's");
    }
    for (std::size_t i = 0; i < view.size(); ++i) {
      if (!view.is_leaf()) {
        FH_CHECK(node(view.link(i), view.level() - 1));
        continue;
      }
      Bytes key = view.key(i);
      if (has_key_ && compare(last_key_, key) >= 0) {
        return fail(Errc::malformed, "tree: keys do not ascend");
      }
      builder_.push(key, view.payload(i), view.is_linked(i), view.weight(i));
      last_key_ = std::move(key);
      has_key_ = true;
    }
    return {};
  }
  TreeStats finish() { return builder_.finish(); }

 private:
  const BlockStore* store_;
  Missing* missing_;
  Nowhere nowhere_;
  Builder builder_;
  Bytes last_key_;
  bool has_key_ = false;
};

}  // namespace

Result<TreeStats> check(const BlockStore& store, const Digest& root, Missing* missing) {
  Walk walk(store, missing);
  FH_CHECK(walk.node(root, -1));
  const TreeStats stats = walk.finish();
  if (stats.root != root) return fail(Errc::malformed, "tree: not canonical");
  return stats;
}

}  // namespace freehold
