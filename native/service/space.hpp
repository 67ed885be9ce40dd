/// A space as the authority holds it: its blocks, its entries, its checkpoints.
#pragma once

#include <map>

#include "freehold/sync/checkpoint.hpp"
#include "freehold/sync/names.hpp"
#include "freehold/tree/tree.hpp"
#include "native/service/context.hpp"
#include "native/service/lifetimes.hpp"

namespace freehold::native {

/// The key of a space's DID; none if it is no did:key of Ed25519, which all spaces are.
std::optional<layout::SpaceId> space_id_of(const Did& did);

std::optional<SpaceRecord> find_space(KvReader& kv, const layout::SpaceId& space);
/// The root that a checkpoint of the space states; none if we do not know it, or it is outside the
/// retention window.
std::optional<Digest> root_of_checkpoint(KvReader& kv, const layout::SpaceId& space,
                                         const Cid& checkpoint);

/// An open space in a transaction. Entries and blocks that are set here wait until `commit`, which
/// stores what the head or a checkpoint then holds, and nothing else.
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
  /// The block is at hand for what comes.
  void put(Block block) override;
  /// The block is kept as long as the space is.
  Result<> keep_forever(Block block);

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
  /// stated, or none was. Stores all of it, and frees some of what died long ago. Errc::recovering:
  /// the space is stopped.
  Result<> commit(const Tenants& tenants, std::int64_t now);

  /// Signs nothing from now on until `recover`: the checkpoint was signed by us, and we do not know
  /// it. Stores that at once.
  void stop_at(const Checkpoint& checkpoint);
  /// Keeps blocks at hand for a recovery that takes more than one message. They are freed if none
  /// came for as long as roots are kept, or when the tree is whole and has no use for them.
  Result<> offer(std::span<const Kept> blocks, const StateTerms& terms, std::int64_t now);
  /// Goes on from a checkpoint of ours whose tree is stored or at hand, as if it had been made now.
  /// What lay between the last one known and this is lost. The space stays stopped until its ledger
  /// is rebuilt.
  Result<> recover(const Checkpoint& checkpoint);
  /// How far that is; none: it is done.
  void set_rebuilding(std::optional<Bytes> progress);

  /// Whether the whole tree under a root can be read: it is in the retention window, or was kept
  /// by `keep_beside` for as long.
  bool is_readable(const Digest& root);
  /// Keeps a tree that is not the head's (what a device sent, or was answered with) as long as the
  /// head of now will be kept. Its nodes are stored or at hand. After `commit`.
  Result<> keep_beside(const Digest& root);
  /// Moves the window with the time and frees what is outside of it, a bounded number of blocks.
  /// Whether that was all.
  Result<bool> tidy(const Tenants& tenants, std::int64_t now);
  /// Whether its last checkpoint was made, or recovered, since this was opened.
  bool is_restated() const noexcept { return record_ && record_->seq != seq_before_; }
  /// Bytes of nodes that were stored since this was opened.
  std::uint64_t nodes_written() const noexcept { return nodes_written_; }

 private:
  Result<> state(const Tenant& authority, const Weight& weight, std::int64_t now);
  Result<> settle_lifetimes();
  Result<> move_window(const StateTerms& terms, std::int64_t now);
  Result<> plan_sweep(const StateTerms& terms, std::int64_t now);
  Lifetimes lifetimes(std::uint64_t seq);

  KvTransaction* kv_;
  Did did_;
  layout::SpaceId id_;
  SpaceBlocks blocks_;
  std::optional<SpaceRecord> record_;
  Digest root_before_{};  // whose lifetimes are settled
  std::uint64_t seq_before_ = 0;
  std::uint64_t nodes_written_ = 0;
  std::map<Bytes, std::optional<StoredValue>, BytesLess> entries_;
};

/// Spaces that have something to free now, at most `most`.
std::vector<layout::SpaceId> spaces_to_tidy(KvReader& kv, std::int64_t now, std::size_t most);

}  // namespace freehold::native
