/// What a file of evidence proves, for people and for programs.
#pragma once

#include "freehold/sync/evidence.hpp"

namespace freehold::native {

void print_evidence(const EvidenceVerdict& verdict);

/// {proved: true, evidence: "fork" | "rollback", space, authority, proven, checkpoints: [{cid, seq,
/// time}], number?, receipt?, invocation?}.
Value report_of_evidence(const EvidenceVerdict& verdict);

}  // namespace freehold::native
