#include "freehold/crypto/hash.hpp"

#include <catch2/catch.hpp>

namespace freehold::test {

TEST_CASE("Many byte strings hashed together have the hashes that each has alone") {
  for (const std::size_t many : {0U, 1U, 2U, 3U, 7U, 300U, 1000U}) {
    std::vector<Bytes> strings;
    for (std::size_t i = 0; i < many; ++i) {
      // Short and long beside one another; the empty one; all sizes about a block of 64 bytes.
      strings.emplace_back(i % 5 == 4 ? 20 * i : i % 140, static_cast<std::uint8_t>(i));
    }
    const std::vector<ByteView> each(strings.begin(), strings.end());
    std::vector<Digest> digests(many);
    sha256_each(each, digests);
    for (std::size_t i = 0; i < many; ++i) REQUIRE(digests[i] == sha256(each[i]));
  }
}

}  // namespace freehold::test
