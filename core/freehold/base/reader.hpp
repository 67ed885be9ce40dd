/// Reads bytes from outside, one thing after the other.
///
/// Failure is sticky: after the first read past the end, or a call of `fail`, everything reads as
/// zero or empty, and the reader is asked once, at the end. A Result per item would cost several
/// times as much (conventions, section 5).
#pragma once

#include "freehold/base/varint.hpp"

namespace freehold {

/// Views that it gives live as long as the bytes that it reads.
class Reader {
 public:
  explicit Reader(ByteView bytes) noexcept
      : begin_(bytes.data()), at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool ok() const noexcept { return !failed_; }
  bool is_done() const noexcept { return at_ == end_; }
  std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
  std::size_t position() const noexcept { return static_cast<std::size_t>(at_ - begin_); }
  void fail() noexcept {
    failed_ = true;
    at_ = end_;  // so that no loop over items goes on
  }

  std::uint8_t byte() noexcept {
    if (at_ == end_) {
      fail();
      return 0;
    }
    return *at_++;
  }

  /// A number of `size` bytes (at most 8), most significant first.
  std::uint64_t big_endian(std::size_t size) noexcept {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : take(size)) value = value << 8 | byte;
    return value;
  }

  ByteView take(std::uint64_t size) noexcept {
    if (size > left()) {
      fail();
      return {};
    }
    const ByteView part(at_, static_cast<std::size_t>(size));
    at_ += size;
    return part;
  }

  std::uint64_t varint() noexcept {
    const auto read = read_varint({at_, left()});
    if (!read) {
      fail();
      return 0;
    }
    at_ += read->size;
    return read->value;
  }

  /// Like `varint`, but refuses what `write_varint` would not have written: for what is compared
  /// or hashed by its bytes.
  std::uint64_t shortest_varint() noexcept {
    const auto read = read_varint({at_, left()});
    if (!read || varint_size(read->value) != read->size) {
      fail();
      return 0;
    }
    at_ += read->size;
    return read->value;
  }

 private:
  const std::uint8_t* begin_;
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  bool failed_ = false;
};

}  // namespace freehold
