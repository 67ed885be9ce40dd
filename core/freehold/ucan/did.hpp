/// DIDs: who issues, who is addressed, what is acted on. Source: protocol.md section 1.5.
#pragma once

#include "freehold/base/bytes.hpp"
#include "freehold/base/result.hpp"
#include "freehold/crypto/ed25519.hpp"

namespace freehold {

/// A value, ordered and compared by its text.
class Did {
 public:
  Did() = default;  // empty text; no DID
  static Did of_ed25519(ByteView public_key);
  /// From the text form. Errc::malformed.
  static Result<Did> parse(std::string_view text);
  /// From the bytes in UCANs. Checks the code, not the key length. Errc::malformed.
  static Result<Did> decode(ByteView bytes);

  const std::string& text() const noexcept { return text_; }
  Bytes bytes() const;
  bool is_key() const noexcept { return text_.starts_with("did:key:"); }
  /// The 32 bytes, if this is a did:key of Ed25519 with a key of that length.
  std::optional<Ed25519PublicKey> ed25519_key() const;
  /// DER, if this is a did:key of RSA.
  std::optional<Bytes> rsa_key() const;

  bool operator==(const Did&) const = default;
  auto operator<=>(const Did&) const = default;

 private:
  std::string text_;
};

/// `did:mailto:` of an address `local@domain`, and back.
Result<Did> did_of_email(std::string_view email);
Result<std::string> email_of_did(const Did& did);

/// The text form of a private key: `M` + base64pad of 80 26 seed ed 01 public key.
std::string text_of_key(const Ed25519Key& key);
Bytes archive_of_key(const Ed25519Key& key);  // the 68 bytes of it
Result<Ed25519Key> key_of_archive(ByteView archive);
Result<Ed25519Key> parse_key(std::string_view text);

/// Who signs, and under what name: for a did:web the name differs from the key's own.
struct Signer {
  Did did;
  Ed25519Key key;
  explicit Signer(Ed25519Key own) : did(Did::of_ed25519(own.public_key())), key(own) {}
  Signer(Did name, Ed25519Key own) : did(std::move(name)), key(own) {}
};

}  // namespace freehold
