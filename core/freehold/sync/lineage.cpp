#include "freehold/sync/lineage.hpp"

#include "freehold/base/limits.hpp"

namespace freehold {

namespace {

/// What a checkpoint says of a number; null if nothing.
const Cid* named(const Checkpoint& by, std::uint64_t number) {
  if (number == by.seq) return &by.cid();
  if (by.prev && number == by.seq - 1) return &*by.prev;
  if (by.skip && number == (by.seq & (by.seq - 1))) return &*by.skip;
  return nullptr;
}

/// The checkpoint numbered `seq` that `from` names, if it is there and what it should be.
std::optional<Checkpoint> follow(const Checkpoint& from, std::uint64_t seq,
                                 const BlockStore& blocks, const Did& key) {
  const Cid* cid = named(from, seq);
  const auto bytes = cid == nullptr ? std::nullopt : blocks.find(*cid);
  if (!bytes) return std::nullopt;
  Result<Checkpoint> next = Checkpoint::decode(Block(*cid, copy_of(*bytes)));
  const bool is_next = next && next->seq == seq && next->space == from.space &&
                       next->ucan.issuer == from.ucan.issuer && verify_signature(next->ucan, key);
  return is_next ? std::optional<Checkpoint>(*std::move(next)) : std::nullopt;
}

}  // namespace

std::optional<std::uint64_t> contradiction_of(const Checkpoint& a, const Checkpoint& b) {
  for (const std::uint64_t number : {a.seq, a.seq - 1, a.seq & (a.seq - 1)}) {
    const Cid* left = named(a, number);
    const Cid* right = named(b, number);
    if (left != nullptr && right != nullptr && *left != *right) return number;
  }
  return std::nullopt;
}

std::optional<Checkpoint> find_contradiction(const Checkpoint& a, const Checkpoint& b,
                                             const BlockStore& blocks, const Did& key) {
  const Checkpoint& lower = b.seq < a.seq ? b : a;
  std::optional<Checkpoint> at = b.seq < a.seq ? a : b;
  for (std::size_t steps = 0; at && steps < limits::lineage_steps_max; ++steps) {
    if (contradiction_of(lower, *at)) return at;
    if (at->seq <= lower.seq) return std::nullopt;
    const std::uint64_t skip = at->seq & (at->seq - 1);  // as far as it does not pass the lower
    at = follow(*at, at->skip && skip >= lower.seq ? skip : at->seq - 1, blocks, key);
  }
  return std::nullopt;
}

}  // namespace freehold
