/// The map that users hold: an immutable sorted map from byte keys to values, kept in blocks.
#pragma once

#include "freehold/tree/apply.hpp"
#include "freehold/tree/diff.hpp"
#include "freehold/tree/interval.hpp"

namespace freehold {

/// Part of a listing. If the limit ended it, `next` is the last key given: list on with `from` (or,
/// in reverse, `to`) set to it, exclusive. Keys, not positions: a cursor survives any edit.
struct Page {
  std::vector<Entry> entries;
  std::optional<Bytes> next;
};

/// A flat map seen as folders, as S3 does: keys under `prefix` up to the next `delimiter` behind
/// it.
struct FolderQuery {
  Bytes prefix;
  Bytes delimiter;               // of one byte or more
  std::optional<Bytes> after;    // go on behind this key or common prefix
  std::size_t limit = SIZE_MAX;  // of entries and common prefixes together
};
struct FolderPage {
  std::vector<Entry> entries;   // keys with no delimiter behind the prefix
  std::vector<Bytes> prefixes;  // of the others, once each, with their delimiter
  std::optional<Bytes> next;    // as for Page: the `after` of the next one
};

/// A root and a borrowed store: a value, cheap to copy. A change makes a new Tree and leaves this
/// one as it was. Two trees hold the same entries iff their roots are equal (chunker.hpp).
///
/// The store, and the cache if there is one, must outlive the tree. Any read may fail with
/// Errc::missing, when a block on its path is not held (`*missing` then has all that could be
/// named), or Errc::malformed; it then had no effect and may be repeated. Any number of threads may
/// read.
class Tree {
 public:
  /// With a `cache`, reads leave the nodes that they decode there (one thread at a time, then).
  Tree(const BlockStore& store, const Digest& root, NodeCache* cache = nullptr) noexcept
      : store_(&store), root_(root), cache_(cache) {}
  const Digest& root() const noexcept { return root_; }
  Cid root_cid() const { return node_cid(root_); }

  /// The value under `key`, if any. Reads one node a level.
  Result<std::optional<StoredValue>> get(ByteView key, Missing* missing = nullptr) const;
  /// Reads height + k / fan-out + 1 nodes for k entries. Fails whole if a node is missing; all
  /// nodes of the range that the nodes at hand name are in `*missing` then.
  Result<Page> list(const Range& range, Missing* missing = nullptr) const;
  /// One level of folders. What lies deeper is skipped, not read: about one node a level for each
  /// common prefix.
  Result<FolderPage> list_folder(const FolderQuery& query, Missing* missing = nullptr) const;
  /// How many entries have a key less than `key`. Reads one node a level.
  Result<std::uint64_t> rank(ByteView key, Missing* missing = nullptr) const;
  /// How many entries a range has, whatever its limit. Reads two nodes a level.
  Result<std::uint64_t> count(const Range& range, Missing* missing = nullptr) const;
  /// Entries and their bytes. Reads the root.
  Result<Weight> weight(Missing* missing = nullptr) const;
  /// Levels; 1 for a tree of one leaf.
  Result<int> height(Missing* missing = nullptr) const;

 private:
  const BlockStore* store_;
  Digest root_;
  NodeCache* cache_;
};

}  // namespace freehold
