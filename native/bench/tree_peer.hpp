/// Freehold's tree as a peer, over whatever keeps its nodes.
#pragma once

#include "freehold/block/store.hpp"
#include "native/bench/peer.hpp"

namespace freehold::bench {

/// Keeps blocks. Each call of `write` is one commit.
class Medium {
 public:
  using Read = std::function<Trouble(const BlockStore&)>;
  using Write = std::function<Trouble(const BlockStore&, BlockSink&)>;

  virtual ~Medium() = default;
  virtual Trouble read(const Read& read) = 0;
  /// May run `write` more than once, each time from the start.
  virtual Trouble write(const Write& write) = 0;
  /// What the next `write` may take away.
  virtual void drop(const std::vector<Digest>& nodes) = 0;
};

/// Blocks in memory.
std::unique_ptr<Medium> memory_medium();

std::unique_ptr<Peer> tree_peer(std::unique_ptr<Medium> medium);

/// Builds a tree whose nodes nobody keeps: what the builder itself needs. Gives its root.
Digest build_nowhere(const Dataset& data);

}  // namespace freehold::bench
