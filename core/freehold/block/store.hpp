/// Where blocks come from and where they go. The core never waits for storage: a block that is not
/// there is reported, and the operation is run again when it is (docs/design.md section 5).
#pragma once

#include <unordered_set>
#include <vector>

#include "freehold/base/hash_map.hpp"
#include "freehold/block/block.hpp"

namespace freehold {

/// Blocks to read. A view that it gives is valid as long as the store is neither changed nor gone.
class BlockStore {
 public:
  virtual ~BlockStore() = default;
  /// The bytes under `cid`; nothing if the block is not held.
  virtual std::optional<ByteView> find(const Cid& cid) const = 0;
  /// The bytes themselves, to keep for longer than the store does; null if it cannot share them.
  virtual std::shared_ptr<const Bytes> share(const Cid&) const { return nullptr; }
};

/// Takes the blocks that an operation makes, children before parents.
class BlockSink {
 public:
  virtual ~BlockSink() = default;
  virtual void put(Block block) = 0;
};

/// Blocks in memory.
class MemoryStore final : public BlockStore, public BlockSink {
 public:
  std::optional<ByteView> find(const Cid& cid) const override {
    const Block* found = blocks_.find(cid);
    if (found == nullptr) return std::nullopt;
    return found->bytes();
  }
  std::shared_ptr<const Bytes> share(const Cid& cid) const override {
    const Block* found = blocks_.find(cid);
    return found == nullptr ? nullptr : found->data;
  }
  void put(Block block) override {
    const auto [place, is_new] = blocks_.try_emplace(block.cid);
    if (!is_new) bytes_ -= place->bytes().size();
    bytes_ += block.bytes().size();
    *place = std::move(block);
  }
  /// The block itself, to hand on without a copy; null CID if not held.
  Block block(const Cid& cid) const {
    const Block* found = blocks_.find(cid);
    return found == nullptr ? Block() : *found;
  }
  void erase(const Cid& cid) {
    if (const auto erased = blocks_.extract(cid)) bytes_ -= erased->value.bytes().size();
  }
  void clear() {
    blocks_.clear();
    bytes_ = 0;
  }
  std::size_t size() const noexcept { return blocks_.size(); }
  /// Of all blocks together.
  std::size_t bytes() const noexcept { return bytes_; }
  const auto& blocks() const noexcept { return blocks_; }

 private:
  HashMap<Cid, Block, CidHash> blocks_;
  std::size_t bytes_ = 0;
};

/// `over` first, then `under`: what an operation has made, on top of what there was.
class LayeredStore final : public BlockStore {
 public:
  LayeredStore(const BlockStore& over, const BlockStore& under) noexcept
      : over_(&over), under_(&under) {}
  std::optional<ByteView> find(const Cid& cid) const override {
    if (const auto found = over_->find(cid)) return found;
    return under_->find(cid);
  }
  std::shared_ptr<const Bytes> share(const Cid& cid) const override {
    if (auto shared = over_->share(cid)) return shared;
    return under_->share(cid);
  }

 private:
  const BlockStore* over_;
  const BlockStore* under_;
};

/// The blocks that an operation asked for in vain, each once, in the order asked.
class Missing {
 public:
  void add(const Cid& cid) {
    if (seen_.insert(cid).second) cids_.push_back(cid);
  }
  bool empty() const noexcept { return cids_.empty(); }
  const std::vector<Cid>& cids() const noexcept { return cids_; }

 private:
  std::vector<Cid> cids_;
  std::unordered_set<Cid, CidHash> seen_;
};

}  // namespace freehold
