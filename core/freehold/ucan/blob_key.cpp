#include "freehold/ucan/blob_key.hpp"

namespace freehold {

Result<Ed25519Key> key_of_blob(ByteView multihash) {
  Ed25519Seed seed;
  if (multihash.size() < seed.size()) return fail(Errc::malformed, "a multihash too short");
  const ByteView end = multihash.last(seed.size());
  std::copy(end.begin(), end.end(), seed.begin());
  return Ed25519Key(seed);
}

Value archive_of(const Signer& signer) {
  const Did own = Did::of_ed25519(signer.key.public_key());
  return Map{{"id", signer.did.text()}, {"keys", Map{{own.text(), archive_of_key(signer.key)}}}};
}

Result<Signer> signer_of_archive(const Value& archive) {
  const Value* id = archive.find("id");
  const Value* keys = archive.find("keys");
  if (id == nullptr || id->as_text() == nullptr || keys == nullptr || keys->as_map() == nullptr ||
      keys->as_map()->size() != 1) {
    return fail(Errc::malformed, "not the archive of a signer");
  }
  const auto& [name, secret] = keys->as_map()->entries().front();
  if (secret.as_bytes() == nullptr) return fail(Errc::malformed, "not the archive of a signer");
  FH_TRY(Did did, Did::parse(*id->as_text()));
  FH_TRY(const Ed25519Key key, key_of_archive(*secret.as_bytes()));
  if (Did::of_ed25519(key.public_key()).text() != name) {
    return fail(Errc::malformed, "the archive of a signer with another key");
  }
  return Signer(std::move(did), key);
}

}  // namespace freehold
