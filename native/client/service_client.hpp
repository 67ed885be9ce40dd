/// A service as its clients see it: who it is, and how messages reach it.
#pragma once

#include "freehold/ucan/did.hpp"
#include "native/client/url.hpp"

namespace freehold::native {

struct ServiceIdentity {
  std::string url;
  Did did;
  Did key;  // the did:key that it signs with
};

/// Asks the service at `url` for its DID document. Failures: those of `exchange`, ProtocolError.
ServiceIdentity identity_of(const Url& url);

/// Sends an agent message; gives the answer.
Bytes post_message(const Url& url, Bytes message);

}  // namespace freehold::native
