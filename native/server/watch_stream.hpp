/// The frames of a watch, for as long as it lasts and anybody reads them.
#pragma once

#include "native/server/session.hpp"

namespace freehold::native {

/// Writes the first frame, then each that `reply.watcher` gets, and keep-alives between them, as
/// chunks of HTTP/1.1 (`is_chunked`) or as they are; the header is sent. Ends when the time of the
/// watch is over, the server stops, or the other side closes, breaks or stalls; what it sends
/// meanwhile ends the watch too. The connection is to be closed then. On its strand.
asio::awaitable<void> stream_watch(std::shared_ptr<Connection> connection,
                                   const Connections& connections, Reply reply, bool is_chunked);

}  // namespace freehold::native
