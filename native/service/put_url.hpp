/// The signed address to which the bytes of one blob may be sent, for a while.
#pragma once

#include "freehold/crypto/hash.hpp"
#include "freehold/ucan/did.hpp"

namespace freehold::native {

struct PutTerms {
  Digest digest{};
  std::uint64_t size = 0;
  std::int64_t expires = 0;  // seconds
};

/// base58btc of the multihash: how blobs are named in addresses, as in the keys of a space.
std::string blob_name(const Digest& digest);
Result<Digest> digest_of_blob_name(std::string_view name);

/// /blob/<name>?size=...&expires=...&sig=...
std::string put_target(const PutTerms& terms, const Ed25519Key& secret);
/// What the target of a PUT allows. Errc::malformed: it is none of ours; Errc::expired.
Result<PutTerms> read_put_target(std::string_view name, std::string_view query,
                                 const Ed25519Key& secret, std::int64_t now);

}  // namespace freehold::native
