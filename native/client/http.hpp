/// HTTP as a client: one request, one answer, within the bounds of limits.hpp.
#pragma once

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

}  // namespace freehold::native
