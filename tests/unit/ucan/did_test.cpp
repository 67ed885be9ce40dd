#include "freehold/ucan/did.hpp"

#include <catch2/catch.hpp>

#include "freehold/base/limits.hpp"
#include "freehold/base/varint.hpp"
#include "freehold/ucan/blob_key.hpp"
#include "support/tokens.hpp"

namespace freehold {

TEST_CASE("Did: bytes and text are two forms of one principal") {
  for (const std::string_view text : {"did:web:up.example", "did:mailto:example.com:alice", "did:",
                                      "did:key:z6MkpSZJ56gcyHjKB65hPsXkYZFGsTmPsc3wdey2ouzLAbY8"}) {
    const auto did = Did::parse(text);
    REQUIRE(did);
    CHECK(Did::decode(did->bytes())->text() == text);
  }
}

TEST_CASE("X4: Did: a principal has one spelling") {
  const Signer alice = test::signer(1);
  // Its text behind the code of other methods would be the same DID in other bytes.
  Bytes bytes;
  write_varint(bytes, 0x0d1d);
  append(bytes, view_of(alice.did.text()).subspan(4));
  CHECK_FALSE(Did::decode(bytes));
  Bytes longer = alice.did.bytes();
  longer[1] = 0x81;
  longer.insert(longer.begin() + 2, 0x00);
  CHECK_FALSE(Did::decode(longer));
}

TEST_CASE("X4: Did: as long as one may be, and no longer") {
  const std::string text = "did:web:" + std::string(limits::did_bytes_max, 'a');
  CHECK(Did::parse(text).error().code == Errc::limit);
  Bytes key{0xed, 0x01};
  key.resize(limits::did_bytes_max + 1);
  CHECK(Did::decode(key).error().code == Errc::limit);
  CHECK_FALSE(Did::parse("did:web:\xff"));
}

TEST_CASE("Did: a key of another length or kind is no Ed25519 key") {
  CHECK(test::signer(1).did.ed25519_key());
  CHECK_FALSE(Did::parse("did:web:a.b")->ed25519_key());
  CHECK_FALSE(Did::decode(Bytes{0xed, 0x01, 1, 2, 3})->ed25519_key());
  CHECK_FALSE(Did().ed25519_key());
  CHECK(Did().bytes().empty());
}

TEST_CASE("Did: an address becomes a did:mailto and comes back") {
  CHECK(did_of_email("a@b@example.com")->text() == "did:mailto:example.com:a%40b");
  CHECK(*email_of_did(*Did::parse("did:mailto:example.com:a%40b")) == "a@b@example.com");
  for (const std::string_view address : {"", "@", "a", "a@", "@b", "a@\xff"}) {
    CHECK_FALSE(did_of_email(address));
  }
  for (const std::string_view did : {"did:mailto:a", "did:mailto:a:b:c", "did:web:a:b",
                                     "did:mailto:a:%", "did:mailto:a:%4", "did:mailto:a:%ff"}) {
    CHECK_FALSE(email_of_did(*Did::parse(did)));
  }
}

TEST_CASE("X4: a private key whose public half is another's is refused") {
  const Signer alice = test::signer(1);
  Bytes archive = archive_of_key(alice.key);
  CHECK(key_of_archive(archive));
  CHECK(parse_key(text_of_key(alice.key)));
  for (std::size_t at = 0; at < archive.size(); ++at) {
    Bytes flipped = archive;
    flipped[at] ^= 1;
    CHECK_FALSE(key_of_archive(flipped));
  }
  for (std::size_t size = 0; size < archive.size(); ++size) {
    CHECK_FALSE(key_of_archive(ByteView(archive).first(size)));
  }
}

TEST_CASE("B5: the key of an http/put follows from the blob's hash") {
  const Cid blob = Cid::of_raw(Bytes{1, 2, 3});
  const Signer signer(*key_of_blob(blob.multihash()));
  const auto again = signer_of_archive(archive_of(signer));
  REQUIRE(again);
  CHECK(again->did == signer.did);
  CHECK_FALSE(key_of_blob(Bytes(31, 1)));
  CHECK_FALSE(signer_of_archive(Map{{"id", "did:web:a"}}));
}

}  // namespace freehold
