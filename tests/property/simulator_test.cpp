#include "property/simulator.hpp"

#include <catch2/catch.hpp>

namespace freehold::test {

TEST_CASE("R4: whatever the network does, all roots come together and no write is lost") {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    CHECK(Simulator(seed).run() == "");
  }
}

}  // namespace freehold::test
