/// The entries of a tree in key order, as views: nothing is copied but each key, to be in one
/// piece.
#pragma once

#include "freehold/tree/cursor.hpp"

namespace freehold {

/// Stands on an entry, or behind the last one. Reads a leaf when it comes to it, and holds no more
/// than that one. What it gives is valid until the next move, if the store is not changed.
class Scan {
 public:
  /// `nodes` must outlive the scan. Its cache gets the internal nodes, but no leaves.
  Scan(NodeSource& nodes, const Digest& root) : nodes_(&nodes), root_(root) {}

  /// To the first entry whose key is not less than `key`. False if a node could not be had: then
  /// `nodes` knows which, and only another `seek` may follow.
  bool seek(ByteView key);
  bool next() {
    if (++at_ < leaf_.size()) {
      set_key();
      return true;
    }
    return next_leaf();
  }

  bool is_end() const noexcept { return at_ == leaf_.size(); }
  ByteView key() const noexcept { return key_; }
  /// The encoded value, or if it is linked the link and the size.
  ByteView payload() const noexcept { return leaf_.payload(at_); }
  bool is_linked() const noexcept { return leaf_.is_linked(at_); }
  std::uint64_t value_bytes() const noexcept { return leaf_.value_bytes(at_); }

 private:
  struct Step {
    const Node* node;
    std::size_t index;
  };
  bool descend(const Digest& digest, int level, ByteView key);
  bool next_leaf();
  void set_key();

  NodeSource* nodes_;
  Digest root_;
  std::vector<Step> path_;  // the internal nodes, root first
  Node leaf_;
  std::size_t at_ = 0;
  Bytes key_;
};

}  // namespace freehold
