#include "freehold/ucan/message.hpp"

#include <catch2/catch.hpp>

#include "freehold/base/limits.hpp"
#include "freehold/codec/cbor.hpp"
#include "support/tokens.hpp"

namespace freehold {

TEST_CASE("Message: invocations and receipts come back") {
  MemoryStore store;
  const Signer a = test::signer(1);
  const Ucan invocation = test::issue_into(store, a, test::fields(a.did, "a/b", a.did.text()));
  ReceiptFields fields;
  fields.ran = invocation.cid();
  fields.out = Map{{"ok", Map()}};
  const Receipt receipt = issue(fields, a);
  const std::vector<Block> blocks{invocation.block, receipt.block, invocation.block};
  const auto message =
      decode_message(encode_message(std::span(&fields.ran, 1), std::span(&receipt, 1), blocks));
  REQUIRE(message);
  CHECK(message->execute == std::vector<Cid>{invocation.cid()});
  CHECK(message->blocks.size() == 3);
  const auto found = message->receipt_of(invocation.cid());
  REQUIRE(found);
  REQUIRE(*found);
  CHECK((*found)->cid() == receipt.cid());
  CHECK_FALSE(*message->receipt_of(Cid::of_cbor({})));
}

TEST_CASE("R19: Message: a receipt reported for another task than it ran is refused") {
  const Signer a = test::signer(1);
  ReceiptFields fields;
  fields.ran = Cid::of_cbor(Bytes{1});
  fields.out = Map{{"ok", Map()}};
  const Receipt receipt = issue(fields, a);
  Map report;
  const Cid other = Cid::of_cbor(Bytes{2});
  report.set(other.text(), receipt.cid());
  const std::vector<Block> blocks{
      receipt.block,
      Block::of_cbor(encode_cbor(Map{{"ucanto/message@7.0.0", Map{{"report", report}}}}))};
  const auto message = decode_message(encode_car(std::span(&blocks[1].cid, 1), blocks));
  REQUIRE(message);
  CHECK_FALSE(message->receipt_of(other));
}

TEST_CASE("X3: Message: a block under the address of another is refused") {
  const Block root = Block::of_cbor(encode_cbor(Map{{"ucanto/message@7.0.0", Map()}}));
  const std::vector<Block> blocks{Block(Cid::of_cbor(Bytes{1}), Bytes{2}), root};
  CHECK_FALSE(decode_message(encode_car(std::span(&root.cid, 1), blocks)));
}

TEST_CASE("X4: Message: more invocations than one may have are refused") {
  const std::vector<Cid> execute(limits::message_invocations_max + 1, Cid::of_cbor({}));
  CHECK(decode_message(encode_message(execute, {}, {})).error().code == Errc::limit);
  CHECK(decode_message(
      encode_message(std::span(execute).first(limits::message_invocations_max), {}, {})));
}

}  // namespace freehold
