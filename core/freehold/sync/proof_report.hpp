/// What a proof file proves, as data: for `freehold verify --json` and for JavaScript
/// (docs/design.md section 11).
#pragma once

#include "freehold/sync/proof_file.hpp"

namespace freehold {

/// DAG-CBOR of {space, root, entries, bytes, checkpoint, claims, receipts}; js/verify-types.d.ts
/// has what is in them.
Bytes report_of(const ProofVerdict& verdict);

}  // namespace freehold
