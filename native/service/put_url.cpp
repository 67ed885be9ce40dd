#include "native/service/put_url.hpp"

#include <charconv>

#include <openssl/crypto.h>
#include <openssl/hmac.h>

#include "freehold/base/multibase.hpp"
#include "freehold/block/cid.hpp"

namespace freehold::native {

namespace {

/// The key of a service signs UCANs; addresses get a key of their own that follows from it.
Digest url_key(const Ed25519Key& secret) {
  Sha256 hash;
  hash.update(view_of("freehold/put-url@1"));
  hash.update(secret.seed());
  return hash.finish();
}

std::string tag_of(const PutTerms& terms, const Ed25519Key& secret) {
  const std::string text = blob_name(terms.digest) + "\n" + std::to_string(terms.size) + "\n" +
                           std::to_string(terms.expires);
  const Digest key = url_key(secret);
  Digest tag{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), tag.data(), &size);
  return encode_base(Base::base64url, tag);
}

std::string_view parameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) {
      return pair.substr(name.size() + 1);
    }
  }
  return {};
}

template <class Number>
bool read_number(std::string_view text, Number* number) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), *number);
  return code == std::errc() && end == text.data() + text.size() && *number >= 0;
}

}  // namespace

std::string blob_name(const Digest& digest) {
  return encode_multibase(Base::base58btc, Cid::of_digest(codec::raw, digest).multihash());
}

Result<Digest> digest_of_blob_name(std::string_view name) {
  FH_TRY(const Bytes multihash, decode_multibase(name));
  if (multihash.size() != 2 + digest_size || multihash[0] != multihash_code::sha2_256 ||
      multihash[1] != digest_size) {
    return fail(Errc::malformed, "not a SHA-256 multihash");
  }
  Digest digest;
  std::copy(multihash.begin() + 2, multihash.end(), digest.begin());
  if (blob_name(digest) != name) return fail(Errc::malformed, "not in base58btc");
  return digest;
}

std::string put_target(const PutTerms& terms, const Ed25519Key& secret) {
  return "/blob/" + blob_name(terms.digest) + "?size=" + std::to_string(terms.size) +
         "&expires=" + std::to_string(terms.expires) + "&sig=" + tag_of(terms, secret);
}

Result<PutTerms> read_put_target(std::string_view name, std::string_view query,
                                 const Ed25519Key& secret, std::int64_t now) {
  PutTerms terms;
  FH_TRY(terms.digest, digest_of_blob_name(name));
  const std::string_view given = parameter(query, "sig");
  if (!read_number(parameter(query, "size"), &terms.size) ||
      !read_number(parameter(query, "expires"), &terms.expires)) {
    return fail(Errc::malformed, "no signed address");
  }
  const std::string tag = tag_of(terms, secret);
  if (given.size() != tag.size() || CRYPTO_memcmp(given.data(), tag.data(), tag.size()) != 0) {
    return fail(Errc::invalid_signature, "the address is not signed by this service");
  }
  if (terms.expires <= now) return fail(Errc::expired, "the address has expired");
  return terms;
}

}  // namespace freehold::native
