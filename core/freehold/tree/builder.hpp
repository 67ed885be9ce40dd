/// Builds a tree from sorted entries in one pass, and holds no more than a few nodes a level.
#pragma once

#include <memory>

#include "freehold/block/store.hpp"
#include "freehold/tree/chunker.hpp"
#include "freehold/tree/sealer.hpp"

namespace freehold {

/// What a finished tree is.
struct TreeStats {
  Digest root;
  int height = 0;           // levels
  std::uint64_t nodes = 0;  // written
  Weight weight;
};

class Builder {
 public:
  /// Nodes go to `sink`, children before parents. `sink` must outlive the builder.
  explicit Builder(BlockSink& sink, int first_level = 0, KeyHash hash = xxh64)
      : sink_(&sink), first_level_(first_level), hash_(hash) {}

  /// The next entry of the lowest level. Keys must ascend strictly: asserted.
  void push(ByteView key, ByteView payload, bool is_linked, Weight weight);
  /// The tree of all that was pushed. The empty tree if nothing was.
  TreeStats finish();

 private:
  struct Note {
    std::size_t level;
    Bytes separator;
    Weight weight;
  };
  struct Level {
    Level(int level, KeyHash hash) : chunker(level, hash) {}
    Chunker chunker;
    std::uint64_t nodes = 0;
    Digest last_node{};
    Weight weight;   // of all its nodes
    Bytes last_key;  // of the last entry in a node written
    Sealer<Note> sealer;
  };

  Level& level_at(std::size_t i);
  void write_ready(std::size_t i);
  friend class Sealer<Note>;
  void sealed(const Digest& digest, Bytes bytes, const Note& note);

  BlockSink* sink_;
  int first_level_;
  KeyHash hash_;
  std::vector<std::unique_ptr<Level>> levels_;
};

/// The key under which a parent lists a node: of a leaf the shortest prefix of its first key that
/// is greater than the last key before it, of an internal node the key of its first entry.
ByteView separator_of(int level, ByteView first_key, bool is_first_node, ByteView last_key_before);

}  // namespace freehold
