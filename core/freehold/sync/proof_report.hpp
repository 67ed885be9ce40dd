/// What a proof file proves, as data: for `freehold verify --json` and for JavaScript
/// (docs/design.md section 11).
#pragma once

#include "freehold/sync/proof_file.hpp"

namespace freehold {

/// {space, root, entries, bytes, checkpoint, claims, receipts}
Value report_of(const ProofVerdict& verdict);

}  // namespace freehold
