/// One level of a tree with sorted edits made to it: reads what the edits reach, writes what they
/// change, and says what that means for the level above.
///
/// Most edits above the leaves only give a child another link; they cannot move a cut, and their
/// node is written anew where it stands. The others are made in *regions*: runs of old nodes that
/// are cut anew, from a node start that no edit can reach to a boundary from which old and new are
/// cut alike (docs/design.md section 4, "Incremental edits").
#pragma once

#include <vector>

#include "freehold/tree/chunker.hpp"
#include "freehold/tree/cursor.hpp"

namespace freehold {

/// A put or (no payload) delete of an entry of one level.
struct LevelEdit {
  Bytes key;
  std::optional<Bytes> payload;
  bool is_linked = true;
  Weight weight;
};

class LevelPass {
 public:
  /// `edits` ascend by key; they and `source` must outlive the pass.
  LevelPass(NodeSource& source, const Digest& root, int level, std::span<const LevelEdit> edits,
            KeyHash hash = xxh64)
      : source_(&source),
        root_(root),
        level_(level),
        edits_(edits),
        hash_(hash),
        chunker_(level, hash),
        cursor_(source, root, level) {}

  /// False if a node could not be had: `source` says which.
  bool run();

  /// The edits of the level above, ascending. Of the highest level: the nodes it now has.
  std::vector<LevelEdit> take_edits_above();
  std::vector<Block> take_written() { return std::move(written_); }
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
    Bytes separator;
    Digest digest;
    const Node* node = nullptr;
    std::uint64_t run_at_end = 0;  // bytes since the last change of structure before its end
    std::size_t edits_from = 0;    // index of the first edit in it
    std::size_t effective_before = 0;
    bool is_changed = false;
    bool is_moved = false;  // its structure changed
  };
  struct Rewrite {  // a node written anew where it stood, which a region may still take back
    Digest digest;
    std::size_t edits_from, puts, erases, written, dropped, effective;
    bool settles_boundary;
  };
  /// Where the last region ended, if not at the end of the level.
  struct Boundary {
    Bytes separator;          // of the old node after it
    Bytes last_key;           // of the new node before it
    bool is_settled = false;  // the node after it has the right separator above
  };
  struct Region;  // what one region is in the midst of

  Change change_of(const Node& node, const LevelEdit& edit) const;
  std::size_t edits_within(const LevelCursor& cursor, std::size_t from) const;
  bool is_at_boundary() const;
  void settle_boundary();
  void rewrite(const Node& node, std::size_t edits_end);
  Within run_within(std::size_t edits_end);
  bool run_region(std::uint64_t lead);
  bool step_back(std::uint64_t lead);
  bool remember_before(Region& region);
  void stream_node(Region& region);
  bool take_ready(Region& region);
  bool may_stop(const Region& region, const Chunker::Group& group, std::size_t t);
  void end_region(Region& region, std::size_t old_nodes);
  bool is_natural(const Node& before, const Node& after);
  bool ends_above(const Node& before, std::uint64_t hash);
  bool starts_below(const Node& after, std::uint64_t hash);

  void put_above(ByteView key, const Digest& child, Weight weight);
  void erase_above(ByteView key);

  NodeSource* source_;
  Digest root_;
  int level_;
  std::span<const LevelEdit> edits_;
  KeyHash hash_;
  Chunker chunker_;  // of one region after the other
  Bytes key_;        // scratch
  LevelCursor cursor_;
  std::size_t next_ = 0;  // first edit not yet made
  std::optional<Boundary> boundary_;
  std::vector<Rewrite> rewrites_;  // since the last region

  // What changes above: both ascend by key, and a put of an erased key replaces.
  std::vector<LevelEdit> puts_above_;
  std::vector<Bytes> erases_above_;
  std::vector<Block> written_;
  std::vector<Digest> dropped_;
  std::size_t effective_ = 0;
  bool is_empty_ = false;
  std::optional<Digest> only_child_;
};

}  // namespace freehold
