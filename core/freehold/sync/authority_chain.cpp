#include "freehold/sync/authority_chain.hpp"

#include <unordered_set>

#include "freehold/base/limits.hpp"

namespace freehold {

namespace {

bool is_in_force(const Ucan& ucan, std::int64_t now) {
  if (ucan.expires && *ucan.expires <= now) return false;
  return ucan.not_before.value_or(0) == 0 || *ucan.not_before < now;
}

class Chain {
 public:
  Chain(const Did& space, const BlockStore& blocks, std::int64_t now)
      : space_(&space), blocks_(&blocks), now_(now) {}

  /// Whether the issuer of `ucan` may do what it is about.
  bool is_entitled(const Ucan& ucan, std::size_t depth) {
    if (ucan.issuer == *space_) return true;
    if (depth == limits::proof_chain_max) return false;
    for (const Cid& cid : ucan.proofs) {
      // Seen once is enough: had it led to the space, the search would be over.
      if (seen_.size() == limits::validation_tokens_max || !seen_.insert(cid).second) continue;
      const auto bytes = blocks_->find(cid);
      if (!bytes) continue;
      const Result<Ucan> proof = Ucan::decode(Block(cid, copy_of(*bytes)));
      if (proof && is_good(*proof, ucan.issuer) && is_entitled(*proof, depth + 1)) return true;
    }
    return false;
  }

 private:
  bool is_good(const Ucan& proof, const Did& audience) const {
    if (proof.audience != audience || !proof.issuer.is_key() || !is_in_force(proof, now_)) {
      return false;
    }
    for (const Capability& capability : proof.capabilities) {
      if (covers(capability)) return verify_signature(proof, proof.issuer);
    }
    return false;
  }

  bool covers(const Capability& capability) const {
    const bool is_able = capability.can == ability_all || capability.can == ability_assert ||
                         capability.can == ability_state;
    const bool is_here = capability.with == space_->text() || capability.with == resource_all;
    const bool is_bare =
        !capability.nb || (capability.nb->as_map() != nullptr && capability.nb->as_map()->empty());
    return is_able && is_here && is_bare;
  }

  static constexpr std::string_view ability_all = "*";
  static constexpr std::string_view ability_assert = "assert/*";
  static constexpr std::string_view ability_state = "assert/state";
  static constexpr std::string_view resource_all = "ucan:*";  // whatever its issuer has

  const Did* space_;
  const BlockStore* blocks_;
  std::int64_t now_;
  std::unordered_set<Cid, CidHash> seen_;
};

}  // namespace

AuthorityKeys::AuthorityKeys(const Did& authority, const KeyResolver& known)
    : keys_(known.keys_of(authority)), is_named_(!keys_.empty()) {
  if (authority.is_key()) keys_ = {authority};
}

Proven authority_by_chain(const Checkpoint& checkpoint, const BlockStore& blocks,
                          std::int64_t now) {
  Chain chain(checkpoint.space, blocks, now);
  return chain.is_entitled(checkpoint.ucan, 0) ? Proven::yes : Proven::no;
}

}  // namespace freehold
