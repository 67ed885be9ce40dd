/// How the fields of a UCAN are read from either of its forms. Source: protocol.md section 2.
#pragma once

#include "freehold/ucan/ucan.hpp"

namespace freehold {

/// In CBOR, principals are bytes and proofs links; in a JWT both are text.
enum class PayloadForm { cbor, jwt };

/// All but version and signature. Fields that are not known are dropped. Errc::malformed,
/// Errc::limit.
Result<> read_payload(const Map& payload, PayloadForm form, UcanFields* fields);

/// A whole number within the safe integers; in JSON it may be written as a float.
std::optional<std::int64_t> safe_integer(const Value& value) noexcept;

/// Whether `text` has digits.digits.digits somewhere: all that the reference asks.
bool is_version(std::string_view text) noexcept;

/// A UCAN as JWT text, its block not set. Errc::malformed, Errc::limit.
Result<Ucan> decode_jwt(std::string_view text);

}  // namespace freehold
