/// Addresses of services: http and https, and nothing that a service has no need of.
#pragma once

#include <string>
#include <string_view>

#include "native/replica/failure.hpp"

namespace freehold::native {

struct Url {
  bool is_secure = false;
  std::string host;  // an IPv6 address without its brackets
  std::string port;
  std::string path;  // from the first '/', with the query

  /// As a Host header has it: without the scheme's own port.
  std::string authority() const;
  std::string text() const;
};

/// Throws a Failure (Malformed) that says what is wrong.
Url parse_url(std::string_view text);

}  // namespace freehold::native
