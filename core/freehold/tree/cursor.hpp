/// Walks one level of a tree, node by node, and reads no node twice.
#pragma once

#include <memory>
#include <unordered_map>

#include "freehold/block/store.hpp"
#include "freehold/tree/node.hpp"

namespace freehold {

/// The decoded nodes of one operation. A block that is not held is noted, and once one was, or one
/// was no node, the operation is to be given up: `status` says why.
class NodeSource {
 public:
  explicit NodeSource(const BlockStore& store) noexcept : store_(&store) {}
  NodeSource(const NodeSource&) = delete;
  NodeSource& operator=(const NodeSource&) = delete;

  /// Null if it cannot be had. `level` is what it must be, -1 if any will do.
  const Node* node(const Digest& digest, int level = -1);
  Result<> status() const;
  const Missing& missing() const noexcept { return missing_; }
  std::size_t nodes_read() const noexcept { return nodes_.size(); }

 private:
  struct DigestHash {
    std::size_t operator()(const Digest& digest) const noexcept {
      std::size_t hash;
      std::memcpy(&hash, digest.data(), sizeof hash);
      return hash;
    }
  };

  const BlockStore* store_;
  std::unordered_map<Digest, std::unique_ptr<Node>, DigestHash> nodes_;
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

  const Node& node() const noexcept { return *path_.back().node; }
  Digest digest() const noexcept;
  bool is_first() const noexcept;
  /// The key under which the parent lists the node; empty for the root.
  Bytes separator() const;
  /// The separator of the node after this one; none at the end of the level.
  std::optional<Bytes> upper_bound() const;

 private:
  struct Step {
    const Node* node;
    std::size_t index;  // of the child on the path; 0 on the lowest step
  };

  bool start();
  bool descend_first();
  bool descend_last();
  const Node* child(const Step& step);

  NodeSource* source_;
  Digest root_;
  int level_;
  std::vector<Step> path_;  // root first
};

}  // namespace freehold
