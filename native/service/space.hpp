/// A space as the authority holds it: its blocks, its entries, its checkpoints.
#pragma once

#include <map>

#include "freehold/sync/checkpoint.hpp"
#include "freehold/sync/names.hpp"
#include "freehold/tree/tree.hpp"
#include "native/service/context.hpp"
#include "native/service/records.hpp"

namespace freehold::native {

/// The blocks that are present for one space. What only another space has counts as absent.
class SpaceBlocks final : public BlockStore {
 public:
  SpaceBlocks(KvReader& kv, const layout::SpaceId& space) noexcept : kv_(&kv), space_(space) {}
  std::optional<ByteView> find(const Cid& cid) const override;

 private:
  KvReader* kv_;
  layout::SpaceId space_;
};

/// The key of a space's DID; none if it is no did:key of Ed25519, which all spaces are.
std::optional<layout::SpaceId> space_id_of(const Did& did);

std::optional<SpaceRecord> find_space(KvReader& kv, const layout::SpaceId& space);
/// The root that a checkpoint of the space states; none if we do not know it.
std::optional<Digest> root_of_checkpoint(KvReader& kv, const layout::SpaceId& space,
                                         const Cid& checkpoint);

/// An open space in a transaction. Entries that are set here wait until `commit`.
class Space final : public BlockSink {
 public:
  /// @pre `did` is the DID of `id`.
  Space(KvTransaction& kv, const Did& did, const layout::SpaceId& id);

  const Did& did() const noexcept { return did_; }
  const layout::SpaceId& id() const noexcept { return id_; }
  /// Whether we are its authority: it has been synced with us.
  bool is_ours() const noexcept { return record_.has_value(); }
  SpaceRecord& record() noexcept { return *record_; }
  const SpaceBlocks& blocks() const noexcept { return blocks_; }
  KvTransaction& kv() noexcept { return *kv_; }
  void put(Block block) override;

  /// Makes us its authority, with an empty tree.
  void found(const Did& authority);
  /// The tree is another one now (a merge). @pre nothing was set since the last commit.
  void move_to(const Digest& root) { record_->root = root; }

  /// The value under `key`, with what was set here. Fails with Errc::missing if blocks are lost.
  Result<std::optional<Value>> get(ByteView key) const;
  Result<bool> has(ByteView key) const;
  void set(Bytes key, const Value& value);
  void erase(Bytes key) { entries_.insert_or_assign(std::move(key), std::nullopt); }
  /// Sets one service's slot of the issuer map at `key`.
  Result<> set_slot(const Bytes& key, const Did& service, const Cid& receipt);

  /// Makes the entries part of the tree, and a checkpoint if the root is another than the last one
  /// stated, or none was. Stores all of it.
  Result<> commit(const Tenants& tenants, std::int64_t now);

 private:
  Result<> state(const Tenant& authority, const Weight& weight, std::int64_t now);

  KvTransaction* kv_;
  Did did_;
  layout::SpaceId id_;
  SpaceBlocks blocks_;
  std::optional<SpaceRecord> record_;
  std::map<Bytes, std::optional<StoredValue>, BytesLess> entries_;
};

}  // namespace freehold::native
