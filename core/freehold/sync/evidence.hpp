/// Evidence that an authority contradicted itself: one small file that anyone can verify, without
/// the space and without asking anybody (docs/design.md section 11).
#pragma once

#include "freehold/sync/proof_file.hpp"

namespace freehold {

enum class EvidenceKind { fork, rollback };

/// What a file of evidence states: two checkpoints, or a receipt.
struct EvidenceFields {
  EvidenceKind kind = EvidenceKind::fork;
  Did space;
  Did authority;
  std::vector<Cid> checkpoints;  // fork: two that contradict each other; else none
  std::optional<Cid> receipt;    // rollback, or a fork by a `from` that was not asked about
};

/// The bytes of the file. `blocks` is asked for what is named, and for the delegations that prove
/// the authority, which are taken along as far as they are there.
/// Errc::missing, Errc::malformed, Errc::limit. That it proves anything is not checked.
Result<Bytes> make_evidence(const BlockStore& blocks, const EvidenceFields& fields);

/// What a file proves: all in it has been verified.
struct EvidenceVerdict {
  EvidenceKind kind = EvidenceKind::fork;
  Did space;
  Did authority;
  Proven proven = Proven::no;  // whether the space itself named the authority
  /// Fork: the two. Rollback: the one that the authority was shown, and the one it answered with.
  std::vector<Checkpoint> checkpoints;
  std::uint64_t number = 0;        // fork: of which the two say different things
  std::optional<Receipt> receipt;  // none: the two checkpoints contradict each other
  Ucan invocation;                 // that the receipt is of
};

/// Whether a file claims to be evidence, so that one is told from a proof file.
bool is_evidence(ByteView file);

/// Verifies a file from hashes and signatures alone. `trust.root` is not for evidence.
/// Fails unless all of it holds: Errc::malformed (bytes, form, extra blocks, what contradicts
/// nothing), Errc::missing, Errc::limit, Errc::invalid_signature, Errc::unauthorized (another
/// space; an authority that neither the space nor the caller has named).
Result<EvidenceVerdict> verify_evidence(ByteView file, const ProofTrust& trust);

}  // namespace freehold
