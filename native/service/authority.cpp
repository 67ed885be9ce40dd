#include "native/service/authority.hpp"

#include "native/service/usage.hpp"

namespace freehold::native {

namespace {

constexpr std::size_t candidates_max = 16;
constexpr std::size_t candidate_bytes_max = 16 << 10;

/// Whether checkpoints that have `delegation` as proof are proven.
bool is_proof(const Ucan& delegation, const Tenant& tenant, const BlockStore& blocks,
              const Did& space, std::int64_t now) {
  CheckpointFields fields;
  fields.space = space;
  fields.root = empty_root();
  fields.seq = 1;
  const Checkpoint trial = issue_checkpoint(fields, tenant.signer, delegation.cid());
  const auto proven = verify_checkpoint(trial, tenant.did(), tenant.key_did, blocks, now);
  return proven && *proven == Proven::yes;
}

std::optional<Ucan> delegation_of(const Cid& cid, ByteView bytes, const Did& audience) {
  if (cid.codec() != codec::dag_cbor || bytes.size() > candidate_bytes_max) return std::nullopt;
  Result<Ucan> ucan = Ucan::decode(Block(cid, copy_of(bytes)));
  if (!ucan || ucan->audience != audience) return std::nullopt;
  return *std::move(ucan);
}

/// UCANs to the tenant: under /delegation/<its DID>/, then those that came by themselves.
Result<std::vector<Ucan>> candidates(const Tenant& tenant, const MemoryStore& message,
                                     const Space& space, const Digest& root) {
  std::vector<Ucan> found;
  Range range;
  range.prefix = copy_of(view_of(key_prefix::delegation));
  append(range.prefix, view_of(tenant.did().text() + "/"));
  range.limit = candidates_max;
  FH_TRY(const Page page, Tree(space.blocks(), root).list(range));
  for (const Entry& entry : page.entries) {
    const Result<Cid> cid = Cid::parse(text_of(ByteView(entry.key).subspan(range.prefix.size())));
    if (!cid) continue;
    const auto bytes = space.blocks().find(*cid);
    if (!bytes) continue;
    if (auto ucan = delegation_of(*cid, *bytes, tenant.did())) found.push_back(*std::move(ucan));
  }
  for (const auto& [cid, block] : message.blocks()) {
    if (found.size() >= 2 * candidates_max) break;
    auto ucan = delegation_of(cid, block.bytes(), tenant.did());
    if (ucan) found.push_back(*std::move(ucan));
  }
  return found;
}

}  // namespace

void subscribe_on_sync(const Tenant& tenant, Space& space) {
  Usage usage(space.kv(), space.id(), tenant.did());
  if (usage.subscription()) return;
  for (const Provider& provider : tenant.providers) {
    if (!provider.subscribe_on_sync) continue;
    usage.subscribe(provider.did, provider.capacity);
    return;
  }
}

Result<> find_authority_proof(const Tenant& tenant, const MemoryStore& message, std::int64_t now,
                              Space* space) {
  if (space->record().proof) return {};
  const LayeredStore all(message, space->blocks());
  FH_TRY(const auto found, candidates(tenant, message, *space, space->record().root));
  for (const Ucan& delegation : found) {
    if (!is_proof(delegation, tenant, all, space->did(), now)) continue;
    for (const Block& block : with_proofs(delegation, all)) FH_CHECK(space->keep_forever(block));
    space->record().proof = delegation.cid();
    return {};
  }
  return {};
}

std::vector<Block> checkpoint_with_proofs(const Space& space, const Cid& checkpoint) {
  const auto bytes = space.blocks().find(checkpoint);
  if (!bytes) return {};
  const Result<Ucan> ucan = Ucan::decode(Block(checkpoint, copy_of(*bytes)));
  if (!ucan) return {};
  return with_proofs(*ucan, space.blocks());
}

std::vector<Block> checkpoint_news(const Space& space, const Cid& checkpoint,
                                   const std::optional<Cid>& since) {
  if (checkpoint == since) return {};
  std::vector<Block> blocks = checkpoint_with_proofs(space, checkpoint);
  if (!since) return blocks;
  for (const Block& held : checkpoint_with_proofs(space, *since)) {
    std::erase_if(blocks, [&](const Block& block) { return block.cid == held.cid; });
  }
  return blocks;
}

}  // namespace freehold::native
