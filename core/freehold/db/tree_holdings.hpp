/// What entries hold (sync/holdings.hpp), written down in a tree beside the one that has them: so
/// it is read, changed and made durable as that is.
///
///     'c' CID -> how many entries hold the block
///     'd' CID -> 1: none does any more, but a sync under way may want it
///     'e' first 16 bytes of the SHA-256 of an entry's key, CID -> 1: the entry holds the block
#pragma once

#include <map>

#include "freehold/sync/holdings.hpp"
#include "freehold/tree/tree.hpp"

namespace freehold {

class TreeHoldings final : public HoldingStore {
 public:
  /// All must outlive it.
  TreeHoldings(const BlockStore& blocks, const Digest& root, Missing* missing)
      : blocks_(&blocks), root_(root), missing_(missing) {}

  Result<std::vector<Cid>> held_by(ByteView key) override;
  Result<> set_held_by(ByteView key, std::span<const Cid> held) override;
  Result<> hold(const Cid& cid) override;
  Result<> release(const Cid& cid) override;

  /// What nothing holds any more is kept for the sync under way; or that is over, and what was kept
  /// for it goes too. Returns the tree with all that was written, and what can be freed.
  struct Finished {
    Applied applied;
    std::vector<Cid> freed;
  };
  Result<Finished> finish(bool keeps_dead, BlockSink& sink);

 private:
  Result<std::optional<Bytes>> get(ByteView key);
  Result<std::uint64_t> count_of(const Cid& cid);
  void put(Bytes key, std::uint64_t number);
  void erase(Bytes key) { edits_.insert_or_assign(std::move(key), std::nullopt); }

  const BlockStore* blocks_;
  Digest root_;
  Missing* missing_;
  std::map<Bytes, std::optional<StoredValue>, BytesLess> edits_;
  CidSet dead_;
};

}  // namespace freehold
