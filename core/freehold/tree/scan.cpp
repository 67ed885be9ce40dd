#include "freehold/tree/scan.hpp"

namespace freehold {

bool Scan::seek(ByteView key) {
  path_.clear();
  leaf_ = Node();
  at_ = 0;
  const Node* root = nodes_->node(root_);
  if (root == nullptr || !descend(root_, root->level(), key)) return false;
  at_ = leaf_.lower_bound(key);
  if (at_ == leaf_.size()) return next_leaf();
  set_key();
  return true;
}

/// From a node down to the leaf that covers `key`.
bool Scan::descend(const Digest& digest, int level, ByteView key) {
  Digest below = digest;
  for (; level > 0; --level) {
    const Node* node = nodes_->node(below, level);
    if (node == nullptr) return false;
    path_.push_back({node, node->child_of(key)});
    below = node->link(path_.back().index);
  }
  if (!nodes_->decode(below, 0, &leaf_)) {
    leaf_ = Node();
    return false;
  }
  key_.assign(leaf_.prefix().begin(), leaf_.prefix().end());
  return true;
}

bool Scan::next_leaf() {
  while (!path_.empty()) {
    Step& step = path_.back();
    if (++step.index == step.node->size()) {
      path_.pop_back();
      continue;
    }
    at_ = 0;
    if (!descend(step.node->link(step.index), step.node->level() - 1, {})) return false;
    set_key();
    return true;
  }
  at_ = leaf_.size();
  return true;
}

/// Behind the prefix, which is there since the leaf was read.
void Scan::set_key() {
  const ByteView suffix = leaf_.suffix(at_);
  key_.resize(leaf_.prefix().size());
  append(key_, suffix);
}

}  // namespace freehold
