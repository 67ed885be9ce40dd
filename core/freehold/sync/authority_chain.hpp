/// Whether a space has made somebody its authority, as far as a chain of signatures alone tells
/// (docs/design.md section 11): for whoever verifies offline, and trusts no service to say who
/// holds an account.
#pragma once

#include "freehold/sync/checkpoint.hpp"

namespace freehold {

/// The keys that an authority may have signed with: its own if it is a did:key, else those that the
/// verifier knows for it.
class AuthorityKeys {
 public:
  AuthorityKeys(const Did& authority, const KeyResolver& known);

  bool is_known() const noexcept { return !keys_.empty(); }
  /// Whether the verifier has named the authority itself.
  bool is_named() const noexcept { return is_named_; }
  /// Of a UCAN or a receipt.
  template <class Signed>
  bool has_signed(const Signed& token) const {
    for (const Did& key : keys_) {
      if (verify_signature(token, key)) return true;
    }
    return false;
  }

 private:
  std::vector<Did> keys_;
  bool is_named_ = false;
};

/// Yes if the checkpoint's issuer is the space, or `blocks` has a chain of at most proof_chain_max
/// delegations of assert/state from the space to it. Each counts if its issuer is a did:key that
/// signed it, it is in force at `now`, and has no caveats. Looks at validation_tokens_max UCANs at
/// most. The checkpoint's own signature is not looked at.
Proven authority_by_chain(const Checkpoint& checkpoint, const BlockStore& blocks, std::int64_t now);

}  // namespace freehold
