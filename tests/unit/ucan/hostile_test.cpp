// What the published library wrote, cut short at every byte and with every byte changed: nothing
// crashes (the sanitizers look on), and nothing that is taken is other than its own encoding.
#include <catch2/catch.hpp>

#include "freehold/codec/cbor.hpp"
#include "freehold/codec/dag_json.hpp"
#include "freehold/ucan/legacy.hpp"
#include "freehold/ucan/message.hpp"
#include "support/tokens.hpp"

namespace freehold {

namespace {

constexpr std::size_t every_byte_max = 2500;  // of larger files, about as many places
constexpr std::string_view kinds[] = {
    "dag-cbor.ok",       "car.ok",  "ucan",    "ucan.block", "ucan.jwt", "proof.string",
    "proof.claim-bytes", "receipt", "message", "recording"};

/// Everything that reads bytes from outside.
void read_all(ByteView bytes) {
  if (const auto value = decode_cbor(bytes)) CHECK(equal(encode_cbor(*value), bytes));
  CHECK(decode_cbor(bytes).has_value() >= check_value(bytes).has_value());
  if (auto car = decode_car(bytes, CheckHashes::no)) {
    for (const Block& block : car->blocks) {
      const auto receipt = Receipt::decode(block);
      if (const auto ucan = Ucan::decode(block)) signed_text(*ucan);
    }
  }
  const auto message = decode_message(bytes);
  const auto archive = decode_archive(bytes);
  const auto claim = decode_claim(bytes);
  const auto legacy = decode_legacy_request(bytes);
  const auto parsed = parse_archive(text_of(bytes));
  const auto json = decode_dag_json(text_of(bytes));
  const auto ucan = Ucan::decode(Block(Cid::of_identity(codec::raw, {}), copy_of(bytes)));
  const auto cid = Cid::decode(bytes);
  const auto did = Did::decode(bytes);
  const auto signature = Varsig::decode(bytes);
}

std::vector<std::string> sample_files() {
  const Bytes text = test::vector_file("fixtures/index.json");
  const auto index = decode_dag_json(text_of(text));
  REQUIRE(index);
  std::vector<std::string> files;
  for (const Value& entry : *index->find("cases")->as_list()) {
    const std::string& kind = *entry.find("kind")->as_text();
    if (std::find(std::begin(kinds), std::end(kinds), kind) == std::end(kinds)) continue;
    if (const Value* file = entry.find("file")) files.push_back(*file->as_text());
    if (const Value* pair = entry.find("files")) {
      for (const auto& [which, file] : *pair->as_map()) files.push_back(*file.as_text());
    }
  }
  return files;
}

}  // namespace

TEST_CASE("X4: no file of the library, cut short or changed anywhere, does harm") {
  std::size_t count = 0;
  for (const std::string& name : sample_files()) {
    const Bytes bytes = test::vector_file("fixtures/" + name);
    if (bytes.empty()) continue;
    ++count;
    const std::size_t step = bytes.size() / every_byte_max + 1 + (bytes.size() > 800 ? 16 : 0);
    for (std::size_t at = 0; at < bytes.size(); at += step) {
      read_all(ByteView(bytes).first(at));
      Bytes changed = bytes;
      changed[at] ^= static_cast<std::uint8_t>(1 << at % 8);
      read_all(changed);
    }
  }
  CHECK(count > 200);
}

}  // namespace freehold
