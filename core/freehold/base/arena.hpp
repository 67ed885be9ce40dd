/// Memory for many small byte strings that all go at once: taking some costs a few instructions,
/// not an allocation.
#pragma once

#include "freehold/base/bytes.hpp"

namespace freehold {

class Arena {
 public:
  /// Room for `size` bytes, as long as the arena is there.
  std::uint8_t* room(std::size_t size) {
    if (size > left_) {
      left_ = std::max(size, chunk_bytes);
      chunks_.push_back(Bytes(left_));
      at_ = chunks_.back().data();
    }
    std::uint8_t* room = at_;
    at_ += size;
    left_ -= size;
    return room;
  }
  /// The two one after the other.
  ByteView copy(ByteView bytes, ByteView more = {}) {
    const std::size_t size = bytes.size() + more.size();
    std::uint8_t* to = room(size);
    std::copy(more.begin(), more.end(), std::copy(bytes.begin(), bytes.end(), to));
    return {to, size};
  }

 private:
  static constexpr std::size_t chunk_bytes = 8 << 10;

  std::vector<Bytes> chunks_;
  std::uint8_t* at_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace freehold
