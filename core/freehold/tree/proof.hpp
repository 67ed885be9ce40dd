/// Proofs of what a tree holds: the values of keys, their absence, and ranges that are complete
/// (docs/design.md section 11).
///
/// One walk is both sides of it. The prover runs it over all that it has and sends the blocks that
/// it read; the verifier runs it over what was sent. It goes into every child whose keys may be
/// asked for, and takes no node that does not fit under its parent: so whoever knows the root knows
/// that nothing was left out, also if the root was signed by somebody who lies.
#pragma once

#include <span>

#include "freehold/tree/edit.hpp"
#include "freehold/tree/interval.hpp"

namespace freehold {

/// What is to be proved: the value of a key or that it has none; without a key, all entries of a
/// range.
struct Claim {
  std::optional<Bytes> key = {};
  Bytes prefix = {};               // only keys that begin so
  std::optional<Bytes> from = {};  // inclusive
  std::optional<Bytes> to = {};    // exclusive

  Interval interval() const;
};

struct TreeProof {
  Weight weight;                            // of the whole tree, as its root states it
  std::vector<std::vector<Entry>> entries;  // those of each claim, in order: all that there are
  std::vector<Cid> blocks;                  // the nodes and large values read, once each
};

/// Puts claims into the order that `prove` wants, each once.
void sort_claims(std::vector<Claim>* claims);

/// Reads from `store` all that proves the claims about the tree under `root`, and checks it.
///
/// Reads the root and, for each claim, the nodes that reach into it and its large values: height +
/// k / fan-out + 1 nodes for k entries. The claims must ascend and not overlap, so that each entry
/// is looked at once.
///
/// Fails with Errc::malformed (a claim or node that is not of the form, or does not fit under its
/// parent: `what` says how), Errc::invalid_value, Errc::limit, Errc::missing (then all blocks that
/// those at hand name are in `*missing`).
Result<TreeProof> prove(const BlockStore& store, const Digest& root, std::span<const Claim> claims,
                        Missing* missing = nullptr);

}  // namespace freehold
