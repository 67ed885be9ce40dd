/// What is told of a proof file: shared by `freehold verify` and `freehold space verify`.
#pragma once

#include <string>

#include "freehold/sync/proof_file.hpp"

namespace freehold::native {

void tell_verdict(const ProofVerdict& verdict, bool is_json);
/// In JSON on standard output, since it is the result that was asked for.
void tell_refusal(const std::string& name, const Error& error, bool is_json);

}  // namespace freehold::native
