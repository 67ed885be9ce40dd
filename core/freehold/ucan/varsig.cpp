#include "freehold/ucan/varsig.hpp"

#include "freehold/base/reader.hpp"
#include "freehold/base/utf8.hpp"
#include "freehold/crypto/rsa.hpp"

namespace freehold {

namespace {

struct Algorithm {
  std::uint64_t code;
  std::string_view name;
};

constexpr Algorithm algorithms[] = {
    {varsig_code::eddsa, "EdDSA"}, {varsig_code::rs256, "RS256"}, {0xd0e7, "ES256K"},
    {0xd0ea, "BLS12381G1"},        {0xd0eb, "BLS12381G2"},        {0xd01200, "ES256"},
    {0xd01201, "ES384"},           {0xd01202, "ES512"},           {0xd191, "EIP191"},
};

}  // namespace

Varsig Varsig::eddsa(ByteView raw) {
  return {varsig_code::eddsa, copy_of(raw), {}};
}

Varsig Varsig::named(std::string_view algorithm, Bytes raw) {
  for (const auto& [code, name] : algorithms) {
    if (name == algorithm) return {code, std::move(raw), {}};
  }
  return {varsig_code::non_standard, std::move(raw), std::string(algorithm)};
}

Bytes Varsig::encode() const {
  Bytes bytes;
  bytes.reserve(raw.size() + name.size() + 8);
  write_varint(bytes, code);
  write_varint(bytes, raw.size());
  append(bytes, raw);
  if (code == varsig_code::non_standard) append(bytes, view_of(name));
  return bytes;
}

Result<Varsig> Varsig::decode(ByteView bytes) {
  Reader reader(bytes);
  Varsig signature;
  signature.code = reader.shortest_varint();
  const ByteView raw = reader.take(reader.shortest_varint());
  if (!reader.ok()) return fail(Errc::malformed, "a signature is cut short");
  signature.raw = copy_of(raw);
  if (signature.code == varsig_code::non_standard) {
    const ByteView name = reader.take(reader.left());
    if (!is_utf8(name)) return fail(Errc::malformed, "the name of a signature algorithm");
    signature.name = text_of(name);
  } else if (signature.algorithm().empty()) {
    return fail(Errc::malformed, "an unknown signature algorithm");
  }
  return signature;
}

std::string_view Varsig::algorithm() const {
  for (const auto& [known, own_name] : algorithms) {
    if (known == code) return own_name;
  }
  return name;
}

bool verify(const Did& key, ByteView message, const Varsig& signature) {
  // The algorithm must be that of the key: a signature says itself what it claims to be.
  if (signature.code == varsig_code::eddsa) {
    const auto public_key = key.ed25519_key();
    return public_key && ed25519_verify(*public_key, message, signature.raw);
  }
  if (signature.code == varsig_code::rs256) {
    const auto der = key.rsa_key();
    return der && rsa_verify(*der, message, signature.raw);
  }
  return false;
}

}  // namespace freehold
