#include "native/storage/kv_stage.hpp"

#include <utility>

namespace freehold::native {

std::optional<ByteView> KvLayer::get(ByteView key) {
  const auto found = over_->find(key);
  if (found == over_->end()) return under_->get(key);
  if (!found->second) return std::nullopt;
  return ByteView(*found->second);
}

void KvLayer::scan(ByteView prefix, const Visit& visit) {
  auto next = over_->lower_bound(prefix);
  bool goes_on = true;
  // Our own entries up to `key`, exclusive; to the end of the prefix if there is none.
  const auto visit_own = [&](const ByteView* key) {
    while (goes_on && next != over_->end() && starts_with(next->first, prefix) &&
           (key == nullptr || compare(next->first, *key) < 0)) {
      if (next->second) goes_on = visit(next->first, *next->second);
      ++next;
    }
  };
  under_->scan(prefix, [&](ByteView key, ByteView value) {
    visit_own(&key);
    if (!goes_on) return false;
    if (next != over_->end() && equal(next->first, key)) return true;  // ours comes in its turn
    return goes_on = visit(key, value);
  });
  visit_own(nullptr);
}

void KvStage::put(ByteView key, ByteView value) {
  auto copy = std::make_shared<const Bytes>(copy_of(value));
  const auto found = changes_.find(key);
  if (found == changes_.end()) {
    changes_.emplace(copy_of(key), std::move(copy));
  } else {
    found->second = std::move(copy);
  }
}

void KvStage::erase(ByteView key) {
  const auto found = changes_.find(key);
  if (found == changes_.end()) {
    changes_.emplace(copy_of(key), nullptr);
  } else {
    found->second.reset();
  }
}

void KvStage::flush(KvTransaction& to) {
  for (const auto& [key, value] : take_changes()) {
    if (value) {
      to.put(key, *value);
    } else {
      to.erase(key);
    }
  }
}

KvChanges KvStage::take_changes() noexcept {
  return std::exchange(changes_, {});
}

}  // namespace freehold::native
