/// Whether an invocation is authorized: signatures, times, and the chain of delegations up to the
/// owner of the resource. Source: protocol.md sections 8 and 9 (but the search goes on past failed
/// and revoked paths).
#pragma once

#include "freehold/ucan/capability.hpp"
#include "freehold/ucan/ucan.hpp"

namespace freehold {

/// A key for a DID that is not a did:key. Empty if it cannot be resolved.
class KeyResolver {
 public:
  virtual ~KeyResolver() = default;
  virtual std::vector<Did> keys_of(const Did& did) const = 0;
};

/// Who has revoked a UCAN, whether or not they had the right to: that is seen from the path.
class Revocations {
 public:
  virtual ~Revocations() = default;
  virtual std::vector<Did> revokers_of(const Cid& ucan) const = 0;
};

/// What an authorization depends on besides the invocation. Pointers may be null, and must outlive
/// the call; null means that there are none.
struct ValidationContext {
  std::int64_t now = 0;                // seconds
  Did authority;                       // the service's DID ...
  Did authority_key;                   // ... and its did:key
  std::vector<Did> aliases = {};       // further DIDs under which `ucan/attest` counts
  const BlockStore* proofs = nullptr;  // blocks that came with the invocation, or are held for it
  const KeyResolver* resolver = nullptr;  // else only did:key issuers and the authority
  const Revocations* revocations = nullptr;
};

/// Why an invocation is not authorized, with the innermost causes, as text for people and as names.
struct Denial {
  std::string message;               // multi-line, as in protocol.md section 5
  std::vector<std::string> reasons;  // Expired, NotValidBefore, InvalidSignature, ...: each once
};

/// The claim as its definition reads it, and the chain from the invocation up to the delegation
/// that the owner of the resource issued.
struct Authorization {
  ParsedCapability capability;
  std::vector<Cid> chain;
};

/// Judges the claim of one ability. An invocation with several capabilities is authorized if one
/// of them is; a server refuses it before that.
///
/// Costs a signature a UCAN at most; the search takes validation_steps_max steps at most, and
/// chains may have proof_chain_max links.
tl::expected<Authorization, Denial> authorize(const Ucan& invocation,
                                              const CapabilityDefinition& definition,
                                              const ValidationContext& context);

/// By the definition of its first ability; an ability that has none may have any resource and
/// caveats, and derives by the default rule.
tl::expected<Authorization, Denial> authorize(const Ucan& invocation,
                                              const ValidationContext& context);

}  // namespace freehold
