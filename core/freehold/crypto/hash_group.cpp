#include "freehold/crypto/hash_group.hpp"

#include <algorithm>
#include <utility>

namespace freehold {

#ifndef __EMSCRIPTEN__

namespace {
thread_local HashHelper* helper_of_thread = nullptr;
}

void set_hash_helper(HashHelper* helper) noexcept {
  helper_of_thread = helper;
}

#else

namespace {
constexpr HashHelper* helper_of_thread = nullptr;  // and what would be said to it is left out
}

#endif

void HashGroup::start(std::span<const ByteView> each) noexcept {
  std::copy(each.begin(), each.end(), each_.begin());
  size_ = each.size();
  HashHelper* helper = helper_of_thread;
  helper_ = helper != nullptr && helper->offer(*this) ? helper : nullptr;
}

std::span<const Digest> HashGroup::finish() noexcept {
  if (helper_ != nullptr) {
    std::exchange(helper_, nullptr)->finish();
  } else {
    hash(0, size_);
  }
  return std::span(digests_).first(std::exchange(size_, 0));
}

void HashGroup::hash(std::size_t from, std::size_t end) noexcept {
  sha256_each(std::span(each_).subspan(from, end - from), std::span(digests_).subspan(from));
}

}  // namespace freehold
