/// A store that counts what is read of another one.
#pragma once

#include "freehold/block/store.hpp"

namespace freehold::test {

class CountingStore final : public BlockStore {
 public:
  explicit CountingStore(const BlockStore& store) : store_(&store) {}
  std::optional<ByteView> find(const Cid& cid) const override {
    ++reads;
    return store_->find(cid);
  }
  mutable std::size_t reads = 0;

 private:
  const BlockStore* store_;
};

}  // namespace freehold::test
