/// The blocks that belong to an entry with its value (docs/design.md section 9): under reserved
/// prefixes what its links reach by `ran`, `fx`, `prf`, `out.ok.site` and the facts of
/// `ucan/conclude`; under /conflict/ the blocks of the large values that it names; elsewhere the
/// block of a large value.
#pragma once

#include <unordered_set>

#include "freehold/tree/edit.hpp"

namespace freehold {

using CidSet = std::unordered_set<Cid, CidHash>;

/// Adds to `*found` what belongs to the entry and `store` has, parents before children, nothing
/// twice (and nothing already there). Links to blocks that are not held are passed over, and put
/// into `*absent` if that is given: a receipt may name effects that nobody sent. At most
/// attachment_depth_max deep. No more are looked for once `*found` has `most`.
void collect_attachments(ByteView key, const StoredValue& value, const BlockStore& store,
                         CidSet* seen, std::vector<Cid>* found, std::vector<Cid>* absent = nullptr,
                         std::size_t most = SIZE_MAX);

/// The same from one receipt or UCAN, which is the first that is found.
void collect_reached(const Cid& token, const BlockStore& store, CidSet* seen,
                     std::vector<Cid>* found, std::vector<Cid>* absent = nullptr);

}  // namespace freehold
