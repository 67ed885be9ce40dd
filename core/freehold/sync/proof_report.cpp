#include "freehold/sync/proof_report.hpp"

#include "freehold/codec/cbor.hpp"

namespace freehold {

namespace {

/// Written head by head: the smallest verifier has no room for building Values. So the keys of each
/// map stand here in the order of DAG-CBOR, the shorter first.
class Writer {
 public:
  void map(std::size_t size) { write_cbor_head(bytes_, CborMajor::map, size); }
  void list(std::size_t size) { write_cbor_head(bytes_, CborMajor::list, size); }
  void text(std::string_view text) { write_cbor_text(bytes_, text); }
  void uint(std::uint64_t number) { write_cbor_head(bytes_, CborMajor::uint, number); }
  void flag(bool flag) { write_cbor_head(bytes_, CborMajor::simple, flag ? 21 : 20); }
  void null() { write_cbor_head(bytes_, CborMajor::simple, 22); }
  void link(const Cid& cid) { write_cbor_link(bytes_, cid); }
  void bytes(ByteView bytes) { write_cbor_bytes(bytes_, bytes); }
  void encoded(ByteView value) { append(bytes_, value); }
  Bytes take() { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

/// {recognised, …}: the receipt and what it is of, or why not.
void write(Writer& to, const Recognition& recognition, const std::string& slot) {
  const std::size_t slots = slot.empty() ? 0 : 1;
  const auto write_slot = [&] {
    if (slots == 0) return;
    to.text("slot");
    to.text(slot);
  };
  if (!recognition) {
    to.map(2 + slots);
    write_slot();
    to.text("reason");
    to.text(recognition.reason);
  } else {
    const Receipt& receipt = *recognition.receipt;
    const Capability& task = recognition.invocation.capabilities[0];
    to.map(7 + slots);
    to.text("can");
    to.text(task.can);
    to.text("out");
    to.encoded(encode_cbor(receipt.out));
    to.text("ran");
    to.link(receipt.ran);
    write_slot();
    to.text("with");
    to.text(task.with);
    to.text("issuer");
    to.text(receipt.issuer->text());
    to.text("receipt");
    to.link(receipt.cid());
  }
  to.text("recognised");
  to.flag(static_cast<bool>(recognition));
}

void write(Writer& to, const ProvenEntry& entry) {
  to.map(entry.commitments.empty() ? 2 : 3);
  to.text("key");
  to.bytes(entry.key);
  to.text("value");
  to.encoded(entry.value);
  if (entry.commitments.empty()) return;
  to.text("commitments");
  to.list(entry.commitments.size());
  for (const Commitment& one : entry.commitments) write(to, one.recognition, one.slot);
}

void write(Writer& to, const ProvenClaim& proven) {
  const Claim& claim = proven.claim;
  const struct {
    const char* name;
    const Bytes* bound;
  } bounds[] = {{"to", claim.to ? &*claim.to : nullptr},
                {"key", claim.key ? &*claim.key : nullptr},
                {"from", claim.from ? &*claim.from : nullptr},
                {"prefix", claim.prefix.empty() ? nullptr : &claim.prefix}};
  std::size_t size = 1;
  for (const auto& [name, bound] : bounds) size += bound != nullptr ? 1 : 0;
  to.map(size);
  for (const auto& [name, bound] : bounds) {
    if (bound == nullptr) continue;
    to.text(name);
    to.bytes(*bound);
  }
  to.text("entries");
  to.list(proven.entries.size());
  for (const ProvenEntry& entry : proven.entries) write(to, entry);
}

void write(Writer& to, const Checkpoint& checkpoint, Proven proven) {
  to.map(5);
  to.text("cid");
  to.link(checkpoint.cid());
  to.text("seq");
  to.uint(checkpoint.seq);
  to.text("time");
  to.uint(static_cast<std::uint64_t>(checkpoint.time));
  to.text("issuer");
  to.text(checkpoint.ucan.issuer.text());
  to.text("proven");
  to.flag(proven == Proven::yes);
}

}  // namespace

Bytes report_of(const ProofVerdict& verdict) {
  Writer to;
  to.map(7);
  to.text("root");
  to.link(node_cid(verdict.root));
  to.text("bytes");
  to.uint(verdict.weight.bytes);
  to.text("space");
  to.text(verdict.space.text());
  to.text("claims");
  to.list(verdict.claims.size());
  for (const ProvenClaim& claim : verdict.claims) write(to, claim);
  to.text("entries");
  to.uint(verdict.weight.count);
  to.text("receipts");
  to.list(verdict.receipts.size());
  for (const Recognition& receipt : verdict.receipts) write(to, receipt, "");
  to.text("checkpoint");
  if (verdict.checkpoint) {
    write(to, *verdict.checkpoint, verdict.proven);
  } else {
    to.null();
  }
  return to.take();
}

}  // namespace freehold
