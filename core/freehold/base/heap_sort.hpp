/// Sorting where the wasm must stay small: each use of std::sort is 8 KB in it.
#pragma once

#include <algorithm>

namespace freehold {

void heap_sort(auto& items, auto is_before) {
  std::make_heap(items.begin(), items.end(), is_before);
  std::sort_heap(items.begin(), items.end(), is_before);
}

}  // namespace freehold
