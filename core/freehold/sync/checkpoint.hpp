/// The authority's signed statement of a space's root (docs/design.md section 6).
#pragma once

#include "freehold/tree/node.hpp"
#include "freehold/ucan/validator.hpp"

namespace freehold {

struct CheckpointFields {
  Did space;
  Digest root{};
  std::uint64_t seq = 0;  // from 1
  std::optional<Cid> prev;
  std::optional<Cid> skip;  // the checkpoint numbered seq AND (seq - 1), if that is not 0 and known
  Weight weight;            // of the tree
  std::int64_t time = 0;    // seconds, not below prev's
};

struct Checkpoint : CheckpointFields {
  Ucan ucan;

  const Cid& cid() const noexcept { return ucan.cid(); }
  /// Reads the form; does not look at the signature. Errc::malformed.
  static Result<Checkpoint> decode(Block block);
};

/// The UCAN of a checkpoint, signed: can assert/state, with and audience the space, issuer the
/// authority, `proof` its delegation from the space (none: clients say *unproven*).
Checkpoint issue_checkpoint(CheckpointFields fields, const Signer& authority,
                            std::optional<Cid> proof);

enum class Proven { yes, no };

/// Whether the checkpoint is signed by `authority_key` for `authority`, and whether the space gave
/// that authority the right to (`blocks` has the proofs). Fails with Errc::invalid_signature,
/// Errc::malformed.
Result<Proven> verify_checkpoint(const Checkpoint& checkpoint, const Did& authority,
                                 const Did& authority_key, const BlockStore& blocks,
                                 std::int64_t now);

}  // namespace freehold
