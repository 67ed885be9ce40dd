/// Decoded nodes, kept between operations, so that a node's bytes are checked once and not at every
/// visit: what was read, and what an edit wrote.
///
/// Two halves by age: a node that is asked for moves to the young one; when that is full, it
/// becomes the old one, and what was left there is forgotten. Only between operations: what an
/// operation has been given stays until its end, so an operation that reads more goes over the
/// bound for as long.
#pragma once

#include <memory>

#include "freehold/base/hash_map.hpp"
#include "freehold/base/limits.hpp"
#include "freehold/tree/node.hpp"

namespace freehold {

/// For one thread at a time. Whoever holds a cache may use it with any number of stores and trees:
/// what is under a digest is the same everywhere. A block that has gone from its store, or that an
/// edit made and nobody put there, may be found here.
class NodeCache {
 public:
  explicit NodeCache(std::size_t bytes_max = limits::node_cache_bytes_max) noexcept
      : bytes_max_(bytes_max) {}
  NodeCache(const NodeCache&) = delete;
  NodeCache& operator=(const NodeCache&) = delete;

  void clear() noexcept;
  std::size_t size() const noexcept { return young_.size() + old_.size(); }

 private:
  friend class NodeSource;
  struct Held {
    std::shared_ptr<const Bytes> bytes;  // of the node, unless the operation's store keeps them
    Node node;
  };
  struct Hash {
    std::size_t operator()(const Digest& digest) const noexcept {
      std::size_t hash;  // of bytes that were hashed, so part of it is as good as any hash of it
      std::memcpy(&hash, digest.data(), sizeof hash);
      return hash;
    }
  };
  using Map = HashMap<Digest, Held, Hash>;

  const Node* find(const Digest& digest);
  const Node* add(const Digest& digest, Held held);
  /// Lets go of a node at the end of the operations under way. What an edit replaced is seldom
  /// asked for again, and a cache half full of it is slower than none.
  void forget(const Digest& digest) { forgotten_.push_back(digest); }
  void enter() noexcept { ++users_; }
  void leave() noexcept;

  std::size_t bytes_max_;
  std::size_t young_bytes_ = 0;
  int users_ = 0;  // operations under way
  Map young_;
  Map old_;
  std::vector<Digest> forgotten_;  // but still there
};

}  // namespace freehold
