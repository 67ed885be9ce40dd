#include "freehold/base/hash_map.hpp"

#include <cstdint>
#include <map>
#include <random>

#include <catch2/catch.hpp>

namespace freehold::test {

namespace {

/// As hashes go wrong: runs of equal ones, and some at the end of any table.
struct Crowded {
  std::size_t operator()(int key) const noexcept {
    return key % 3 == 0 ? SIZE_MAX - static_cast<std::size_t>(key % 5)
                        : static_cast<std::size_t>(key) / 8;
  }
};

using Map = HashMap<int, std::string, Crowded>;

void check_same(const Map& map, const std::map<int, std::string>& want) {
  REQUIRE(map.size() == want.size());
  std::map<int, std::string> got;
  for (const auto& [key, value] : map) got[key] = value;
  REQUIRE(got == want);
}

}  // namespace

TEST_CASE("A hash map does as an ordered one, also where hashes crowd, and no entry moves") {
  std::mt19937 random(GENERATE(1U, 2U, 3U, 4U));
  Map map;
  std::map<int, std::string> want;
  std::map<int, const std::string*> places;
  for (int step = 0; step < 20'000; ++step) {
    const int key = static_cast<int>(random() % 200);
    const bool is_held = want.contains(key);
    if (random() % 2 == 0) {
      const auto [place, is_new] = map.try_emplace(key);
      REQUIRE(is_new == !is_held);
      if (is_new) *place = want[key] = std::to_string(step);
      if (is_new) places[key] = place;
      REQUIRE(*place == want[key]);
    } else {
      const Map::Handle taken = map.extract(key);
      REQUIRE((taken != nullptr) == is_held);
      if (is_held) REQUIRE(taken->value == want[key]);
      want.erase(key);
    }
    const int other = static_cast<int>(random() % 200);
    const std::string* found = map.find(other);
    REQUIRE((found != nullptr) == want.contains(other));
    if (found != nullptr) REQUIRE(found == places[other]);
    if (step % 500 == 0) check_same(map, want);
  }
  check_same(map, want);
}

TEST_CASE("A hash map is copied with its entries, moved without, and cleared") {
  Map map;
  CHECK(map.find(1) == nullptr);
  CHECK(map.extract(1) == nullptr);
  for (int i = 0; i < 100; ++i) *map.try_emplace(i).first = std::to_string(i);
  Map copy = map;
  *copy.find(7) = "other";
  CHECK(*map.find(7) == "7");
  const std::string* place = map.find(8);
  const Map moved = std::move(map);
  CHECK(moved.size() == 100);
  CHECK(moved.find(8) == place);
  copy.clear();
  CHECK(copy.empty());
  CHECK(copy.find(7) == nullptr);
  copy = moved;
  CHECK(*copy.find(99) == "99");
}

}  // namespace freehold::test
