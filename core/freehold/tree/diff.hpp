/// What is different between two trees; what both have is not read.
#pragma once

#include "freehold/tree/cursor.hpp"
#include "freehold/tree/edit.hpp"

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

/// The nodes that `to` has and `from` has not, from the top down. Same cost.
Result<std::vector<Digest>> nodes_since(const BlockStore& store, const Digest& from,
                                        const Digest& to, Missing* missing = nullptr);

/// The edits that lead from the one side to the other.
std::vector<Edit> edits_of(std::span<const Difference> differences);

}  // namespace freehold
