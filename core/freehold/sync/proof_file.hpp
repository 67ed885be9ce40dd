/// Proof files: one file that says what a space holds and brings all that proves it, up to a signed
/// checkpoint (docs/design.md section 11).
#pragma once

#include "freehold/sync/checkpoint.hpp"
#include "freehold/sync/recognise.hpp"
#include "freehold/tree/proof.hpp"

namespace freehold {

/// What a proof file states.
struct ProofFields {
  Did space;
  Digest root{};
  std::vector<Claim> claims;
  std::optional<Cid> checkpoint;  // without one the root is nobody's word
  std::vector<Cid> receipts;      // that need not lie in the tree
};

/// The bytes of the file; `blocks` is asked for all that the claims need, and what they find by way
/// of attachments is taken along as far as it is there. Claims are put into order.
/// Fails with Errc::missing, Errc::limit, Errc::malformed (claims that overlap), and where the
/// checkpoint or a receipt is not what it should be.
Result<Bytes> make_proof(const BlockStore& blocks, ProofFields fields, Missing* missing = nullptr);

/// What the verifier is to go by.
struct ProofTrust {
  std::int64_t now = 0;
  const KeyResolver* keys;          // not null: of the services that the caller trusts
  std::optional<Did> space = {};    // it must be this space's, by its checkpoint
  std::optional<Digest> root = {};  // it must be of this root
};

/// A service's receipt under a reserved key, and whether it holds.
struct Commitment {
  std::string slot;  // the service whose slot it is in; empty if the key has no slots
  Recognition recognition;
};
struct ProvenEntry {
  Bytes key;
  Bytes value;  // encoded
  std::vector<Commitment> commitments;
};
struct ProvenClaim {
  Claim claim;
  std::vector<ProvenEntry> entries;  // all that there are
};

/// What a file proves. Everything in it has been verified, but for commitments that say otherwise.
struct ProofVerdict {
  Did space;  // the file's word, if there is no checkpoint
  Digest root{};
  Weight weight;  // of the whole tree
  std::vector<ProvenClaim> claims;
  std::optional<Checkpoint> checkpoint;
  Proven proven = Proven::no;  // whether the space itself named the checkpoint's authority
  std::vector<Recognition> receipts;
};

/// Verifies a file from hashes and signatures alone. Fails unless all of it holds:
/// Errc::malformed (bytes, form, order, extra blocks, nodes that do not fit), Errc::missing (a
/// block of what is claimed), Errc::limit, Errc::invalid_signature, Errc::root_mismatch (a
/// checkpoint or an expectation of another root), Errc::unauthorized (another space; a checkpoint
/// by somebody whom neither the space nor the caller has named; a receipt that is not recognised).
Result<ProofVerdict> verify_proof(ByteView file, const ProofTrust& trust);

}  // namespace freehold
