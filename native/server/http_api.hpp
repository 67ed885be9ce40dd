/// The paths of the server and what they answer, without the sockets.
///
///   POST /                       an agent message
///   PUT  /blob/<multihash>?...   the bytes of a blob, to a signed address
///   GET  /blob/<multihash>       the bytes of a blob that a space was promised; ranges
///   GET  /receipt/<task>         the message that tells of a task; 404: not there yet
///   GET  /.well-known/did.json   the service's DID and key
///   GET  /version                what runs here
///   GET  anything else           files, if the operator serves some
#pragma once

#include "native/server/static_files.hpp"
#include "native/service/put_url.hpp"
#include "native/service/service.hpp"

namespace freehold::native {

struct Api {
  Service* service;
  std::vector<Mount> mounts;
};

/// A target in its two parts; the path still percent-encoded.
struct Target {
  std::string_view path;
  std::string_view query;
};
Target split_target(std::string_view target);

HttpReply text_reply(int status, std::string_view text);

/// GET and HEAD of all but blobs.
HttpReply get(const Api& api, std::string_view path, std::string_view if_none_match);

/// The name after /blob/, if the path is of a blob.
std::optional<std::string_view> blob_name_of(std::string_view path);

/// What a PUT may bring here: by the signature of one of our tenants. Or the reply that refuses.
tl::expected<PutTerms, HttpReply> accept_put(const Api& api, std::string_view name,
                                             std::string_view query);

/// Part of a blob. `end` is exclusive.
struct ByteRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};
enum class RangeKind { whole, part, unsatisfiable };
/// By a `range` header ("" for none) on `size` bytes. Of several ranges, or of what is no range of
/// bytes, the whole is given, as RFC 9110 allows.
RangeKind read_range(std::string_view header, std::uint64_t size, ByteRange* range);

}  // namespace freehold::native
