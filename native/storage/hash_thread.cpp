#include "native/storage/hash_thread.hpp"

#include <algorithm>
#include <chrono>
#include <system_error>

namespace freehold::native {

namespace {
constexpr std::size_t group_min = 12;  // waking a thread takes as long as hashing a few nodes
constexpr std::size_t part_size = 2;   // as many as go side by side
constexpr int spins_max = 10'000;
constexpr std::chrono::microseconds awake_for{200};  // after a group, for the next one
}  // namespace

HashThread::~HashThread() {
  set_hash_helper(nullptr);
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    is_called_ = true;
  }
  offered_.notify_one();
  thread_.join();
}

bool HashThread::start() noexcept {
  if (thread_.joinable()) return true;
  if (has_failed_) return false;
  has_failed_ = std::thread::hardware_concurrency() < 2;
  try {
    if (!has_failed_) thread_ = std::thread([this] { run(); });
  } catch (const std::system_error&) {  // the system gives no more threads
    has_failed_ = true;
  }
  return !has_failed_;
}

bool HashThread::offer(HashGroup& group) noexcept {
  if (group_ != nullptr || group.size() < group_min || !start()) return false;
  std::unique_lock lock(mutex_);
  group_ = &group;
  next_ = 0;
  is_called_ = true;
  const bool must_wake = is_asleep_;
  lock.unlock();
  if (must_wake) offered_.notify_one();
  return true;
}

void HashThread::finish() noexcept {
  while (hash_part()) {
  }
  // Its last part takes no longer than one of ours, unless the system lets it wait.
  for (int n = 0; is_hashing_; ++n) {
    if (n > spins_max) std::this_thread::yield();
  }
  const std::lock_guard lock(mutex_);
  group_ = nullptr;
}

/// Takes a part that nobody has, and hashes it; false if there is none.
bool HashThread::hash_part() {
  std::unique_lock lock(mutex_);
  if (!is_work_left()) return false;
  HashGroup& group = *group_;
  const std::size_t from = next_;
  next_ = std::min(from + part_size, group.size());
  const std::size_t end = next_;
  lock.unlock();
  group.hash(from, end);
  return true;
}

/// Waits until it is called, to hash or to end (false): first awake, since waking a thread costs
/// the one that calls it as much as hashing several nodes.
bool HashThread::wait() {
  const auto until = std::chrono::steady_clock::now() + awake_for;
  while (!is_called_ && std::chrono::steady_clock::now() < until) {
  }
  std::unique_lock lock(mutex_);
  is_asleep_ = true;
  offered_.wait(lock, [this] { return is_called_.load(); });
  is_asleep_ = false;
  is_called_ = false;
  is_hashing_ = true;
  return !is_ending_;
}

void HashThread::run() {
  while (wait()) {
    while (hash_part()) {
    }
    const std::lock_guard lock(mutex_);
    is_hashing_ = false;
  }
}

}  // namespace freehold::native
