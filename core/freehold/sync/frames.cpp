#include "freehold/sync/frames.hpp"

#include <cassert>

#include "freehold/base/limits.hpp"
#include "freehold/base/varint.hpp"

namespace freehold {

Bytes encode_frame(ByteView content) {
  assert(content.size() <= limits::watch_frame_bytes_max);
  Bytes frame;
  frame.reserve(content.size() + varint_size(content.size()));
  write_varint(frame, content.size());
  append(frame, content);
  return frame;
}

void Frames::push(ByteView bytes) {
  bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(at_));
  at_ = 0;
  append(bytes_, bytes);
}

/// The length that the next frame begins with, if it has come.
Result<std::optional<Frames::Head>> Frames::head() const {
  constexpr std::uint64_t most = limits::watch_frame_bytes_max;
  const ByteView left = ByteView(bytes_).subspan(at_);
  const auto length = read_varint(left);
  if (!length) {
    if (left.size() < varint_size(most)) return std::optional<Head>();
    return fail(Errc::malformed, "watch: the length of a frame");
  }
  if (length->value > most) return fail(Errc::limit, "watch_frame_bytes_max (1,048,576)");
  if (varint_size(length->value) != length->size) {
    return fail(Errc::malformed, "watch: the length of a frame, longer than need be");
  }
  return std::optional<Head>(Head{length->size, static_cast<std::size_t>(length->value)});
}

Result<std::optional<ByteView>> Frames::front() {
  for (;;) {
    FH_TRY(const auto next, head());
    if (!next || bytes_.size() - at_ < next->size + next->length) return std::optional<ByteView>();
    if (next->length > 0) {
      return std::optional<ByteView>(ByteView(bytes_).subspan(at_ + next->size, next->length));
    }
    at_ += next->size;
  }
}

void Frames::pop() {
  const auto next = head();
  assert(next && *next);
  at_ += (*next)->size + (*next)->length;
}

}  // namespace freehold
