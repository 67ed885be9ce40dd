#include "freehold/ucan/denial.hpp"

#include <catch2/catch.hpp>

namespace freehold {

TEST_CASE("Denial: dates are as JavaScript writes them") {
  const std::string zone = " GMT+0000 (Coordinated Universal Time)";
  CHECK(denial::date(0) == "Thu Jan 01 1970 00:00:00" + zone);
  CHECK(denial::date(1600000000) == "Sun Sep 13 2020 12:26:40" + zone);
  CHECK(denial::date(1709251199) == "Thu Feb 29 2024 23:59:59" + zone);
  CHECK(denial::date(4102444800) == "Fri Jan 01 2100 00:00:00" + zone);
  CHECK(denial::date(-1) == "Wed Dec 31 1969 23:59:59" + zone);
  CHECK(denial::date(INT64_MAX) == "Invalid Date");
  CHECK(denial::date(INT64_MIN) == "Invalid Date");
}

TEST_CASE("Denial: items are indented with all their lines") {
  CHECK(denial::item("a\nb") == "  - a\n  b");
  std::string text = "x";
  denial::append_items(text, {"a", "b"});
  CHECK(text == "x\n  - a\n  - b");
}

}  // namespace freehold
