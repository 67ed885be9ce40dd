/// One watch of a space under way: the bytes of the stream in, the checkpoints that it tells of
/// out.
///
///     Watch watch(invocation);               // what Replica::begin_watch drafted, sealed
///     watch.push(bytes);                     // as they come
///     while (*watch.is_ready()) {
///       FH_TRY(auto noted, watch.judge(replica));  // Errc::missing: as with any operation
///       make(noted.commit) durable;
///       watch.pop();
///     }
///
/// A watch tells that there is something new, and nothing of what: that comes by a sync. Each
/// checkpoint is judged as that of any answer is: signed by the space's authority, and not
/// contradicting what the replica has seen (docs/design.md section 6).
#pragma once

#include "freehold/db/replica.hpp"
#include "freehold/sync/frames.hpp"

namespace freehold {

class Watch {
 public:
  /// @pre `invocation` is of a draft by Replica::begin_watch.
  explicit Watch(Ucan invocation) : invocation_(std::move(invocation)) {}

  /// Takes bytes of the stream as they come. @pre it was not ready.
  void push(ByteView bytes) { frames_.push(bytes); }
  /// Takes the whole of an answer that is no stream but an ordinary message: a refusal, mostly.
  /// Errc::limit. @pre nothing was pushed.
  Result<> push_message(ByteView message);
  /// Whether there is a whole frame to be judged. Errc::limit, Errc::malformed.
  Result<bool> is_ready();
  /// What the next frame tells. The first must have the receipt, signed by the service, and fails
  /// as a read does: with the service's error, Errc::rollback, Errc::fork (`replica.evidence()`).
  /// Later ones: Errc::malformed (no CAR of one checkpoint), else as Replica::note_checkpoint.
  /// May be repeated, after Errc::missing or on another state of the replica; after any other
  /// failure the watch is good for nothing more. @pre is ready.
  Result<Noted> judge(Replica& replica);
  /// Done with that frame: what it told is durable.
  void pop();
  /// The stream has ended. Errc::protocol if that was within a frame, or before the first one.
  Result<> end() const;

 private:
  Ucan invocation_;
  Frames frames_;
  bool is_begun_ = false;  // the receipt came
};

}  // namespace freehold
