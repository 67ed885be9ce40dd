// A proof file is verified or refused, whatever it is; one that is verified is what the prover
// makes of its own blocks.

#include <cstdlib>

#include "freehold/codec/car.hpp"
#include "freehold/sync/proof_report.hpp"

namespace {

using namespace freehold;

/// Whether a prover who has just these blocks would have made a file of the same blocks.
bool is_made_again(ByteView file, const ProofVerdict& verdict) {
  const Result<Car> car = decode_car(file);
  MemoryStore store;
  for (const Block& block : car->blocks) store.put(block);
  ProofFields fields;
  fields.space = verdict.space;
  fields.root = verdict.root;
  for (const ProvenClaim& claim : verdict.claims) fields.claims.push_back(claim.claim);
  if (verdict.checkpoint) fields.checkpoint = verdict.checkpoint->cid();
  for (const Recognition& receipt : verdict.receipts) {
    fields.receipts.push_back(receipt.receipt->cid());
  }
  const Result<Bytes> again = make_proof(store, fields);
  return again && again->size() == file.size();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const KnownServices nobody;
  ProofTrust trust{.keys = &nobody};
  trust.now = 1'000'000'000;
  const Result<ProofVerdict> verdict = verify_proof({data, size}, trust);
  if (!verdict) return 0;
  report_of(*verdict);
  if (!is_made_again({data, size}, *verdict)) std::abort();
  return 0;
}
