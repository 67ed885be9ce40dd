/// Syncing a replica with its service, until nothing moves.
#pragma once

#include "native/replica/local_replica.hpp"

namespace freehold::native {

struct SyncReport {
  Digest root{};
  std::uint64_t seq = 0;
  Proven proven = Proven::no;
  std::uint64_t rounds = 0;
  std::uint64_t reads = 0;       // round trips that read the tree
  bool is_whole = true;          // all of the space is in the folder
  std::vector<Bytes> scopes;     // prefixes of which all is, in any case
  std::vector<Bytes> changed;    // keys that others changed here
  std::vector<Bytes> conflicts;  // /conflict/ keys
  std::vector<Refusal> refused;
};

struct SpaceSyncOptions {
  bool is_strict = false;
  /// Told after each round: entries of the authority's that are here, and how many it has.
  std::function<void(std::uint64_t, std::uint64_t)> progress;
};

/// Makes the service at `url` the replica's own. Failures: those of identity_of, and ServiceChanged
/// (the DID is the same, the key is not).
void connect(LocalReplica& replica, const std::string& url);

/// One sync at a time: waits for another process's. What each round brought is kept, whatever
/// becomes of the next. A replica that is not lazy is whole then, and a lazy one has what is in its
/// scopes. Failures: NoService, Offline, HttpError, ProtocolError, and the names of finish_sync or
/// of the service.
SyncReport sync_space(LocalReplica& replica, const SpaceSyncOptions& options);

}  // namespace freehold::native
