#include "native/storage/writer.hpp"

#include <vector>

#include "native/fault.hpp"
#include "native/storage/hash_thread.hpp"

namespace freehold::native {

namespace {
constexpr std::size_t jobs_per_commit_max = 64;
}

Writer::Writer(KvEngine& engine) : engine_(&engine), thread_([this] { run(); }) {}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

void Writer::submit(Work work, Done done) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back({std::move(work), std::move(done)});
  }
  wake_.notify_one();
}

void Writer::call_at(std::chrono::steady_clock::time_point due, std::function<void()> then) {
  {
    const std::lock_guard lock(mutex_);
    calls_.emplace(due, std::move(then));
  }
  wake_.notify_one();
}

/// @pre the lock is held.
void Writer::take_due(std::vector<std::function<void()>>& due) {
  const auto now = std::chrono::steady_clock::now();
  while (!calls_.empty() && (is_ending_ || calls_.begin()->first <= now)) {
    due.push_back(std::move(calls_.begin()->second));
    calls_.erase(calls_.begin());
  }
}

void Writer::run() {
  HashThread hashes;
  for (;;) {
    std::vector<Job> jobs;
    std::vector<std::function<void()>> due;
    {
      std::unique_lock lock(mutex_);
      take_due(due);
      while (!is_ending_ && jobs_.empty() && due.empty()) {
        if (calls_.empty()) {
          wake_.wait(lock);
        } else {
          wake_.wait_until(lock, calls_.begin()->first);
        }
        take_due(due);
      }
      if (is_ending_ && jobs_.empty() && due.empty()) return;
      while (!jobs_.empty() && jobs.size() < jobs_per_commit_max) {
        jobs.push_back(std::move(jobs_.front()));
        jobs_.pop_front();
      }
    }
    for (const auto& call : due) call();
    if (!jobs.empty()) commit(jobs);
  }
}

void Writer::commit(std::vector<Job>& jobs) {
  const Result<> result = engine_->update([&jobs](KvTransaction& kv) {
    for (Job& job : jobs) job.work(kv);
    fault_point("commit-before");
  });
  fault_point("commit-after");
  for (Job& job : jobs) job.done(result);
}

}  // namespace freehold::native
