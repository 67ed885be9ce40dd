#include "freehold/tree/node_cache.hpp"

namespace freehold {

void NodeCache::clear() noexcept {
  young_.clear();
  old_.clear();
  young_bytes_ = 0;
}

const Node* NodeCache::find(const Digest& digest) {
  if (const auto found = young_.find(digest); found != young_.end()) return &found->second.node;
  if (old_.empty()) return nullptr;
  Map::node_type found = old_.extract(digest);
  if (found.empty()) return nullptr;
  young_bytes_ += found.mapped().node.memory_bytes();
  return &young_.insert(std::move(found)).position->second.node;
}

const Node* NodeCache::add(const Digest& digest, Held held) {
  young_bytes_ += held.node.memory_bytes();
  return &young_.emplace(digest, std::move(held)).first->second.node;
}

void NodeCache::leave() noexcept {
  if (--users_ > 0) return;
  for (const Digest& digest : forgotten_) {
    const auto found = young_.find(digest);
    if (found == young_.end()) continue;  // in the old half, or never read: that goes anyway
    young_bytes_ -= found->second.node.memory_bytes();
    young_.erase(found);
  }
  forgotten_.clear();
  if (young_bytes_ < bytes_max_ / 2) return;
  old_ = std::move(young_);
  young_.clear();
  young_bytes_ = 0;
}

}  // namespace freehold
