/// The key that issues `http/put` for a blob. It follows from the blob's hash, so that whoever has
/// the blob can sign the receipt; it proves nothing. Source: protocol.md section 10, step 5.
#pragma once

#include "freehold/codec/value.hpp"
#include "freehold/ucan/did.hpp"

namespace freehold {

/// Its seed is the last 32 bytes of the multihash. Errc::malformed if there are fewer.
Result<Ed25519Key> key_of_blob(ByteView multihash);

/// {id: <DID>, keys: {<did:key>: private key}}: a signer, as the facts of `http/put` carry it.
Value archive_of(const Signer& signer);
Result<Signer> signer_of_archive(const Value& archive);

}  // namespace freehold
