#include "freehold/ucan/shape.hpp"

#include <catch2/catch.hpp>

#include "freehold/ucan/capability.hpp"

namespace freehold {

namespace {

Misfit read(std::string_view can, const Map& nb, Map* into = nullptr) {
  const CapabilityDefinition* definition = find_capability(can);
  REQUIRE(definition != nullptr);
  Map ignored;
  return read_caveats(*definition, nb, into ? into : &ignored);
}

Misfit derive(std::string_view can, const Map& claimed, const Map& spelled) {
  const CapabilityDefinition& definition = *find_capability(can);
  const std::string with = "did:key:z6Mk";
  Map delegated = claimed;
  for (const auto& [key, value] : spelled) delegated.set(key, value);
  return derives(definition, {std::string(can), with, claimed}, {std::string(can), with, delegated},
                 spelled);
}

}  // namespace

TEST_CASE("Shape: unknown fields are dropped, missing ones are named") {
  Map into;
  CHECK(read("upload/list", Map{{"size", 3}, {"other", 1}}, &into).empty());
  CHECK(into == Map{{"size", 3}});
  CHECK(read("ucan/conclude", Map()) ==
        "Object contains invalid field \"receipt\":\n  - Expected link but got undefined instead");
  CHECK(read("upload/list", Map{{"size", nullptr}}) ==
        "Object contains invalid field \"size\":\n  - Expected value of type number instead got "
        "null");
}

TEST_CASE("Shape: numbers are as JavaScript has them") {
  CHECK(read("upload/list", Map{{"size", -5}}).empty());
  CHECK(read("upload/list", Map{{"size", 2.0}}).empty());
  CHECK_FALSE(read("upload/list", Map{{"size", 2.5}}).empty());
  CHECK_FALSE(read("upload/list", Map{{"size", Integer{UINT64_MAX, false}}}).empty());
}

TEST_CASE("Derivation: a delegation bounds a blob by digest and size") {
  const auto blob = [](std::uint8_t digest, int size) {
    return Map{{"blob", Map{{"digest", Bytes{digest}}, {"size", size}}}};
  };
  CHECK(derive("space/blob/add", blob(1, 5), Map()).empty());
  CHECK(derive("space/blob/add", blob(1, 5), blob(1, 5)).empty());
  CHECK(derive("space/blob/add", blob(1, 4), blob(1, 5)).empty());
  CHECK_FALSE(derive("space/blob/add", blob(1, 6), blob(1, 5)).empty());
  CHECK_FALSE(derive("space/blob/add", blob(2, 5), blob(1, 5)).empty());
}

TEST_CASE("Derivation: a caveat that only the delegation has is not met by leaving it out") {
  CHECK_FALSE(derive("upload/list", Map(), Map{{"size", 5}}).empty());
  CHECK_FALSE(derive("space/state/read", Map(), Map{{"root", Cid::of_cbor({})}}).empty());
  CHECK(derive("space/state/read", Map{{"root", Cid::of_cbor({})}}, Map()).empty());
}

TEST_CASE("Capability: abilities are found by their exact name") {
  CHECK(find_capability("space/info") != nullptr);
  CHECK(find_capability("space/inf") == nullptr);
  CHECK(find_capability("constructor") == nullptr);
  CHECK(find_capability("") == nullptr);
}

}  // namespace freehold
