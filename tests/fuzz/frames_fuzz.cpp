// However a stream is cut into pieces, the same frames come out of it, and the same verdict on it.
// The first byte of the input is the size of the pieces, less one.

#include <cstdlib>
#include <optional>
#include <vector>

#include "freehold/base/limits.hpp"
#include "freehold/sync/frames.hpp"

namespace {

using namespace freehold;

struct Told {
  std::vector<Bytes> frames;
  std::optional<Errc> error;
  bool is_between = true;
  bool operator==(const Told&) const = default;
};

Told read_all(ByteView stream, std::size_t piece) {
  Told told;
  Frames frames;
  while (!stream.empty()) {
    const std::size_t size = std::min(piece, stream.size());
    frames.push(stream.first(size));
    stream = stream.subspan(size);
    for (;;) {
      const auto front = frames.front();
      if (!front) {
        told.error = front.error().code;
        return told;
      }
      if (!*front) break;
      if ((*front)->empty() || (*front)->size() > limits::watch_frame_bytes_max) std::abort();
      told.frames.push_back(copy_of(**front));
      frames.pop();
    }
  }
  told.is_between = frames.is_between();
  return told;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView stream(data + 1, size - 1);
  const Told whole = read_all(stream, size);
  if (read_all(stream, std::size_t{data[0]} + 1) != whole) std::abort();
  return 0;
}
