/// SHA-256 of a few byte strings while who wants them goes on with something else.
#pragma once

#include "freehold/crypto/hash.hpp"

namespace freehold {

class HashGroup;

/// Hashes for a thread beside it: natively another thread. What it has not begun when the digests
/// are asked for, who asks hashes itself; so a busy machine loses nothing.
class HashHelper {
 public:
  virtual ~HashHelper() = default;
  /// False if it has no time for this group.
  virtual bool offer(HashGroup& group) noexcept = 0;
  /// Of the group offered last: returns when all is hashed, and the helper is done with it.
  virtual void finish() noexcept = 0;
};

/// From now on this thread has this helper, or none (null), as at first. It must last until the
/// thread has another.
void set_hash_helper(HashHelper* helper) noexcept;

class HashGroup {
 public:
  HashGroup() = default;
  ~HashGroup() { finish(); }
  HashGroup(const HashGroup&) = delete;
  HashGroup& operator=(const HashGroup&) = delete;

  /// Begins. `each`, at most `hashed_at_once`, stay as they are until `finish`, which the same
  /// thread calls.
  void start(std::span<const ByteView> each) noexcept;
  /// Their digests, in order; valid until the next start. None if nothing was started since the
  /// last time.
  std::span<const Digest> finish() noexcept;

  /// For the helper.
  std::size_t size() const noexcept { return size_; }
  void hash(std::size_t from, std::size_t end) noexcept;

 private:
  std::array<ByteView, hashed_at_once> each_;
  std::array<Digest, hashed_at_once> digests_;
  std::size_t size_ = 0;
  HashHelper* helper_ = nullptr;  // who has it
};

}  // namespace freehold
