/// Principals and delegations to try tokens on.
#pragma once

#include "freehold/ucan/ucan.hpp"

namespace freehold::test {

/// One of many principals with keys of their own.
Signer signer(int number);
/// The same key under another name, such as a did:web.
Signer signer(std::string_view did, int number);

/// Fields of a UCAN with one capability, never expiring unless said otherwise.
UcanFields fields(const Did& audience, std::string_view can, std::string_view with,
                  std::optional<Value> nb = std::nullopt, std::vector<Cid> proofs = {});

/// Issues and keeps it.
Ucan issue_into(MemoryStore& store, const Signer& issuer, UcanFields fields);

/// Reads a file below tests/vectors.
Bytes vector_file(const std::string& name);

}  // namespace freehold::test
