/// UCAN 0.9.1: delegations and invocations. Source: protocol.md section 2.
#pragma once

#include "freehold/block/store.hpp"
#include "freehold/codec/value.hpp"
#include "freehold/ucan/varsig.hpp"

namespace freehold {

struct Capability {
  std::string can;   // lower case
  std::string with;  // a URI, as it was
  std::optional<Value> nb;
  Map more;  // other fields: kept, and covered by the signature
};

/// The map that it was read from.
Value value_of(const Capability& capability);

/// What a UCAN says, without its signature.
struct UcanFields {
  std::string version = "0.9.1";
  Did issuer;
  Did audience;
  std::vector<Capability> capabilities;
  std::optional<std::int64_t> expires;  // seconds; none is never
  std::optional<std::int64_t> not_before;
  std::optional<std::string> nonce;
  std::vector<Map> facts;
  std::vector<Cid> proofs;
};

/// A UCAN that was read or made; the block's bytes are kept as they came.
struct Ucan : UcanFields {
  Block block;
  Varsig signature;

  const Cid& cid() const noexcept { return block.cid; }
  /// Reads the CBOR form, then the JWT form, whatever the codec of the CID. Errc::malformed,
  /// Errc::limit.
  static Result<Ucan> decode(Block block);
};

/// What the signature covers: the JWT of these fields under `algorithm`, without its third part.
std::string signed_text(const UcanFields& fields, std::string_view algorithm = "EdDSA");

/// The UCAN of these fields under a signature made elsewhere (by WebCrypto, say).
Ucan seal(UcanFields fields, Varsig signature);
/// Signs and seals. `fields.issuer` is set to the signer's DID.
Ucan issue(UcanFields fields, const Signer& signer);

/// Whether the signature is by `key`, a did:key.
bool verify_signature(const Ucan& ucan, const Did& key);

/// A UCAN and everything that it reaches by `prf` and that `blocks` has, each once: proofs depth
/// first, then what is attached (links in `att` at any depth, links at the first level of facts),
/// the root last. Blocks that identity CIDs carry, and blocks not held, are left out.
std::vector<Block> with_proofs(const Ucan& root, const BlockStore& blocks);

/// CAR archive of a delegation ("ucan@0.9.1" variant block as root), and back (protocol 2.4).
Bytes encode_archive(const Ucan& root, const BlockStore& blocks);
struct Archive {
  Cid root;  // of the delegation; its block is among the others
  std::vector<Block> blocks;
};
Result<Archive> decode_archive(ByteView bytes);
/// Text of a proof for people to pass on: multibase base64 of an identity CID over the archive.
std::string text_of_archive(ByteView archive);
Result<Archive> parse_archive(std::string_view text);
/// "Claim bytes": a CAR whose root is the delegation itself.
Result<Archive> decode_claim(ByteView bytes);

/// The bytes under `cid`, also those that an identity CID carries in itself: such a view is into
/// `cid`, and lives as long.
std::optional<ByteView> find_inline(const BlockStore& blocks, const Cid& cid);

}  // namespace freehold
