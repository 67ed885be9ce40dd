#include "native/storage/kv_stage.hpp"

namespace freehold::native {

std::optional<ByteView> KvStage::get(ByteView key) {
  const auto found = changes_.find(key);
  if (found == changes_.end()) return under_->get(key);
  if (!found->second) return std::nullopt;
  return ByteView(*found->second);
}

void KvStage::scan(ByteView prefix, const Visit& visit) {
  auto next = changes_.lower_bound(prefix);
  bool goes_on = true;
  // Our own entries up to `key`, exclusive; to the end of the prefix if there is none.
  const auto visit_own = [&](const ByteView* key) {
    while (goes_on && next != changes_.end() && starts_with(next->first, prefix) &&
           (key == nullptr || compare(next->first, *key) < 0)) {
      if (next->second) goes_on = visit(next->first, *next->second);
      ++next;
    }
  };
  under_->scan(prefix, [&](ByteView key, ByteView value) {
    visit_own(&key);
    if (!goes_on) return false;
    if (next != changes_.end() && equal(next->first, key)) return true;  // ours comes in its turn
    return goes_on = visit(key, value);
  });
  visit_own(nullptr);
}

void KvStage::put(ByteView key, ByteView value) {
  const auto found = changes_.find(key);
  if (found == changes_.end()) {
    changes_.emplace(copy_of(key), copy_of(value));
  } else {
    found->second = copy_of(value);
  }
}

void KvStage::erase(ByteView key) {
  const auto found = changes_.find(key);
  if (found == changes_.end()) {
    changes_.emplace(copy_of(key), std::nullopt);
  } else {
    found->second.reset();
  }
}

void KvStage::flush(KvTransaction& to) {
  for (const auto& [key, value] : changes_) {
    if (value) {
      to.put(key, *value);
    } else {
      to.erase(key);
    }
  }
  changes_.clear();
}

}  // namespace freehold::native
