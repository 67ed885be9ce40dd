/// Errors as values: `Result<T>` is a T or the reason why there is none.
#pragma once

#include <type_traits>
#include <utility>

#include <tl/expected.hpp>

namespace freehold {

/// What went wrong, told apart by what the caller can do about it. The names are those that
/// receipts and JavaScript errors carry (see `name_of`).
enum class Errc {
  malformed,        // bytes from outside that are not what they should be: refuse them
  limit,            // over a bound of limits.hpp, which `what` names: send less
  missing,          // blocks on the way are not held: get them, repeat the operation
  corrupt,          // what we stored ourselves is not what we stored: restore
  invalid_key,      // empty or too long
  invalid_value,    // not canonical DAG-CBOR, or out of the ranges of design.md section 4
  invalid_edits,    // an edits block that breaks its rules
  root_mismatch,    // base + edits is not the root that was stated
  base_unknown,     // the base is outside the retention window: send base digests
  superseded,       // a later sync of the same device was already taken
  rebase_required,  // strict mode, and the head has moved
  invalid_signature,
  expired,
  too_early,
  unauthorized,
  fork,      // two signed checkpoints that cannot both be
  rollback,  // the authority went back below what it had signed
  protocol,  // the other side answered something that the protocol does not allow
  not_found,
  recovering,  // the authority was restored from a backup: it needs what it names to go on
};

struct Error {
  Errc code;
  const char* what;  // a literal: names the field or limit
};

/// The word for `code` on the wire and in JavaScript, as in "InvalidValue".
constexpr const char* name_of(Errc code) noexcept {
  switch (code) {
    case Errc::malformed: return "Malformed";
    case Errc::limit: return "LimitExceeded";
    case Errc::missing: return "MissingBlocks";
    case Errc::corrupt: return "Corrupt";
    case Errc::invalid_key: return "InvalidKey";
    case Errc::invalid_value: return "InvalidValue";
    case Errc::invalid_edits: return "InvalidEdits";
    case Errc::root_mismatch: return "RootMismatch";
    case Errc::base_unknown: return "BaseUnknown";
    case Errc::superseded: return "Superseded";
    case Errc::rebase_required: return "RebaseRequired";
    case Errc::invalid_signature: return "InvalidSignature";
    case Errc::expired: return "Expired";
    case Errc::too_early: return "NotValidBefore";
    case Errc::unauthorized: return "Unauthorized";
    case Errc::fork: return "Fork";
    case Errc::rollback: return "Rollback";
    case Errc::protocol: return "ProtocolError";
    case Errc::not_found: return "NotFound";
    case Errc::recovering: return "Recovering";
  }
  return "Error";
}

template <class T = void>
class [[nodiscard]] Result : public tl::expected<T, Error> {
 public:
  using tl::expected<T, Error>::expected;
};

inline tl::unexpected<Error> fail(Errc code, const char* what) {
  return tl::unexpected<Error>(Error{code, what});
}

}  // namespace freehold

#define FH_CONCAT_(a, b) a##b
#define FH_CONCAT(a, b) FH_CONCAT_(a, b)

/// `FH_TRY(auto x, f());` gives x the value of f(), or returns f()'s error.
#define FH_TRY(declaration, ...)                                                         \
  auto FH_CONCAT(fh_result_, __LINE__) = (__VA_ARGS__);                                  \
  if (!FH_CONCAT(fh_result_, __LINE__))                                                  \
    return ::tl::unexpected<::freehold::Error>(FH_CONCAT(fh_result_, __LINE__).error()); \
  declaration = *std::move(FH_CONCAT(fh_result_, __LINE__))

/// `FH_CHECK(f());` returns f()'s error, if it has one.
#define FH_CHECK(...)                                                \
  do {                                                               \
    if (auto fh_result = (__VA_ARGS__); !fh_result)                  \
      return ::tl::unexpected<::freehold::Error>(fh_result.error()); \
  } while (false)
