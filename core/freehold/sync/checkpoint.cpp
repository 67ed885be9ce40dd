#include "freehold/sync/checkpoint.hpp"

#include "freehold/base/limits.hpp"
#include "freehold/sync/names.hpp"

namespace freehold {

namespace {

/// A link or null at `name`; false if there is neither.
bool read_link(const Value& map, const char* name, std::optional<Cid>* to) {
  const Value* value = map.find(name);
  if (value == nullptr) return false;
  if (value->is_null()) return true;
  if (value->as_link() == nullptr) return false;
  *to = *value->as_link();
  return true;
}

/// Whether `prev` is there just when there is one before, and `skip` only if it names another; of
/// an odd number both name the one before. An authority that was restored may not know what to skip
/// to.
bool has_links(const CheckpointFields& fields, std::uint64_t seq) {
  const std::uint64_t skip = seq & (seq - 1);
  if (fields.prev.has_value() != (seq > 1)) return false;
  return !fields.skip || (skip != 0 && (seq % 2 == 0 || *fields.skip == *fields.prev));
}

}  // namespace

Result<Checkpoint> Checkpoint::decode(Block block) {
  Checkpoint checkpoint;
  FH_TRY(checkpoint.ucan, Ucan::decode(std::move(block)));
  const Ucan& ucan = checkpoint.ucan;
  if (ucan.capabilities.size() != 1 || ucan.capabilities[0].can != ability::assert_state ||
      !ucan.capabilities[0].nb || ucan.expires || ucan.not_before || ucan.nonce ||
      !ucan.facts.empty() || ucan.proofs.size() > 1) {
    return fail(Errc::malformed, "checkpoint: not an assert/state of the one form");
  }
  const Value& nb = *ucan.capabilities[0].nb;
  const Value* space = nb.find("space");
  const Value* root = nb.find("root");
  const auto seq = uint_of(nb.find("seq"));
  const auto count = uint_of(nb.find("count"));
  const auto bytes = uint_of(nb.find("bytes"));
  const auto time = uint_of(nb.find("time"));
  if (space == nullptr || space->as_text() == nullptr || root == nullptr ||
      root->as_link() == nullptr || !root->as_link()->is_cbor_sha256() || !seq || *seq == 0 ||
      !count || !bytes || !time || *time > limits::integer_safe_max ||
      !read_link(nb, "prev", &checkpoint.prev) || !read_link(nb, "skip", &checkpoint.skip) ||
      !has_links(checkpoint, *seq)) {
    return fail(Errc::malformed, "checkpoint: nb");
  }
  FH_TRY(checkpoint.space, Did::parse(*space->as_text()));
  if (ucan.capabilities[0].with != checkpoint.space.text() || ucan.audience != checkpoint.space) {
    return fail(Errc::malformed, "checkpoint: with and aud are not the space");
  }
  checkpoint.root = digest_of(*root->as_link());
  checkpoint.seq = *seq;
  checkpoint.weight = {*count, *bytes};
  checkpoint.time = static_cast<std::int64_t>(*time);
  return checkpoint;
}

Checkpoint issue_checkpoint(CheckpointFields fields, const Signer& authority,
                            std::optional<Cid> proof) {
  UcanFields ucan;
  ucan.audience = fields.space;
  ucan.capabilities.push_back({ability::assert_state,
                               fields.space.text(),
                               Value(Map{{"space", Value(fields.space.text())},
                                         {"root", Value(node_cid(fields.root))},
                                         {"seq", Value(fields.seq)},
                                         {"prev", fields.prev ? Value(*fields.prev) : Value()},
                                         {"skip", fields.skip ? Value(*fields.skip) : Value()},
                                         {"count", Value(fields.weight.count)},
                                         {"bytes", Value(fields.weight.bytes)},
                                         {"time", Value(fields.time)}}),
                               {}});
  if (proof) ucan.proofs.push_back(*proof);
  Checkpoint checkpoint;
  static_cast<CheckpointFields&>(checkpoint) = std::move(fields);
  checkpoint.ucan = issue(std::move(ucan), authority);
  return checkpoint;
}

Result<Proven> verify_checkpoint(const Checkpoint& checkpoint, const Did& authority,
                                 const Did& authority_key, const BlockStore& blocks,
                                 std::int64_t now) {
  if (checkpoint.ucan.issuer != authority) {
    return fail(Errc::invalid_signature, "checkpoint: issued by another than the authority");
  }
  if (!verify_signature(checkpoint.ucan, authority_key)) {
    return fail(Errc::invalid_signature, "checkpoint: signature");
  }
  if (checkpoint.ucan.proofs.empty()) return Proven::no;
  ValidationContext context;
  context.now = now;
  context.authority = authority;
  context.authority_key = authority_key;
  context.proofs = &blocks;
  return authorize(checkpoint.ucan, context) ? Proven::yes : Proven::no;
}

}  // namespace freehold
