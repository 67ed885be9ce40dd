#include "native/service/watchers.hpp"

#include <catch2/catch.hpp>

namespace freehold::test {

using namespace native;

namespace {

layout::SpaceId space_of(std::uint8_t number) {
  layout::SpaceId space{};
  space[0] = number;
  return space;
}

News news(std::uint8_t space, std::uint64_t seq) {
  return {space_of(space), seq, std::make_shared<const Bytes>(Bytes{std::uint8_t(seq)})};
}

/// What is taken: the number that `news` put there; 0 for nothing.
int taken(Watcher& watcher) {
  const Frame frame = watcher.take();
  return frame ? frame->front() : 0;
}

}  // namespace

TEST_CASE("Watchers: one that is slow gets the newest only, and holds no more") {
  Watchers watchers{WatchTerms()};
  const char* full = nullptr;
  const auto watcher = watchers.join(space_of(1), &full);
  REQUIRE(watcher);
  CHECK(taken(*watcher) == 0);
  const News first = news(1, 1);
  watchers.publish({first});
  watchers.publish({news(1, 2), news(2, 7), news(1, 3)});
  CHECK(first.frame.use_count() == 1);
  CHECK(taken(*watcher) == 3);
  CHECK(taken(*watcher) == 0);
}

TEST_CASE("Watchers: numbers never go down, nor come twice") {
  Watchers watchers{WatchTerms()};
  const char* full = nullptr;
  const auto watcher = watchers.join(space_of(1), &full);
  watchers.publish({news(1, 5)});
  watchers.publish({news(1, 4), news(1, 5)});
  CHECK(taken(*watcher) == 5);
  watchers.publish({news(1, 5)});
  CHECK(taken(*watcher) == 0);
  watchers.publish({news(1, 6)});
  watcher->skip_to(6);  // it was told by other means
  CHECK(taken(*watcher) == 0);
  watchers.publish({news(1, 8)});
  watcher->skip_to(7);
  CHECK(taken(*watcher) == 8);
}

TEST_CASE("Watchers: each is woken by what is for it, and by nothing else") {
  Watchers watchers{WatchTerms()};
  const char* full = nullptr;
  const auto one = watchers.join(space_of(1), &full);
  const auto two = watchers.join(space_of(2), &full);
  int ones = 0;
  int twos = 0;
  one->listen([&] { ++ones; });
  two->listen([&] { ++twos; });
  watchers.publish({news(1, 1), news(1, 1), news(3, 1)});
  CHECK(ones == 1);
  CHECK(twos == 0);
}

TEST_CASE("Watchers: bounds are of a space and of all, and who leaves makes room") {
  WatchTerms terms;
  terms.watchers_max = 3;
  terms.watchers_of_space_max = 2;
  Watchers watchers(terms);
  const char* full = nullptr;
  auto one = watchers.join(space_of(1), &full);
  auto two = watchers.join(space_of(1), &full);
  REQUIRE((one && two));
  CHECK_FALSE(watchers.join(space_of(1), &full));
  CHECK(std::string(full) == "watchers_of_space_max");
  const auto three = watchers.join(space_of(2), &full);
  REQUIRE(three);
  CHECK(full == nullptr);
  CHECK_FALSE(watchers.join(space_of(3), &full));
  CHECK(std::string(full) == "watchers_max");
  CHECK_FALSE(watchers.is_watched(space_of(3)));
  two.reset();
  CHECK(watchers.is_watched(space_of(1)));
  CHECK(watchers.join(space_of(3), &full));
  one.reset();
  CHECK_FALSE(watchers.is_watched(space_of(1)));
  watchers.publish({news(1, 9)});
}

TEST_CASE("Watchers: a watcher may outlive them") {
  const char* full = nullptr;
  auto watchers = std::make_unique<Watchers>(WatchTerms());
  auto watcher = watchers->join(space_of(1), &full);
  watchers->publish({news(1, 1)});
  watchers.reset();
  CHECK(taken(*watcher) == 1);
  watcher.reset();
}

}  // namespace freehold::test
