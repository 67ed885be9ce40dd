/// One level of a tree with sorted edits made to it: reads what the edits reach, writes what they
/// change, and says what that means for the level above.
///
/// Most edits above the leaves only give a child another link; they cannot move a cut, and their
/// node is written anew where it stands. The others are made in *regions*: runs of old nodes that
/// are cut anew, from a node start that no edit can reach to a boundary from which old and new are
/// cut alike (docs/design.md section 4, "Incremental edits").
#pragma once

#include <vector>

#include "freehold/base/arena.hpp"
#include "freehold/tree/chunker.hpp"
#include "freehold/tree/cursor.hpp"
#include "freehold/tree/sealer.hpp"

namespace freehold {

/// A put or (no payload) delete of an entry of one level. Views, valid as long as who made it says.
struct LevelEdit {
  ByteView key;
  std::optional<ByteView> payload;
  bool is_linked = true;
  Weight weight;
};

class LevelPass {
 public:
  /// `edits` ascend by key; they, `source` and `arena` must outlive the pass.
  LevelPass(NodeSource& source, const Digest& root, int level, std::span<const LevelEdit> edits,
            Arena& arena, KeyHash hash = xxh64)
      : source_(&source),
        root_(root),
        level_(level),
        edits_(edits),
        arena_(&arena),
        hash_(hash),
        chunker_(level, hash),
        cursor_(source, root, level) {}

  /// False if a node could not be had: `source` says which.
  bool run();

  /// The edits of the level above, ascending, their bytes in the arena. Of the highest level: the
  /// nodes it now has.
  std::vector<LevelEdit> edits_above() const;
  std::vector<Block> take_written() { return std::move(blocks_); }
  /// Nodes that the level had and has no more.
  const std::vector<Digest>& dropped() const noexcept { return dropped_; }
  /// Edits that changed something: not deletes of what is absent, nor puts of what is there.
  std::size_t edits_effective() const noexcept { return effective_; }
  /// The level has no entry left, or (above the leaves) only this one, whose child is the root
  /// then.
  bool is_empty() const noexcept { return is_empty_; }
  const std::optional<Digest>& only_child() const noexcept { return only_child_; }

 private:
  enum class Change { none, content, structure };
  enum class Within { done, no, missing };  // missing: nodes were not held
  struct OldNode {
    ByteView separator;
    Digest digest;
    const Node* node = nullptr;
    std::uint64_t run_at_end = 0;  // bytes since the last change of structure before its end
    std::size_t edits_from = 0;    // index of the first edit in it
    std::size_t effective_before = 0;
    bool is_changed = false;
    bool is_moved = false;  // its structure changed
    bool is_kept = false;   // it is also a new node
  };
  struct Rewrite {  // a node written anew where it stood, which a region may still take back
    Digest digest;
    std::size_t edits_from, puts, erases, written, dropped, effective;
    bool settles_boundary;
  };
  /// Where the last region ended, if not at the end of the level.
  struct Boundary {
    ByteView separator;       // of the old node after it
    ByteView last_key;        // of the new node before it
    bool is_settled = false;  // the node after it has the right separator above
  };
  struct Region;    // what one region is in the midst of
  struct NewNode {  // as the level above is to know it
    ByteView separator;
    Weight weight;
    Digest digest;
  };
  struct View {  // of a node written; in wasm no cache outlasts an operation, and code must be
                 // small
#ifdef __EMSCRIPTEN__
    Node* get() noexcept {
      return nullptr;
    }
#else
    Node node;
    Node* get() noexcept {
      return &node;
    }
#endif
  };
  struct Written {
    std::size_t above = 0;  // index of what the level above is to know of it
    View view;
  };

  Change change_of(const Node& node, const LevelEdit& edit, std::size_t* at) const;
  std::size_t edits_within(const LevelCursor& cursor, std::size_t from) const;
  bool is_at_boundary() const;
  void settle_boundary();
  friend class Sealer<Written>;
  void write(Bytes bytes, Written written);
  void sealed(const Digest& digest, Bytes bytes, Written written);
  void rewrite(const Node& node, Weight gained);
  Within run_within(std::size_t edits_end);
  bool run_region(std::uint64_t lead);
  bool step_back(std::uint64_t lead);
  bool remember_before(Region& region);
  void stream_node(Region& region);
  bool take_ready(Region& region);
  bool may_stop(const Region& region, const Chunker::Group& group, std::size_t t);
  void end_region(Region& region, std::size_t old_nodes);
  bool is_between_natural_cuts() const;
  bool is_natural(const Node& before, const Node& after);
  bool ends_above(const Node& before, std::uint64_t hash);
  bool starts_below(const Node& after, std::uint64_t hash);

  NodeSource* source_;
  Digest root_;
  int level_;
  std::span<const LevelEdit> edits_;
  Arena* arena_;  // of what the level above is told, and what is remembered meanwhile
  KeyHash hash_;
  Chunker chunker_;  // of one region after the other
  Bytes key_;        // scratch
  LevelCursor cursor_;
  std::size_t next_ = 0;  // first edit not yet made
  std::optional<Boundary> boundary_;
  std::vector<Rewrite> rewrites_;            // since the last region
  std::vector<Node::Replacement> replaced_;  // scratch

  // What changes above: both ascend by key, and a put of an erased key replaces.
  std::vector<NewNode> puts_above_;
  std::vector<ByteView> erases_above_;
  Sealer<Written> sealer_;
  std::size_t written_ = 0;    // nodes, sealed or not
  std::vector<Block> blocks_;  // those that are
  std::vector<Digest> dropped_;
  std::size_t effective_ = 0;
  bool is_empty_ = false;
  std::optional<Digest> only_child_;
};

}  // namespace freehold
