#include "native/storage/hash_thread.hpp"

#include <catch2/catch.hpp>

namespace freehold::native::test {

namespace {

/// The digests of the strings, found in groups of `at_once`.
std::vector<Digest> hash_in_groups(const std::vector<ByteView>& strings, std::size_t at_once) {
  std::vector<Digest> digests;
  HashGroup group;
  for (std::size_t at = 0; at < strings.size(); at += at_once) {
    const std::size_t n = std::min(at_once, strings.size() - at);
    group.start(std::span(strings).subspan(at, n));
    const std::span<const Digest> found = group.finish();
    digests.insert(digests.end(), found.begin(), found.end());
  }
  return digests;
}

}  // namespace

TEST_CASE("A thread that helps finds the digests that each string has alone") {
  std::vector<Bytes> bytes;
  for (std::size_t i = 0; i < 3000; ++i) {
    bytes.emplace_back(i % 7 == 0 ? 5000 : i % 200, static_cast<std::uint8_t>(i));
  }
  const std::vector<ByteView> strings(bytes.begin(), bytes.end());
  std::vector<Digest> each;
  for (const ByteView string : strings) each.push_back(sha256(string));

  HashThread helper;
  for (const std::size_t at_once : {1U, 11U, 12U, 13U, 32U}) {
    REQUIRE(hash_in_groups(strings, at_once) == each);
  }
}

TEST_CASE("While a thread helps with one group, another is hashed without it") {
  const Bytes bytes(4000, 7);
  const std::vector<ByteView> strings(hashed_at_once, bytes);
  HashThread helper;
  for (int round = 0; round < 50; ++round) {
    HashGroup first;
    HashGroup second;
    HashGroup left;  // and nobody asks for this one
    first.start(strings);
    second.start(strings);
    for (const Digest& digest : second.finish()) REQUIRE(digest == sha256(bytes));
    left.start(strings);
    for (const Digest& digest : first.finish()) REQUIRE(digest == sha256(bytes));
    REQUIRE(first.finish().empty());
  }
}

}  // namespace freehold::native::test
