/// One exchange of a replica with its service.
#pragma once

#include "native/replica/local_replica.hpp"

namespace freehold::native {

struct Exchanged {
  Ucan invocation;
  Bytes bytes;  // the answer, unread
};

/// Signs; gives the invocation, and the message with it that is to be sent.
struct Signed {
  Ucan invocation;
  Bytes message;
};
Signed sign_draft(const Ed25519Key& agent, SyncDraft draft, const Proof& proof);

/// Signs and sends. Failures: those of `post_message`.
Exchanged exchange_with(const Ed25519Key& agent, const Url& url, SyncDraft draft,
                        const Proof& proof);

/// Throws what the service has said in an error receipt, if that is the `error` of finish_sync or
/// finish_read.
void throw_if_told(const Replica& held, const Error& error);

}  // namespace freehold::native
