/// What of a space's blocks is alive, and since when the rest is dead (docs/design.md section 9).
///
/// Nodes are held by the head's tree, which has each once; other blocks by entries of the head.
/// What nothing holds any more is *dead since* a checkpoint's number, on a list in
/// that order, and is freed once the oldest living root is not below it. What is held again goes
/// off the list, so an older entry of the list can never free it.
///
/// A node and another block of the same bytes are two things here: each has a life of its own.
#pragma once

#include "freehold/sync/checkpoint.hpp"
#include "freehold/sync/holdings.hpp"
#include "native/service/records.hpp"

namespace freehold::native {

/// Checkpoints that we made of the space: they are kept for ever, and need no holder.
std::optional<Checkpoint> find_checkpoint(KvReader& kv, const layout::SpaceId& space,
                                          std::uint64_t seq);
std::optional<std::uint64_t> find_seq(KvReader& kv, const layout::SpaceId& space, const Cid& cid);
void store_checkpoint(KvTransaction& kv, const layout::SpaceId& space,
                      const Checkpoint& checkpoint);

/// The blocks of one space: what an open transaction has made or been sent, then what is stored.
/// What only another space has counts as absent.
class SpaceBlocks final : public BlockStore {
 public:
  SpaceBlocks(KvReader& kv, const layout::SpaceId& space) noexcept : kv_(&kv), space_(space) {}
  std::optional<ByteView> find(const Cid& cid) const override;

  /// Blocks at hand and not (yet) stored.
  MemoryStore& pending() noexcept { return pending_; }
  const MemoryStore& pending() const noexcept { return pending_; }

 private:
  KvReader* kv_;
  layout::SpaceId space_;
  MemoryStore pending_;
};

/// One block as it is kept: a node by its digest, another by its CID.
struct Kept {
  layout::Kind kind;  // node or block
  Bytes id;

  static Kept node(const Digest& digest) { return {layout::Kind::node, copy_of(digest)}; }
  static Kept block(const Cid& cid) { return {layout::Kind::block, copy_of(cid.bytes())}; }
};

class Lifetimes final : public HoldingStore {
 public:
  /// What a block costs beside its bytes, and the list of what an entry holds beside its own: keys,
  /// and what the engine needs for them.
  static constexpr std::uint64_t block_overhead_bytes = 80;
  static constexpr std::uint64_t held_overhead_bytes = 80;

  /// All must outlive it. Counts bytes in `record`.
  Lifetimes(KvTransaction& kv, const layout::SpaceId& space, const SpaceBlocks& blocks,
            SpaceRecord& record)
      : kv_(&kv), space_(space), blocks_(&blocks), record_(&record) {}

  /// What is released from here on is dead since checkpoint `seq`.
  void set_seq(std::uint64_t seq) noexcept { seq_ = seq; }

  /// The head's tree has the nodes now, or no more.
  Result<> hold_nodes(std::span<const Digest> nodes);
  void release_nodes(std::span<const Digest> nodes);
  /// A block at hand, of a tree that is not whole yet: it is kept until that is, or is given up.
  /// Nothing if it is stored already.
  Result<> offer(const Kept& kept);
  /// Frees what was offered and is of no tree, at most `most` blocks. Returns how many.
  std::size_t sweep_offered(std::size_t most);
  bool has_offered() const;

  /// Nodes that the head's tree has not: they are kept as if they had died only now.
  Result<> postpone_nodes(std::span<const Digest> nodes);
  /// Whether the tree under a node is whole: it is of the head, or died after `oldest`.
  bool is_readable(const Digest& root, std::uint64_t oldest) const;

  Result<std::vector<Cid>> held_by(ByteView key) override;
  Result<> set_held_by(ByteView key, std::span<const Cid> held) override;
  Result<> hold(const Cid& cid) override;
  Result<> release(const Cid& cid) override;

  /// Bytes of nodes that were stored by this object.
  std::uint64_t nodes_written() const noexcept { return nodes_written_; }

  /// Frees what died at or before checkpoint `oldest`, the longest dead first, at most `most`
  /// blocks. Returns how many.
  std::size_t sweep(std::uint64_t oldest, std::size_t most);
  /// The number since which the longest dead block is dead; none if nothing is.
  std::optional<std::uint64_t> dead_since() const;

 private:
  /// How a block that is stored fares.
  struct Life {
    std::uint64_t holders = 0;  // 0: dead ...
    std::uint64_t since = 0;    // ... since this checkpoint, or `offered`
  };
  static constexpr std::uint64_t offered = std::uint64_t{1} << 63;  // no checkpoint's number

  std::optional<Life> find(const Kept& kept) const;
  void set(const Kept& kept, const std::optional<Life>& before, const Life& life);
  Result<> store(const Kept& kept, const Life& life);
  Result<> hold(const Kept& kept);
  void release(const Kept& kept);
  std::size_t free_listed(ByteView prefix, std::uint64_t last, std::size_t most);
  Bytes key_of(layout::Kind kind, const Kept& kept) const;
  Bytes dead_key(std::uint64_t since, const Kept& kept) const;
  Bytes held_key(ByteView key) const;

  KvTransaction* kv_;
  layout::SpaceId space_;
  const SpaceBlocks* blocks_;
  SpaceRecord* record_;
  std::uint64_t seq_ = 0;
  std::uint64_t nodes_written_ = 0;
};

}  // namespace freehold::native
