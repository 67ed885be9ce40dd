/// Watching a space from a folder: each new checkpoint, as its service makes it.
#pragma once

#include "native/replica/local_replica.hpp"

namespace freehold::native {

struct SpaceWatchOptions {
  /// Done before each connection: a sync, where one is wanted. If it is given, it mends what a
  /// service says that knows less than it did (BaseUnknown, Recovering): then it is connected
  /// again.
  std::function<void()> prepare;
  /// Told of each checkpoint when it is durable here: the head at once, then each new one. Says
  /// whether to go on. What `prepare` or this throws is a failure of the connection.
  std::function<bool(const Noted&)> take;
  /// Told why the service cannot be watched for the moment.
  std::function<void(const Failure&)> complain;
};

/// Until `take` has had enough. Connects again, with pauses that grow to watch_retry_seconds_max,
/// as long as the service is Offline, has no room (TooManyWatchers), or answers with an HttpError.
/// The other failures end it: NoService, NotFound (before the first sync), and as of a read: what
/// the service answers, Rollback, Fork, InvalidSignature; Malformed, LimitExceeded.
void watch_space(LocalReplica& replica, const SpaceWatchOptions& options);

}  // namespace freehold::native
