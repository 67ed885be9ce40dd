/// A thread that hashes nodes for the one that makes them, on a core that is free.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "freehold/crypto/hash_group.hpp"

namespace freehold::native {

/// Helps the thread that makes it, as long as it is there. The thread it starts waits for a group
/// large enough to be worth waking it, and there is none before the first.
class HashThread final : public HashHelper {
 public:
  HashThread() { set_hash_helper(this); }
  ~HashThread() override;
  HashThread(const HashThread&) = delete;
  HashThread& operator=(const HashThread&) = delete;

  bool offer(HashGroup& group) noexcept override;
  void finish() noexcept override;

 private:
  bool start() noexcept;
  void run();
  bool wait();
  bool is_work_left() const noexcept { return group_ != nullptr && next_ < group_->size(); }
  bool hash_part();

  std::mutex mutex_;
  std::condition_variable offered_;
  HashGroup* group_ = nullptr;            // set by the owner alone
  std::size_t next_ = 0;                  // first of the group that nobody has taken
  std::atomic<bool> is_hashing_ = false;  // the thread may be in the midst of the group
  bool is_asleep_ = false;
  bool is_ending_ = false;
  std::atomic<bool> is_called_ = false;
  bool has_failed_ = false;  // to start: then there is no help
  std::thread thread_;
};

}  // namespace freehold::native
