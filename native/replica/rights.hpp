/// Delegations of a space: made, passed on, and looked at when they come in.
#pragma once

#include "native/replica/local_replica.hpp"

namespace freehold::native {

struct Grant {
  Did space;
  std::string name;  // what the giver calls the space
  Did audience;
  std::vector<std::string> can;
  std::optional<std::int64_t> expires;  // seconds
};

/// Gives the abilities, with `proof` that the issuer has them (null: it is the space itself).
Proof delegate(const Signer& issuer, const Grant& grant, const Proof* proof);

struct Examined {
  Did space;
  std::string name;
};
/// What a delegation is about, if its signatures lead from the space to `audience` and count now.
/// The service looks closer: this keeps out what can never work. Failures: Malformed, Unauthorized.
Examined examine(const Proof& proof, const Did& audience, std::int64_t now);

/// Whether the delegation itself gives the ability.
bool gives(const Proof& proof, std::string_view ability);

/// The text of a delegation that people pass on, and back; an archive's bytes are read as well.
std::string text_of_proof(const Proof& proof);
Proof parse_proof(ByteView bytes);

}  // namespace freehold::native
