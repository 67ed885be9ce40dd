/// Walks one level of a tree, node by node, and reads no node twice.
#pragma once

#include <array>

#include "freehold/block/store.hpp"
#include "freehold/tree/node_cache.hpp"

namespace freehold {

/// The nodes of one operation, decoded. A block that is not held is noted, and once one was, or one
/// was no node, the operation is to be given up: `status` says why.
class NodeSource {
 public:
  /// With a `cache`, nodes are looked for there first, and left there; without, they go when the
  /// source goes. Both must outlive the source.
  explicit NodeSource(const BlockStore& store, NodeCache* cache = nullptr) noexcept
      : store_(&store), cache_(cache == nullptr ? &own_ : cache) {
    cache_->enter();
  }
  ~NodeSource() { cache_->leave(); }
  NodeSource(const NodeSource&) = delete;
  NodeSource& operator=(const NodeSource&) = delete;

  /// Null if it cannot be had; valid as long as the source. `level` is what its parent says, -1 of
  /// a root: only that may be without entries.
  const Node* node(const Digest& digest, int level = -1);
  /// Decodes the node into `to`, past the cache: for who visits each node once. Valid as long as
  /// the store is not changed. False if it cannot be had.
  bool decode(const Digest& digest, int level, Node* to);

  /// A node just made, whose view is at hand: kept if there is a cache that outlasts the source.
  void keep(const Digest& digest, std::shared_ptr<const Bytes> bytes, Node node);
  /// When the source goes, the cache need not hold this node any longer: its tree is no more.
  void forget(const Digest& digest);

  Result<> status() const;
  const Missing& missing() const noexcept { return missing_; }
  /// Adds what is missing to `to`, unless that is null.
  void tell_missing(Missing* to) const;
  /// How often a node was asked for, and how often the store was.
  std::size_t nodes_visited() const noexcept { return visited_; }
  std::size_t nodes_read() const noexcept { return read_; }

 private:
  std::optional<ByteView> find(const Digest& digest, NodeCache::Held* held);
  bool is_fit(const Node& node, int level);

  const BlockStore* store_;
  NodeCache own_{SIZE_MAX};
  NodeCache* cache_;
  std::size_t visited_ = 0;
  std::size_t read_ = 0;
  Missing missing_;
  std::optional<Error> error_;
};

/// A path from the root down to a node of one level. Every move may fail for want of a node: it
/// then says false, the path is not to be used, and the source knows what is missing.
class LevelCursor {
 public:
  LevelCursor(NodeSource& source, const Digest& root, int level)
      : source_(&source), root_(root), level_(level) {}

  /// To the node that covers `key`: the last one whose separator is not greater.
  bool seek(ByteView key);
  bool seek_first();
  bool seek_last();
  /// To the neighbour. `*moved` is false at the end of the level, and the path stays.
  bool next(bool* moved);
  bool previous(bool* moved);

  const Node& node() const noexcept { return *path_[steps_ - 1].node; }
  Digest digest() const noexcept;
  /// Where the parent lists the node; of the root, no parent.
  struct Place {
    const Node* parent;
    std::size_t index;
  };
  Place place() const noexcept;
  bool is_first() const noexcept;
  /// The key under which the parent lists the node; empty for the root. Its bytes in `arena`.
  ByteView separator(Arena& arena) const;
  /// Where the separator of the node after this one stands; no parent at the end of the level.
  Place place_after() const noexcept;

 private:
  struct Step {
    const Node* node;
    std::size_t index;  // of the child on the path; 0 on the lowest step
  };

  Step& last() noexcept { return path_[steps_ - 1]; }
  void push(const Node* node) noexcept { path_[steps_++] = {node, 0}; }
  bool start();
  bool descend_first();
  bool descend_last();
  const Node* child(const Step& step);

  NodeSource* source_;
  Digest root_;
  int level_;
  std::array<Step, limits::height_max> path_;  // root first
  std::size_t steps_ = 0;
};

}  // namespace freehold
