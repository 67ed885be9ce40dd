// Parts of the core that the small verifier does without. Agents that browsers make may have RSA
// keys, and UCANs may be JWTs; but spaces, services and what they sign in Freehold have Ed25519
// keys and are DAG-CBOR. A commitment of the other kinds is then not recognised, and no more.

#include <cstring>

#include "freehold/crypto/rsa.hpp"
#include "freehold/ucan/payload.hpp"
#include "freehold/ucan/uri.hpp"

namespace freehold {

Result<Ucan> decode_jwt(std::string_view) {
  return fail(Errc::malformed, "a JWT, which this verifier does not read");
}

bool is_uri(std::string_view text) {
  return text.find(':') != text.npos;
}

bool rsa_verify(ByteView, ByteView, ByteView) noexcept {
  return false;
}

std::optional<RsaPublicKey> parse_rsa_key(ByteView) noexcept {
  return std::nullopt;
}

}  // namespace freehold

/// It makes no keys and has no host to ask. Its tables then have a key that is known (table_hash):
/// who has mined a file against that slows the reading of that file.
extern "C" int getentropy(void* buffer, std::size_t size) {
  std::memset(buffer, 0, size);
  return 0;
}
