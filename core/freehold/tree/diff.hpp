/// What is different between two trees; what both have is not read.
#pragma once

#include "freehold/tree/cursor.hpp"
#include "freehold/tree/edit.hpp"
#include "freehold/tree/interval.hpp"

namespace freehold {

struct Difference {
  Bytes key;
  std::optional<StoredValue> before;
  std::optional<StoredValue> after;
};

/// The entries in which `to` differs from `from`, ascending by key. Reads the nodes that the trees
/// do not share, level by level: O(d log n) for d scattered differences.
/// Fails with Errc::missing (`*missing` has all that could be named), Errc::malformed.
Result<std::vector<Difference>> diff(const BlockStore& store, const Digest& from, const Digest& to,
                                     Missing* missing = nullptr);
/// The same, reading through `nodes`, which then knows what is missing.
Result<std::vector<Difference>> diff(NodeSource& nodes, const Digest& from, const Digest& to);

struct DiffPart {
  std::vector<Difference> differences;
  bool is_all = true;  // there is none behind them
};
/// The first differences, by key: `most` at most, and at least one if there is any. Whatever the
/// size of the trees, it looks at no more than `nodes_max` nodes of each level of either, and holds
/// no more than these and what it gives. (If all of these differ in where they are cut and in
/// nothing else, which takes keys that were made for it, all that differs is read.) Fails as `diff`
/// does.
Result<DiffPart> diff_first(const BlockStore& store, const Digest& from, const Digest& to,
                            std::size_t most, std::size_t nodes_max = 16'384);

/// Leaves of a tree in the order of their keys; `level` is -1 if one is the root, else 0.
struct Leaves {
  NodeSource& source;
  std::span<const Digest> nodes;
  int level;
};
/// The same of two lists of leaves, for the keys of an interval. What cannot be read counts as
/// without entries; its source knows.
void diff_leaves(const Leaves& from, const Leaves& to, const Interval& keys,
                 std::vector<Difference>* differences);

/// The nodes that `to` has and `from` has not, from the top down. Same cost.
Result<std::vector<Digest>> nodes_since(const BlockStore& store, const Digest& from,
                                        const Digest& to, Missing* missing = nullptr);

/// The edits that lead from the one side to the other.
std::vector<Edit> edits_of(std::span<const Difference> differences);

}  // namespace freehold
