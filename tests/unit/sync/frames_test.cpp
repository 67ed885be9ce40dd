#include "freehold/sync/frames.hpp"

#include <catch2/catch.hpp>

#include "freehold/base/limits.hpp"
#include "freehold/base/varint.hpp"
#include "support/trees.hpp"

namespace freehold::test {

namespace {

/// Pushes a stream in pieces of `piece` bytes, and takes every frame as soon as it is there.
struct Taken {
  std::vector<Bytes> frames;
  std::optional<Errc> error;
  bool is_between = false;
};
Taken take_all(ByteView stream, std::size_t piece) {
  Taken taken;
  Frames frames;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    frames.push(stream.subspan(at, std::min(piece, stream.size() - at)));
    for (;;) {
      const auto front = frames.front();
      if (!front) {
        taken.error = front.error().code;
        return taken;
      }
      if (!*front) break;
      taken.frames.push_back(copy_of(**front));
      frames.pop();
    }
  }
  taken.is_between = frames.is_between();
  return taken;
}

Bytes joined(std::initializer_list<Bytes> parts) {
  Bytes all;
  for (const Bytes& part : parts) append(all, part);
  return all;
}

}  // namespace

TEST_CASE("Frames: the same frames come however the stream is cut") {
  const Bytes small = key("small");
  const Bytes large(70'000, 0x80);  // whose bytes would be lengths that go on
  const Bytes stream =
      joined({{0}, encode_frame(small), {0}, {0}, encode_frame(large), encode_frame(small), {0}});
  for (const std::size_t piece : {1UL, 2UL, 3UL, 7UL, 64UL, 4096UL, stream.size()}) {
    INFO(piece << " bytes a piece");
    const Taken taken = take_all(stream, piece);
    CHECK(taken.frames == std::vector<Bytes>{small, large, small});
    CHECK_FALSE(taken.error);
    CHECK(taken.is_between);
  }
}

TEST_CASE("Frames: the format is a varint and the bytes") {
  CHECK(encode_frame(Bytes{7, 8}) == Bytes{2, 7, 8});
  CHECK(encode_frame({}) == Bytes{0});
  const Bytes two_bytes = encode_frame(Bytes(300, 1));
  CHECK(two_bytes[0] == 0xac);
  CHECK(two_bytes[1] == 0x02);
  CHECK(two_bytes.size() == 302);
}

TEST_CASE("Frames: a stream that is cut is known by it, at whatever byte") {
  const Bytes stream = joined({{0}, encode_frame(Bytes(200, 5))});
  for (std::size_t size = 0; size <= stream.size(); ++size) {
    INFO(size << " bytes came");
    const Taken taken = take_all(ByteView(stream).first(size), 16);
    CHECK_FALSE(taken.error);
    CHECK(taken.is_between == (size <= 1 || size == stream.size()));
    CHECK(taken.frames.size() == (size == stream.size() ? 1 : 0));
  }
  CHECK(take_all({}, 1).frames.empty());
  CHECK(Frames().is_between());
}

TEST_CASE("Frames: a length over the bound is refused as soon as it is told") {
  Bytes over;
  write_varint(over, limits::watch_frame_bytes_max + 1);
  CHECK(take_all(over, 1).error == Errc::limit);
  Bytes most;
  write_varint(most, limits::watch_frame_bytes_max);
  CHECK_FALSE(take_all(most, 1).error);
  Bytes huge;
  write_varint(huge, UINT64_MAX);
  CHECK(take_all(huge, 16).error == Errc::limit);
}

TEST_CASE("Frames: a length that is none, or longer than need be, is refused") {
  for (const Bytes& stream : {Bytes{0x80, 0x00}, Bytes{0x81, 0x80, 0x00}, Bytes(9, 0xff),
                              Bytes(3, 0x80), Bytes(20, 0x80), Bytes(11, 0xff)}) {
    for (const std::size_t piece : {1UL, 20UL}) {
      CHECK(take_all(stream, piece).error == Errc::malformed);
    }
  }
  // After an error it stays at that.
  Frames frames;
  frames.push(Bytes{0x80, 0x00});
  CHECK_FALSE(frames.front());
  CHECK_FALSE(frames.front());
}

}  // namespace freehold::test
