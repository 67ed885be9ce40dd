#include "freehold/codec/value.hpp"

#include <catch2/catch.hpp>

namespace freehold {

TEST_CASE("Value: integers of all of CBOR's range tell whether they fit a type") {
  CHECK(Value(-1).as_integer()->as_int64() == -1);
  CHECK(Value(INT64_MIN).as_integer()->as_int64() == INT64_MIN);
  CHECK(Value(INT64_MAX).as_integer()->as_int64() == INT64_MAX);
  CHECK_FALSE(Integer{std::uint64_t{1} << 63, false}.as_int64());
  CHECK_FALSE(Integer{std::uint64_t{1} << 63, true}.as_int64());
  CHECK_FALSE(Integer{0, true}.as_uint64());
  CHECK(Integer{UINT64_MAX, false}.as_uint64() == UINT64_MAX);
}

TEST_CASE("Map: keeps the order of DAG-CBOR, and each key once") {
  Map map{{"bb", 1}, {"a", 2}, {"", 3}, {"ab", 4}, {"a", 5}};
  std::string keys;
  for (const auto& [key, value] : map) keys += key + ",";
  CHECK(keys == ",a,ab,bb,");
  CHECK(*map.find("a") == Value(5));
  CHECK(map.find("c") == nullptr);
  map.erase("ab");
  map.erase("zz");
  CHECK(map.size() == 3);
  CHECK(map == Map{{"", 3}, {"a", 5}, {"bb", 1}});
}

TEST_CASE("Value: find is null on what is no map") {
  CHECK(Value(1).find("a") == nullptr);
  CHECK(Value(Map{{"a", 1}}).find("a") != nullptr);
  CHECK(Value().is_null());
  CHECK_FALSE(Value(1) == Value(1.0));
}

}  // namespace freehold
