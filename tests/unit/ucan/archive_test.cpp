#include <catch2/catch.hpp>

#include "freehold/codec/car.hpp"
#include "freehold/ucan/ucan.hpp"
#include "support/tokens.hpp"

namespace freehold {

namespace {

std::vector<Cid> cids_of(const std::vector<Block>& blocks) {
  std::vector<Cid> cids;
  for (const Block& block : blocks) cids.push_back(block.cid);
  return cids;
}

}  // namespace

TEST_CASE("Archive: proofs go depth first, then what is attached, the root last, each once") {
  MemoryStore store;
  const Signer a = test::signer(1);
  const Ucan top = test::issue_into(store, a, test::fields(a.did, "*", a.did.text()));
  const Ucan left =
      test::issue_into(store, a, test::fields(a.did, "a/*", a.did.text(), {}, {top.cid()}));
  const Ucan right =
      test::issue_into(store, a, test::fields(a.did, "b/*", a.did.text(), {}, {top.cid()}));
  const Block in_nb = Block::of_cbor(Bytes{0xa0});
  const Block in_fact = Block::of_cbor(Bytes{0x80});
  store.put(in_nb);
  store.put(in_fact);
  UcanFields fields =
      test::fields(a.did, "a/b", a.did.text(), Map{{"deep", List{Map{{"l", in_nb.cid}}}}},
                   {left.cid(), right.cid(), Cid::of_cbor(Bytes{1})});
  fields.facts.push_back(Map{{"f", in_fact.cid}, {"not", List{Cid::of_cbor(Bytes{2})}}});
  const Ucan root = test::issue_into(store, a, fields);

  CHECK(cids_of(with_proofs(root, store)) ==
        std::vector<Cid>{top.cid(), left.cid(), right.cid(), in_nb.cid, in_fact.cid, root.cid()});
}

TEST_CASE("Archive: comes back from bytes and from text for people") {
  MemoryStore store;
  const Signer a = test::signer(1);
  const Ucan proof = test::issue_into(store, a, test::fields(a.did, "*", a.did.text()));
  const Ucan root =
      test::issue_into(store, a, test::fields(a.did, "a/b", a.did.text(), {}, {proof.cid()}));
  const Bytes bytes = encode_archive(root, store);
  const auto archive = decode_archive(bytes);
  REQUIRE(archive);
  CHECK(archive->root == root.cid());
  CHECK(cids_of(archive->blocks) == std::vector<Cid>{proof.cid(), root.cid()});
  const auto parsed = parse_archive(text_of_archive(bytes));
  REQUIRE(parsed);
  CHECK(parsed->root == root.cid());
}

TEST_CASE("X4: Archive: a chain as long as a message does not overflow the stack") {
  MemoryStore store;
  const Signer a = test::signer(1);
  Ucan last = test::issue_into(store, a, test::fields(a.did, "*", a.did.text()));
  constexpr std::size_t length = 3000;
  for (std::size_t i = 1; i < length; ++i) {
    last = test::issue_into(store, a, test::fields(a.did, "*", a.did.text(), {}, {last.cid()}));
  }
  CHECK(with_proofs(last, store).size() == length);
}

TEST_CASE("X4: Archive: what is not one is refused") {
  const Block block = Block::of_cbor(Bytes{0xa0});
  CHECK_FALSE(decode_archive(encode_car(std::span(&block.cid, 1), std::span(&block, 1))));
  CHECK_FALSE(decode_claim(encode_car({}, std::span(&block, 1))));
  CHECK_FALSE(decode_archive({}));
  CHECK_FALSE(parse_archive(""));
  CHECK_FALSE(parse_archive("z6Mk"));
  CHECK_FALSE(parse_archive("m" + std::string(100, 'A')));
}

}  // namespace freehold
