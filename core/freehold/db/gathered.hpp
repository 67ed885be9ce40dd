/// What an operation makes, before it is known to succeed.
#pragma once

#include "freehold/block/store.hpp"

namespace freehold {

class Gathered final : public BlockSink {
 public:
  void put(Block block) override {
    store_.put(block);
    blocks_.push_back(std::move(block));
  }
  const MemoryStore& store() const noexcept { return store_; }
  std::vector<Block> take() { return std::move(blocks_); }

 private:
  MemoryStore store_;
  std::vector<Block> blocks_;
};

}  // namespace freehold
