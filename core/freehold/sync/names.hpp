/// The keys of a space that carry meaning, and the abilities of sync (docs/design.md section 2, 6).
#pragma once

#include "freehold/block/cid.hpp"

namespace freehold {

namespace key_prefix {
inline constexpr std::string_view blob = "/blob/";
inline constexpr std::string_view upload = "/upload/";
inline constexpr std::string_view subscription = "/subscription/";
inline constexpr std::string_view delegation = "/delegation/";
inline constexpr std::string_view queue = "/queue/";
inline constexpr std::string_view invoked = "/invoked/";
inline constexpr std::string_view receipt = "/receipt/";
inline constexpr std::string_view conflict = "/conflict/";
}  // namespace key_prefix

namespace ability {
inline constexpr const char* state_sync = "space/state/sync";
inline constexpr const char* state_read = "space/state/read";
inline constexpr const char* state_watch = "space/state/watch";
inline constexpr const char* state_restore = "space/state/restore";
inline constexpr const char* assert_state = "assert/state";
inline constexpr const char* blob_add = "space/blob/add";
inline constexpr const char* blob_remove = "space/blob/remove";
inline constexpr const char* blob_allocate = "blob/allocate";
inline constexpr const char* blob_accept = "blob/accept";
inline constexpr const char* http_put = "http/put";
inline constexpr const char* conclude = "ucan/conclude";
inline constexpr const char* location = "assert/location";
}  // namespace ability

/// prefix + base32 CID, as for /queue/, /invoked/, /receipt/ and /conflict/.
Bytes key_of(std::string_view prefix, const Cid& cid);
/// /blob/ + base58btc multihash.
Bytes blob_key(ByteView multihash);
/// The CID after `prefix`, if `key` is exactly that.
std::optional<Cid> cid_of_key(std::string_view prefix, ByteView key);
/// The multihash of a /blob/ key, if it is spelled as `blob_key` spells it.
std::optional<Bytes> multihash_of_key(ByteView key);
/// Whether any of the prefixes above but /conflict/ begins `key`.
bool is_reserved(ByteView key);

}  // namespace freehold
