#include "freehold/ucan/did.hpp"

#include "freehold/base/limits.hpp"
#include "freehold/base/multibase.hpp"
#include "freehold/base/reader.hpp"
#include "freehold/base/utf8.hpp"

namespace freehold {

namespace {

constexpr std::string_view did_prefix = "did:";
constexpr std::string_view key_prefix = "did:key:";
constexpr std::string_view mailto_prefix = "did:mailto:";

constexpr std::uint64_t ed25519_code = 0xed;
constexpr std::uint64_t ed25519_secret_code = 0x1300;
constexpr std::uint64_t rsa_code = 0x1205;
constexpr std::uint64_t p256_code = 0x1200;
constexpr std::uint64_t did_core_code = 0x0d1d;
constexpr std::size_t p256_bytes_max = 35;  // code and a compressed point

bool is_key_code(std::uint64_t code) noexcept {
  switch (code) {
    case ed25519_code:
    case rsa_code:
    case p256_code:
    case 0x1201:  // P-384
    case 0x1202:  // P-521
    case 0xe7:    // secp256k1
    case 0xea:    // BLS12-381 G1
    case 0xeb:    // BLS12-381 G2
      return true;
    default: return false;
  }
}

Result<> check_key(ByteView bytes) {
  Reader reader(bytes);
  const std::uint64_t code = reader.shortest_varint();
  if (!reader.ok() || !is_key_code(code)) return fail(Errc::malformed, "a did:key of unknown kind");
  if (code == p256_code && bytes.size() > p256_bytes_max) {
    return fail(Errc::malformed, "a did:key of P-256 that is not compressed");
  }
  if (bytes.size() > limits::did_bytes_max) return fail(Errc::limit, "did_bytes_max");
  return {};
}

/// What follows `code` in a did:key of that kind.
std::optional<Bytes> key_of_code(const Did& did, std::uint64_t code) {
  if (!did.is_key()) return std::nullopt;
  const Bytes bytes = did.bytes();
  Reader reader(bytes);
  if (reader.shortest_varint() != code) return std::nullopt;
  return copy_of(reader.take(reader.left()));
}

/// What encodeURIComponent of JavaScript leaves as it is.
bool is_unescaped(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-_.!~*'()").find(c) != std::string_view::npos;
}

void write_percent(std::string& to, std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  for (const char c : text) {
    if (is_unescaped(c)) {
      to += c;
    } else {
      const auto byte = static_cast<std::uint8_t>(c);
      ((to += '%') += digits[byte >> 4]) += digits[byte & 15];
    }
  }
}

std::optional<std::string> read_percent(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      plain += text[i];
      continue;
    }
    const auto byte = bytes_of_hex(text.substr(i + 1, 2));
    if (!byte || byte->size() != 1) return std::nullopt;
    plain += static_cast<char>((*byte)[0]);
    i += 2;
  }
  if (!is_utf8(view_of(plain))) return std::nullopt;
  return plain;
}

}  // namespace

Did Did::of_ed25519(ByteView public_key) {
  Bytes bytes;
  write_varint(bytes, ed25519_code);
  append(bytes, public_key);
  Did did;
  did.text_ = std::string(key_prefix) + encode_multibase(Base::base58btc, bytes);
  return did;
}

Result<Did> Did::parse(std::string_view text) {
  if (!text.starts_with(did_prefix)) return fail(Errc::malformed, "a DID that does not begin so");
  if (text.starts_with(key_prefix)) {
    if (!text.substr(key_prefix.size()).starts_with('z')) {
      return fail(Errc::malformed, "a did:key not in base58btc");
    }
    FH_TRY(const Bytes bytes, decode_multibase(text.substr(key_prefix.size())));
    FH_CHECK(check_key(bytes));
  } else if (!is_utf8(view_of(text))) {
    return fail(Errc::malformed, "a DID that is not UTF-8");
  } else if (text.size() > limits::did_bytes_max) {
    return fail(Errc::limit, "did_bytes_max");
  }
  Did did;
  did.text_ = text;  // base58 has one spelling of each key, so text compares as bytes would
  return did;
}

Result<Did> Did::decode(ByteView bytes) {
  Reader reader(bytes);
  if (reader.shortest_varint() != did_core_code || !reader.ok()) {
    FH_CHECK(check_key(bytes));
    Did did;
    did.text_ = std::string(key_prefix) + encode_multibase(Base::base58btc, bytes);
    return did;
  }
  const std::string text =
      std::string(did_prefix) + std::string(text_of(reader.take(reader.left())));
  // A did:key in this form would be a second spelling of the same principal.
  if (text.starts_with(key_prefix)) return fail(Errc::malformed, "a did:key in the form of others");
  return parse(text);
}

Bytes Did::bytes() const {
  Bytes bytes;
  if (is_key()) {
    auto key = decode_multibase(std::string_view(text_).substr(key_prefix.size()));
    if (key) bytes = *std::move(key);  // always: it was read when the DID was made
  } else if (!text_.empty()) {
    write_varint(bytes, did_core_code);
    append(bytes, view_of(text_).subspan(did_prefix.size()));
  }
  return bytes;
}

std::optional<Ed25519PublicKey> Did::ed25519_key() const {
  const auto key = key_of_code(*this, ed25519_code);
  if (!key || key->size() != 32) return std::nullopt;
  Ed25519PublicKey public_key;
  std::copy(key->begin(), key->end(), public_key.begin());
  return public_key;
}

std::optional<Bytes> Did::rsa_key() const {
  return key_of_code(*this, rsa_code);
}

Result<Did> did_of_email(std::string_view email) {
  const std::size_t at = email.rfind('@');
  if (at == email.npos || at == 0 || at + 1 == email.size() || !is_utf8(view_of(email))) {
    return fail(Errc::malformed, "not an email address");
  }
  std::string text(mailto_prefix);
  write_percent(text, email.substr(at + 1));
  text += ':';
  write_percent(text, email.substr(0, at));
  return Did::parse(text);
}

Result<std::string> email_of_did(const Did& did) {
  std::string_view rest = did.text();
  if (!rest.starts_with(mailto_prefix)) return fail(Errc::malformed, "not a did:mailto");
  rest.remove_prefix(mailto_prefix.size());
  const std::size_t colon = rest.find(':');
  if (colon == rest.npos || rest.find(':', colon + 1) != rest.npos) {
    return fail(Errc::malformed, "a did:mailto without two parts");
  }
  const auto domain = read_percent(rest.substr(0, colon));
  const auto local = read_percent(rest.substr(colon + 1));
  if (!domain || !local) return fail(Errc::malformed, "a did:mailto with a bad escape");
  return *local + "@" + *domain;
}

Bytes archive_of_key(const Ed25519Key& key) {
  Bytes bytes;
  write_varint(bytes, ed25519_secret_code);
  append(bytes, key.seed());
  write_varint(bytes, ed25519_code);
  append(bytes, key.public_key());
  return bytes;
}

std::string text_of_key(const Ed25519Key& key) {
  return encode_multibase(Base::base64pad, archive_of_key(key));
}

Result<Ed25519Key> key_of_archive(ByteView archive) {
  Reader reader(archive);
  const bool is_secret = reader.shortest_varint() == ed25519_secret_code;
  const ByteView seed_bytes = reader.take(32);
  if (!reader.ok() || !is_secret) return fail(Errc::malformed, "not an Ed25519 private key");
  Ed25519Seed seed;
  std::copy(seed_bytes.begin(), seed_bytes.end(), seed.begin());
  Ed25519Key key(seed);
  // The public half must be that of the seed: signing with another one gives the seed away.
  if (!equal(archive_of_key(key), archive)) {
    return fail(Errc::malformed, "a private key with another public key");
  }
  return key;
}

Result<Ed25519Key> parse_key(std::string_view text) {
  if (!text.starts_with(static_cast<char>(Base::base64pad))) {
    return fail(Errc::malformed, "a private key not in base64pad");
  }
  FH_TRY(const Bytes archive, decode_multibase(text));
  return key_of_archive(archive);
}

}  // namespace freehold
