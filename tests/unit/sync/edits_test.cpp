#include "freehold/sync/edits.hpp"

#include <catch2/catch.hpp>

#include "freehold/codec/cbor.hpp"
#include "support/trees.hpp"

namespace freehold::test {

TEST_CASE("M3: edits come back as they were told") {
  std::mt19937_64 random(21);
  for (int number = 0; number < Shape::count; ++number) {
    Shape shape(number, random);
    Map map;
    EditsBlock edits;
    for (int i = 0; i < 300; ++i) map[shape.key()] = shape.value();
    for (const auto& [key, value] : map) {
      switch (random() % 3) {
        case 0: edits.entries.push_back({key, std::nullopt}); break;
        case 1: edits.entries.push_back({key, value}); break;
        default:
          edits.entries.push_back(
              {key, StoredValue::of_link(sha256(key), 1025 + random() % 1'000'000)});
      }
      edits.bases.push_back(random() % 2 == 0 ? Bytes() : Bytes(16, 7));
    }
    const Bytes block = encode_edits(edits);
    const auto value = decode_cbor(block);
    REQUIRE(value);
    CHECK(encode_cbor(*value) == block);  // canonical
    const auto decoded = decode_edits(block);
    REQUIRE(decoded);
    REQUIRE(decoded->entries.size() == edits.entries.size());
    for (std::size_t i = 0; i < edits.entries.size(); ++i) {
      CHECK(decoded->entries[i].key == edits.entries[i].key);
      CHECK(decoded->entries[i].value == edits.entries[i].value);
    }
    CHECK(decoded->bases == edits.bases);
  }
}

TEST_CASE("M3: an edits block that was written otherwise is InvalidEdits") {
  const auto entries = [](List list) {
    return encode_cbor(Value(freehold::Map{{"entries", Value(std::move(list))}}));
  };
  const auto entry = [](int shared, std::string_view suffix, Value value) {
    return Value(List{Value(shared), Value(key(suffix)), std::move(value)});
  };
  CHECK(decode_edits(entries({})));
  CHECK(decode_edits(entries({entry(0, "ab", Value(1)), entry(1, "c", Value(2))})));
  const auto refused = [&](const Bytes& block) {
    const auto decoded = decode_edits(block);
    return !decoded && decoded.error().code == Errc::invalid_edits;
  };
  CHECK(refused(entries({entry(0, "ab", Value(1)), entry(0, "ac", Value(2))})));  // shared too few
  CHECK(refused(entries({entry(0, "b", Value(1)), entry(0, "a", Value(2))})));    // descending
  CHECK(refused(entries({entry(0, "b", Value(1)), entry(1, "", Value(2))})));     // the same key
  CHECK(refused(entries({entry(1, "b", Value(1))})));
  CHECK(refused(entries({Value(List{Value(0)})})));
  CHECK(refused(entries({entry(0, "a", Value(Bytes(1022, 0)))})));  // to be linked
  CHECK(refused(entries({Value(List{Value(0), Value(key("a")), Value(node_cid(sha256({}))),
                                    Value(1024)})})));  // to be inline
  CHECK(refused(encode_cbor(Value(List{}))));
  CHECK(refused(encode_cbor(Value(freehold::Map{{"entries", Value(List{})}, {"x", Value(1)}}))));
  CHECK(refused(Bytes{}));
  Bytes deep(61, 0x81);
  deep.push_back(0x80);
  CHECK(decode_edits(entries({entry(0, "a", *decode_cbor(deep))})));
}

}  // namespace freehold::test
