#include "freehold/tree/cursor.hpp"

#include <cassert>

namespace freehold {

const Node* NodeSource::node(const Digest& digest, int level) {
  ++visited_;
  const Node* node = cache_->find(digest);
  if (node != nullptr) {
    node->prefetch();
  } else {
    NodeCache::Held held;
    const auto bytes = find(digest, &held);
    if (!bytes) return nullptr;
    if (const Result<> read = Node::decode(*bytes, &held.node); !read) {
      error_ = read.error();
      return nullptr;
    }
    node = cache_->add(digest, std::move(held));
  }
  return is_fit(*node, level) ? node : nullptr;
}

bool NodeSource::decode(const Digest& digest, int level, Node* to) {
  ++visited_;
  const auto bytes = find(digest, nullptr);
  if (!bytes) return false;
  if (const Result<> read = Node::decode(*bytes, to); !read) {
    error_ = read.error();
    return false;
  }
  return is_fit(*to, level);
}

void NodeSource::keep(const Digest& digest, std::shared_ptr<const Bytes> bytes, Node node) {
  if (cache_ == &own_ || cache_->find(digest) != nullptr) return;
  cache_->add(digest, {std::move(bytes), std::move(node)});
}

void NodeSource::forget(const Digest& digest) {
  if (cache_ != &own_) cache_->forget(digest);
}

/// The bytes of a node; `held` keeps them if they must last longer than the source.
std::optional<ByteView> NodeSource::find(const Digest& digest, NodeCache::Held* held) {
  ++read_;
  const Cid cid = node_cid(digest);
  const bool must_last = held != nullptr && cache_ != &own_;
  if (must_last) held->bytes = store_->share(cid);
  if (must_last && held->bytes != nullptr) return ByteView(*held->bytes);
  const auto bytes = store_->find(cid);
  if (!bytes) missing_.add(cid);
  if (!bytes || !must_last) return bytes;
  held->bytes = std::make_shared<const Bytes>(copy_of(*bytes));
  return ByteView(*held->bytes);
}

/// What a parent says of a node, and what no node says of itself.
bool NodeSource::is_fit(const Node& node, int level) {
  if (level >= 0 && node.level() != level) {
    error_ = Error{Errc::malformed, "node: not of the level below its parent's"};
  } else if (node.size() == 0 && (node.level() > 0 || level >= 0)) {
    error_ = Error{Errc::malformed, "node: without entries, and not the empty tree"};
  } else {
    return true;
  }
  return false;
}

Result<> NodeSource::status() const {
  if (error_) return tl::unexpected<Error>(*error_);
  if (!missing_.empty()) return fail(Errc::missing, "a node on the way is not held");
  return {};
}

void NodeSource::tell_missing(Missing* to) const {
  if (to == nullptr) return;
  for (const Cid& cid : missing_.cids()) to->add(cid);
}

bool LevelCursor::start() {
  steps_ = 0;
  const Node* root = source_->node(root_);
  if (root == nullptr) return false;
  assert(root->level() >= level_);
  push(root);
  return true;
}

const Node* LevelCursor::child(const Step& step) {
  return source_->node(step.node->link(step.index), step.node->level() - 1);
}

bool LevelCursor::seek(ByteView key) {
  if (!start()) return false;
  while (last().node->level() > level_) {
    Step& step = last();
    step.index = step.node->child_of(key);
    const Node* below = child(step);
    if (below == nullptr) return false;
    push(below);
  }
  return true;
}

bool LevelCursor::seek_first() {
  return start() && descend_first();
}
bool LevelCursor::seek_last() {
  return start() && descend_last();
}

bool LevelCursor::descend_first() {
  while (last().node->level() > level_) {
    last().index = 0;
    const Node* below = child(last());
    if (below == nullptr) return false;
    push(below);
  }
  return true;
}

bool LevelCursor::descend_last() {
  while (last().node->level() > level_) {
    last().index = last().node->size() - 1;
    const Node* below = child(last());
    if (below == nullptr) return false;
    push(below);
  }
  return true;
}

bool LevelCursor::next(bool* moved) {
  std::size_t depth = steps_ - 1;
  while (depth > 0 && path_[depth - 1].index + 1 == path_[depth - 1].node->size()) --depth;
  *moved = depth > 0;
  if (depth == 0) return true;
  steps_ = depth;
  ++last().index;
  const Node* below = child(last());
  if (below == nullptr) return false;
  push(below);
  return descend_first();
}

bool LevelCursor::previous(bool* moved) {
  std::size_t depth = steps_ - 1;
  while (depth > 0 && path_[depth - 1].index == 0) --depth;
  *moved = depth > 0;
  if (depth == 0) return true;
  steps_ = depth;
  --last().index;
  const Node* below = child(last());
  if (below == nullptr) return false;
  push(below);
  return descend_last();
}

Digest LevelCursor::digest() const noexcept {
  if (steps_ == 1) return root_;
  const Step& parent = path_[steps_ - 2];
  return parent.node->link(parent.index);
}

LevelCursor::Place LevelCursor::place() const noexcept {
  if (steps_ == 1) return {nullptr, 0};
  const Step& parent = path_[steps_ - 2];
  return {parent.node, parent.index};
}

bool LevelCursor::is_first() const noexcept {
  for (std::size_t i = 0; i + 1 < steps_; ++i) {
    if (path_[i].index != 0) return false;
  }
  return true;
}

ByteView LevelCursor::separator(Arena& arena) const {
  if (steps_ == 1) return {};
  const Step& parent = path_[steps_ - 2];
  return parent.node->key(parent.index, arena);
}

LevelCursor::Place LevelCursor::place_after() const noexcept {
  for (std::size_t i = steps_ - 1; i-- > 0;) {
    const Step& step = path_[i];
    if (step.index + 1 < step.node->size()) return {step.node, step.index + 1};
  }
  return {nullptr, 0};
}

}  // namespace freehold
