#include "freehold/tree/node_cache.hpp"

namespace freehold {

void NodeCache::clear() noexcept {
  young_.clear();
  old_.clear();
  young_bytes_ = 0;
}

const Node* NodeCache::find(const Digest& digest) {
  if (const Held* found = young_.find(digest)) return &found->node;
  Map::Handle found = old_.extract(digest);
  if (found == nullptr) return nullptr;
  young_bytes_ += found->value.node.memory_bytes();
  return &young_.insert(std::move(found))->node;
}

const Node* NodeCache::add(const Digest& digest, Held held) {
  young_bytes_ += held.node.memory_bytes();
  Held* place = young_.try_emplace(digest).first;
  *place = std::move(held);
  return &place->node;
}

void NodeCache::leave() noexcept {
  if (--users_ > 0) return;
  for (const Digest& digest : forgotten_) {
    const Map::Handle found = young_.extract(digest);
    if (found == nullptr) continue;  // in the old half, or never read: that goes anyway
    young_bytes_ -= found->value.node.memory_bytes();
  }
  forgotten_.clear();
  if (young_bytes_ < bytes_max_ / 2) return;
  old_ = std::move(young_);
  young_.clear();
  young_bytes_ = 0;
}

}  // namespace freehold
