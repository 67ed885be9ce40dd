#include "freehold/sync/proof_report.hpp"

#include "freehold/codec/cbor.hpp"

namespace freehold {

namespace {

/// {recognised, …}: the receipt and what it is of, or why not.
Map report(const Recognition& recognition) {
  if (!recognition) {
    return Map{{"recognised", Value(false)}, {"reason", Value(recognition.reason)}};
  }
  const Receipt& receipt = *recognition.receipt;
  const Capability& task = recognition.invocation.capabilities[0];
  return Map{{"recognised", Value(true)},
             {"receipt", Value(receipt.cid())},
             {"issuer", Value(receipt.issuer->text())},
             {"ran", Value(receipt.ran)},
             {"can", Value(task.can)},
             {"with", Value(task.with)},
             {"out", receipt.out}};
}

Value report(const ProvenEntry& entry) {
  const Result<Value> value = decode_cbor(entry.value);
  Map map{{"key", Value(entry.key)}, {"value", value ? *value : Value()}};
  List commitments;
  for (const Commitment& commitment : entry.commitments) {
    Map one = report(commitment.recognition);
    if (!commitment.slot.empty()) one.set("slot", Value(commitment.slot));
    commitments.push_back(Value(std::move(one)));
  }
  if (!commitments.empty()) map.set("commitments", Value(std::move(commitments)));
  return Value(std::move(map));
}

Value report(const ProvenClaim& proven) {
  const Claim& claim = proven.claim;
  Map map;
  if (claim.key) map.set("key", Value(*claim.key));
  if (!claim.prefix.empty()) map.set("prefix", Value(claim.prefix));
  if (claim.from) map.set("from", Value(*claim.from));
  if (claim.to) map.set("to", Value(*claim.to));
  List entries;
  for (const ProvenEntry& entry : proven.entries) entries.push_back(report(entry));
  map.set("entries", Value(std::move(entries)));
  return Value(std::move(map));
}

Value report(const Checkpoint& checkpoint, Proven proven) {
  return Value(Map{{"cid", Value(checkpoint.cid())},
                   {"seq", Value(checkpoint.seq)},
                   {"time", Value(checkpoint.time)},
                   {"issuer", Value(checkpoint.ucan.issuer.text())},
                   {"proven", Value(proven == Proven::yes)}});
}

}  // namespace

Value report_of(const ProofVerdict& verdict) {
  List claims;
  for (const ProvenClaim& claim : verdict.claims) claims.push_back(report(claim));
  List receipts;
  for (const Recognition& receipt : verdict.receipts) receipts.push_back(Value(report(receipt)));
  return Value(Map{
      {"space", Value(verdict.space.text())},
      {"root", Value(node_cid(verdict.root))},
      {"entries", Value(verdict.weight.count)},
      {"bytes", Value(verdict.weight.bytes)},
      {"checkpoint", verdict.checkpoint ? report(*verdict.checkpoint, verdict.proven) : Value()},
      {"claims", Value(std::move(claims))},
      {"receipts", Value(std::move(receipts))}});
}

}  // namespace freehold
