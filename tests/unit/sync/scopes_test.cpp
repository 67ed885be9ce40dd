#include "freehold/sync/scopes.hpp"

#include <catch2/catch.hpp>

#include "support/trees.hpp"

namespace freehold::test {

namespace {

std::vector<std::string> normalised(std::vector<std::string> texts) {
  std::vector<Bytes> prefixes;
  for (const std::string& text : texts) prefixes.push_back(key(text));
  std::vector<std::string> scopes;
  const auto found = normalise_scopes(prefixes);
  REQUIRE(found);
  for (const Bytes& one : *found) {
    scopes.emplace_back(text_of(ByteView(one)));
  }
  return scopes;
}

Errc refused(std::vector<Bytes> prefixes) {
  const auto scopes = normalise_scopes(std::move(prefixes));
  REQUIRE_FALSE(scopes);
  return scopes.error().code;
}

}  // namespace

TEST_CASE("scopes are kept in order, and one within another counts for nothing") {
  using Texts = std::vector<std::string>;
  CHECK(normalised({"/n/2", "/b/", "/n/", "/n/", "/n/1", "/a"}) == Texts{"/a", "/b/", "/n/"});
  CHECK(normalised({}).empty());
}

TEST_CASE("scopes have bounds, and the whole space is none") {
  CHECK(refused({Bytes{}}) == Errc::invalid_key);
  CHECK(refused({Bytes(limits::key_bytes_max + 1, 'k')}) == Errc::invalid_key);
  std::vector<Bytes> many;
  for (std::size_t i = 0; i < limits::scopes_max; ++i) many.push_back(key(std::to_string(100 + i)));
  CHECK(normalise_scopes(many));
  many.push_back(key("more"));
  CHECK(refused(many) == Errc::limit);
}

TEST_CASE("what is held of the scopes before counts for those after") {
  Scopes before;
  before.prefixes = {key("/a/"), key("/b/")};
  before.from = {{}, key("/b/5")};
  const auto after = [&](std::string_view prefix) {
    const Scopes scopes = changed_scopes(before, {key(prefix)});
    const Bytes& from = scopes.from[0];
    CHECK(scopes.is_filled == from.empty());
    return from.empty() ? "all" : std::string(text_of(ByteView(from)));
  };
  CHECK(after("/a/") == "all");
  CHECK(after("/a/1") == "all");
  CHECK(after("/b/") == "/b/5");
  CHECK(after("/b/4") == "all");
  CHECK(after("/b/6") == "/b/6");
  CHECK(after("/c/") == "/c/");
  CHECK(after("/") == "/");
}

TEST_CASE("the scopes that a sync tells are intervals that ascend") {
  SyncCall call;
  call.n = 1;
  call.lazy = true;
  Scopes scopes;
  scopes.prefixes = {key("/a/"), key("/b/"), key("/c/"), key("\xff")};
  scopes.from = {{}, key("/b/"), key("/c/5"), {}};  // of the second nothing is here yet
  call.scopes = scopes.held();
  const auto decoded = decode_sync_call(encode(call));
  REQUIRE(decoded);
  REQUIRE(decoded->scopes.size() == 3);
  CHECK(decoded->scopes[0].low == key("/a/"));
  CHECK(decoded->scopes[0].high == key("/a0"));
  CHECK(decoded->scopes[1].high == key("/c/5"));
  CHECK_FALSE(decoded->scopes[2].high);

  const auto told = [&](Value list) {
    freehold::Map nb = *encode(call).as_map();
    nb.set("scopes", std::move(list));
    const auto result = decode_sync_call(Value(std::move(nb)));
    return result ? "taken" : std::string(name_of(result.error().code));
  };
  const auto scope = [](std::string_view from, std::string_view to) {
    return Value(freehold::Map{{"from", Value(key(from))}, {"to", Value(key(to))}});
  };
  CHECK(told(Value(List{scope("/a", "/b"), scope("/b", "/c")})) == "taken");
  CHECK(told(Value(List{scope("/b", "/c"), scope("/a", "/b")})) == "Malformed");
  CHECK(told(Value(List{scope("/a", "/c"), scope("/b", "/d")})) == "Malformed");
  CHECK(told(Value(List{scope("/a", "/a")})) == "Malformed");
  CHECK(told(Value(List{Value(freehold::Map{})})) == "Malformed");
  CHECK(told(Value(1)) == "Malformed");
  CHECK(told(Value(List{scope("/a", std::string(1'026, 'b'))})) == "LimitExceeded");
  List many;
  for (int i = 0; i <= 64; ++i) {
    many.push_back(scope(std::to_string(100 + i), std::to_string(101 + i)));
  }
  CHECK(told(Value(std::move(many))) == "LimitExceeded");
}

}  // namespace freehold::test
