/// HTTP as a client: one request, one answer, within the bounds of limits.hpp.
#pragma once

#include <functional>

#include "freehold/base/bytes.hpp"
#include "native/client/url.hpp"

namespace freehold::native {

struct HttpRequest {
  std::string method = "GET";
  std::string content_type;  // of the body, and what is accepted; empty: none
  Bytes body;
};

/// Sends it to `url` and gives the body of an answer of status 200 to 299, of at most `bytes_max`.
/// For https the certificate must be good by the system's roots (or those of SSL_CERT_FILE).
/// Redirects are not followed. Throws a Failure: Offline (no connection, or it broke or stalled),
/// HttpError (another status), LimitExceeded (a longer answer).
Bytes exchange(const Url& url, const HttpRequest& request, std::size_t bytes_max);

/// Takes an answer as it comes: its content type, and the next piece of its body. Says whether to
/// go on. It may take its time; what it throws, `exchange_in_pieces` throws.
using TakePiece = std::function<bool(std::string_view content_type, ByteView piece)>;

/// As `exchange`, for an answer without an end that anybody knows. Returns when it ended in order,
/// or `take` has had enough. Offline: also if nothing came for client_idle_seconds_max.
void exchange_in_pieces(const Url& url, const HttpRequest& request, const TakePiece& take);

}  // namespace freehold::native
