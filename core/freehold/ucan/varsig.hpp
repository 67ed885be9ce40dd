/// Signatures with their algorithm. Source: protocol.md section 1.6.
#pragma once

#include "freehold/ucan/did.hpp"

namespace freehold {

namespace varsig_code {
inline constexpr std::uint64_t eddsa = 0xd0ed;
inline constexpr std::uint64_t rs256 = 0xd01205;
inline constexpr std::uint64_t non_standard = 0xd000;
}  // namespace varsig_code

struct Varsig {
  std::uint64_t code = varsig_code::non_standard;
  Bytes raw;
  std::string name;  // of a non-standard algorithm

  static Varsig eddsa(ByteView raw);
  /// By the name of the algorithm, as in a JWT; a name that is not known makes it non-standard.
  static Varsig named(std::string_view algorithm, Bytes raw);
  Bytes encode() const;
  /// Unknown codes are Errc::malformed; bytes after a standard signature are ignored.
  static Result<Varsig> decode(ByteView bytes);
  /// "EdDSA", "RS256", ... as in the header of the signed text; "" when absent.
  std::string_view algorithm() const;
  bool is_absent() const noexcept { return code == varsig_code::non_standard && raw.empty(); }
};

/// Whether `signature` is by `key`, a did:key, over `message`: Ed25519 or RSA.
bool verify(const Did& key, ByteView message, const Varsig& signature);

}  // namespace freehold
