#include "freehold/db/watch.hpp"

#include "freehold/base/limits.hpp"

namespace freehold {

Result<bool> Watch::is_ready() {
  FH_TRY(const auto frame, frames_.front());
  return frame.has_value();
}

Result<> Watch::push_message(ByteView message) {
  if (message.size() > limits::watch_frame_bytes_max) {
    return fail(Errc::limit, "watch_frame_bytes_max (1,048,576)");
  }
  frames_.push(encode_frame(message));
  return {};
}

Result<Noted> Watch::judge(Replica& replica) {
  FH_TRY(const auto frame, frames_.front());
  if (!frame) return fail(Errc::protocol, "watch: no frame is there");
  if (!is_begun_) return replica.finish_watch(invocation_, *frame);
  FH_TRY(const Car car, decode_car(*frame));
  if (car.roots.size() != 1) return fail(Errc::malformed, "watch: a frame is of one checkpoint");
  MemoryStore found;
  for (const Block& block : car.blocks) found.put(block);
  return replica.note_checkpoint(car.roots.front(), found);
}

void Watch::pop() {
  frames_.pop();
  is_begun_ = true;
}

Result<> Watch::end() const {
  if (!is_begun_) return fail(Errc::protocol, "watch: the stream ended before it began");
  if (!frames_.is_between()) return fail(Errc::protocol, "watch: the stream ended within a frame");
  return {};
}

}  // namespace freehold
