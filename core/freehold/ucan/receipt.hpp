/// Receipts: what became of an invocation, signed by who ran it. Source: protocol.md section 4.
#pragma once

#include "freehold/ucan/ucan.hpp"

namespace freehold {

struct ReceiptFields {
  Cid ran;
  Value out;  // {"ok": any} or {"error": any}
  std::vector<Cid> fork;
  std::optional<Cid> join;
  Map meta;
  std::optional<Did> issuer;
  std::vector<Cid> proofs;

  const Value* ok() const noexcept { return out.find("ok"); }
  const Value* error() const noexcept { return out.find("error"); }
};

struct Receipt : ReceiptFields {
  Block block;
  Varsig signature;
  Bytes signed_bytes;  // canonical DAG-CBOR of `ocm`: what the signature covers

  const Cid& cid() const noexcept { return block.cid; }
  /// Errc::malformed, Errc::limit.
  static Result<Receipt> decode(Block block);
};

/// The bytes to be signed, and the receipt under a signature made elsewhere.
Bytes signed_bytes(const ReceiptFields& fields);
Receipt seal(ReceiptFields fields, Varsig signature);
/// Signs and seals. `fields.issuer` is set to the signer's DID.
Receipt issue(ReceiptFields fields, const Signer& signer);

bool verify_signature(const Receipt& receipt, const Did& key);

/// {"ucan/await": [selector, task]}: a value from the receipt of `task` that is yet to come.
Value await_of(std::string_view selector, const Cid& task);
struct Await {
  std::string selector;
  Cid task;
};
std::optional<Await> as_await(const Value& value);
/// What `selector` (".out.ok.site") finds in `receipt.out`; null if nothing.
const Value* select(const Value& out, std::string_view selector);

}  // namespace freehold
