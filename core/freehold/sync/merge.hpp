/// Three-way merging, key by key, against a base (docs/design.md section 3).
#pragma once

#include <map>

#include "freehold/sync/recognise.hpp"
#include "freehold/tree/tree.hpp"

namespace freehold {

struct MergeResult {
  std::vector<Edit> edits;       // lead from the theirs tree to the merged one; ascending
  std::vector<Bytes> conflicts;  // the /conflict/ keys among them
  std::vector<Block> blocks;     // of conflict values too large to be inline
};

/// What the side whose edits are merged is: it goes into the conflict entries.
struct MergeBy {
  Did device;
  std::uint64_t n = 0;
};

/// Of base values that are not at hand, by key: the first base_digest_bytes of the SHA-256 of
/// their encoding, empty for absence.
using BaseDigests = std::map<Bytes, Bytes, BytesLess>;

/// Where `theirs` has something else than the base, at the keys of `ours` alone: merging looks at
/// no others. Reads one path a key. Fails as Tree::get does.
Result<std::vector<Difference>> changed_at(const Tree& theirs, std::span<const Difference> ours,
                                           Missing* missing);

/// `ours` leads from the base to the side that gives way, `theirs` from the base to the
/// authority's; both ascend by key. Of keys in `digests` the base is known by its digest alone.
/// `store` is asked for large values under issuer maps only.
MergeResult merge(std::span<const Difference> ours, std::span<const Difference> theirs,
                  const MergeBy& by, const Recogniser& recogniser, const BlockStore& store,
                  const BaseDigests& digests = {});

}  // namespace freehold
