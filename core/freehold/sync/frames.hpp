/// The frames of a `space/state/watch` stream, out of bytes that come in pieces of any size.
///
///   stream = frame*        frame = varint length ++ that many bytes
///
/// A frame of length 0 says only that the stream lives.
#pragma once

#include "freehold/base/bytes.hpp"
#include "freehold/base/result.hpp"

namespace freehold {

inline constexpr std::string_view watch_media_type = "application/vnd.freehold.watch";

/// @pre of at most watch_frame_bytes_max bytes.
Bytes encode_frame(ByteView content);

/// Holds what has come and was not taken: a piece, and at most one frame that is not whole yet.
class Frames {
 public:
  /// @pre the frames that had come before are taken.
  void push(ByteView bytes);
  /// The content of the next whole frame that has any: valid until `push` or `pop`. None: not here
  /// yet. Errc::limit if the next frame is over watch_frame_bytes_max; Errc::malformed if its
  /// length is none, or longer than need be. After an error there is nothing more to be had.
  Result<std::optional<ByteView>> front();
  /// Done with that one.
  void pop();
  /// Whether what came ended with a frame's end.
  bool is_between() const noexcept { return at_ == bytes_.size(); }

 private:
  struct Head {
    std::size_t size = 0;    // of the length itself
    std::size_t length = 0;  // of the content
  };
  Result<std::optional<Head>> head() const;

  Bytes bytes_;
  std::size_t at_ = 0;  // where the next frame begins
};

}  // namespace freehold
