#include "native/replica/state_walk.hpp"

#include <algorithm>

namespace freehold::native {

namespace {

class Walk {
 public:
  Walk(const BlockStore& store, const StateWalk& walk) : store_(&store), walk_(&walk) {}

  Result<> run(const Digest& root) {
    std::vector<Digest> open{root};
    while (!open.empty()) {
      const Cid cid = node_cid(open.back());
      open.pop_back();
      const auto bytes = store_->find(cid);
      if (!bytes) {
        FH_CHECK(lack(cid));
        continue;
      }
      if (walk_->block) walk_->block(cid, *bytes);
      FH_TRY(const Node node, Node::decode(*bytes));
      for (std::size_t i = node.size(); !node.is_leaf() && i-- > 0;) open.push_back(node.link(i));
      if (!node.is_leaf()) continue;
      for (std::size_t i = 0; i < node.size(); ++i) FH_CHECK(attachments(node, i));
      entries_ += node.size();
      if (walk_->entries) walk_->entries(entries_);
    }
    return {};
  }

 private:
  Result<> lack(const Cid& cid) {
    if (!walk_->missing) return fail(Errc::missing, "a node or large value is not held");
    walk_->missing(cid);
    return {};
  }

  Result<> attachments(const Node& node, std::size_t i) {
    const StoredValue value = value_at(node, i);
    std::vector<Cid> found;
    std::vector<Cid> absent;
    collect_attachments(node.key(i), value, *store_, &seen_, &found, &absent);
    for (const Cid& cid : found) {
      if (walk_->block) walk_->block(cid, *store_->find(cid));
    }
    for (const Cid& cid : absent) {
      if (value.is_linked && cid == node_cid(value.link())) {
        FH_CHECK(lack(cid));
      } else if (walk_->absent) {
        walk_->absent(cid);
      }
    }
    return {};
  }

  const BlockStore* store_;
  const StateWalk* walk_;
  CidSet seen_;  // attachments
  std::uint64_t entries_ = 0;
};

}  // namespace

Result<> walk_state(const BlockStore& store, const Digest& root, const StateWalk& walk) {
  return Walk(store, walk).run(root);
}

}  // namespace freehold::native
